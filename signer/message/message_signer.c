/*
 * How it works: a small state machine around the parts that know DKIM. At the end of the header all that
 * the fields say is known but bh= and b=, and how long those will be follows from the key; so the
 * fields are written then, with gaps, and the body is hashed as it passes by.
 *
 *   HEADER -> KEYS -> DECIDED -> BODY -> SIGNING -> OVER
 *     |        |                  |        |         ^
 *     +--------+------------------+--------+---------+  any verdict other than SIGN
 *
 * What On-InternalError, On-Security and On-SignatureError say is applied where the verdict is made.
 */
#include "signer/message/message_signer.h"

#include "common/log.h"
#include "signer/dkim/body_hash.h"
#include "signer/dkim/message_reader.h"
#include "signer/message/header_counts.h"
#include "signer/message/message_signature.h"
#include "signer/message/own_signature.h"
#include "signer/message/sender.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_SIZE 512

struct message_signer {
	struct message_tools *tools;
	const struct signing_context *context;
	const char *job;
	int64_t now_s;
	void (*wake)(struct message_signer *signer, void *arg);
	void *wake_arg;

	enum {
		SIGNER_HEADER,
		SIGNER_KEYS,
		SIGNER_BODY,
		SIGNER_SIGNING,
		SIGNER_OVER,
	} state;
	enum message_verdict verdict;
	enum message_trouble trouble;
	struct message_facts facts;
	char reason[REASON_SIZE];

	struct header header;
	struct message_reader reader;
	enum canonicalization header_canonicalization;
	enum canonicalization body_canonicalization;
	struct body_hash body_hash;
	struct own_signature *own; /* NULL: no signature of ours is on top */

	/* The first `count` are in use; the others wait for a message with more signatures. */
	struct message_signature **signatures;
	size_t count;
	size_t allocated;
	unsigned pending; /* keys or signatures that have not come yet */
	struct buffer fields;
	struct message_cut *cuts;
	size_t cut_count;
	size_t cut_capacity;
};

static void signature_done(struct message_signature *signature, int error);

int message_signer_new(struct message_tools *tools, struct message_signer **signer_out)
{
	struct message_signer *signer = calloc(1, sizeof(*signer));
	int r;

	if (signer == NULL)
		return -ENOMEM;
	signer->tools = tools;
	signer->state = SIGNER_OVER;
	header_init(&signer->header, 0);
	message_reader_init(&signer->reader);
	r = body_hash_init(&signer->body_hash);
	if (r != 0) {
		message_signer_free(signer);
		return r;
	}
	*signer_out = signer;
	return 0;
}

static void signer_release(struct message_signer *signer)
{
	own_signature_free(signer->own);
	signer->own = NULL;
	for (size_t i = 0; i < signer->count; i++)
		message_signature_reset(signer->signatures[i]);
	signer->count = 0;
}

void message_signer_reset(struct message_signer *signer)
{
	assert(!message_signer_busy(signer));
	signer_release(signer);
	signer->context = NULL;
	signer->job = NULL;
	signer->state = SIGNER_OVER;
}

size_t message_signer_memory(const struct message_signer *signer)
{
	size_t size = sizeof(*signer) + header_memory(&signer->header) +
		      message_reader_memory(&signer->reader) + signer->fields.capacity +
		      signer->cut_capacity * sizeof(signer->cuts[0]);

	for (size_t i = 0; i < signer->allocated; i++)
		size += sizeof(signer->signatures[0]) +
			message_signature_memory(signer->signatures[i]);
	return size;
}

void message_signer_free(struct message_signer *signer)
{
	if (signer == NULL)
		return;
	message_signer_reset(signer);
	for (size_t i = 0; i < signer->allocated; i++)
		message_signature_free(signer->signatures[i]);
	free(signer->signatures);
	buffer_deinit(&signer->fields);
	free(signer->cuts);
	body_hash_deinit(&signer->body_hash);
	message_reader_deinit(&signer->reader);
	header_deinit(&signer->header);
	free(signer);
}

bool message_signer_busy(const struct message_signer *signer)
{
	return signer->pending > 0;
}

enum message_verdict message_signer_verdict(const struct message_signer *signer)
{
	return signer->verdict;
}

enum message_trouble message_signer_trouble(const struct message_signer *signer)
{
	return signer->trouble;
}

const char *message_signer_reason(const struct message_signer *signer)
{
	return signer->reason;
}

size_t message_signer_insert_at(const struct message_signer *signer)
{
	return (size_t)message_reader_envelope_size(&signer->reader);
}

size_t message_signer_cut_count(const struct message_signer *signer)
{
	return signer->cut_count;
}

struct message_cut message_signer_cut_at(const struct message_signer *signer, size_t index)
{
	assert(index < signer->cut_count);
	return signer->cuts[index];
}

struct bytes message_signer_fields(const struct message_signer *signer)
{
	return buffer_bytes(&signer->fields);
}

size_t message_signer_field_count(const struct message_signer *signer)
{
	return signer->count;
}

struct bytes message_signer_field_at(const struct message_signer *signer, size_t index)
{
	assert(index < signer->count);
	return signature_field_text(&signer->signatures[index]->field);
}

void message_signer_start(struct message_signer *signer, const struct signing_context *context,
			  const char *job, int64_t now_s,
			  void (*wake)(struct message_signer *signer, void *arg), void *arg)
{
	message_signer_reset(signer);
	signer->context = context;
	signer->job = job;
	signer->now_s = now_s;
	signer->wake = wake;
	signer->wake_arg = arg;
	signer->state = SIGNER_HEADER;
	signer->verdict = MESSAGE_UNDECIDED;
	signer->trouble = MESSAGE_TROUBLE_NONE;
	signer->facts = (struct message_facts){0};
	signer->reason[0] = '\0';
	signer->header.size_max = (size_t)context->config->maximum_headers_bytes;
	buffer_clear(&signer->fields);
	signer->cut_count = 0;
	message_reader_start(&signer->reader, &signer->header, context->config->fix_crlf);
}

/* The end of this message, unless it was there already. */
static PRINTF_LIKE(3, 0) void signer_conclude_list(struct message_signer *signer,
						   enum message_verdict verdict, const char *format,
						   va_list args)
{
	signer->state = SIGNER_OVER;
	signer->verdict = verdict;
	vsnprintf(signer->reason, sizeof(signer->reason), format, args);
}

static PRINTF_LIKE(3, 4) enum message_progress
	signer_conclude(struct message_signer *signer, enum message_verdict verdict,
			const char *format, ...)
{
	va_list args;

	va_start(args, format);
	signer_conclude_list(signer, verdict, format, args);
	va_end(args);
	return MESSAGE_OVER;
}

/* As signer_conclude(), of a message that should have been signed. */
static PRINTF_LIKE(4, 5) enum message_progress
	signer_fail(struct message_signer *signer, enum message_trouble trouble,
		    enum message_verdict verdict, const char *format, ...)
{
	va_list args;

	signer->trouble = trouble;
	va_start(args, format);
	signer_conclude_list(signer, verdict, format, args);
	va_end(args);
	return MESSAGE_OVER;
}

/* Somebody has chosen what an On-... option does; its default is OpenDKIM's answer to a dialogue. */
static bool is_chosen(const struct signer_config *config, const char *option)
{
	return config->on_default != SIGNER_ACTION_UNSET ||
	       signer_config_place(config, option).file != NULL;
}

/* What an On-... option makes of trouble; `verdict` is what it is where nobody chose. */
static enum message_verdict verdict_by(const struct message_signer *signer, const char *option,
				       enum signer_action action, enum message_verdict verdict)
{
	if (!is_chosen(signer->context->config, option))
		return verdict;
	switch (action) {
	case SIGNER_ACTION_UNSET: return verdict;
	case SIGNER_ACTION_ACCEPT: return MESSAGE_PASS;
	case SIGNER_ACTION_DISCARD:
	case SIGNER_ACTION_QUARANTINE:
	case SIGNER_ACTION_REJECT: return MESSAGE_REFUSE;
	case SIGNER_ACTION_TEMPFAIL: return MESSAGE_DEFER;
	}
	return verdict;
}

static enum message_progress internal_error(struct message_signer *signer, int error)
{
	enum message_verdict verdict = verdict_by(signer, "On-InternalError",
						  signer->context->config->on_internal_error,
						  MESSAGE_DEFER);

	return signer_fail(signer, MESSAGE_TROUBLE_INTERNAL, verdict, "%s", strerror(-error));
}

static enum message_progress signature_error(struct message_signer *signer)
{
	enum message_verdict verdict = verdict_by(signer, "On-SignatureError",
						  signer->context->config->on_signature_error,
						  MESSAGE_DEFER);

	return signer_fail(signer, MESSAGE_TROUBLE_SIGNATURE, verdict,
			   "signature generation error: the key does not sign");
}

/* A header that is larger than any honest one. */
static enum message_verdict verdict_on_size(const struct message_signer *signer)
{
	return verdict_by(signer, "On-Security", signer->context->config->on_security,
			  MESSAGE_REFUSE);
}

static enum message_progress header_error(struct message_signer *signer, int error)
{
	enum message_trouble trouble = MESSAGE_TROUBLE_MALFORMED;
	enum message_verdict verdict = MESSAGE_REFUSE;

	if (error < 0)
		return internal_error(signer, error);
	if (error == MESSAGE_E_TOO_LARGE) {
		trouble = MESSAGE_TROUBLE_SECURITY;
		verdict = verdict_on_size(signer);
	}
	if (error == MESSAGE_E_NO_HEADER || message_reader_lines(&signer->reader) == 0)
		return signer_fail(signer, trouble, verdict, "%s", message_reader_reason(error));
	return signer_fail(signer, trouble, verdict, "line %" PRIu64 ": %s",
			   message_reader_lines(&signer->reader), message_reader_reason(error));
}

/* A place for one more signature, or NULL. */
static struct message_signature *add_signature(struct message_signer *signer)
{
	if (signer->count == signer->allocated) {
		size_t size = (signer->allocated + 1) * sizeof(signer->signatures[0]);
		struct message_signature **signatures = realloc(signer->signatures, size);

		if (signatures == NULL)
			return NULL;
		signer->signatures = signatures;
		if (message_signature_new(&signatures[signer->allocated]) != 0)
			return NULL;
		signatures[signer->allocated]->done = signature_done;
		signatures[signer->allocated]->owner = signer;
		signer->allocated++;
	}
	return signer->signatures[signer->count++];
}

static enum message_progress key_error(struct message_signer *signer,
				       const struct message_signature *signature)
{
	log_error("%s", signature->load.problem.text);
	return signer_fail(signer, MESSAGE_TROUBLE_KEY, MESSAGE_DEFER, "%s",
			   signature->load.problem.text);
}

/* The keys of all planned signatures: those at hand, and those that must be loaded first. */
static enum message_progress find_keys(struct message_signer *signer)
{
	const struct signing_plan *plan = signer->tools->plan;

	for (size_t i = 0; i < signing_plan_count(plan); i++) {
		struct message_signature *signature = add_signature(signer);
		int r = signature == NULL
				? -ENOMEM
				: message_signature_prepare(signature, signing_plan_at(plan, i),
							    signer->context, signer->tools);

		if (r == MESSAGE_SIGNATURE_LOADING) {
			signer->pending++;
		} else if (r == MESSAGE_SIGNATURE_E_KEY) {
			return key_error(signer, signature);
		} else if (r != 0) {
			return internal_error(signer, r);
		}
	}
	signer->state = SIGNER_KEYS;
	return MESSAGE_MORE;
}

/*
 * Nobody here signs for this sender, so the message goes on as it is; but not where the rest of it might
 * have said who the sender is: then it is one of ours, perhaps, and would leave without a signature.
 */
static enum message_progress conclude_not_ours(struct message_signer *signer, bool is_unfinished,
					       const char *reason)
{
	if (is_unfinished)
		return signer_fail(signer, MESSAGE_TROUBLE_MALFORMED, MESSAGE_REFUSE,
				   "it ends inside its header: %s", reason);
	return signer_conclude(signer, MESSAGE_PASS, "%s", reason);
}

static enum message_progress plan_signatures(struct message_signer *signer,
					     struct sender_address sender)
{
	struct signing_plan *plan = signer->tools->plan;
	int r = signing_plan_make(plan, signer->context->rules, sender);

	if (r < 0)
		return internal_error(signer, r);
	switch (r) {
	case 0:
		if (signer->facts.is_external)
			return signer_fail(signer, MESSAGE_TROUBLE_EXTERNAL, MESSAGE_PASS,
					   "attempted to send as %.*s",
					   BYTES_PRINTF(sender.domain));
		return find_keys(signer);
	case SIGNING_PLAN_E_NO_MATCH:
	case SIGNING_PLAN_E_EXEMPT:
		if (signer->context->config->log_why)
			log_info("%s: %s", signer->job, signing_plan_reason(plan));
		return conclude_not_ours(signer, message_reader_is_cut(&signer->reader),
					 signing_plan_reason(plan));
	case SIGNING_PLAN_E_BROKEN:
		log_error("%s: %s", signer->job, signing_plan_reason(plan));
		return signer_fail(signer, MESSAGE_TROUBLE_KEY, MESSAGE_DEFER, "%s",
				   signing_plan_reason(plan));
	default:
		return signer_fail(signer, MESSAGE_TROUBLE_MALFORMED, MESSAGE_REFUSE, "%s",
				   signing_plan_reason(plan));
	}
}

/* StrictHeaders and RequiredHeaders ask for what RFC 5322 3.6 says. */
static const char *wrong_count(const struct message_signer *signer, size_t *count_out)
{
	const struct signer_config *config = signer->context->config;

	if (!config->strict_headers && !config->required_headers)
		return NULL;
	return header_counts_wrong(&signer->header, count_out);
}

static enum message_progress no_sender(struct message_signer *signer, int error)
{
	const struct signer_names *names = &signer->context->config->sender_headers;
	char reason[REASON_SIZE];

	sender_error_text(error, sender_field_name(&signer->header, names), reason, sizeof(reason));
	if (error == SENDER_E_NO_ADDRESS)
		return conclude_not_ours(signer, !message_reader_is_done(&signer->reader), reason);
	return signer_fail(signer, MESSAGE_TROUBLE_SENDER, MESSAGE_REFUSE, "%s", reason);
}

static enum message_progress decide(struct message_signer *signer)
{
	struct sender_address sender;
	size_t count;
	const char *wrong = wrong_count(signer, &count);
	int r;

	if (wrong != NULL)
		return signer_fail(signer, MESSAGE_TROUBLE_COUNT, MESSAGE_REFUSE,
				   "it has %zu %s fields", count, wrong);
	r = sender_find(signer->tools, &signer->header, &signer->context->config->sender_headers,
			&sender);
	if (r < 0)
		return internal_error(signer, r);
	return r == 0 ? plan_signatures(signer, sender) : no_sender(signer, r);
}

static enum canonicalization canonicalization_of(enum signer_canon canon)
{
	return canon == SIGNER_CANON_SIMPLE ? CANONICALIZATION_SIMPLE : CANONICALIZATION_RELAXED;
}

/* c=: as configured, or as the message asks by SelectCanonicalizationHeader. */
static void choose_canonicalization(struct message_signer *signer)
{
	const struct signer_config *config = signer->context->config;
	const char *name = config->select_canonicalization_header;
	size_t at;

	signer->header_canonicalization = canonicalization_of(config->header_canon);
	signer->body_canonicalization = canonicalization_of(config->body_canon);
	if (name == NULL)
		return;
	at = header_find(&signer->header, bytes_of_string(name), 0);
	if (at == header_count(&signer->header))
		return;
	/* What is not a c= leaves the configured one. */
	(void)!canonicalization_parse(bytes_trim(header_value(&signer->header, at)),
				      &signer->header_canonicalization,
				      &signer->body_canonicalization);
}

static bool signs_length(const struct message_signer *signer)
{
	return signer->facts.signs_length || signer->context->config->maximum_signed_bytes >= 0;
}

/* Bytes of the body that are signed. */
static uint64_t body_limit(const struct message_signer *signer)
{
	int64_t limit = signer->context->config->maximum_signed_bytes;

	return limit >= 0 ? (uint64_t)limit : BODY_HASH_NO_LIMIT;
}

/* The largest l= that may come; 0: none. An l=0 has a digit, too. */
static uint64_t body_length_max(const struct message_signer *signer)
{
	if (!signs_length(signer))
		return 0;
	return body_limit(signer) == 0 ? 1 : body_limit(signer);
}

static int compose_field(struct message_signer *signer, struct message_signature *signature)
{
	const struct signer_config *config = signer->context->config;
	struct signature_field_values values = {
		.algorithm = message_signature_algorithm(signature),
		.header_canonicalization = signer->header_canonicalization,
		.body_canonicalization = signer->body_canonicalization,
		.domain = signature->domain,
		.selector = signature->selector,
		.identity = signature->identity,
		.timestamp = (uint64_t)signer->now_s,
		.expiry = config->signature_ttl_seconds == 0
				  ? 0
				  : (uint64_t)(signer->now_s + config->signature_ttl_seconds),
		.asks_reports = config->request_reports,
		.body_length_max = body_length_max(signer),
		.names = &signer->tools->names,
		.copied = config->diagnostics ? &signer->header : NULL,
		.signature_size = key_signature_size(signature->key),
		.line_end = message_reader_line_end(&signer->reader),
	};

	return signature_field_compose(&signature->field, &values);
}

/* All fields, one behind the other, as they are now. */
static int gather_fields(struct message_signer *signer)
{
	int r = 0;

	buffer_clear(&signer->fields);
	for (size_t i = 0; r == 0 && i < signer->count; i++)
		r = buffer_append(&signer->fields,
				  signature_field_text(&signer->signatures[i]->field));
	return r;
}

/* Makes the last cut longer, where the new one follows on it. */
static int add_cut(struct message_signer *signer, struct message_cut cut)
{
	if (signer->cut_count > 0 && signer->cuts[signer->cut_count - 1].end == cut.start) {
		signer->cuts[signer->cut_count - 1].end = cut.end;
		return 0;
	}
	if (signer->cut_count == signer->cut_capacity) {
		size_t capacity = signer->cut_capacity == 0 ? 4 : 2 * signer->cut_capacity;
		struct message_cut *cuts = reallocarray(signer->cuts, capacity, sizeof(*cuts));

		if (cuts == NULL)
			return -ENOMEM;
		signer->cuts = cuts;
		signer->cut_capacity = capacity;
	}
	signer->cuts[signer->cut_count++] = cut;
	return 0;
}

/* They must be in no h= and in no digest: whoever verifies does not see them. */
static int remove_old_signatures(struct message_signer *signer)
{
	const struct bytes name = BYTES_LITERAL(SIGNATURE_FIELD_NAME);
	const struct header *header = &signer->header;
	uint64_t start = message_reader_envelope_size(&signer->reader);
	int r = 0;

	for (size_t at = header_find(header, name, 0); r == 0 && at < header_count(header);
	     at = header_find(header, name, at + 1))
		r = add_cut(signer, (struct message_cut){start + header_field_start(header, at),
							 start + header_field_end(header, at)});
	header_remove(&signer->header, name);
	return r;
}

static int compose(struct message_signer *signer)
{
	const struct signer_config *config = signer->context->config;
	int r;

	choose_canonicalization(signer);
	r = own_signature_new(signer->tools, &signer->header, signer->signatures, signer->count,
			      signer->now_s, config->fix_crlf, &signer->own);
	if (r == 0 && config->remove_old_signatures)
		r = remove_old_signatures(signer);
	if (r != 0)
		return r;
	r = header_select_list(signer->context->header_select, &signer->header,
			       &signer->tools->names);
	for (size_t i = 0; r == 0 && i < signer->count; i++)
		r = compose_field(signer, signer->signatures[i]);
	if (r == 0)
		r = gather_fields(signer);
	if (r != 0)
		return r;
	body_hash_start(&signer->body_hash, signer->body_canonicalization, config->fix_crlf,
			body_limit(signer));
	return 0;
}

/* All keys have been asked for. */
static enum message_progress keys_progress(struct message_signer *signer)
{
	int r;

	for (size_t i = 0; i < signer->count; i++) {
		if (signer->signatures[i]->key == NULL)
			return key_error(signer, signer->signatures[i]);
	}
	r = compose(signer);
	if (r == HEADER_SELECT_E_TOO_MANY)
		return signer_fail(signer, MESSAGE_TROUBLE_SECURITY, verdict_on_size(signer),
				   "it has more than %d header fields to sign",
				   HEADER_SELECT_NAMES_MAX);
	if (r != 0)
		return internal_error(signer, r);
	signer->state = SIGNER_BODY;
	signer->verdict = MESSAGE_SIGN;
	return MESSAGE_DECIDED;
}

/* The header is complete. */
static enum message_progress header_over(struct message_signer *signer)
{
	enum message_progress progress = decide(signer);

	if (signer->pending > 0)
		return MESSAGE_WAIT; /* also when it is over: keys under way come back first */
	return progress == MESSAGE_OVER ? MESSAGE_OVER : keys_progress(signer);
}

static enum message_progress push_header(struct message_signer *signer, struct bytes *input)
{
	size_t consumed;
	int r = message_reader_push(&signer->reader, *input, &consumed);

	if (r != 0)
		return header_error(signer, r);
	*input = bytes_skip(*input, consumed);
	return message_reader_is_done(&signer->reader) ? header_over(signer) : MESSAGE_MORE;
}

/* What message_reader_push() would say of the field. */
static int field_error(int error)
{
	switch (error) {
	case HEADER_E_NOT_A_FIELD: return MESSAGE_E_NOT_A_FIELD;
	case HEADER_E_TOO_LARGE: return MESSAGE_E_TOO_LARGE;
	default: return error;
	}
}

/* A line end that is followed by no white space would begin another field. */
static bool folds_right(struct bytes value)
{
	for (size_t at = bytes_find(value, '\n'); at < value.size;
	     at += 1 + bytes_find(bytes_skip(value, at + 1), '\n')) {
		if (at + 1 == value.size || !ascii_is_wsp(value.data[at + 1]))
			return false;
	}
	return true;
}

/* The fields come one by one: at the first of them the reader is done. */
static void start_fields(struct message_signer *signer)
{
	if (!message_reader_is_done(&signer->reader))
		message_reader_start_done(&signer->reader, &signer->header, MESSAGE_LINE_END_LF);
}

static int add_field(struct message_signer *signer, struct bytes name, struct bytes separator,
		     struct bytes value)
{
	struct buffer *field = &signer->fields;
	int r;

	if (!folds_right(value))
		return MESSAGE_E_NOT_A_FIELD;
	buffer_clear(field);
	r = buffer_reserve(field, name.size + separator.size + value.size + 1);
	if (r == 0)
		r = buffer_append(field, name);
	if (r == 0)
		r = buffer_append(field, separator);
	if (r == 0)
		r = buffer_append(field, value);
	if (r == 0)
		r = buffer_append_byte(field, '\n');
	return r == 0 ? field_error(header_add(&signer->header, buffer_bytes(field))) : r;
}

enum message_progress message_signer_field(struct message_signer *signer, struct bytes name,
					   struct bytes separator, struct bytes value)
{
	int r;

	if (signer->state == SIGNER_OVER)
		return MESSAGE_OVER;
	assert(signer->state == SIGNER_HEADER);
	start_fields(signer);
	r = add_field(signer, name, separator, value);
	return r == 0 ? MESSAGE_MORE : header_error(signer, r);
}

enum message_progress message_signer_header_end(struct message_signer *signer,
						const struct message_facts *facts)
{
	if (signer->state == SIGNER_OVER)
		return MESSAGE_OVER;
	assert(signer->state == SIGNER_HEADER);
	start_fields(signer);
	signer->facts = *facts;
	return header_over(signer);
}

static enum message_progress body_error(struct message_signer *signer, int error)
{
	if (error < 0)
		return internal_error(signer, error);
	return signer_fail(signer, MESSAGE_TROUBLE_MALFORMED, MESSAGE_REFUSE,
			   "its body has a CR without LF");
}

static enum message_progress push_body(struct message_signer *signer, struct bytes *input)
{
	int r = body_hash_push(&signer->body_hash, *input);

	if (r == 0 && signer->own != NULL)
		r = own_signature_push(signer->own, *input);
	if (r != 0)
		return body_error(signer, r);
	*input = bytes_of(NULL, 0);
	return MESSAGE_MORE;
}

enum message_progress message_signer_push(struct message_signer *signer, struct bytes *input)
{
	if (signer->pending > 0)
		return MESSAGE_WAIT;
	switch (signer->state) {
	case SIGNER_HEADER: return push_header(signer, input);
	case SIGNER_KEYS: return keys_progress(signer);
	case SIGNER_BODY: return push_body(signer, input);
	case SIGNER_SIGNING: assert(!"the message was over"); return MESSAGE_OVER;
	case SIGNER_OVER: return MESSAGE_OVER;
	}
	return MESSAGE_OVER;
}

/* Fills bh= and l= in, and hands the digests to the service. */
static int submit_digests(struct message_signer *signer, const uint8_t body_digest[SHA256_SIZE])
{
	struct message_tools *tools = signer->tools;
	uint8_t digest[SHA256_SIZE];
	int r = header_select_list(signer->context->header_select, &signer->header, &tools->names);

	if (r == 0)
		r = header_hash_start(&tools->header_hash, &signer->header);
	if (r == 0)
		r = header_hash_select(&tools->header_hash, &tools->names,
				       signer->header_canonicalization);
	for (size_t i = 0; r == 0 && i < signer->count; i++) {
		struct message_signature *signature = signer->signatures[i];

		signature_field_set_body_hash(&signature->field, body_digest);
		if (signs_length(signer))
			signature_field_set_body_length(&signature->field,
							body_hash_hashed_size(&signer->body_hash));
		r = header_hash_digest(&tools->header_hash,
				       signature_field_unsigned(&signature->field), digest);
		if (r != 0)
			break;
		signer->pending++;
		message_signature_submit(signature, tools->client, digest);
	}
	return r;
}

static enum message_progress body_over(struct message_signer *signer)
{
	uint8_t body_digest[SHA256_SIZE];
	bool verified = false;
	int r = body_hash_finish(&signer->body_hash, body_digest);

	if (r == 0 && signer->own != NULL)
		r = own_signature_finish(signer->own, &verified);
	if (r != 0)
		return body_error(signer, r);
	if (verified)
		return signer_conclude(signer, MESSAGE_ALREADY_SIGNED,
				       "our own signature is on top and verifies");
	signer->state = SIGNER_SIGNING;
	r = submit_digests(signer, body_digest);
	if (r != 0)
		(void)internal_error(signer, r);
	/* What was submitted before an error comes back all the same. */
	return signer->pending > 0 ? MESSAGE_SIGNING : MESSAGE_OVER;
}

enum message_progress message_signer_end(struct message_signer *signer)
{
	int r;

	if (signer->pending > 0)
		return MESSAGE_WAIT;
	switch (signer->state) {
	case SIGNER_HEADER:
		r = message_reader_finish(&signer->reader);
		return r != 0 ? header_error(signer, r) : header_over(signer);
	case SIGNER_KEYS: return keys_progress(signer);
	case SIGNER_BODY: return body_over(signer);
	case SIGNER_SIGNING: assert(!"the message was over"); return MESSAGE_OVER;
	case SIGNER_OVER: return MESSAGE_OVER;
	}
	return MESSAGE_OVER;
}

static void log_success(const struct message_signer *signer)
{
	if (!signer->context->config->syslog_success)
		return;
	for (size_t i = 0; i < signer->count; i++) {
		const struct message_signature *signature = signer->signatures[i];

		log_info("%s: DKIM-Signature field added (s=%.*s, d=%.*s)", signer->job,
			 BYTES_PRINTF(signature->selector), BYTES_PRINTF(signature->domain));
	}
}

static void signing_over(struct message_signer *signer)
{
	int r;

	if (signer->state != SIGNER_SIGNING)
		return;
	r = gather_fields(signer);
	if (r != 0) {
		(void)internal_error(signer, r);
		return;
	}
	signer->state = SIGNER_OVER;
	log_success(signer);
}

static void signature_done(struct message_signature *signature, int error)
{
	struct message_signer *signer = signature->owner;

	signer->pending--;
	if (error < 0 && (signer->state == SIGNER_KEYS || signer->state == SIGNER_SIGNING))
		(void)internal_error(signer, error);
	else if (error > 0 && signer->state == SIGNER_SIGNING)
		(void)signature_error(signer);
	if (signer->pending > 0)
		return;
	signing_over(signer);
	signer->wake(signer, signer->wake_arg);
}
