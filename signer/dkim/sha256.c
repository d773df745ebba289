/*
 * How it works: OpenSSL's EVP interface. The method is fetched once per object, because a fetch by
 * name takes a lock and a look-up of strings, which is more than hashing a short header.
 */
#include "signer/dkim/sha256.h"

#include <errno.h>
#include <openssl/evp.h>

int sha256_init(struct sha256 *sha256)
{
	*sha256 = (struct sha256){0};
	sha256->method = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha256->context = EVP_MD_CTX_new();
	if (sha256->method == NULL || sha256->context == NULL) {
		sha256_deinit(sha256);
		return -ENOMEM;
	}
	return 0;
}

void sha256_deinit(struct sha256 *sha256)
{
	EVP_MD_CTX_free(sha256->context);
	EVP_MD_free(sha256->method);
	*sha256 = (struct sha256){0};
}

void sha256_start(struct sha256 *sha256)
{
	sha256->failed = EVP_DigestInit_ex(sha256->context, sha256->method, NULL) != 1;
}

void sha256_update(struct sha256 *sha256, struct bytes input)
{
	if (input.size > 0 && !sha256->failed)
		sha256->failed = EVP_DigestUpdate(sha256->context, input.data, input.size) != 1;
}

int sha256_finish(struct sha256 *sha256, uint8_t digest_out[SHA256_SIZE])
{
	if (sha256->failed || EVP_DigestFinal_ex(sha256->context, digest_out, NULL) != 1)
		return -ENOMEM;
	return 0;
}
