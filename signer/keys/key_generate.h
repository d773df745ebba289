/*
 * key_generate - makes a new private key.
 *
 * Is:       the key as PEM text (PKCS #8, "PRIVATE KEY"), for the command to write to a file with
 *           the mode that it wants. key_new() reads it back, and public_key_append_p() makes p=.
 * Source:   RFC 7468 10, RFC 5208 5, RFC 8410 7.
 * Errors:   KEY_GENERATE_E_*; -ENOMEM.
 * Owns:     nothing; the text is the caller's, in secret memory.
 * Threads:  any. RSA takes from tens of milliseconds (1024 bits) to many seconds (8192).
 */
#ifndef SIGNER_KEYS_KEY_GENERATE_H
#define SIGNER_KEYS_KEY_GENERATE_H

#include "common/compiler.h"
#include "signer/keys/public_key.h"
#include "signer/keys/secret_memory.h"

#define KEY_GENERATE_RSA_BITS_DEFAULT 2048u

enum {
	KEY_GENERATE_E_BITS = 1, /* not RSA_BITS_MIN to RSA_BITS_MAX */
	KEY_GENERATE_E_FAILED,	 /* OpenSSL has no randomness, or does not allow it */
};

/* `rsa_bits` is for RSA only. `pem_out` is an empty object before. */
MUST_CHECK int key_generate(enum key_type type, unsigned rsa_bits, struct secret_memory *pem_out);

#endif
