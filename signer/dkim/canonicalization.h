/*
 * canonicalization - the two ways of RFC 6376 3.4 to write a message before it is hashed.
 *
 * Is not:   the doing (header_canon.h, body_canon.h); only the names, and the c= tag.
 */
#ifndef SIGNER_DKIM_CANONICALIZATION_H
#define SIGNER_DKIM_CANONICALIZATION_H

#include "common/bytes.h"
#include "common/compiler.h"

enum canonicalization {
	CANONICALIZATION_SIMPLE,
	CANONICALIZATION_RELAXED,
};

enum {
	CANONICALIZATION_E_UNKNOWN = 1,
};

/* "simple" or "relaxed". */
const char *canonicalization_name(enum canonicalization canonicalization);

/*
 * The value of c= (RFC 6376 3.5): HEADER or HEADER/BODY, and a body that is not named is simple,
 * whatever the header is.
 */
MUST_CHECK int canonicalization_parse(struct bytes text, enum canonicalization *header_out,
				      enum canonicalization *body_out);

#endif
