/*
 * dns_forms - records, written as the places want them where people type or load them.
 *
 * Is:
 *   zone           NAME. [TTL] IN TXT ( "..." "..." ): for a zone file; a report record, which stands in
 *                  another zone, is a comment
 *   line           txt selector._domainkey v=DKIM1; ...: a registrar's one line a record, where @ is the
 *                  domain itself
 *   route53        NAME. TXT "..." "...": what the console of Route 53 takes
 *   route53-json   a change batch for `aws route53 change-resource-record-sets`
 * Units:    `ttl` in seconds; 0: none is written, and route53-json has DNS_FORMS_TTL.
 * Source:   RFC 1035 5.1 for the zone file.
 * Errors:   -ENOMEM; whether all arrived, whoever owns the file asks it.
 */
#ifndef SIGNER_DNS_DNS_FORMS_H
#define SIGNER_DNS_DNS_FORMS_H

#include "signer/dns/dns_records.h"

#include <stdio.h>

#define DNS_FORMS_TTL 300

enum dns_form {
	DNS_FORM_ZONE,
	DNS_FORM_LINE,
	DNS_FORM_ROUTE53,
	DNS_FORM_ROUTE53_JSON,
};

/* false: there is no form of that name. */
bool dns_form_find(const char *name, enum dns_form *form_out);

MUST_CHECK int dns_forms_write(const struct dns_records *records, enum dns_form form, unsigned ttl,
			       FILE *file);

#endif
