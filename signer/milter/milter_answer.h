/*
 * milter_answer - what becomes of a message, and how an MTA is told.
 *
 * Is:       the verdict of a message_signer turned into an answer, in the words of OpenDKIM.
 * Source:   opendkim.conf(5) On-Default and so on; opendkim.c mlfi_eoh() and mlfi_eom(); RFC 3463 for the codes.
 * Errors:   -ENOMEM.
 */
#ifndef SIGNER_MILTER_MILTER_ANSWER_H
#define SIGNER_MILTER_MILTER_ANSWER_H

#include "signer/message/message_signer.h"
#include "signer/milter/authentication_results.h"
#include "signer/milter/milter_options.h"

#include <stdatomic.h>

enum milter_outcome {
	MILTER_ACCEPTED,
	MILTER_SIGNED,
	MILTER_DISCARDED,
	MILTER_QUARANTINED,
	MILTER_REJECTED,
	MILTER_DEFERRED,
	MILTER_OUTCOMES,
};

struct milter_decision {
	enum milter_outcome outcome;
	const char *words; /* of a reply; NULL: the MTA's own */
};

/* Messages by what became of them; any thread may read. */
struct milter_counts {
	_Atomic uint64_t messages[MILTER_OUTCOMES];
};

/* Logs what OpenDKIM logs of it. */
struct milter_decision milter_decision_of(const struct message_signer *signer,
					  const struct signer_config *config, const char *job);

/* It can be told at the end of the header. */
static inline bool milter_decision_is_early(struct milter_decision decision)
{
	return decision.outcome != MILTER_SIGNED && decision.outcome != MILTER_QUARANTINED;
}

struct milter_answer_parts {
	struct milter_decision decision;
	const struct milter_options *options;
	const struct message_signer *signer;	      /* whose fields are added */
	const struct authentication_results *results; /* whose fields are taken out */
	const char *filter; /* the value of a DKIM-Filter field; NULL: none */
};

/* Before the end of the message, and then no field is changed. */
MUST_CHECK int milter_answer_early(struct buffer *answers, struct milter_decision decision);

/* At the end of the message. */
MUST_CHECK int milter_answer_at_end(struct buffer *answers,
				    const struct milter_answer_parts *parts);

#endif
