/*
 * How it works: an EVP_PKEY_CTX keeps what it was set to from one signature to the next. An
 * EVP_MD_CTX is set back with an init without a key, which newer OpenSSL demands.
 *
 * A faulty RSA signature made by the Chinese remainder theorem reveals the key. OpenSSL checks
 * each one with the public exponent before it returns it, and computes it again without the
 * theorem if it is wrong (rsa_ossl_mod_exp), so it is not done a second time here;
 * tests/unit/test_evp_signer.c shows it with a key that has a wrong CRT exponent.
 */
#include "signer/keys/evp_signer.h"

#include "signer/keys/openssl_error.h"

#include <openssl/rsa.h>

static bool rsa_init(struct evp_signer *signer, EVP_PKEY *evp)
{
	signer->rsa = EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL);
	return signer->rsa != NULL && EVP_PKEY_sign_init(signer->rsa) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(signer->rsa, RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(signer->rsa, EVP_sha256()) == 1;
}

static bool ed25519_init(struct evp_signer *signer, EVP_PKEY *evp)
{
	signer->ed25519 = EVP_MD_CTX_new();
	return signer->ed25519 != NULL &&
	       EVP_DigestSignInit(signer->ed25519, NULL, NULL, NULL, evp) == 1;
}

int evp_signer_init(struct evp_signer *signer, enum key_type type, EVP_PKEY *evp)
{
	*signer = (struct evp_signer){0};
	if (type == KEY_RSA ? rsa_init(signer, evp) : ed25519_init(signer, evp))
		return 0;
	evp_signer_deinit(signer);
	return openssl_error(EVP_SIGNER_E_FAILED);
}

void evp_signer_deinit(struct evp_signer *signer)
{
	EVP_PKEY_CTX_free(signer->rsa);
	EVP_MD_CTX_free(signer->ed25519);
	*signer = (struct evp_signer){0};
}

int evp_signer_sign(struct evp_signer *signer, const uint8_t digest[DIGEST_SIZE],
		    uint8_t signature[SIGNATURE_SIZE_MAX], size_t *size_out)
{
	size_t size = SIGNATURE_SIZE_MAX;
	bool is_done;

	if (signer->rsa != NULL)
		is_done = EVP_PKEY_sign(signer->rsa, signature, &size, digest, DIGEST_SIZE) == 1;
	else
		is_done = EVP_DigestSign(signer->ed25519, signature, &size, digest, DIGEST_SIZE) ==
				  1 &&
			  EVP_DigestSignInit(signer->ed25519, NULL, NULL, NULL, NULL) == 1;
	if (!is_done)
		return openssl_error(EVP_SIGNER_E_FAILED);
	*size_out = size;
	return 0;
}
