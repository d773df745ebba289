/*
 * Goal:   the multiply-adds that the benchmark divides by are those that the lanes execute.
 * Method: the portable back-end is compiled here with multiply-adds that count themselves. What it computes
 *         depends on no value, so keys and digests are any numbers, and the check fails.
 */
#include "tests/unit/unit_test.h"

#include "bench/multiply_counts.h"

#include "signer/lanes/lane_vec_portable.h"

static uint64_t counted;

#define lane_low(sum, a, b)  (counted++, lane_low(sum, a, b))
#define lane_high(sum, a, b) (counted++, lane_high(sum, a, b))

/* With calls that count, GCC does not see any more that all of `one` in table_set() is set. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "signer/lanes/lane_rsa.h"

static const unsigned sizes[] = {1024, 2048, 3072, 4096};

static struct rsa_lanes_workspace *new_workspace(void)
{
	struct rsa_lanes_workspace *space = calloc(1, sizeof(*space));

	assert_non_null(space);
	return space;
}

static struct rsa_lane_key *new_key(unsigned bits, struct rsa_lanes_workspace *space)
{
	const size_t size = rsa_lane_key_size(bits);
	struct rsa_lane_key *key = calloc(1, size);

	assert_non_null(key);
	for (size_t i = 0; i < (size - sizeof(*key)) / sizeof(uint64_t); i++)
		key->data[i] = UINT64_C(0x1f00000001);
	key->bits = bits;
	key->digits = bits / 1024 * 10;
	key->window_count = RSA_LANE_WINDOW_COUNT(bits);
	memset(rsa_lane_key_number(key, RSA_LANE_NUMBER_COUNT), 17, 2 * key->window_count);
	lane_rsa_prepare(space, key);
	return key;
}

static void assert_counted(unsigned bits, const char *what, uint64_t want)
{
	if (counted != want)
		fail_msg("RSA-%u, %s: got %llu, want %llu", bits, what, (unsigned long long)counted,
			 (unsigned long long)want);
}

static void check_batch(unsigned bits, unsigned filled)
{
	static const uint8_t digest[RSA_LANES_DIGEST_SIZE];
	static uint8_t signatures[RSA_LANES][SIGNATURE_MAX];
	struct rsa_lanes_workspace *space = new_workspace();
	struct rsa_lane_key *key = new_key(bits, space);
	struct rsa_lane_job jobs[RSA_LANES];

	for (unsigned i = 0; i < filled; i++)
		jobs[i] = (struct rsa_lane_job){key, digest, signatures[i], false};
	counted = 0;
	lane_rsa_sign(space, jobs, filled);
	assert_counted(bits, "a batch", multiply_counts_of(bits).all);
	free(key);
	free(space);
}

static void check_powers(unsigned bits)
{
	struct rsa_lanes_workspace *space = new_workspace();
	struct rsa_lane_key *key = new_key(bits, space);

	counted = 0;
	for (unsigned i = 0; i < 2; i += space->together) {
		const uint64_t before = counted;
		struct modulus modulus;

		prime_modulus(&modulus, space, i * key->digits);
		counted = before; /* of a power alone */
		power(space->powers, space->message, space, i, &modulus);
	}
	assert_counted(bits, "powers", multiply_counts_of(bits).exponentiation);
	free(key);
	free(space);
}

static void counts_are_what_a_batch_executes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(sizes); i += stride_of(ARRAY_COUNT(sizes))) {
		check_batch(sizes[i], RSA_LANES);
		check_powers(sizes[i]);
	}
}

static void one_lane_takes_as_many_as_eight(void **state)
{
	(void)state;
	check_batch(1024, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_what_a_batch_executes),
		cmocka_unit_test(one_lane_takes_as_many_as_eight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
