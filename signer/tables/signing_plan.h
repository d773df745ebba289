/*
 * signing_plan - which signatures one message gets, and why.
 *
 * Is:       the decision, from the rules and the sender's address alone.
 * Is not:   how the sender is found (signer/message), the key itself (signer/keys), or what goes
 *           into h= (signer/dkim).
 * Source:   opendkim.conf(5) Domain, SubDomains, ExemptDomains, SigningTable, KeyTable.
 * Errors:   -errno, or SIGNING_PLAN_E_*, each with a reason for the log in OpenDKIM's words:
 *
 *             NO_MATCH   not ours to sign       never again
 *             EXEMPT     to be left alone       never again
 *             SENDER     "%" stands for a domain that is none: such mail is malformed, never again
 *             BROKEN     the row that it needs is broken: try later, when the table was mended
 *
 * Owns:     the array and the texts of the last plan, until the next one. Fields of the table rows
 *           are borrowed from the rules, and the sender's domain from the caller.
 * Threads:  one plan object per thread, any number of them on one set of rules. Once it has seen
 *           the largest plan, making one allocates nothing.
 *
 *	r = signing_plan_new(&plan);
 *	r = signing_plan_make(plan, rules, sender);
 *	for (size_t i = 0; r == 0 && i < signing_plan_count(plan); i++)
 *		sign(signing_plan_at(plan, i));
 */
#ifndef SIGNER_TABLES_SIGNING_PLAN_H
#define SIGNER_TABLES_SIGNING_PLAN_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/problems.h"
#include "signer/tables/signer_config.h"
#include "signer/tables/signing_rules.h"
#include "signer/tables/signing_table.h"

enum {
	SIGNING_PLAN_E_NO_MATCH = 1,
	SIGNING_PLAN_E_EXEMPT = 2,
	SIGNING_PLAN_E_SENDER = 3,
	SIGNING_PLAN_E_BROKEN = 4,
};

struct planned_signature {
	struct bytes signing_domain;	    /* d= */
	struct bytes selector;		    /* s= */
	struct bytes identity;		    /* i=; size 0: none */
	const char *key_path;		    /* NULL: the key is in key_text */
	struct bytes key_text;		    /* PEM or base64 */
	enum signer_algorithm algorithm;    /* what was asked for */
	struct problem_place signing_place; /* the SigningTable row, or the Domain option */
	struct problem_place key_place;	    /* the KeyTable row, or the KeyFile option */
};

struct signing_plan;

MUST_CHECK int signing_plan_new(struct signing_plan **plan_out);
void signing_plan_free(struct signing_plan *plan);

MUST_CHECK int signing_plan_make(struct signing_plan *plan, const struct signing_rules *rules,
				 struct sender_address sender);

/* Of the last plan; after an error there are none. */
size_t signing_plan_count(const struct signing_plan *plan);
const struct planned_signature *signing_plan_at(const struct signing_plan *plan, size_t index);

/* Why the last one gave SIGNING_PLAN_E_*; "" after 0. */
const char *signing_plan_reason(const struct signing_plan *plan);

#endif
