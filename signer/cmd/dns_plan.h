/*
 * dns_plan - the records of all domains, from their keys and from what the command line says.
 *
 * Is:       for each domain its hosts, SPF, the DKIM record of each selector, and DMARC, in this order.
 * Errors:   EX_USAGE (a host that is in no domain) or EX_OSERR, which has then been said.
 */
#ifndef SIGNER_CMD_DNS_PLAN_H
#define SIGNER_CMD_DNS_PLAN_H

#include "signer/cmd/dns_keys.h"
#include "signer/cmd/dns_request.h"

MUST_CHECK int dns_plan_make(const struct dns_request *request, const struct dns_keys *keys,
			     struct dns_records *records);

#endif
