/*
 * domain_name - a domain as DNS and DKIM want it: ASCII, lower case.
 *
 * Source:   RFC 5891 and UTS 46 (non-transitional) for U-labels, by libidn2; RFC 6376 3.5 for the
 *           characters, with "_" besides, which selectors in use have; RFC 1035 2.3.4 for the
 *           sizes.
 * Errors:   -ENOMEM, DOMAIN_NAME_E_INVALID.
 */
#ifndef SIGNER_DKIM_DOMAIN_NAME_H
#define SIGNER_DKIM_DOMAIN_NAME_H

#include "common/buffer.h"

#define DOMAIN_NAME_SIZE_MAX 253

enum {
	DOMAIN_NAME_E_INVALID = 1,
};

/*
 * Whether the name is one or more labels of letters, digits, "-" and "_", or of UTF-8, which DKIM
 * tags may hold (RFC 8616), of sizes that DNS takes.
 */
bool domain_name_is_valid(struct bytes name);

/* Whether `name` is `parent` or below it. */
bool domain_name_is_within(struct bytes name, struct bytes parent);

/* Appends the name in lower case, each U-label as its A-label: "xn--...". */
MUST_CHECK int domain_name_to_ascii(struct bytes name, struct buffer *out);

#endif
