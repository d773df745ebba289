/*
 * dns_compare - a record that there should be, beside what DNS has.
 *
 * Is:       by what receivers make of it, not by its letters: an SPF record in another order, a key record
 *           with one more tag, a DMARC record without its defaults are the same.
 * Is not:   the asking (dns_client.h), or the look-ups that SPF costs with all that it includes
 *           (spf_lookups.h).
 * Use:      a struct of zeros; dns_compare(); what else is found: dns_finding_add(); dns_finding_deinit().
 * Source:   RFC 7208 3.2 and 4.5 (one SPF record), RFC 6376 3.6.1 and 3.6.2.2 (one key record),
 *           RFC 7489 6.6.3 and 7.1 (DMARC).
 * Units:    of several statuses the gravest is the one; all that was found stands in the notes.
 * Errors:   -ENOMEM.
 */
#ifndef SIGNER_DNS_DNS_COMPARE_H
#define SIGNER_DNS_DNS_COMPARE_H

#include "signer/dns/dns_answer.h"
#include "signer/dns/dns_records.h"

/* From harmless to grave. */
enum dns_status {
	DNS_STATUS_OK,
	DNS_STATUS_DIFFERENT,
	DNS_STATUS_MISSING,
	DNS_STATUS_TOO_LONG, /* cut off, or more than goes through the network in one piece */
	DNS_STATUS_TOO_MANY_LOOKUPS,
	DNS_STATUS_SYNTAX,
	DNS_STATUS_REVOKED,
	DNS_STATUS_TWO_RECORDS,
	DNS_STATUS_NO_ANSWER,
};

#define DNS_STATUS_COUNT (DNS_STATUS_NO_ANSWER + 1)

struct dns_finding {
	enum dns_status status;
	struct buffer notes; /* sentences, each with a line end; no other control characters */
	/* The values of the answer that receivers would look at. */
	size_t served[DNS_ANSWER_VALUES_MAX];
	size_t served_count;
};

void dns_finding_deinit(struct dns_finding *finding);

/* Says more; the status becomes the one that is given, if that is graver. */
MUST_CHECK PRINTF_LIKE(3, 4) int dns_finding_add(struct dns_finding *finding,
						 enum dns_status status, const char *format, ...);

MUST_CHECK int dns_compare(const struct dns_record *wanted, const struct dns_answer *answer,
			   struct dns_finding *finding);

/* One word: "ok", "too_long"; and for people: "too long". */
const char *dns_status_name(enum dns_status status);
const char *dns_status_words(enum dns_status status);

#endif
