/*
 * Goal:   name_hash is SipHash-2-4 with 128 bits.
 * Method: the first vectors of the reference code by hand; OpenSSL's SipHash for all other sizes.
 */
#include "signer/keys/name_hash.h"

#include "tests/unit/unit_test.h"

#include <openssl/evp.h>

static const uint8_t secret_bytes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const struct name_hash_secret secret = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

static void store_little_endian(uint8_t *to, struct name_hash hash)
{
	for (size_t i = 0; i < 16; i++)
		to[i] = (uint8_t)(hash.words[i / 8] >> (8 * (i % 8)));
}

static void reference_vectors_match(void **state)
{
	static const uint8_t of_nothing[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
					       0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
	static const uint8_t of_zero[16] = {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
					    0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45};
	uint8_t got[16];

	(void)state;
	store_little_endian(got, name_hash(&secret, bytes_of("", 0)));
	assert_memory_equal(got, of_nothing, 16);
	store_little_endian(got, name_hash(&secret, bytes_of("", 1)));
	assert_memory_equal(got, of_zero, 16);
}

static void every_size_matches_openssl(void **state)
{
	uint8_t input[100];

	(void)state;
	for (size_t size = 0; size < sizeof(input); size++) {
		uint8_t want[16];
		uint8_t got[16];
		size_t want_size;

		input[size] = (uint8_t)(size * 7 + 1);
		assert_non_null(EVP_Q_mac(NULL, "SIPHASH", NULL, NULL, NULL, secret_bytes,
					  sizeof(secret_bytes), input, size, want, sizeof(want),
					  &want_size));
		assert_int_equal(want_size, sizeof(want));
		store_little_endian(got, name_hash(&secret, bytes_of(input, size)));
		assert_memory_equal(got, want, sizeof(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reference_vectors_match),
		cmocka_unit_test(every_size_matches_openssl),
	};

	return cmocka_run_group_tests_name("name_hash", tests, NULL, NULL);
}
