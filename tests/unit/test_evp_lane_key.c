/*
 * evp_lane_key: a key of OpenSSL gives the lanes the same numbers as the text that it was made of, and one
 * that they cannot take is OpenSSL's.
 */
#include "tests/unit/unit_test.h"

#include "signer/keys/evp_lane_key.h"
#include "signer/keys/key.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/rsa_pool.h"

#include <stdlib.h>
#include <string.h>

static struct rsa_lane_key *lane_key_new(unsigned bits)
{
	struct rsa_lane_key *key = malloc(rsa_lane_key_size(bits));

	assert_non_null(key);
	return key;
}

static void test_numbers_are_those_of_the_key(void **state)
{
	(void)state;
	for (unsigned bits = 1024; bits <= RSA_LANE_BITS_MAX; bits += 1024) {
		struct rsa_pool_key *made = rsa_pool_key_new(bits, 3);
		struct rsa_lane_key *wanted = lane_key_new(bits);
		struct rsa_lane_key *key = lane_key_new(bits);

		rsa_lane_key_set(wanted, &made->numbers);
		assert_int_equal(evp_lane_key_check(made->evp), 0);
		assert_int_equal(evp_lane_key_set(key, made->evp), 0);
		assert_memory_equal(key, wanted, rsa_lane_key_size(bits));
		free(key);
		free(wanted);
		rsa_pool_key_free(made);
	}
}

static void assert_unfit(EVP_PKEY *evp)
{
	struct rsa_lane_key *key = lane_key_new(RSA_LANE_BITS_MAX);

	assert_non_null(evp);
	assert_int_equal(evp_lane_key_check(evp), EVP_LANE_KEY_E_UNFIT);
	assert_int_equal(evp_lane_key_set(key, evp), EVP_LANE_KEY_E_UNFIT);
	free(key);
	EVP_PKEY_free(evp);
}

static void test_unusual_keys_are_unfit(void **state)
{
	(void)state;
	assert_unfit(sample_rsa_with(1024, 3, 2));
	assert_unfit(sample_rsa_with(1024, 0x100000001, 2));
	assert_unfit(sample_rsa_with(1536, 65537, 2));
	assert_unfit(sample_rsa_with(1032, 65537, 2));
	assert_unfit(sample_rsa_with(1024, 65537, 3));
	assert_unfit(sample_ed25519());
}

/* Its first two primes are all that lanes look for, but the modulus has another. */
static void test_key_with_a_small_third_prime_is_unfit(void **state)
{
	BIGNUM *primes[3] = {sample_prime(512, false), sample_prime(512, false), BN_new()};
	struct key_problem problem;
	struct buffer text;
	struct key *key;

	(void)state;
	if (BN_cmp(primes[0], primes[1]) < 0)
		BN_swap(primes[0], primes[1]);
	assert_int_equal(BN_set_word(primes[2], 3), 1);
	text = sample_rsa_of_primes(primes, 3);
	assert_int_equal(key_new("NAME", buffer_bytes(&text), 0, &key, &problem), 0);
	assert_int_equal(key_bits(key), 1024);
	assert_int_equal(EVP_PKEY_up_ref(key_evp(key)), 1);
	assert_unfit(key_evp(key));
	key_unref(key);
	buffer_deinit(&text);
	for (size_t i = 0; i < 3; i++)
		BN_free(primes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_those_of_the_key),
		cmocka_unit_test(test_unusual_keys_are_unfit),
		cmocka_unit_test(test_key_with_a_small_third_prime_is_unfit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
