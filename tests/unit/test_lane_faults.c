/*
 * Goal:   a fault in the middle of a signature, in one lane, is seen by the check of that lane, whichever half it
 *         hits; the other lanes' signatures are right.
 * Method: a signature is made in the steps of lane_rsa.h, and between two of them one bit of one lane is changed. A
 *         signature of which one half alone is wrong reveals the key (Boneh, DeMillo, Lipton; RFC 8017 has no
 *         defence but to check): that this would be one is asserted, so the test is of the real thing.
 */
#include "signer/lanes/lane_rsa.h"

#include "tests/unit/rsa_pool.h"
#include "tests/unit/unit_test.h"

#include <openssl/bn.h>

#define COUNT 3 /* lanes in use */

struct stage {
	struct rsa_lanes_workspace *space;
	struct rsa_pool_key *pool_keys[COUNT];
	struct rsa_lane_key *keys[COUNT];
	struct rsa_lane_job jobs[COUNT];
	uint8_t digests[COUNT][RSA_LANES_DIGEST_SIZE];
	uint8_t signatures[COUNT][SIGNATURE_MAX];
};

static void open_stage(struct stage *stage, unsigned bits)
{
	*stage = (struct stage){
		.space = aligned_alloc(64, (sizeof(*stage->space) + 63) / 64 * 64),
	};
	assert_non_null(stage->space);
	for (unsigned i = 0; i < COUNT; i++) {
		stage->pool_keys[i] = rsa_pool_key_new(bits, i);
		stage->keys[i] = aligned_alloc(sizeof(uint64_t), rsa_lane_key_size(bits));
		assert_non_null(stage->keys[i]);
		rsa_lane_key_set(stage->keys[i], &stage->pool_keys[i]->numbers);
		lane_rsa_prepare(stage->space, stage->keys[i]);
		stage->digests[i][0] = (uint8_t)i;
		stage->jobs[i] = (struct rsa_lane_job){
			.key = stage->keys[i],
			.digest = stage->digests[i],
			.signature = stage->signatures[i],
		};
	}
}

static void close_stage(struct stage *stage)
{
	for (unsigned i = 0; i < COUNT; i++) {
		rsa_pool_key_free(stage->pool_keys[i]);
		free(stage->keys[i]);
	}
	free(stage->space);
}

static void flip(lane_vec *digit, unsigned lane)
{
	lanes_of(digit)[lane] ^= UINT64_C(1) << 17;
}

/* The signature in that lane, as it would have been handed out. */
static BIGNUM *signature_of(const struct stage *stage, unsigned lane)
{
	const size_t size = stage->keys[lane]->bits / 8;
	uint8_t bytes[SIGNATURE_MAX];

	lane_digits_to_bytes(lanes_of(stage->space->signature) + lane, RSA_LANES,
			     2 * stage->keys[lane]->digits, bytes, size);
	return BN_bin2bn(bytes, (int)size, NULL);
}

/* Whether (s^e - s_good^e, n) is a prime of the key. */
static bool reveals_key(const struct stage *stage, unsigned lane)
{
	const struct rsa_numbers *numbers = &stage->pool_keys[lane]->numbers;
	BIGNUM *modulus = BN_bin2bn(numbers->modulus.data, (int)numbers->modulus.size, NULL);
	BIGNUM *bad = signature_of(stage, lane);
	BIGNUM *factor = BN_new();
	BN_CTX *context = BN_CTX_new();
	uint8_t good_bytes[SIGNATURE_MAX];
	size_t size = rsa_pool_sign(stage->pool_keys[lane], stage->digests[lane], good_bytes);
	BIGNUM *good = BN_bin2bn(good_bytes, (int)size, NULL);
	bool reveals;

	/* s and s_good are equal modulo one prime, so their powers need not be made. */
	assert_int_equal(BN_sub(bad, bad, good), 1);
	assert_int_equal(BN_gcd(factor, bad, modulus, context), 1);
	reveals = !BN_is_one(factor) && BN_cmp(factor, modulus) != 0;
	BN_free(modulus);
	BN_free(bad);
	BN_free(good);
	BN_free(factor);
	BN_CTX_free(context);
	return reveals;
}

static void assert_others_are_right(struct stage *stage, lane_vec *differences, unsigned bad)
{
	uint8_t want[SIGNATURE_MAX];

	for (unsigned lane = 0; lane < COUNT; lane++) {
		size_t size = rsa_pool_sign(stage->pool_keys[lane], stage->digests[lane], want);
		bool has_failed = lanes_of(differences)[lane] != 0;

		assert_true(has_failed == (lane == bad));
		give_back(stage->space, lane, &stage->jobs[lane], has_failed);
		if (has_failed)
			memset(want, 0, size);
		assert_memory_equal(stage->signatures[lane], want, size);
	}
}

static void check_half(struct stage *stage, unsigned half, unsigned bad)
{
	lane_vec differences;

	load_jobs(stage->space, stage->jobs, COUNT);
	powers_set(stage->space);
	flip(&stage->space->powers[half * stage->space->digits + 3], bad);
	recombine(stage->space);
	assert_true(reveals_key(stage, bad));
	differences = check(stage->space);
	assert_others_are_right(stage, &differences, bad);
}

static void check_signature(struct stage *stage, unsigned bad)
{
	lane_vec differences;

	load_jobs(stage->space, stage->jobs, COUNT);
	powers_set(stage->space);
	recombine(stage->space);
	flip(&stage->space->signature[5], bad);
	differences = check(stage->space);
	assert_others_are_right(stage, &differences, bad);
}

static void fault_in_one_half_would_reveal_the_key_and_is_seen(void **state)
{
	(void)state;
	for (unsigned bits = 1024; bits <= RSA_LANE_BITS_MAX; bits += 1024 * stride_of(2)) {
		struct stage stage;

		open_stage(&stage, bits);
		lane_rsa_sign(stage.space, stage.jobs, COUNT);
		for (unsigned i = 0; i < COUNT; i++)
			assert_false(stage.jobs[i].has_failed);
		check_half(&stage, 0, bits / 1024 % COUNT);
		check_half(&stage, 1, (bits / 1024 + 1) % COUNT);
		close_stage(&stage);
	}
}

static void fault_in_a_signature_is_seen(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 2048);
	check_signature(&stage, 2);
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_in_one_half_would_reveal_the_key_and_is_seen),
		cmocka_unit_test(fault_in_a_signature_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
