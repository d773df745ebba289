/*
 * Goal:   one prepared signer makes many right signatures, and a faulty RSA computation does not
 *         come out of OpenSSL.
 * Method: each signature verified with OpenSSL's one-shot calls; keys with one wrong number of the
 *         Chinese remainder theorem, which is what a fault in the computation looks like.
 */
#include "signer/keys/evp_signer.h"

#include "tests/unit/key_samples.h"
#include "tests/unit/unit_test.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static bool verifies(EVP_PKEY *key, enum key_type type, const uint8_t *digest,
		     const uint8_t *signature, size_t size)
{
	bool is_good;

	if (type == KEY_RSA) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

		is_good = EVP_PKEY_verify_init(context) == 1 &&
			  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
			  EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
			  EVP_PKEY_verify(context, signature, size, digest, DIGEST_SIZE) == 1;
		EVP_PKEY_CTX_free(context);
	} else {
		EVP_MD_CTX *context = EVP_MD_CTX_new();

		is_good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
			  EVP_DigestVerify(context, signature, size, digest, DIGEST_SIZE) == 1;
		EVP_MD_CTX_free(context);
	}
	return is_good;
}

static void sign_many(EVP_PKEY *key, enum key_type type, size_t size_wanted)
{
	struct evp_signer signer;

	assert_int_equal(evp_signer_init(&signer, type, key), 0);
	for (uint8_t i = 0; i < 50; i++) {
		uint8_t digest[DIGEST_SIZE] = {i, 1, 2};
		uint8_t signature[SIGNATURE_SIZE_MAX];
		size_t size;

		assert_int_equal(evp_signer_sign(&signer, digest, signature, &size), 0);
		assert_int_equal(size, size_wanted);
		assert_true(verifies(key, type, digest, signature, size));
	}
	evp_signer_deinit(&signer);
	evp_signer_deinit(&signer);
	EVP_PKEY_free(key);
}

static void one_rsa_signer_makes_many_signatures(void **state)
{
	(void)state;
	sign_many(sample_rsa(SAMPLE_RSA_BITS), KEY_RSA, SAMPLE_RSA_BITS / 8);
}

static void one_ed25519_signer_makes_many_signatures(void **state)
{
	(void)state;
	sign_many(sample_ed25519(), KEY_ED25519, 64);
}

static const char *const params[] = {
	OSSL_PKEY_PARAM_RSA_N,	       OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D,	       OSSL_PKEY_PARAM_RSA_FACTOR1,
	OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
	OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

/* A copy of the key with 2 added to one of its numbers. */
static EVP_PKEY *with_wrong_number(EVP_PKEY *key, size_t wrong)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *numbers[8] = {NULL};
	OSSL_PARAM *built;
	EVP_PKEY *copy = NULL;

	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(EVP_PKEY_get_bn_param(key, params[i], &numbers[i]), 1);
		if (i == wrong)
			assert_int_equal(BN_add_word(numbers[i], 2), 1);
		assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, params[i], numbers[i]), 1);
	}
	built = OSSL_PARAM_BLD_to_param(builder);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &copy, EVP_PKEY_KEYPAIR, built), 1);
	OSSL_PARAM_free(built);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	for (size_t i = 0; i < 8; i++)
		BN_clear_free(numbers[i]);
	return copy;
}

/* Boneh, DeMillo, Lipton: "On the Importance of Checking Cryptographic Protocols for Faults". */
static void fault_in_the_remainder_theorem_does_not_come_out(void **state)
{
	EVP_PKEY *key = sample_rsa(SAMPLE_RSA_BITS);

	(void)state;
	for (size_t wrong = 5; wrong < 8; wrong++) {
		EVP_PKEY *faulty = with_wrong_number(key, wrong);
		const uint8_t digest[DIGEST_SIZE] = {7};
		uint8_t signature[SIGNATURE_SIZE_MAX];
		struct evp_signer signer;
		size_t size;
		int r;

		assert_int_equal(evp_signer_init(&signer, KEY_RSA, faulty), 0);
		r = evp_signer_sign(&signer, digest, signature, &size);
		assert_true(r == EVP_SIGNER_E_FAILED ||
			    (r == 0 && verifies(key, KEY_RSA, digest, signature, size)));
		evp_signer_deinit(&signer);
		EVP_PKEY_free(faulty);
	}
	EVP_PKEY_free(key);
}

static void public_key_cannot_sign(void **state)
{
	EVP_PKEY *key = sample_rsa(SAMPLE_RSA_BITS);
	struct buffer der = sample_text(key, PUBLIC_DER);
	const unsigned char *input = der.data;
	EVP_PKEY *public_half = d2i_PUBKEY(NULL, &input, (long)der.size);
	const uint8_t digest[DIGEST_SIZE] = {0};
	uint8_t signature[SIGNATURE_SIZE_MAX];
	struct evp_signer signer;
	size_t size;

	(void)state;
	assert_non_null(public_half);
	if (evp_signer_init(&signer, KEY_RSA, public_half) == 0) {
		assert_int_equal(evp_signer_sign(&signer, digest, signature, &size),
				 EVP_SIGNER_E_FAILED);
		evp_signer_deinit(&signer);
	}
	assert_int_equal(ERR_peek_error(), 0);
	EVP_PKEY_free(public_half);
	EVP_PKEY_free(key);
	buffer_deinit(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_rsa_signer_makes_many_signatures),
		cmocka_unit_test(one_ed25519_signer_makes_many_signatures),
		cmocka_unit_test(fault_in_the_remainder_theorem_does_not_come_out),
		cmocka_unit_test(public_key_cannot_sign),
	};

	return cmocka_run_group_tests_name("evp_signer", tests, NULL, NULL);
}
