/*
 * address - the first mailbox of a From or Sender value.
 *
 * Is:       local part and domain of one address, out of display names, comments, groups and
 *           routes.
 * Use:      a struct of zeros, address_parse() as often as wanted, address_deinit().
 * Source:   RFC 5322 3.4 and 4.4 with its obsolete forms; RFC 6532 (UTF-8). Beyond these, as mail
 *           that is seen wants it: elements of the list that hold no address are passed over, and
 *           where "<...>" stands behind something that looks like an address, it wins.
 * Result:   `local_part` is unquoted where it needs no quotes, `domain` is in lower case (ASCII
 *           only; domain_name_to_ascii() does the rest) and may be a literal: "[192.0.2.1]".
 * Errors:   -ENOMEM, ADDRESS_E_*; the result is then empty.
 * Owns:     both results.
 */
#ifndef SIGNER_DKIM_ADDRESS_H
#define SIGNER_DKIM_ADDRESS_H

#include "common/buffer.h"

enum {
	ADDRESS_E_NONE = 1, /* no mailbox in it */
	ADDRESS_E_SYNTAX,   /* a quote, comment or bracket without end, or a broken address */
};

struct address {
	struct buffer local_part;
	struct buffer domain;
};

void address_deinit(struct address *address);

/* `value` is what stands behind the colon (header_value()), folding included. */
MUST_CHECK int address_parse(struct address *address, struct bytes value);

#endif
