/*
 * dmarc_record - a DMARC record, taken apart and checked.
 *
 * Source:   RFC 7489 6.3 (tags), 6.4 (syntax), 6.6.3 (what counts as a record), 7.1 (reports to
 *           another domain).
 * Errors:   DMARC_RECORD_E_*; `fault` then says in words what is wrong.
 * Owns:     nothing: tags point into the text.
 */
#ifndef SIGNER_DNS_DMARC_RECORD_H
#define SIGNER_DNS_DMARC_RECORD_H

#include "signer/dkim/tag_list.h"

enum {
	DMARC_RECORD_E_NONE = 1, /* receivers do not take it for a DMARC record */
	DMARC_RECORD_E_SYNTAX,
};

#define DMARC_FAULT_SIZE 160

struct dmarc_record {
	struct tag_list tags;
	char fault[DMARC_FAULT_SIZE];
};

bool dmarc_record_is(struct bytes text);
MUST_CHECK int dmarc_record_parse(struct dmarc_record *record, struct bytes text);

/* The value of a tag; of one that is not there what it then means (pct: 100; sp: as p). */
struct bytes dmarc_record_value(const struct dmarc_record *record, const char *tag);

bool dmarc_policy_is_valid(struct bytes policy);

/* Takes the first of the addresses that commas separate from `rest`; false: there is none left. */
bool dmarc_next_uri(struct bytes *rest, struct bytes *uri_out);

/* `mailto:NAME@DOMAIN`, with or without a limit of size behind "!". The domain of it. */
bool dmarc_uri_is_valid(struct bytes uri, struct bytes *domain_out);

#endif
