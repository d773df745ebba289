/*
 * How it works: OpenSSL is called here as its manual shows it, not through signer/keys, so that a slow way of
 * ours to call it would be seen. Contexts are made once: that is how OpenSSL is fastest.
 */
#include "bench/openssl_rate.h"

#include "bench/timed_threads.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE_ROOM 1024

struct openssl_signer {
	EVP_PKEY *key;
	EVP_PKEY_CTX *rsa; /* one of the two */
	EVP_MD_CTX *ed25519;
	uint64_t signatures;
};

static bool signer_init(struct openssl_signer *signer, const struct signer_setup *setup)
{
	struct bytes pem = secret_memory_bytes(&setup->key_pem);
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);

	if (bio == NULL)
		return false;
	signer->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (signer->key == NULL)
		return false;
	if (setup->kind.type == KEY_ED25519) {
		signer->ed25519 = EVP_MD_CTX_new();
		return signer->ed25519 != NULL &&
		       EVP_DigestSignInit(signer->ed25519, NULL, NULL, NULL, signer->key) == 1;
	}
	signer->rsa = EVP_PKEY_CTX_new(signer->key, NULL);
	return signer->rsa != NULL && EVP_PKEY_sign_init(signer->rsa) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(signer->rsa, RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(signer->rsa, EVP_sha256()) == 1;
}

static void signer_deinit(struct openssl_signer *signer)
{
	EVP_PKEY_CTX_free(signer->rsa);
	EVP_MD_CTX_free(signer->ed25519);
	EVP_PKEY_free(signer->key);
}

static bool sign(struct openssl_signer *signer, const uint8_t digest[DIGEST_SIZE])
{
	uint8_t signature[SIGNATURE_ROOM];
	size_t size = sizeof(signature);

	if (signer->rsa != NULL)
		return EVP_PKEY_sign(signer->rsa, signature, &size, digest, DIGEST_SIZE) == 1;
	if (EVP_DigestSign(signer->ed25519, signature, &size, digest, DIGEST_SIZE) == 1)
		return true;
	/* OpenSSL from 3.4 on wants an init after each signature, older ones do not. */
	size = sizeof(signature);
	return EVP_DigestSignInit(signer->ed25519, NULL, NULL, NULL, NULL) == 1 &&
	       EVP_DigestSign(signer->ed25519, signature, &size, digest, DIGEST_SIZE) == 1;
}

static int sign_next(void *arg, uint64_t *work_out, struct failure *failure)
{
	struct openssl_signer *signer = arg;
	uint8_t digest[DIGEST_SIZE] = {0};

	memcpy(digest, &signer->signatures, sizeof(signer->signatures));
	signer->signatures++;
	if (!sign(signer, digest))
		return failure_set(failure, BENCH_E_FAILED, "OpenSSL does not sign");
	*work_out = 1;
	return 0;
}

static int run_signers(const struct openssl_rate *rate, struct openssl_signer *signers,
		       struct timed_thread *threads, struct measure *measure_out,
		       struct failure *failure)
{
	for (unsigned i = 0; i < rate->threads; i++) {
		if (!signer_init(&signers[i], rate->setup))
			return failure_set(failure, BENCH_E_FAILED,
					   "OpenSSL does not take the key");
		threads[i] = (struct timed_thread){.step = sign_next, .arg = &signers[i]};
	}
	return timed_threads_run(threads, rate->threads, rate->seconds, measure_out, failure);
}

int openssl_rate_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	const struct openssl_rate *rate = arg;
	struct openssl_signer *signers = calloc(rate->threads, sizeof(signers[0]));
	struct timed_thread *threads = calloc(rate->threads, sizeof(threads[0]));
	int r = signers == NULL || threads == NULL
			? failure_set(failure, -ENOMEM, "threads")
			: run_signers(rate, signers, threads, measure_out, failure);

	for (unsigned i = 0; signers != NULL && i < rate->threads; i++)
		signer_deinit(&signers[i]);
	free(threads);
	free(signers);
	return r;
}
