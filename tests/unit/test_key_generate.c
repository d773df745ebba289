/*
 * Goal:   generated keys are read back by our own reader and by OpenSSL, and are what was asked.
 * Method: small RSA sizes, for speed; the limits.
 */
#include "signer/keys/key_generate.h"

#include "signer/keys/key.h"
#include "tests/unit/unit_test.h"

#include <openssl/pem.h>

static void check(enum key_type type, unsigned bits, size_t p_size)
{
	static struct key_problem problem;
	struct secret_memory pem = {0};
	struct buffer p = {0};
	EVP_PKEY *evp;
	struct key *key;
	BIO *bio;

	assert_int_equal(key_generate(type, bits, &pem), 0);
	assert_true(bytes_start_with(secret_memory_bytes(&pem),
				     BYTES_LITERAL("-----BEGIN PRIVATE KEY-----\n")));
	assert_int_equal(key_new("NAME", secret_memory_bytes(&pem), bits, &key, &problem), 0);
	assert_int_equal(key_type(key), type);
	assert_int_equal(key_bits(key), bits);
	assert_int_equal(public_key_append_p(key_public(key), &p), 0);
	assert_int_equal(p.size, p_size);
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	evp = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	assert_non_null(evp);
	assert_int_equal(EVP_PKEY_eq(evp, key_evp(key)), 1);
	EVP_PKEY_free(evp);
	(void)BIO_free(bio);
	key_unref(key);
	buffer_deinit(&p);
	secret_memory_deinit(&pem);
}

static void rsa_key_is_read_back(void **state)
{
	(void)state;
	check(KEY_RSA, 1024, 216);
	check(KEY_RSA, 1536, 304);
}

static void ed25519_key_is_read_back(void **state)
{
	(void)state;
	check(KEY_ED25519, 256, 44);
}

static void rsa_size_out_of_bounds_is_refused(void **state)
{
	struct secret_memory pem = {0};

	(void)state;
	assert_int_equal(key_generate(KEY_RSA, 1023, &pem), KEY_GENERATE_E_BITS);
	assert_int_equal(key_generate(KEY_RSA, 8193, &pem), KEY_GENERATE_E_BITS);
	assert_null(pem.data);
}

static void type_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(key_type_name(KEY_RSA), "rsa");
	assert_string_equal(key_type_name(KEY_ED25519), "ed25519");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_key_is_read_back),
		cmocka_unit_test(ed25519_key_is_read_back),
		cmocka_unit_test(rsa_size_out_of_bounds_is_refused),
		cmocka_unit_test(type_has_a_name),
	};

	return cmocka_run_group_tests_name("key_generate", tests, NULL, NULL);
}
