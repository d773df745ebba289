/*
 * dns_records - the records that a domain needs, so that receivers believe its mail.
 *
 * Is:       made from what is known of domain, relays, key and policy: A and AAAA of hosts, SPF, DKIM,
 *           DMARC, and the record by which another domain agrees to get DMARC reports.
 * Is not:   a way to write them down (dns_forms.h), or what DNS has (dns_answer.h).
 * Use:      a struct of zeros; dns_records_add_...() for each domain; dns_records_deinit().
 * Source:   RFC 7208 (SPF), RFC 6376 3.6.2.1 (name of a key), RFC 7489 6.1 and 7.1 (DMARC).
 * Units:    names are A-labels in lower case, without a dot at the end. All that is given must be checked
 *           before (spf_record.h, dmarc_record.h, domain_name.h).
 * Errors:   -ENOMEM.
 * Owns:     copies of all that it is given.
 */
#ifndef SIGNER_DNS_DNS_RECORDS_H
#define SIGNER_DNS_DNS_RECORDS_H

#include "common/buffer.h"
#include "signer/dns/dns_type.h"
#include "signer/dns/ip_range.h"

enum dns_record_kind {
	DNS_RECORD_HOST,
	DNS_RECORD_SPF,
	DNS_RECORD_DKIM,
	DNS_RECORD_DMARC,
	DNS_RECORD_REPORT, /* in the zone of who gets the reports */
};

struct dns_record {
	enum dns_record_kind kind;
	enum dns_type type;
	char *domain; /* whose zone it stands in; of a report record the domain of the receiver */
	char *name;
	char *value; /* an address, or the text */
};

struct dns_records {
	struct dns_record *records;
	size_t count;
	size_t capacity;
};

struct dns_spf_policy {
	const struct ip_range *hosts; /* those that mail comes from */
	size_t host_count;
	const char *const *terms; /* more of them, behind the hosts */
	size_t term_count;
	const char *all; /* "~all", "-all", "?all" */
};

struct dns_dmarc_policy {
	const char *policy;
	const char *subdomain_policy; /* NULL: no sp= */
	unsigned percent;
	const char *rua; /* addresses with their mailto:, commas between; NULL: none */
	const char *ruf;
};

void dns_records_deinit(struct dns_records *records);

MUST_CHECK int dns_records_add_host(struct dns_records *records, const char *domain,
				    const char *name, const struct ip_range *address);
MUST_CHECK int dns_records_add_spf(struct dns_records *records, const char *domain,
				   const struct dns_spf_policy *policy);
/* `text`: of the record, "v=DKIM1; ...". */
MUST_CHECK int dns_records_add_dkim(struct dns_records *records, const char *domain,
				    const char *selector, struct bytes text);
/* With a report record for each domain that is neither above nor below. */
MUST_CHECK int dns_records_add_dmarc(struct dns_records *records, const char *domain,
				     const struct dns_dmarc_policy *policy);

/* "v=DKIM1; k=rsa; p=...": of a key alone. `p` is base64. */
MUST_CHECK int dns_records_dkim_text(const char *key_type, struct bytes p, struct buffer *output);

/* "host", "spf", "dkim", "dmarc" or "report". */
const char *dns_record_kind_name(enum dns_record_kind kind);

/*
 * Takes from the front of `rest`, which is at first the value of a TXT record, what its next string
 * holds; false: there is nothing left. No string is of more than DNS_STRING_SIZE_MAX bytes, and the key of
 * a DKIM record begins one.
 */
#define DNS_STRING_SIZE_MAX 255 /* RFC 1035 3.3: what a length byte can say */
bool dns_record_next_string(const struct dns_record *record, struct bytes *rest,
			    struct bytes *string_out);

#endif
