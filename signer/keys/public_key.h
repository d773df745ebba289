/*
 * public_key - the public half of a key: as DNS has it, and to verify with.
 *
 * Is:       made from the decoded p= of a key record, or from key_public(); verifies signatures
 *           over SHA-256 digests.
 * Is not:   the parser of key records, or a look-up of them.
 * Source:   RFC 6376 3.6.1 and RFC 8463 4 (form of p=), RFC 8017 8.2.2 (RSASSA-PKCS1-v1_5),
 *           RFC 8463 3 (PureEdDSA over the digest), RFC 8301 3.2 (RSA of 1024 bits and more).
 * Errors:   PUBLIC_KEY_E_*; -ENOMEM.
 * Owns:     its copy of the key.
 * Threads:  immutable: any number may use one at the same time.
 */
#ifndef SIGNER_KEYS_PUBLIC_KEY_H
#define SIGNER_KEYS_PUBLIC_KEY_H

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/compiler.h"

#define DIGEST_SIZE  32 /* SHA-256 */
#define RSA_BITS_MIN 1024u
#define RSA_BITS_MAX 8192u

enum key_type {
	KEY_RSA,
	KEY_ED25519,
};

enum {
	PUBLIC_KEY_E_MALFORMED = 1, /* not a key of that type */
	PUBLIC_KEY_E_TOO_SMALL,	    /* RSA under RSA_BITS_MIN */
	PUBLIC_KEY_E_TOO_LARGE,	    /* RSA over RSA_BITS_MAX, or with a huge exponent */
	PUBLIC_KEY_E_MISMATCH,	    /* not this key's signature of this digest */
};

struct public_key;

/* `record`: for RSA a SubjectPublicKeyInfo or an RSAPublicKey, for Ed25519 32 bytes. */
MUST_CHECK int public_key_new(enum key_type type, struct bytes record, struct public_key **key_out);
void public_key_free(struct public_key *key);

enum key_type public_key_type(const struct public_key *key);
unsigned public_key_bits(const struct public_key *key);

/* The key in one form (SubjectPublicKeyInfo, or 32 bytes): equal bytes are equal keys. */
struct bytes public_key_record(const struct public_key *key);

MUST_CHECK int public_key_verify(const struct public_key *key, const uint8_t digest[DIGEST_SIZE],
				 struct bytes signature);

/* "rsa" or "ed25519": k= of a key record, and the first part of a=. */
const char *key_type_name(enum key_type type);

/* Appends what p= of a key record says, in base64. */
MUST_CHECK int public_key_append_p(struct bytes record, struct buffer *output);

/* Checks the numbers of an RSA key, and appends its SubjectPublicKeyInfo. For key.c, too. */
MUST_CHECK int public_key_append_rsa(struct bytes modulus, struct bytes exponent,
				     struct buffer *output);
unsigned rsa_bits(struct bytes modulus);

#endif
