/*
 * Goal:   every form of a private key is read; everything else is refused with the right reason.
 * Method: samples by OpenSSL in every form, cut at many points; keys built number by number with
 *         one of them wrong.
 */
#include "signer/keys/key.h"

#include "signer/keys/der.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>

static EVP_PKEY *rsa;
static EVP_PKEY *rsa_of_three; /* primes */
static EVP_PKEY *ed25519;
static EVP_PKEY *ec;
static struct key_problem problem;

static int set_up_group(void **state)
{
	(void)state;
	rsa = sample_rsa(SAMPLE_RSA_BITS);
	rsa_of_three = sample_rsa_with(SAMPLE_RSA_BITS, 65537, 3);
	ed25519 = sample_ed25519();
	ec = sample_ec();
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(rsa_of_three);
	EVP_PKEY_free(ed25519);
	EVP_PKEY_free(ec);
	return 0;
}

/* The outcome; the key, if there is one, is freed. A refusal begins with the name. */
static int outcome_of(struct bytes text, unsigned bits_min)
{
	struct key *key = NULL;
	int r;

	problem.text[0] = '\0';
	r = key_new("NAME", text, bits_min, &key, &problem);
	assert_int_equal(r == 0, key != NULL);
	assert_int_equal(r > 0, problem.text[0] != '\0');
	if (r > 0)
		assert_memory_equal(problem.text, "NAME: ", 6);
	assert_int_equal(ERR_peek_error(), 0);
	key_unref(key);
	return r;
}

struct form_row {
	const char *name;
	EVP_PKEY **key;
	enum sample_form form;
	int want;
};

static const struct form_row form_rows[] = {
	{"rsa_pkcs8_pem", &rsa, PKCS8_PEM, 0},
	{"rsa_pkcs8_der", &rsa, PKCS8_DER, 0},
	{"rsa_pkcs8_base64", &rsa, PKCS8_BASE64, 0},
	{"rsa_pkcs1_pem", &rsa, PKCS1_PEM, 0},
	{"rsa_pkcs1_der", &rsa, PKCS1_DER, 0},
	{"rsa_pkcs1_base64", &rsa, PKCS1_BASE64, 0},
	{"rsa_of_three_primes_pkcs8_pem", &rsa_of_three, PKCS8_PEM, 0},
	{"rsa_of_three_primes_pkcs8_der", &rsa_of_three, PKCS8_DER, 0},
	{"rsa_of_three_primes_pkcs1_pem", &rsa_of_three, PKCS1_PEM, 0},
	{"rsa_of_three_primes_pkcs1_base64", &rsa_of_three, PKCS1_BASE64, 0},
	{"ed25519_pkcs8_pem", &ed25519, PKCS8_PEM, 0},
	{"ed25519_pkcs8_der", &ed25519, PKCS8_DER, 0},
	{"ed25519_pkcs8_base64", &ed25519, PKCS8_BASE64, 0},
	{"rsa_encrypted_pem", &rsa, PKCS8_ENCRYPTED_PEM, KEY_E_ENCRYPTED},
	{"rsa_encrypted_der", &rsa, PKCS8_ENCRYPTED_DER, KEY_E_ENCRYPTED},
	{"rsa_encrypted_traditional", &rsa, PKCS1_ENCRYPTED_PEM, KEY_E_ENCRYPTED},
	{"ed25519_encrypted_pem", &ed25519, PKCS8_ENCRYPTED_PEM, KEY_E_ENCRYPTED},
	{"rsa_public_pem", &rsa, PUBLIC_PEM, KEY_E_NOT_PRIVATE},
	{"rsa_public_der", &rsa, PUBLIC_DER, KEY_E_NOT_PRIVATE},
	{"rsa_public_pkcs1_pem", &rsa, RSA_PUBLIC_PEM, KEY_E_NOT_PRIVATE},
	{"rsa_public_pkcs1_der", &rsa, RSA_PUBLIC_DER, KEY_E_NOT_PRIVATE},
	{"ed25519_public_pem", &ed25519, PUBLIC_PEM, KEY_E_NOT_PRIVATE},
	{"ed25519_public_der", &ed25519, PUBLIC_DER, KEY_E_NOT_PRIVATE},
	{"certificate_pem", &rsa, CERTIFICATE_PEM, KEY_E_NOT_PRIVATE},
	{"certificate_der", &rsa, CERTIFICATE_DER, KEY_E_NOT_PRIVATE},
	{"ec_pkcs8_pem", &ec, PKCS8_PEM, KEY_E_UNSUPPORTED},
	{"ec_pkcs8_der", &ec, PKCS8_DER, KEY_E_UNSUPPORTED},
	{"ec_sec1_pem", &ec, PKCS1_PEM, KEY_E_UNSUPPORTED},
	{"ec_sec1_der", &ec, PKCS1_DER, KEY_E_UNSUPPORTED},
};

static void forms_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(form_rows); i++) {
		struct buffer text = sample_text(*form_rows[i].key, form_rows[i].form);
		int r = outcome_of(buffer_bytes(&text), 0);

		if (r != form_rows[i].want)
			print_error("%s: got %d (%s), want %d\n", form_rows[i].name, r,
				    problem.text, form_rows[i].want);
		assert_int_equal(r, form_rows[i].want);
		buffer_deinit(&text);
	}
}

/* One cut in the middle of a key is never a key, in no form. */
static void key_cut_short_is_malformed(void **state)
{
	static const enum sample_form forms[] = {PKCS8_PEM, PKCS8_DER, PKCS8_BASE64};
	EVP_PKEY *const keys[] = {rsa, ed25519};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(forms) * ARRAY_COUNT(keys); i++) {
		struct buffer text = sample_text(keys[i % 2], forms[i / 2]);
		size_t step = text.size / 100 + 1;

		for (size_t size = 0; size + 20 < text.size; size += step)
			assert_int_equal(outcome_of(bytes_of(text.data, size), 0), KEY_E_MALFORMED);
		buffer_deinit(&text);
	}
}

static struct buffer joined(struct bytes a, struct buffer *b, struct bytes c)
{
	struct buffer text = {0};

	assert_int_equal(buffer_append(&text, a), 0);
	assert_int_equal(buffer_append(&text, buffer_bytes(b)), 0);
	assert_int_equal(buffer_append(&text, c), 0);
	return text;
}

static int outcome_joined(struct bytes a, EVP_PKEY *key, enum sample_form form, struct bytes c)
{
	struct buffer middle = sample_text(key, form);
	struct buffer text = joined(a, &middle, c);
	int r = outcome_of(buffer_bytes(&text), 0);

	buffer_deinit(&middle);
	buffer_deinit(&text);
	return r;
}

static void text_around_the_key_is_ignored(void **state)
{
	struct buffer certificate = sample_text(rsa, CERTIFICATE_PEM);

	(void)state;
	assert_int_equal(outcome_joined(BYTES_LITERAL("Bag Attributes\n  x: y\n"), rsa, PKCS8_PEM,
					BYTES_LITERAL("\n\ntrailer")),
			 0);
	assert_int_equal(
		outcome_joined(buffer_bytes(&certificate), rsa, PKCS1_PEM, BYTES_LITERAL("")), 0);
	assert_int_equal(outcome_joined(BYTES_LITERAL(""), rsa, PKCS8_DER, BYTES_LITERAL("\n")), 0);
	assert_int_equal(
		outcome_joined(BYTES_LITERAL(" \n"), rsa, PKCS1_BASE64, BYTES_LITERAL(" \r\n")), 0);
	buffer_deinit(&certificate);
}

/* In a table the key stands on one line. */
static void pem_with_other_line_ends_is_read(void **state)
{
	static const char *const line_ends[] = {"", " ", "\r\n", "\r"};
	struct buffer pem = sample_text(rsa, PKCS8_PEM);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(line_ends); i++) {
		struct buffer text = {0};

		for (size_t at = 0; at < pem.size; at++) {
			if (pem.data[at] == '\n')
				assert_int_equal(buffer_append_string(&text, line_ends[i]), 0);
			else
				assert_int_equal(buffer_append_byte(&text, pem.data[at]), 0);
		}
		assert_int_equal(outcome_of(buffer_bytes(&text), 0), 0);
		buffer_deinit(&text);
	}
	buffer_deinit(&pem);
}

struct text_row {
	const char *name;
	struct bytes text;
	int want;
};

static void texts_without_a_key_are_malformed(void **state)
{
	const struct text_row rows[] = {
		{"empty", BYTES_LITERAL(""), KEY_E_MALFORMED},
		{"white_space", BYTES_LITERAL("\n \n"), KEY_E_MALFORMED},
		{"words", BYTES_LITERAL("no key at all"), KEY_E_MALFORMED},
		{"base64_of_something", BYTES_LITERAL("AAAA"), KEY_E_MALFORMED},
		{"base64_one_digit_over", BYTES_LITERAL("MIIBA"), KEY_E_MALFORMED},
		{"base64_data_after_padding", BYTES_LITERAL("MIIB=AAA"), KEY_E_MALFORMED},
		{"begin_line_alone", BYTES_LITERAL("-----BEGIN PRIVATE KEY-----"), KEY_E_MALFORMED},
		{"begin_line_cut", BYTES_LITERAL("-----BEGIN PRIVATE KEY"), KEY_E_MALFORMED},
		{"block_empty",
		 BYTES_LITERAL("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"),
		 KEY_E_MALFORMED},
		{"block_unknown", BYTES_LITERAL("-----BEGIN X-----\nAAAA\n-----END X-----\n"),
		 KEY_E_MALFORMED},
		{"block_of_openssh",
		 BYTES_LITERAL("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
			       "-----END OPENSSH PRIVATE KEY-----\n"),
		 KEY_E_UNSUPPORTED},
		{"sequence_alone", BYTES_LITERAL("\x30\x00"), KEY_E_MALFORMED},
		{"sequence_of_version", BYTES_LITERAL("\x30\x03\x02\x01\x00"), KEY_E_MALFORMED},
		{"nul_bytes", BYTES_LITERAL("\0\0\0\0"), KEY_E_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		int r = outcome_of(rows[i].text, 0);

		if (r != rows[i].want)
			print_error("%s: got %d, want %d\n", rows[i].name, r, rows[i].want);
		assert_int_equal(r, rows[i].want);
	}
}

/* RFC 8410 10.3: version 2, with attributes and the public key. */
static void ed25519_with_public_key_is_read_and_compared(void **state)
{
	char text[] = "-----BEGIN PRIVATE KEY-----\n"
		      "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		      "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
		      "Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"
		      "-----END PRIVATE KEY-----\n";

	(void)state;
	assert_int_equal(outcome_of(bytes_of_string(text), 0), 0);
	*strstr(text, "ZuE=") = 'Y';
	assert_int_equal(outcome_of(bytes_of_string(text), 0), KEY_E_BROKEN);
}

/* RFC 8463 A.2: the secret and the public key of the example. */
static void ed25519_of_rfc8463_has_its_public_key(void **state)
{
	static const char prefix[] = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70"
				     "\x04\x22\x04\x20";
	uint8_t der[16 + 33];
	struct buffer p = {0};
	struct key *key;

	(void)state;
	memcpy(der, prefix, 16);
	assert_int_equal(EVP_DecodeBlock(der + 16,
					 (const unsigned char *)"nWGxne/9WmC6hEr0kuwsxERJxWl7"
								"MmkZcDusAxyuf2A=",
					 44),
			 33);
	assert_int_equal(key_new("NAME", bytes_of(der, 48), 0, &key, &problem), 0);
	assert_int_equal(key_type(key), KEY_ED25519);
	assert_int_equal(key_signature_size(key), 64);
	assert_int_equal(public_key_append_p(key_public(key), &p), 0);
	assert_string_equal(buffer_string(&p), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	buffer_deinit(&p);
	key_unref(key);
}

static void rsa_has_its_public_key(void **state)
{
	struct buffer text = sample_text(rsa, PKCS1_PEM);
	struct buffer public_der = sample_text(rsa, PUBLIC_DER);
	struct key *key;

	(void)state;
	assert_int_equal(key_new("NAME", buffer_bytes(&text), 0, &key, &problem), 0);
	assert_int_equal(key_type(key), KEY_RSA);
	assert_int_equal(key_bits(key), SAMPLE_RSA_BITS);
	assert_int_equal(key_signature_size(key), SAMPLE_RSA_BITS / 8);
	assert_true(bytes_equal(key_public(key), buffer_bytes(&public_der)));
	key_unref(key_ref(key));
	key_unref(key);
	key_unref(NULL);
	buffer_deinit(&text);
	buffer_deinit(&public_der);
}

static int outcome_of_rsa_bits(unsigned bits, unsigned bits_min)
{
	struct buffer text = sample_pem(bits);
	int r = outcome_of(buffer_bytes(&text), bits_min);

	buffer_deinit(&text);
	return r;
}

static void rsa_smaller_than_allowed_is_too_small(void **state)
{
	(void)state;
	assert_int_equal(outcome_of_rsa_bits(512, 0), KEY_E_TOO_SMALL);
	assert_string_equal(problem.text,
			    "NAME: private key too small (512 bits, need at least 1024)");
	assert_int_equal(outcome_of_rsa_bits(1023, 0), KEY_E_TOO_SMALL);
	/* RFC 8301 3.2: 1024 is the least, whatever is configured. */
	assert_int_equal(outcome_of_rsa_bits(1023, 512), KEY_E_TOO_SMALL);
	assert_int_equal(outcome_of_rsa_bits(1024, 1024), 0);
	assert_int_equal(outcome_of_rsa_bits(1024, 1025), KEY_E_TOO_SMALL);
	assert_string_equal(problem.text,
			    "NAME: private key too small (1024 bits, need at least 1025)");
	assert_int_equal(outcome_of_rsa_bits(1031, 1031), 0);
}

#define NUMBER_COUNT	   8
#define OTHER_NUMBER_COUNT 3 /* of a further prime */

static const char *const params[NUMBER_COUNT + OTHER_NUMBER_COUNT] = {
	OSSL_PKEY_PARAM_RSA_N,
	OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D,
	OSSL_PKEY_PARAM_RSA_FACTOR1,
	OSSL_PKEY_PARAM_RSA_FACTOR2,
	OSSL_PKEY_PARAM_RSA_EXPONENT1,
	OSSL_PKEY_PARAM_RSA_EXPONENT2,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	OSSL_PKEY_PARAM_RSA_FACTOR3,
	OSSL_PKEY_PARAM_RSA_EXPONENT3,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT2,
};

static void append_param(struct buffer *content, const EVP_PKEY *key, size_t i, size_t which,
			 void (*change)(BIGNUM *number))
{
	uint8_t bytes[2048];
	BIGNUM *number = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, params[i], &number), 1);
	if (i == which)
		change(number);
	assert_true(BN_num_bytes(number) <= (int)sizeof(bytes));
	assert_int_equal(
		der_append_unsigned(content, bytes_of(bytes, (size_t)BN_bn2bin(number, bytes))), 0);
	BN_clear_free(number);
}

/* Replaces the buffer by an element that holds what it has. */
static void wrap_in_sequence(struct buffer *content)
{
	struct buffer outer = {0};

	assert_int_equal(der_append(&outer, DER_SEQUENCE, buffer_bytes(content)), 0);
	buffer_deinit(content);
	*content = outer;
}

/* PKCS #1 of a sample key with two or three primes, with `change` applied to number `which`. */
static struct buffer rsa_with(const EVP_PKEY *key, size_t which, void (*change)(BIGNUM *number))
{
	struct bytes version = key == rsa ? bytes_of(NULL, 0) : BYTES_LITERAL("\x01");
	struct buffer text = {0};
	struct buffer other = {0};

	assert_int_equal(der_append_unsigned(&text, version), 0);
	for (size_t i = 0; i < NUMBER_COUNT; i++)
		append_param(&text, key, i, which, change);
	if (key == rsa_of_three) {
		for (size_t i = NUMBER_COUNT; i < ARRAY_COUNT(params); i++)
			append_param(&other, key, i, which, change);
		wrap_in_sequence(&other);
		wrap_in_sequence(&other);
		assert_int_equal(buffer_append(&text, buffer_bytes(&other)), 0);
		buffer_deinit(&other);
	}
	wrap_in_sequence(&text);
	return text;
}

static void add_two(BIGNUM *number)
{
	assert_int_equal(BN_add_word(number, 2), 1);
}

static void make_zero(BIGNUM *number)
{
	BN_zero(number);
}

static void make_one(BIGNUM *number)
{
	assert_int_equal(BN_one(number), 1);
}

static void make_longer(BIGNUM *number)
{
	assert_int_equal(BN_set_bit(number, 1100), 1);
}

static void make_huge(BIGNUM *number)
{
	assert_int_equal(BN_set_bit(number, 8192), 1);
}

static int outcome_with(const EVP_PKEY *key, size_t which, void (*change)(BIGNUM *number))
{
	struct buffer text = rsa_with(key, which, change);
	int r = outcome_of(buffer_bytes(&text), 0);

	buffer_deinit(&text);
	return r;
}

static void check_wrong_numbers(const EVP_PKEY *key, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(outcome_with(key, i, add_two), KEY_E_BROKEN);
		if (i > 0) {
			assert_int_equal(outcome_with(key, i, make_zero), KEY_E_BROKEN);
			assert_int_equal(outcome_with(key, i, make_one), KEY_E_BROKEN);
		}
		if (i > 1)
			assert_int_equal(outcome_with(key, i, make_longer), KEY_E_BROKEN);
	}
}

static void rsa_with_one_wrong_number_is_broken(void **state)
{
	(void)state;
	check_wrong_numbers(rsa, NUMBER_COUNT);
	check_wrong_numbers(rsa_of_three, ARRAY_COUNT(params));
}

static void rsa_with_huge_numbers_is_too_large(void **state)
{
	(void)state;
	assert_int_equal(outcome_with(rsa, 0, make_huge), KEY_E_TOO_LARGE);
	assert_string_equal(problem.text, "NAME: private key too large (8193 bits, at most 8192)");
	assert_int_equal(outcome_with(rsa, 1, make_huge), KEY_E_TOO_LARGE);
}

/* OpenSSL gets all of them: with some missing it would sign, too, but slowly. */
static void rsa_of_three_primes_has_all_its_numbers(void **state)
{
	struct buffer text = sample_text(rsa_of_three, PKCS1_PEM);
	struct key *key;

	(void)state;
	assert_int_equal(key_new("NAME", buffer_bytes(&text), 0, &key, &problem), 0);
	assert_int_equal(key_bits(key), SAMPLE_RSA_BITS);
	for (size_t i = 0; i < ARRAY_COUNT(params); i++) {
		BIGNUM *want = NULL;
		BIGNUM *got = NULL;

		assert_int_equal(EVP_PKEY_get_bn_param(rsa_of_three, params[i], &want), 1);
		assert_int_equal(EVP_PKEY_get_bn_param(key_evp(key), params[i], &got), 1);
		assert_int_equal(BN_cmp(want, got), 0);
		BN_free(want);
		BN_free(got);
	}
	key_unref(key);
	buffer_deinit(&text);
}

static void rsa_of_up_to_five_primes_is_read(void **state)
{
	BIGNUM *primes[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(primes); i++)
		primes[i] = sample_prime(256, true);
	for (size_t count = 4; count <= 6; count++) {
		struct buffer text = sample_rsa_of_primes(primes, count);

		assert_int_equal(outcome_of(buffer_bytes(&text), 0),
				 count <= 5 ? 0 : KEY_E_UNSUPPORTED);
		buffer_deinit(&text);
	}
	assert_string_equal(problem.text, "NAME: an RSA key with more than five primes; DKIM knows "
					  "RSA and Ed25519");
	for (size_t i = 0; i < ARRAY_COUNT(primes); i++)
		BN_free(primes[i]);
}

static bool fits_lanes(struct buffer text)
{
	struct key *key;
	bool fits;

	assert_int_equal(key_new("NAME", buffer_bytes(&text), 0, &key, &problem), 0);
	fits = key_fits_lanes(key);
	key_unref(key);
	buffer_deinit(&text);
	return fits;
}

/* Its larger prime first, or last. */
static bool two_primes_fit_lanes(bool is_ordered)
{
	BIGNUM *primes[2] = {sample_prime(512, true), sample_prime(512, true)};
	bool fits;

	if ((BN_cmp(primes[0], primes[1]) > 0) != is_ordered)
		BN_swap(primes[0], primes[1]);
	fits = fits_lanes(sample_rsa_of_primes(primes, 2));
	BN_free(primes[0]);
	BN_free(primes[1]);
	return fits;
}

static void key_tells_whether_it_fits_lanes(void **state)
{
	EVP_PKEY *small_exponent = sample_rsa_with(SAMPLE_RSA_BITS, 3, 2);
	EVP_PKEY *odd_size = sample_rsa(1032);

	(void)state;
	assert_true(fits_lanes(sample_text(rsa, PKCS8_DER)));
	assert_true(two_primes_fit_lanes(true));
	assert_false(two_primes_fit_lanes(false));
	assert_false(fits_lanes(sample_text(rsa_of_three, PKCS8_DER)));
	assert_false(fits_lanes(sample_text(small_exponent, PKCS8_DER)));
	assert_false(fits_lanes(sample_text(odd_size, PKCS8_DER)));
	assert_false(fits_lanes(sample_text(ed25519, PKCS8_DER)));
	EVP_PKEY_free(small_exponent);
	EVP_PKEY_free(odd_size);
}

/* The numbers of a key in these few bytes: what comes after the coefficient is looked at before them. */
static int outcome_of_numbers(const char *version, struct bytes after)
{
	struct buffer text = {0};
	int r;

	assert_int_equal(der_append_unsigned(&text, bytes_of_string(version)), 0);
	for (size_t i = 0; i < NUMBER_COUNT; i++)
		assert_int_equal(der_append_unsigned(&text, BYTES_LITERAL("\x05")), 0);
	assert_int_equal(buffer_append(&text, after), 0);
	wrap_in_sequence(&text);
	r = outcome_of(buffer_bytes(&text), 0);
	buffer_deinit(&text);
	return r;
}

static void version_that_does_not_fit_the_primes_is_malformed(void **state)
{
	const struct bytes other = BYTES_LITERAL(
		"\x30\x0b\x30\x09\x02\x01\x05\x02\x01\x05\x02\x01\x05");
	const struct bytes none = BYTES_LITERAL("");

	(void)state;
	assert_int_equal(outcome_of_numbers("", none), KEY_E_TOO_SMALL);
	assert_int_equal(outcome_of_numbers("\x01", other), KEY_E_TOO_SMALL);
	assert_int_equal(outcome_of_numbers("", other), KEY_E_MALFORMED);
	assert_int_equal(outcome_of_numbers("\x01", none), KEY_E_MALFORMED);
	assert_int_equal(outcome_of_numbers("\x02", none), KEY_E_MALFORMED);
	assert_int_equal(outcome_of_numbers("\x02", other), KEY_E_MALFORMED);
	assert_int_equal(outcome_of_numbers("\x01\x01", other), KEY_E_MALFORMED);
}

static void other_primes_of_another_form_are_malformed(void **state)
{
	const struct text_row rows[] = {
		{"no_prime", BYTES_LITERAL("\x30\x00"), KEY_E_MALFORMED},
		{"prime_without_numbers", BYTES_LITERAL("\x30\x02\x30\x00"), KEY_E_MALFORMED},
		{"prime_of_two_numbers", BYTES_LITERAL("\x30\x08\x30\x06\x02\x01\x05\x02\x01\x05"),
		 KEY_E_MALFORMED},
		{"prime_of_four_numbers",
		 BYTES_LITERAL("\x30\x0e\x30\x0c\x02\x01\x05\x02\x01\x05\x02\x01\x05\x02\x01\x05"),
		 KEY_E_MALFORMED},
		{"numbers_without_a_sequence",
		 BYTES_LITERAL("\x30\x09\x02\x01\x05\x02\x01\x05\x02\x01\x05"), KEY_E_MALFORMED},
		{"something_behind",
		 BYTES_LITERAL("\x30\x0b\x30\x09\x02\x01\x05\x02\x01\x05\x02\x01\x05\x05\x00"),
		 KEY_E_MALFORMED},
		{"cut_short", BYTES_LITERAL("\x30\x0b\x30\x09\x02\x01\x05\x02\x01\x05\x02\x01"),
		 KEY_E_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		int r = outcome_of_numbers("\x01", rows[i].text);

		if (r != rows[i].want)
			print_error("%s: got %d, want %d\n", rows[i].name, r, rows[i].want);
		assert_int_equal(r, rows[i].want);
	}
}

/* Every byte of the file changed, one at a time: never accepted but as the same key. */
static void rsa_with_one_wrong_byte_is_never_another_key(void **state)
{
	struct buffer text = sample_text(rsa, PKCS1_DER);
	struct buffer public_der = sample_text(rsa, PUBLIC_DER);

	(void)state;
	for (size_t i = 0; i < text.size; i += 3) {
		struct key *key = NULL;

		text.data[i] ^= 0x04;
		if (key_new("NAME", buffer_bytes(&text), 0, &key, &problem) == 0)
			assert_true(bytes_equal(key_public(key), buffer_bytes(&public_der)));
		key_unref(key);
		text.data[i] ^= 0x04;
	}
	buffer_deinit(&text);
	buffer_deinit(&public_der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_told_apart),
		cmocka_unit_test(key_cut_short_is_malformed),
		cmocka_unit_test(text_around_the_key_is_ignored),
		cmocka_unit_test(pem_with_other_line_ends_is_read),
		cmocka_unit_test(texts_without_a_key_are_malformed),
		cmocka_unit_test(ed25519_with_public_key_is_read_and_compared),
		cmocka_unit_test(ed25519_of_rfc8463_has_its_public_key),
		cmocka_unit_test(rsa_has_its_public_key),
		cmocka_unit_test(rsa_smaller_than_allowed_is_too_small),
		cmocka_unit_test(rsa_with_one_wrong_number_is_broken),
		cmocka_unit_test(rsa_with_huge_numbers_is_too_large),
		cmocka_unit_test(rsa_of_three_primes_has_all_its_numbers),
		cmocka_unit_test(rsa_of_up_to_five_primes_is_read),
		cmocka_unit_test(key_tells_whether_it_fits_lanes),
		cmocka_unit_test(version_that_does_not_fit_the_primes_is_malformed),
		cmocka_unit_test(other_primes_of_another_form_are_malformed),
		cmocka_unit_test(rsa_with_one_wrong_byte_is_never_another_key),
	};

	return cmocka_run_group_tests_name("key", tests, set_up_group, tear_down_group);
}
