/*
 * key - one private key, ready to sign.
 *
 * Is:       made from the text of a key (key_text.h says in which forms), checked once, then
 *           immutable and shared by reference.
 * Is not:   a file (key_file.h) or a cache (key_store.h), and it does not sign (sign_service.h).
 * Source:   RFC 8017 A.1.2 (PKCS #1), RFC 5208 and RFC 5958 (PKCS #8), RFC 8410 (Ed25519),
 *           RFC 8301 3.2 (key sizes).
 * Errors:   enum key_outcome with a text that begins with `name`; -ENOMEM. The text is written with
 *           an outcome only.
 * Owns:     the parsed key. The text is the caller's, and belongs into secret_memory.
 * Threads:  any number; the reference count is atomic.
 */
#ifndef SIGNER_KEYS_KEY_H
#define SIGNER_KEYS_KEY_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "signer/keys/key_problem.h"
#include "signer/keys/public_key.h"

#include <stdbool.h>

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */
struct key;

/*
 * Returns the first reference. `rsa_bits_min` below RSA_BITS_MIN counts as that. A key that does
 * not verify what it signs is refused here, so a broken key file never signs mail.
 */
MUST_CHECK int key_new(const char *name, struct bytes text, unsigned rsa_bits_min,
		       struct key **key_out, struct key_problem *problem);

struct key *key_ref(struct key *key);
void key_unref(struct key *key); /* takes NULL */

/* As ref and unref, for who only keeps a key in case that it is used again. */
struct key *key_keep(struct key *key);
void key_let_go(struct key *key); /* takes NULL */

/* Whether there is a reference besides those of who only keeps it. */
bool key_is_used(const struct key *key);

enum key_type key_type(const struct key *key);
unsigned key_bits(const struct key *key);
size_t key_signature_size(const struct key *key);

/* Whether the lanes (signer/lanes) can sign with it, too. */
bool key_fits_lanes(const struct key *key);

/* The public half, as public_key_record() has it; lives as long as the key. */
struct bytes key_public(const struct key *key);

/* For the engines of the signature service. */
struct evp_pkey_st *key_evp(const struct key *key);

#endif
