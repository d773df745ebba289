/*
 * dkim_algorithm - the signing algorithms of the a= tag.
 *
 * Source:   RFC 6376 3.3 and RFC 8463 3. rsa-sha1 is known and refused: RFC 8301 3.1 says that it
 *           must neither sign nor verify.
 */
#ifndef SIGNER_DKIM_DKIM_ALGORITHM_H
#define SIGNER_DKIM_DKIM_ALGORITHM_H

#include "common/bytes.h"
#include "common/compiler.h"

enum dkim_algorithm {
	DKIM_ALGORITHM_RSA_SHA256,
	DKIM_ALGORITHM_ED25519_SHA256,
};

enum {
	DKIM_ALGORITHM_E_UNKNOWN = 1,
	DKIM_ALGORITHM_E_SHA1,
};

/* As in a=: "rsa-sha256". */
const char *dkim_algorithm_name(enum dkim_algorithm algorithm);

/* As in the k= of a key record: "rsa". */
const char *dkim_algorithm_key_type(enum dkim_algorithm algorithm);

MUST_CHECK int dkim_algorithm_parse(struct bytes name, enum dkim_algorithm *out);

#endif
