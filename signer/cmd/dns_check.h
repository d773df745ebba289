/*
 * dns_check - asks the DNS for each record that there should be, and reports what it finds.
 *
 * Is:       the question, the comparison (dns_compare.h), the look-ups that an SPF record costs with all
 *           that it includes, and a look at the place where a form that adds the domain by itself puts a
 *           record whose name was typed in whole.
 * Bound:    after three questions in a row that met with silence nothing more is asked.
 * Errors:   -errno.
 */
#ifndef SIGNER_CMD_DNS_CHECK_H
#define SIGNER_CMD_DNS_CHECK_H

#include "signer/cmd/dns_report.h"
#include "signer/dns/dns_client.h"

MUST_CHECK int dns_check_all(const struct dns_records *records, struct dns_client *client,
			     struct dns_report *report);

#endif
