/*
 * spf_record - an SPF record, taken apart into its terms.
 *
 * Is:       the syntax, what costs a look-up, and when two terms say the same.
 * Is not:   an evaluation of SPF for a sender, or a look-up (spf_lookups.h).
 * Source:   RFC 7208 4.5 and 4.6 (terms), 4.6.4 (at most 10 look-ups), 5 and 6 (what there is).
 * Errors:   SPF_RECORD_E_*; `fault` is then the term that is wrong.
 * Owns:     nothing: terms point into the text.
 */
#ifndef SIGNER_DNS_SPF_RECORD_H
#define SIGNER_DNS_SPF_RECORD_H

#include "common/bytes.h"
#include "common/compiler.h"

/* RFC 7208 4.6.4: a record that needs more is an error for every receiver. */
#define SPF_LOOKUPS_MAX 10

/* Some hundred addresses are more than fit into an answer by UDP. */
#define SPF_TERMS_MAX 256

enum {
	SPF_RECORD_E_NONE = 1, /* it is no SPF record at all */
	SPF_RECORD_E_SYNTAX,
	SPF_RECORD_E_TOO_MANY, /* terms */
};

enum spf_term_kind {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
	SPF_REDIRECT,
	SPF_MODIFIER, /* exp=, and those that nobody knows yet */
};

struct spf_term {
	struct bytes text; /* as it is written */
	enum spf_term_kind kind;
	char qualifier;	    /* + - ? ~; where none is written: + */
	struct bytes name;  /* of a modifier */
	struct bytes value; /* behind the : or =, with a /PREFIX; no bytes: none */
};

struct spf_record {
	struct spf_term terms[SPF_TERMS_MAX];
	size_t count;
	struct bytes fault;
};

/* Whether receivers take the text for an SPF record. */
bool spf_record_is(struct bytes text);
MUST_CHECK int spf_record_parse(struct spf_record *record, struct bytes text);

/* One term alone, as a person gives it. */
MUST_CHECK int spf_term_parse(struct spf_term *term, struct bytes text);

bool spf_term_costs_lookup(const struct spf_term *term);

/* Qualifier and value alike: addresses by what they are, the rest without case. */
bool spf_term_equals(const struct spf_term *a, const struct spf_term *b);

bool spf_record_has(const struct spf_record *record, const struct spf_term *term);

/* Whether both say the same: equal terms, in equal order wherever the order makes a difference. */
bool spf_record_equals(const struct spf_record *a, const struct spf_record *b);

#endif
