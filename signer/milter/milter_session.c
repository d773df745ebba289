/*
 * How it works: a packet is taken by the step that it belongs to. What the MTA waits for after that step is answered;
 * what is negotiated away is not. A message goes through
 *
 *   NONE --MAIL--> ENVELOPE --field--> HEADER --end of header--> BODY --end of message--> NONE
 *                                        |                        |
 *                                        +--> DECIDED <-----------+   nothing more of it is looked at
 *
 * and its answer is kept until the MTA waits for one: at the end of the header where that was not negotiated away, at
 * the end of the message always. While keys are loaded, or signatures made, the session waits: its caller gives no
 * packet then, and wake() goes on with what came of it.
 */
#include "signer/milter/milter_session.h"

#include "common/clock.h"
#include "common/log.h"
#include "signer/milter/authentication_results.h"
#include "signer/milter/milter_answer.h"
#include "signer/milter/milter_options.h"
#include "signer/tables/client_trust.h"
#include "signer/tables/recipient_rules.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB_SIZE    64
#define UNKNOWN_JOB "(unknown-jobid)" /* OpenDKIM's word */
#define FILTER_SIZE 200

struct milter_session {
	const struct milter_setting *setting;
	milter_session_resumed *resumed;
	void *arg;
	struct buffer answers;
	struct milter_macros macros;
	struct milter_options options;
	struct buffer client_texts; /* host, address */
	struct trust_client client;
	bool is_negotiated;
	bool is_peer; /* accepted when it connected */

	enum {
		STATE_NONE,
		STATE_ENVELOPE,
		STATE_HEADER,
		STATE_BODY,
		STATE_DECIDED,
	} state;
	enum {
		WAITS_NOT,
		WAITS_FOR_KEYS,
		WAITS_FOR_SIGNATURES,
	} waits;
	bool is_abandoned;
	char job[JOB_SIZE];
	struct signing_context *context; /* of the message; NULL: there is none */
	struct message_signer *signer;	 /* likewise */
	struct message_facts facts;
	bool skips_recipient; /* DontSignMailTo has one of them */
	struct authentication_results results;
	struct milter_decision decision;
};

static void wake(struct message_signer *signer, void *arg);

int milter_session_new(const struct milter_setting *setting, milter_session_resumed *resumed,
		       void *arg, struct milter_session **session_out)
{
	struct milter_session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return -ENOMEM;
	session->setting = setting;
	session->resumed = resumed;
	session->arg = arg;
	*session_out = session;
	return 0;
}

/* Forgets the message, if there is one. */
static void message_reset(struct milter_session *session)
{
	assert(session->waits == WAITS_NOT);
	if (session->signer != NULL)
		signer_pool_give_back(session->setting->signers, session->signer);
	session->signer = NULL;
	signing_context_unref(session->context);
	session->context = NULL;
	session->state = STATE_NONE;
	session->facts = (struct message_facts){0};
	session->skips_recipient = false;
	session->decision = (struct milter_decision){0};
	authentication_results_clear(&session->results);
}

void milter_session_free(struct milter_session *session)
{
	if (session == NULL)
		return;
	message_reset(session);
	authentication_results_deinit(&session->results);
	milter_macros_deinit(&session->macros);
	buffer_deinit(&session->client_texts);
	buffer_deinit(&session->answers);
	free(session);
}

bool milter_session_abandon(struct milter_session *session)
{
	session->is_abandoned = true;
	return session->waits == WAITS_NOT;
}

bool milter_session_in_message(const struct milter_session *session)
{
	return session->state != STATE_NONE;
}

struct buffer *milter_session_answers(struct milter_session *session)
{
	return &session->answers;
}

void milter_session_shrink(struct milter_session *session, size_t size_max)
{
	if (session->answers.size == 0 && session->answers.capacity > size_max)
		buffer_deinit(&session->answers);
}

void milter_session_log(const struct milter_session *session, const char *why)
{
	struct bytes host = session->client.host;

	if (host.size == 0)
		host = BYTES_LITERAL("unknown");
	log_warning("milter connection for %.*s closed: %s", BYTES_PRINTF(host), why);
}

/* The connection cannot go on. */
static enum milter_session_result give_up(const struct milter_session *session, const char *why)
{
	milter_session_log(session, why);
	return MILTER_SESSION_CLOSE;
}

static enum milter_session_result end_of(const struct milter_session *session, int error)
{
	return error == 0 ? MILTER_SESSION_MORE : give_up(session, strerror(-error));
}

/* Answers a step, if the MTA waits for that; a peer's are all accepted. */
static enum milter_session_result answer_step(struct milter_session *session, uint32_t nr_step)
{
	enum milter_answer answer = session->is_peer ? MILTER_ACCEPT : MILTER_CONTINUE;

	if (!milter_options_answers(&session->options, nr_step))
		return MILTER_SESSION_MORE;
	return end_of(session, milter_put(&session->answers, answer, bytes_of(NULL, 0)));
}

static bool quarantines(const struct signer_config *config)
{
	return config->on_internal_error == SIGNER_ACTION_QUARANTINE ||
	       config->on_security == SIGNER_ACTION_QUARANTINE ||
	       config->on_signature_error == SIGNER_ACTION_QUARANTINE;
}

static struct milter_needs needs_of(const struct signing_context *context)
{
	const struct signer_config *config = context->config;

	return (struct milter_needs){
		.answers_connect = client_trust_has_peers(context->trust),
		.sees_recipients = recipient_rules_are_there(context->recipients),
		.answers_end_of_header = config->dont_sign_mail_to_set != NULL ||
					 config->exempt_domains_set != NULL,
		.changes_fields = config->mode_verify,
		.quarantines = quarantines(config),
		.names_macros = config->macro_set != NULL,
	};
}

/*
 * What is asked for takes the place of what the MTA would send by itself, so all that we use is named. An MTA has most of
 * it when a message begins.
 */
static int list_macros(const struct client_trust *trust, struct buffer *list)
{
	int r = buffer_append_string(list, "i");

	for (size_t i = 0; r == 0 && i < client_trust_macro_count(trust); i++) {
		r = buffer_append_byte(list, ' ');
		if (r == 0)
			r = buffer_append(list, client_trust_macro(trust, i));
	}
	return r;
}

static int put_options(struct milter_session *session, const struct client_trust *trust)
{
	const struct milter_options *options = &session->options;
	struct bytes macros[MILTER_MACRO_STEPS] = {{0}};
	struct buffer list = {0};
	int r = 0;

	if ((options->actions & MILTER_ACTION_SET_MACROS) != 0) {
		r = list_macros(trust, &list);
		macros[MILTER_MACROS_MAIL] = buffer_bytes(&list);
	}
	if (r == 0)
		r = milter_put_options(&session->answers, options->version, options->actions,
				       options->steps, macros);
	buffer_deinit(&list);
	return r;
}

static enum milter_session_result negotiate(struct milter_session *session, struct bytes data)
{
	const struct signing_context *context = session->setting->context;
	const struct milter_needs needs = needs_of(context);
	struct milter_options offered;
	int r;

	if (!milter_take_number(&data, &offered.version) ||
	    !milter_take_number(&data, &offered.actions) ||
	    !milter_take_number(&data, &offered.steps))
		return give_up(session, "an offer that is cut short");
	r = milter_options_choose(&offered, &needs, &session->options);
	if (r != 0)
		return give_up(session, milter_options_reason(r));
	session->is_negotiated = true;
	return end_of(session, put_options(session, context->trust));
}

/* The step that macros with this letter belong to; false: none that we know. */
static bool step_of(uint8_t command, enum milter_step *step_out)
{
	switch (command) {
	case MILTER_CONNECT: *step_out = MILTER_STEP_CONNECT; return true;
	case MILTER_HELO: *step_out = MILTER_STEP_HELO; return true;
	case MILTER_MAIL: *step_out = MILTER_STEP_MAIL; return true;
	case MILTER_RCPT: *step_out = MILTER_STEP_RCPT; return true;
	case MILTER_DATA: *step_out = MILTER_STEP_DATA; return true;
	case MILTER_HEADER: *step_out = MILTER_STEP_HEADER; return true;
	case MILTER_END_OF_HEADER: *step_out = MILTER_STEP_END_OF_HEADER; return true;
	case MILTER_BODY: *step_out = MILTER_STEP_BODY; return true;
	case MILTER_END_OF_BODY: *step_out = MILTER_STEP_END_OF_MESSAGE; return true;
	default: return false;
	}
}

static enum milter_session_result take_macros(struct milter_session *session, struct bytes data)
{
	enum milter_step step;

	if (data.size == 0)
		return give_up(session, "macros of no step");
	if (!step_of(data.data[0], &step))
		return MILTER_SESSION_MORE;
	return end_of(session, milter_macros_set(&session->macros, step, bytes_skip(data, 1)));
}

/* A letter, and but for 'U' two bytes of port; what follows is the address. NULL, or what is wrong. */
static const char *take_family(struct bytes *data, enum trust_family *family_out)
{
	uint8_t letter = data->data[0];

	*data = bytes_skip(*data, 1);
	switch (letter) {
	case 'U': *family_out = TRUST_FAMILY_UNKNOWN; return NULL;
	case 'L': *family_out = TRUST_FAMILY_UNIX; break;
	case '4':
	case '6': *family_out = TRUST_FAMILY_IP; break;
	default: return "a client of a family that there is not";
	}
	if (data->size < 2)
		return "a client without a port";
	*data = bytes_skip(*data, 2);
	return NULL;
}

/* Name, NUL, family, and where there is one the address and its NUL. NULL, or what is wrong. */
static const char *take_client(struct milter_session *session, struct bytes data)
{
	struct trust_client *client = &session->client;
	struct bytes address = {0};
	struct bytes host;
	const char *wrong;

	if (!milter_take_string(&data, &host) || data.size == 0)
		return "a client without a name";
	wrong = take_family(&data, &client->family);
	if (wrong != NULL)
		return wrong;
	if (data.size > 0 && !milter_take_string(&data, &address))
		return "an address that does not end";
	buffer_clear(&session->client_texts);
	if (buffer_append(&session->client_texts, host) != 0 ||
	    buffer_append(&session->client_texts, address) != 0)
		return "out of memory";
	client->host = bytes_slice(buffer_bytes(&session->client_texts), 0, host.size);
	client->address = bytes_skip(buffer_bytes(&session->client_texts), host.size);
	return NULL;
}

static enum milter_session_result take_connect(struct milter_session *session, struct bytes data)
{
	const char *wrong;

	message_reset(session);
	milter_macros_clear_from(&session->macros, MILTER_STEP_HELO);
	wrong = take_client(session, data);
	if (wrong != NULL)
		return give_up(session, wrong);
	session->is_peer = client_trust_is_peer(session->setting->context->trust, &session->client);
	return answer_step(session, MILTER_NR_CONNECT);
}

/* The macro i, or what was known before. */
static void update_job(struct milter_session *session)
{
	struct bytes job;

	if (!milter_macros_get(&session->macros, BYTES_LITERAL("i"), &job) || job.size == 0)
		return;
	(void)snprintf(session->job, sizeof(session->job), "%.*s", BYTES_PRINTF(job));
}

static enum milter_session_result take_mail(struct milter_session *session)
{
	message_reset(session);
	milter_macros_clear_from(&session->macros, MILTER_STEP_RCPT);
	session->state = STATE_ENVELOPE;
	session->context = signing_context_ref(session->setting->context);
	(void)snprintf(session->job, sizeof(session->job), "%s", UNKNOWN_JOB);
	update_job(session);
	return answer_step(session, MILTER_NR_MAIL);
}

/* Without angle brackets, and without the parameters behind it. */
static bool take_address(struct bytes data, struct bytes *address_out)
{
	if (!milter_take_string(&data, address_out))
		return false;
	if (address_out->size >= 2 && address_out->data[0] == '<' &&
	    address_out->data[address_out->size - 1] == '>')
		*address_out = bytes_slice(*address_out, 1, address_out->size - 1);
	return true;
}

static int judge_recipient(struct milter_session *session, struct bytes address)
{
	const struct recipient_rules *rules = session->context->recipients;
	struct pattern_matcher *matcher = session->setting->matcher;
	bool skips = false;
	bool signs = false;
	int r = recipient_rules_skips(rules, matcher, address, &skips);

	if (r == 0)
		r = recipient_rules_signs_length(rules, matcher, address, &signs);
	if (r != 0)
		return r;
	if (skips && !session->skips_recipient)
		log_info("%s: skipping signing of mail to '%.*s'", session->job,
			 BYTES_PRINTF(address));
	if (signs && !session->facts.signs_length)
		log_info("%s: BodyLengthDB matched %.*s, signing with l= requested", session->job,
			 BYTES_PRINTF(address));
	session->skips_recipient |= skips;
	session->facts.signs_length |= signs;
	return 0;
}

static enum milter_session_result take_recipient(struct milter_session *session, struct bytes data)
{
	struct bytes address;
	int r = 0;

	if (!take_address(data, &address))
		return give_up(session, "a recipient that does not end");
	update_job(session);
	if (session->context != NULL && recipient_rules_are_there(session->context->recipients))
		r = judge_recipient(session, address);
	return r != 0 ? end_of(session, r) : answer_step(session, MILTER_NR_RCPT);
}

static int start_signer(struct milter_session *session)
{
	int r;

	if (session->context == NULL) /* an MTA that did not tell of MAIL */
		session->context = signing_context_ref(session->setting->context);
	r = signer_pool_take(session->setting->signers, &session->signer);
	if (r != 0)
		return r;
	message_signer_start(session->signer, session->context, session->job, clock_realtime_s(),
			     wake, session);
	session->state = STATE_HEADER;
	return 0;
}

/* MTAs of version 6 send what stands behind the colon; older ones leave a blank out. */
static struct bytes separator_of(const struct milter_session *session)
{
	return (session->options.steps & MILTER_LEADING_SPACE) != 0 ? BYTES_LITERAL(":")
								    : BYTES_LITERAL(": ");
}

static bool macro_value(void *arg, struct bytes name, struct bytes *value_out)
{
	const struct milter_session *session = arg;

	return milter_macros_get(&session->macros, name, value_out);
}

static int note_results_field(struct milter_session *session, struct bytes name, struct bytes value)
{
	if (!bytes_equal_nocase(name, BYTES_LITERAL(AUTHENTICATION_RESULTS_NAME)))
		return 0;
	return authentication_results_add(&session->results, value,
					  bytes_of_string(session->setting->authserv_id));
}

static void decide(struct milter_session *session, struct milter_decision decision)
{
	session->decision = decision;
	session->state = STATE_DECIDED;
}

/* What the signer's verdict means to the MTA. */
static void take_verdict(struct milter_session *session)
{
	const struct message_signer *signer = session->signer;

	decide(session, milter_decision_of(signer, session->context->config, session->job));
	if (message_signer_trouble(signer) == MESSAGE_TROUBLE_EXTERNAL &&
	    !client_trust_is_ignored_external(session->context->trust, &session->client))
		log_notice("%s: external host %.*s %s", session->job,
			   BYTES_PRINTF(session->client.host), message_signer_reason(signer));
}

static enum milter_session_result take_field(struct milter_session *session, struct bytes data)
{
	struct bytes name;
	struct bytes value;
	int r = 0;

	if (!milter_take_string(&data, &name) || !milter_take_string(&data, &value))
		return give_up(session, "a header field that does not end");
	if (session->signer == NULL && session->state != STATE_DECIDED)
		r = start_signer(session);
	if (r == 0)
		r = note_results_field(session, name, value);
	if (r != 0)
		return end_of(session, r);
	if (session->state == STATE_HEADER &&
	    message_signer_field(session->signer, name, separator_of(session), value) ==
		    MESSAGE_OVER)
		take_verdict(session);
	return answer_step(session, MILTER_NR_HEADER);
}

/* The value of the field that SoftwareHeader adds; NULL: it adds none. */
static const char *filter_text(const struct milter_session *session, char *text, size_t size)
{
	if (!session->context->config->software_header)
		return NULL;
	(void)snprintf(text, size, "postseal %s %s %s", POSTSEAL_VERSION, session->setting->host,
		       session->job);
	return text;
}

static void count(struct milter_session *session)
{
	(void)atomic_fetch_add_explicit(
		&session->setting->counts->messages[session->decision.outcome], 1,
		memory_order_relaxed);
}

static enum milter_session_result answer_at_end(struct milter_session *session)
{
	char filter[FILTER_SIZE];
	const struct milter_answer_parts parts = {
		.decision = session->decision,
		.options = &session->options,
		.signer = session->signer,
		.results = &session->results,
		.filter = filter_text(session, filter, sizeof(filter)),
	};
	int r = milter_answer_at_end(&session->answers, &parts);

	count(session);
	message_reset(session);
	return end_of(session, r);
}

/* The MTA sends nothing more of the message. */
static enum milter_session_result answer_early(struct milter_session *session)
{
	int r = milter_answer_early(&session->answers, session->decision);

	count(session);
	message_reset(session);
	return end_of(session, r);
}

/* After the header: what is certain by now is answered now, if the MTA waits for it. */
static enum milter_session_result answer_header(struct milter_session *session)
{
	if (!milter_options_answers(&session->options, MILTER_NR_END_OF_HEADER))
		return MILTER_SESSION_MORE;
	if (session->state == STATE_DECIDED && session->results.count == 0 &&
	    milter_decision_is_early(session->decision))
		return answer_early(session);
	return answer_step(session, MILTER_NR_END_OF_HEADER);
}

/* What came of the header. */
static enum milter_session_result take_header_progress(struct milter_session *session,
						       enum message_progress progress)
{
	switch (progress) {
	case MESSAGE_WAIT: session->waits = WAITS_FOR_KEYS; return MILTER_SESSION_WAIT;
	case MESSAGE_OVER: take_verdict(session); break;
	default: session->state = STATE_BODY; break;
	}
	return answer_header(session);
}

static void tell_why(void *arg, const char *line)
{
	const struct milter_session *session = arg;

	log_info("%s: %s", session->job, line);
}

static enum message_progress end_header(struct milter_session *session)
{
	const struct signing_context *context = session->context;
	const struct trust_macros macros = {macro_value, session};
	const struct trust_why why = {tell_why, session};

	update_job(session);
	session->facts.is_external = client_trust_judge(context->trust, &session->client, &macros,
							context->config->log_why ? &why : NULL) ==
				     TRUST_NONE;
	return message_signer_header_end(session->signer, &session->facts);
}

/* The header is over; that is told by a packet of its own, or by what follows it. */
static enum milter_session_result take_header_end(struct milter_session *session)
{
	int r = 0;

	if (session->state == STATE_DECIDED)
		return answer_header(session);
	if (session->signer == NULL)
		r = start_signer(session);
	if (r != 0)
		return end_of(session, r);
	if (session->state != STATE_HEADER)
		return answer_header(session);
	if (session->skips_recipient || !session->context->config->mode_sign) {
		decide(session, (struct milter_decision){.outcome = MILTER_ACCEPTED});
		return answer_header(session);
	}
	return take_header_progress(session, end_header(session));
}

/* The body is answered a packet at a time; of one that does not matter any more the MTA may skip the rest. */
static enum milter_session_result answer_body(struct milter_session *session)
{
	bool skips = session->state == STATE_DECIDED &&
		     (session->options.steps & MILTER_SKIPS) != 0;

	if (!milter_options_answers(&session->options, MILTER_NR_BODY))
		return MILTER_SESSION_MORE;
	return end_of(session, milter_put(&session->answers, skips ? MILTER_SKIP : MILTER_CONTINUE,
					  bytes_of(NULL, 0)));
}

static void push_body(struct milter_session *session, struct bytes data)
{
	while (session->state == STATE_BODY && data.size > 0) {
		if (message_signer_push(session->signer, &data) == MESSAGE_OVER)
			take_verdict(session);
	}
}

static enum milter_session_result take_body(struct milter_session *session,
					    const struct milter_packet *packet)
{
	if (session->state != STATE_BODY && session->state != STATE_DECIDED)
		return give_up(session, "a body before the end of the header");
	push_body(session, packet->data);
	return packet->is_whole ? answer_body(session) : MILTER_SESSION_MORE;
}

static enum milter_session_result take_end_progress(struct milter_session *session,
						    enum message_progress progress)
{
	if (progress == MESSAGE_SIGNING) {
		session->waits = WAITS_FOR_SIGNATURES;
		return MILTER_SESSION_WAIT;
	}
	take_verdict(session);
	return answer_at_end(session);
}

static enum milter_session_result take_end(struct milter_session *session, struct bytes data)
{
	if (session->state != STATE_BODY && session->state != STATE_DECIDED)
		return give_up(session, "the end of a message before that of its header");
	push_body(session, data);
	if (session->state == STATE_DECIDED)
		return answer_at_end(session);
	update_job(session);
	return take_end_progress(session, message_signer_end(session->signer));
}

/* The message is over for the MTA, and the connection is as it was before MAIL. */
static enum milter_session_result take_abort(struct milter_session *session)
{
	message_reset(session);
	milter_macros_clear_from(&session->macros, MILTER_STEP_MAIL);
	return MILTER_SESSION_MORE;
}

/* The MTA uses the connection for another client. */
static enum milter_session_result take_new_connection(struct milter_session *session)
{
	message_reset(session);
	milter_macros_clear_from(&session->macros, MILTER_STEP_CONNECT);
	session->client = (struct trust_client){0};
	session->is_peer = false;
	return MILTER_SESSION_MORE;
}

enum milter_session_result milter_session_take(struct milter_session *session,
					       const struct milter_packet *packet)
{
	assert(session->waits == WAITS_NOT);
	if (packet->command == MILTER_QUIT)
		return MILTER_SESSION_CLOSE;
	if (packet->command == MILTER_NEGOTIATE)
		return negotiate(session, packet->data);
	if (!session->is_negotiated)
		return give_up(session, "no negotiation came first");
	switch (packet->command) {
	case MILTER_MACRO: return take_macros(session, packet->data);
	case MILTER_CONNECT: return take_connect(session, packet->data);
	case MILTER_HELO: return answer_step(session, MILTER_NR_HELO);
	case MILTER_MAIL: return take_mail(session);
	case MILTER_RCPT: return take_recipient(session, packet->data);
	case MILTER_DATA: return answer_step(session, MILTER_NR_DATA);
	case MILTER_UNKNOWN: return answer_step(session, MILTER_NR_UNKNOWN);
	case MILTER_HEADER: return take_field(session, packet->data);
	case MILTER_END_OF_HEADER: return take_header_end(session);
	case MILTER_BODY: return take_body(session, packet);
	case MILTER_END_OF_BODY: return take_end(session, packet->data);
	case MILTER_ABORT: return take_abort(session);
	case MILTER_QUIT_NEW_CONNECTION: return take_new_connection(session);
	default: return give_up(session, "a command that there is not");
	}
}

/* From sign_client_collect(): keys or signatures are there. */
static void wake(struct message_signer *signer, void *arg)
{
	struct milter_session *session = arg;
	struct bytes nothing = {0};
	bool has_keys = session->waits == WAITS_FOR_KEYS;
	enum milter_session_result result = MILTER_SESSION_CLOSE;

	session->waits = WAITS_NOT;
	if (session->is_abandoned)
		message_reset(session);
	else if (has_keys)
		result = take_header_progress(session, message_signer_push(signer, &nothing));
	else
		result = take_end_progress(session, MESSAGE_OVER);
	session->resumed(session->arg, result);
}
