/*
 * header_canon - DKIM canonicalization of one header field.
 *
 * Source:   RFC 6376 3.4.1 "simple", 3.4.2 "relaxed".
 * Lines:    a CR, an LF or both together inside the field are one line end, and simple writes each
 *           as CRLF. The CRLF that ends a field is the caller's to add, because the DKIM-Signature
 *           field itself is hashed without it (RFC 6376 3.7).
 * Errors:   -ENOMEM, and the buffer is what it was.
 */
#ifndef SIGNER_DKIM_HEADER_CANON_H
#define SIGNER_DKIM_HEADER_CANON_H

#include "common/buffer.h"
#include "signer/dkim/canonicalization.h"

/* `field` is a whole field (header_field()), so it has a colon. */
MUST_CHECK int header_canon_append(struct buffer *out, struct bytes field,
				   enum canonicalization canonicalization);

#endif
