/*
 * ip_range - an address, or a network, as ip4: and ip6: of SPF have it.
 *
 * Is:       ADDRESS or ADDRESS/PREFIX, parsed, and written in one form: equal text is an equal range.
 * Source:   RFC 7208 5.6; RFC 5952 for the form of IPv6.
 * Errors:   IP_RANGE_E_SYNTAX; -ENOMEM.
 */
#ifndef SIGNER_DNS_IP_RANGE_H
#define SIGNER_DNS_IP_RANGE_H

#include "common/buffer.h"

enum {
	IP_RANGE_E_SYNTAX = 1,
};

struct ip_range {
	bool is_ip6;
	uint8_t address[16]; /* IPv4: the first four */
	unsigned prefix;     /* bits */
};

MUST_CHECK int ip_range_parse(struct ip_range *range, struct bytes text);

/* Whether it is one address. */
bool ip_range_is_single(const struct ip_range *range);

bool ip_range_equals(const struct ip_range *a, const struct ip_range *b);

/* Without "/PREFIX" where that is one address. */
MUST_CHECK int ip_range_append(const struct ip_range *range, struct buffer *output);

#endif
