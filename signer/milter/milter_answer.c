#include "signer/milter/milter_answer.h"

#include "common/log.h"

#include <stdio.h>

#define QUARANTINE_REASON "DKIM signing failed"

/* What an On-... option says of some trouble, or its default in a dialogue. */
static enum signer_action action_of(const struct signer_config *config,
				    enum message_trouble trouble)
{
	enum signer_action action = SIGNER_ACTION_UNSET;
	enum signer_action otherwise = SIGNER_ACTION_TEMPFAIL;

	switch (trouble) {
	case MESSAGE_TROUBLE_NONE:
	case MESSAGE_TROUBLE_EXTERNAL:
	case MESSAGE_TROUBLE_SENDER:
	case MESSAGE_TROUBLE_MALFORMED: return SIGNER_ACTION_ACCEPT;
	case MESSAGE_TROUBLE_INTERNAL: action = config->on_internal_error; break;
	case MESSAGE_TROUBLE_SECURITY: action = config->on_security; break;
	case MESSAGE_TROUBLE_SIGNATURE:
		action = config->on_signature_error;
		otherwise = SIGNER_ACTION_REJECT;
		break;
	case MESSAGE_TROUBLE_KEY: return SIGNER_ACTION_TEMPFAIL;
	case MESSAGE_TROUBLE_COUNT: return SIGNER_ACTION_REJECT;
	}
	return action == SIGNER_ACTION_UNSET ? otherwise : action;
}

static enum milter_outcome outcome_of(enum signer_action action)
{
	switch (action) {
	case SIGNER_ACTION_UNSET:
	case SIGNER_ACTION_ACCEPT: return MILTER_ACCEPTED;
	case SIGNER_ACTION_DISCARD: return MILTER_DISCARDED;
	case SIGNER_ACTION_QUARANTINE: return MILTER_QUARANTINED;
	case SIGNER_ACTION_REJECT: return MILTER_REJECTED;
	case SIGNER_ACTION_TEMPFAIL: return MILTER_DEFERRED;
	}
	return MILTER_DEFERRED;
}

/* The reply, where OpenDKIM has words of its own. */
static const char *words_of(enum message_trouble trouble, enum milter_outcome outcome)
{
	bool is_final = outcome == MILTER_REJECTED;

	if (!is_final && outcome != MILTER_DEFERRED)
		return NULL;
	switch (trouble) {
	case MESSAGE_TROUBLE_INTERNAL:
		return is_final ? "550 5.7.0 internal DKIM error" : "451 4.7.0 internal DKIM error";
	case MESSAGE_TROUBLE_SIGNATURE:
		return is_final ? "550 5.7.0 DKIM signing error" : "451 4.7.0 DKIM signing error";
	case MESSAGE_TROUBLE_COUNT: return "550 5.0.0 the header is not what RFC 5322 3.6 requires";
	default: return NULL;
	}
}

static void log_trouble(const struct message_signer *signer, const char *job)
{
	const char *reason = message_signer_reason(signer);

	switch (message_signer_trouble(signer)) {
	case MESSAGE_TROUBLE_NONE:
	case MESSAGE_TROUBLE_EXTERNAL: return; /* the session logs it */
	case MESSAGE_TROUBLE_SENDER:
		log_info("%s: can't determine message sender; accepting", job);
		log_debug("%s: %s", job, reason);
		return;
	case MESSAGE_TROUBLE_MALFORMED: log_warning("%s: not signed: %s", job, reason); return;
	case MESSAGE_TROUBLE_SECURITY:
		log_notice("%s: too much header data: %s", job, reason);
		return;
	case MESSAGE_TROUBLE_KEY: return; /* the signer has logged it */
	case MESSAGE_TROUBLE_COUNT:
		log_info("%s: RFC5322 header requirement error: %s", job, reason);
		return;
	case MESSAGE_TROUBLE_INTERNAL:
	case MESSAGE_TROUBLE_SIGNATURE: log_error("%s: %s", job, reason); return;
	}
}

struct milter_decision milter_decision_of(const struct message_signer *signer,
					  const struct signer_config *config, const char *job)
{
	enum message_trouble trouble = message_signer_trouble(signer);
	struct milter_decision decision = {0};

	log_trouble(signer, job);
	if (message_signer_verdict(signer) == MESSAGE_SIGN) {
		decision.outcome = MILTER_SIGNED;
		return decision;
	}
	decision.outcome = outcome_of(action_of(config, trouble));
	decision.words = words_of(trouble, decision.outcome);
	return decision;
}

static int put_plain(struct buffer *answers, enum milter_answer answer)
{
	return milter_put(answers, answer, bytes_of(NULL, 0));
}

int milter_answer_early(struct buffer *answers, struct milter_decision decision)
{
	if (decision.words != NULL)
		return milter_put_reply(answers, decision.words);
	switch (decision.outcome) {
	case MILTER_DISCARDED: return put_plain(answers, MILTER_DISCARD);
	case MILTER_REJECTED: return put_plain(answers, MILTER_REJECT);
	case MILTER_DEFERRED: return put_plain(answers, MILTER_TEMPFAIL);
	default: return put_plain(answers, MILTER_ACCEPT);
	}
}

/* From the last to the first, so that each ordinal still counts the same fields when it is used. */
static int put_removals(struct buffer *answers, const struct authentication_results *results)
{
	int r = 0;

	for (size_t i = results->count; r == 0 && i-- > 0;)
		r = milter_put_change_header(answers, results->ordinals[i],
					     BYTES_LITERAL(AUTHENTICATION_RESULTS_NAME),
					     bytes_of(NULL, 0));
	return r;
}

/* A field of the form "NAME: VALUE\n", as an MTA takes it: with the blank or without. */
static int put_field(struct buffer *answers, const struct milter_options *options,
		     struct bytes field)
{
	size_t colon = bytes_find(field, ':');
	struct bytes value = bytes_slice(field, colon + 1, field.size - 1);

	if ((options->steps & MILTER_LEADING_SPACE) == 0 && value.size > 0 && value.data[0] == ' ')
		value = bytes_skip(value, 1);
	return milter_put_insert_header(answers, 0, bytes_slice(field, 0, colon), value);
}

/* Each goes on top, so the first comes last. */
static int put_signatures(struct buffer *answers, const struct milter_answer_parts *parts)
{
	int r = 0;

	for (size_t i = message_signer_field_count(parts->signer); r == 0 && i-- > 0;)
		r = put_field(answers, parts->options, message_signer_field_at(parts->signer, i));
	return r;
}

static int put_filter(struct buffer *answers, const struct milter_options *options,
		      const char *filter)
{
	char field[256];
	int size = snprintf(field, sizeof(field), "DKIM-Filter: %s\n", filter);

	if (size < 0 || (size_t)size >= sizeof(field))
		return 0; /* a name of a host that is too long for it */
	return put_field(answers, options, bytes_of(field, (size_t)size));
}

int milter_answer_at_end(struct buffer *answers, const struct milter_answer_parts *parts)
{
	struct milter_decision decision = parts->decision;
	int r = 0;

	if (decision.outcome == MILTER_QUARANTINED &&
	    (parts->options->actions & MILTER_ACTION_QUARANTINE) == 0)
		decision.outcome = MILTER_DEFERRED;
	if ((parts->options->actions & MILTER_ACTION_CHANGE_HEADERS) != 0)
		r = put_removals(answers, parts->results);
	if (r == 0 && decision.outcome == MILTER_QUARANTINED)
		r = milter_put_quarantine(answers, QUARANTINE_REASON);
	if (r == 0 && decision.outcome == MILTER_SIGNED && parts->filter != NULL)
		r = put_filter(answers, parts->options, parts->filter);
	if (r == 0 && decision.outcome == MILTER_SIGNED)
		r = put_signatures(answers, parts);
	return r == 0 ? milter_answer_early(answers, decision) : r;
}
