/*
 * sender - whose mail a message is, for the choice of its signatures.
 *
 * Is:       the first of SenderHeaders that the header has, its first mailbox, and that mailbox's
 *           domain as an A-label. From is asked for first of all: there must be exactly one.
 * Source:   RFC 5322 3.6.2; RFC 6376 8.15 (several From fields); RFC 5891 for the A-label.
 * Errors:   -ENOMEM; SENDER_E_*, with a text for a person.
 */
#ifndef SIGNER_MESSAGE_SENDER_H
#define SIGNER_MESSAGE_SENDER_H

#include "signer/dkim/header.h"
#include "signer/message/message_tools.h"

enum {
	SENDER_E_NO_FROM = 1,
	SENDER_E_SEVERAL_FROM,
	SENDER_E_NO_ADDRESS, /* "undisclosed:;", "root": legal, and nobody's domain */
	SENDER_E_ADDRESS,    /* what it holds cannot be understood */
	SENDER_E_DOMAIN,     /* the address has no domain that DNS could hold */
};

/* `sender_out` points into `tools`, until the next message. */
MUST_CHECK int sender_find(struct message_tools *tools, const struct header *header,
			   const struct signer_names *sender_headers,
			   struct sender_address *sender_out);

/* The name of the field that the sender is looked for in, in the header's own spelling; "From" at last. */
struct bytes sender_field_name(const struct header *header,
			       const struct signer_names *sender_headers);

/* What went wrong, in words; `field` is sender_field_name(). `text` has room for `size`. */
void sender_error_text(int error, struct bytes field, char *text, size_t size);

#endif
