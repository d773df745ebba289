/*
 * Goal:   keys of records are taken in their standard forms only, bounded in size, and verify what
 *         OpenSSL signed, and nothing else.
 * Method: samples by OpenSSL, cut at every byte; every byte of a signature changed.
 */
#include "signer/keys/public_key.h"

#include "signer/keys/der.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/unit_test.h"

#include <openssl/rsa.h>
#include <stdlib.h>

static EVP_PKEY *rsa;
static EVP_PKEY *ed25519;

static int set_up_group(void **state)
{
	(void)state;
	rsa = sample_rsa(SAMPLE_RSA_BITS);
	ed25519 = sample_ed25519();
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ed25519);
	return 0;
}

static struct buffer sign(EVP_PKEY *key, const uint8_t *digest)
{
	struct buffer signature = {0};
	size_t size = 1024;

	assert_int_equal(buffer_reserve(&signature, size), 0);
	if (key == rsa) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

		assert_int_equal(EVP_PKEY_sign_init(context), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
		assert_int_equal(EVP_PKEY_sign(context, signature.data, &size, digest, DIGEST_SIZE),
				 1);
		EVP_PKEY_CTX_free(context);
	} else {
		EVP_MD_CTX *context = EVP_MD_CTX_new();

		assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
		assert_int_equal(
			EVP_DigestSign(context, signature.data, &size, digest, DIGEST_SIZE), 1);
		EVP_MD_CTX_free(context);
	}
	signature.size = size;
	return signature;
}

static struct buffer ed25519_raw(void)
{
	struct buffer raw = {0};
	size_t size = 32;

	assert_int_equal(buffer_reserve(&raw, size), 0);
	assert_int_equal(EVP_PKEY_get_raw_public_key(ed25519, raw.data, &size), 1);
	raw.size = size;
	return raw;
}

static void verify_own_and_nothing_else(enum key_type type, EVP_PKEY *evp, struct bytes record)
{
	uint8_t digest[DIGEST_SIZE] = {1, 2, 3};
	struct buffer signature = sign(evp, digest);
	struct public_key *key;

	assert_int_equal(public_key_new(type, record, &key), 0);
	assert_int_equal(public_key_type(key), type);
	assert_int_equal(public_key_verify(key, digest, buffer_bytes(&signature)), 0);
	for (size_t i = 0; i < signature.size; i += 5) {
		signature.data[i] ^= 0x10;
		assert_int_equal(public_key_verify(key, digest, buffer_bytes(&signature)),
				 PUBLIC_KEY_E_MISMATCH);
		signature.data[i] ^= 0x10;
	}
	for (size_t size = 0; size < signature.size; size += 3)
		assert_int_equal(public_key_verify(key, digest, bytes_of(signature.data, size)),
				 PUBLIC_KEY_E_MISMATCH);
	assert_int_equal(buffer_append_byte(&signature, 0), 0);
	assert_int_equal(public_key_verify(key, digest, buffer_bytes(&signature)),
			 PUBLIC_KEY_E_MISMATCH);
	signature.size--;
	digest[31] ^= 1;
	assert_int_equal(public_key_verify(key, digest, buffer_bytes(&signature)),
			 PUBLIC_KEY_E_MISMATCH);
	public_key_free(key);
	buffer_deinit(&signature);
}

/* RFC 6376 3.6.1: p= is an RSAPublicKey; RFC 6376 errata and practice: a SubjectPublicKeyInfo. */
static void rsa_in_both_forms_verifies_and_is_one_key(void **state)
{
	struct buffer info = sample_text(rsa, PUBLIC_DER);
	struct buffer plain = sample_text(rsa, RSA_PUBLIC_DER);
	struct public_key *key;

	(void)state;
	verify_own_and_nothing_else(KEY_RSA, rsa, buffer_bytes(&info));
	verify_own_and_nothing_else(KEY_RSA, rsa, buffer_bytes(&plain));
	assert_int_equal(public_key_new(KEY_RSA, buffer_bytes(&plain), &key), 0);
	assert_int_equal(public_key_bits(key), SAMPLE_RSA_BITS);
	assert_true(bytes_equal(public_key_record(key), buffer_bytes(&info)));
	public_key_free(key);
	buffer_deinit(&info);
	buffer_deinit(&plain);
}

/* RFC 8463 4: p= is the key of 32 bytes. */
static void ed25519_raw_verifies(void **state)
{
	struct buffer raw = ed25519_raw();
	struct buffer info = sample_text(ed25519, PUBLIC_DER);
	struct public_key *key;

	(void)state;
	verify_own_and_nothing_else(KEY_ED25519, ed25519, buffer_bytes(&raw));
	assert_int_equal(public_key_new(KEY_ED25519, buffer_bytes(&info), &key),
			 PUBLIC_KEY_E_MALFORMED);
	assert_int_equal(public_key_new(KEY_ED25519, bytes_of(raw.data, 31), &key),
			 PUBLIC_KEY_E_MALFORMED);
	buffer_deinit(&raw);
	buffer_deinit(&info);
}

static void record_of_another_type_is_malformed(void **state)
{
	EVP_PKEY *ec = sample_ec();
	struct buffer info = sample_text(ec, PUBLIC_DER);
	struct buffer raw = ed25519_raw();
	struct public_key *key;

	(void)state;
	assert_int_equal(public_key_new(KEY_RSA, buffer_bytes(&info), &key),
			 PUBLIC_KEY_E_MALFORMED);
	assert_int_equal(public_key_new(KEY_RSA, buffer_bytes(&raw), &key), PUBLIC_KEY_E_MALFORMED);
	assert_int_equal(public_key_new(KEY_RSA, bytes_of(NULL, 0), &key), PUBLIC_KEY_E_MALFORMED);
	buffer_deinit(&info);
	buffer_deinit(&raw);
	EVP_PKEY_free(ec);
}

static void record_cut_or_lengthened_is_malformed(void **state)
{
	struct buffer info = sample_text(rsa, PUBLIC_DER);
	struct public_key *key;

	(void)state;
	for (size_t size = 0; size < info.size; size++)
		assert_int_equal(public_key_new(KEY_RSA, bytes_of(info.data, size), &key),
				 PUBLIC_KEY_E_MALFORMED);
	assert_int_equal(buffer_append_byte(&info, 0), 0);
	assert_int_equal(public_key_new(KEY_RSA, buffer_bytes(&info), &key),
			 PUBLIC_KEY_E_MALFORMED);
	buffer_deinit(&info);
}

static void record_with_a_third_number_is_malformed(void **state)
{
	struct buffer plain = sample_text(rsa, RSA_PUBLIC_DER);
	struct bytes record = buffer_bytes(&plain);
	struct buffer longer = {0};
	struct buffer content = {0};
	struct public_key *key;
	struct bytes numbers;

	(void)state;
	assert_true(der_take(&record, DER_SEQUENCE, &numbers));
	assert_int_equal(buffer_append(&content, numbers), 0);
	assert_int_equal(der_append_unsigned(&content, BYTES_LITERAL("\1")), 0);
	assert_int_equal(der_append(&longer, DER_SEQUENCE, buffer_bytes(&content)), 0);
	assert_int_equal(public_key_new(KEY_RSA, buffer_bytes(&longer), &key),
			 PUBLIC_KEY_E_MALFORMED);
	buffer_deinit(&plain);
	buffer_deinit(&longer);
	buffer_deinit(&content);
}

struct size_row {
	const char *name;
	size_t modulus_size; /* bytes */
	uint8_t first;	     /* byte of the modulus */
	uint8_t last;
	size_t exponent_size;
	uint8_t exponent_last;
	int want;
};

static const struct size_row size_rows[] = {
	/* RFC 8301 3.2: keys of 1024 bits and more. */
	{"bits_1024", 128, 0x80, 1, 3, 1, 0},
	{"bits_1023", 128, 0x7f, 1, 3, 1, PUBLIC_KEY_E_TOO_SMALL},
	{"bits_8", 1, 0x80, 1, 1, 3, PUBLIC_KEY_E_TOO_SMALL},
	{"bits_8192", 1024, 0xff, 1, 3, 1, 0},
	{"bits_8193", 1025, 0x01, 1, 3, 1, PUBLIC_KEY_E_TOO_LARGE},
	{"bits_500000", 62500, 0xff, 1, 3, 1, PUBLIC_KEY_E_TOO_LARGE},
	{"modulus_even", 128, 0x80, 2, 3, 1, PUBLIC_KEY_E_MALFORMED},
	{"modulus_zero", 0, 0, 0, 3, 1, PUBLIC_KEY_E_MALFORMED},
	{"exponent_3", 128, 0x80, 1, 1, 3, 0},
	{"exponent_1", 128, 0x80, 1, 1, 1, PUBLIC_KEY_E_MALFORMED},
	{"exponent_even", 128, 0x80, 1, 3, 2, PUBLIC_KEY_E_MALFORMED},
	{"exponent_zero", 128, 0x80, 1, 0, 0, PUBLIC_KEY_E_MALFORMED},
	{"exponent_of_64_bits", 128, 0x80, 1, 8, 1, 0},
	{"exponent_of_72_bits", 128, 0x80, 1, 9, 1, PUBLIC_KEY_E_TOO_LARGE},
};

static void rsa_numbers_are_bounded(void **state)
{
	static uint8_t modulus[62500];
	static uint8_t exponent[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(size_rows); i++) {
		const struct size_row *row = &size_rows[i];
		struct buffer numbers = {0};
		struct buffer record = {0};
		struct public_key *key = NULL;
		int r;

		memset(modulus, 0x5a, sizeof(modulus));
		memset(exponent, 0x5a, sizeof(exponent));
		if (row->modulus_size > 0) {
			modulus[row->modulus_size - 1] = row->last;
			modulus[0] = (uint8_t)(row->first | (row->modulus_size == 1));
		}
		if (row->exponent_size > 0)
			exponent[row->exponent_size - 1] = row->exponent_last;
		assert_int_equal(
			der_append_unsigned(&numbers, bytes_of(modulus, row->modulus_size)), 0);
		assert_int_equal(
			der_append_unsigned(&numbers, bytes_of(exponent, row->exponent_size)), 0);
		assert_int_equal(der_append(&record, DER_SEQUENCE, buffer_bytes(&numbers)), 0);
		r = public_key_new(KEY_RSA, buffer_bytes(&record), &key);
		if (r != row->want)
			print_error("%s: got %d, want %d\n", row->name, r, row->want);
		assert_int_equal(r, row->want);
		public_key_free(key);
		buffer_deinit(&numbers);
		buffer_deinit(&record);
	}
}

static void p_is_base64_of_the_record(void **state)
{
	struct buffer p = {0};

	(void)state;
	assert_int_equal(public_key_append_p(BYTES_LITERAL("\0\1\2\3"), &p), 0);
	assert_int_equal(public_key_append_p(BYTES_LITERAL(""), &p), 0);
	assert_int_equal(public_key_append_p(BYTES_LITERAL("\xff\xff\xff"), &p), 0);
	assert_string_equal(buffer_string(&p), "AAECAw==////");
	buffer_deinit(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_in_both_forms_verifies_and_is_one_key),
		cmocka_unit_test(ed25519_raw_verifies),
		cmocka_unit_test(record_of_another_type_is_malformed),
		cmocka_unit_test(record_cut_or_lengthened_is_malformed),
		cmocka_unit_test(record_with_a_third_number_is_malformed),
		cmocka_unit_test(rsa_numbers_are_bounded),
		cmocka_unit_test(p_is_base64_of_the_record),
	};

	return cmocka_run_group_tests_name("public_key", tests, set_up_group, tear_down_group);
}
