/*
 * evp_signer - one key, prepared to sign many digests with OpenSSL.
 *
 * Is:       the contexts that OpenSSL wants before a signature, kept for the next one: making them
 *           costs 3 us, of the 30 us of an Ed25519 signature.
 * Is not:   a choice of keys (sign_engine_openssl.c).
 * Source:   RFC 8017 8.2.1 (RSASSA-PKCS1-v1_5 with SHA-256), RFC 8463 3 (PureEdDSA over the
 *           digest).
 * Errors:   -ENOMEM; EVP_SIGNER_E_FAILED. After an error of sign(): deinit, and init again.
 * Owns:     its contexts, which hold a reference to the EVP_PKEY.
 * Threads:  one at a time; signers of one EVP_PKEY may work side by side.
 */
#ifndef SIGNER_KEYS_EVP_SIGNER_H
#define SIGNER_KEYS_EVP_SIGNER_H

#include "common/compiler.h"
#include "signer/keys/public_key.h"
#include "signer/keys/sign_job.h"

#include <openssl/evp.h>

enum {
	EVP_SIGNER_E_FAILED = 1, /* the key cannot sign */
};

struct evp_signer {
	EVP_PKEY_CTX *rsa; /* one of the two */
	EVP_MD_CTX *ed25519;
};

MUST_CHECK int evp_signer_init(struct evp_signer *signer, enum key_type type, EVP_PKEY *evp);
void evp_signer_deinit(struct evp_signer *signer);

MUST_CHECK int evp_signer_sign(struct evp_signer *signer, const uint8_t digest[DIGEST_SIZE],
			       uint8_t signature[SIGNATURE_SIZE_MAX], size_t *size_out);

#endif
