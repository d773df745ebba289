/*
 * base64 - base64 text from bytes, and back, as DKIM tags carry it.
 *
 * Source:   RFC 4648 4; RFC 6376 2.10: white space may stand anywhere in a base64 tag value and
 *           means nothing, and the padding may be left out.
 * Errors:   BASE64_E_*; what was written to the caller's memory is then of no use.
 */
#ifndef SIGNER_DKIM_BASE64_H
#define SIGNER_DKIM_BASE64_H

#include "common/bytes.h"
#include "common/compiler.h"

/* Characters of text for `size` bytes, padding included. */
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4)

enum {
	BASE64_E_SYNTAX = 1, /* a character that is not base64, or text that was cut off */
	BASE64_E_TOO_LARGE,  /* more bytes than the caller has room for */
};

/* Writes BASE64_SIZE(input.size) characters and no NUL. */
void base64_encode(struct bytes input, uint8_t *text_out);

MUST_CHECK int base64_decode(struct bytes text, uint8_t *data_out, size_t data_size_max,
			     size_t *size_out);

#endif
