/*
 * quoted_printable - the dkim-quoted-printable form of the i= and z= tags.
 *
 * Source:   RFC 6376 2.11. It differs from MIME's: white space and ";" are always encoded,
 *           and white space in the text means nothing.
 * Errors:   -ENOMEM, QUOTED_PRINTABLE_E_SYNTAX.
 */
#ifndef SIGNER_DKIM_QUOTED_PRINTABLE_H
#define SIGNER_DKIM_QUOTED_PRINTABLE_H

#include "common/buffer.h"

#define QUOTED_PRINTABLE_SIZE_MAX 3 /* characters for one byte */

enum {
	QUOTED_PRINTABLE_E_SYNTAX = 1,
};

/*
 * The characters of one byte; returns how many. "|" is encoded too, because it separates the
 * fields of z= (RFC 6376 3.5) and encoding a character needlessly does no harm.
 */
size_t quoted_printable_encode(uint8_t byte, uint8_t text_out[QUOTED_PRINTABLE_SIZE_MAX]);

/* Appends the bytes that the text stands for. */
MUST_CHECK int quoted_printable_decode(struct bytes text, struct buffer *out);

#endif
