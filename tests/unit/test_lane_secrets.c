/*
 * Goal:   of a private key nothing decides where the arithmetic goes or what it reads: no branch and no
 *         address depends on it.
 * Method: valgrind follows what is undefined through all that is computed from it, and reports each branch
 *         and each address that depends on it. So the secret numbers of the keys are made undefined, keys
 *         are prepared and sign, in lanes of the portable back-end, whose source is that of the other.
 *         Only whether a signature is right is declared public, and the signature. Without valgrind
 *         it is a test of signatures like others.
 */
#include <valgrind/memcheck.h>

#define LANE_DECLASSIFY(data, size) (void)VALGRIND_MAKE_MEM_DEFINED(data, size)

#include "signer/lanes/lane_rsa.h"

#include "tests/unit/rsa_pool.h"
#include "tests/unit/unit_test.h"

#define KEY_COUNT 2

/* A copy, of which nothing is known. */
static struct bytes secret(struct bytes number)
{
	uint8_t *copy = malloc(number.size);

	assert_non_null(copy);
	memcpy(copy, number.data, number.size);
	(void)VALGRIND_MAKE_MEM_UNDEFINED(copy, number.size);
	return bytes_of(copy, number.size);
}

static void forget(struct bytes number)
{
	free((void *)(uintptr_t)number.data);
}

static struct rsa_lane_key *new_secret_key(const struct rsa_pool_key *key,
					   struct rsa_lanes_workspace *workspace)
{
	const size_t size = rsa_lane_key_size((unsigned)key->numbers.modulus.size * 8);
	struct rsa_lane_key *lane_key = aligned_alloc(sizeof(uint64_t), size);
	struct rsa_numbers numbers = key->numbers;

	assert_non_null(lane_key);
	numbers.prime1 = secret(key->numbers.prime1);
	numbers.prime2 = secret(key->numbers.prime2);
	numbers.exponent1 = secret(key->numbers.exponent1);
	numbers.exponent2 = secret(key->numbers.exponent2);
	numbers.coefficient = secret(key->numbers.coefficient);
	rsa_lane_key_set(lane_key, &numbers);
	lane_rsa_prepare(workspace, lane_key);
	forget(numbers.prime1);
	forget(numbers.prime2);
	forget(numbers.exponent1);
	forget(numbers.exponent2);
	forget(numbers.coefficient);
	return lane_key;
}

/* What valgrind knows of the signature comes from the secrets: it has not lost sight of them. */
static void assert_followed(const uint8_t *signature)
{
	uint8_t unknown_bits = 0;

	if (RUNNING_ON_VALGRIND) {
		assert_int_equal(VALGRIND_GET_VBITS(signature, &unknown_bits, 1), 1);
		assert_int_equal(unknown_bits, 0xff);
	}
}

static void check_size(unsigned bits)
{
	struct rsa_lanes_workspace *workspace = aligned_alloc(64,
							      (sizeof(*workspace) + 63) / 64 * 64);
	struct rsa_pool_key *keys[KEY_COUNT];
	struct rsa_lane_key *lane_keys[KEY_COUNT];
	struct rsa_lane_job jobs[KEY_COUNT];
	uint8_t digests[KEY_COUNT][RSA_LANES_DIGEST_SIZE] = {{1}, {2}};
	uint8_t signatures[KEY_COUNT][RSA_LANE_BITS_MAX / 8];
	uint8_t want[RSA_LANE_BITS_MAX / 8];

	assert_non_null(workspace);
	for (unsigned i = 0; i < KEY_COUNT; i++) {
		keys[i] = rsa_pool_key_new(bits, i);
		lane_keys[i] = new_secret_key(keys[i], workspace);
		jobs[i] = (struct rsa_lane_job){
			.key = lane_keys[i], .digest = digests[i], .signature = signatures[i]};
	}
	lane_rsa_sign(workspace, jobs, KEY_COUNT);
	assert_followed(signatures[0]);
	(void)VALGRIND_MAKE_MEM_DEFINED(signatures, sizeof(signatures));
	for (unsigned i = 0; i < KEY_COUNT; i++) {
		size_t size = rsa_pool_sign(keys[i], digests[i], want);

		assert_false(jobs[i].has_failed);
		assert_memory_equal(signatures[i], want, size);
		rsa_pool_key_free(keys[i]);
		free(lane_keys[i]);
	}
	free(workspace);
}

static void no_branch_and_no_address_depends_on_a_key(void **state)
{
	(void)state;
	check_size(1024); /* both primes side by side, in rows; the check in rows */
	check_size(2048); /* one after the other, in rows; the check in blocks */
	if (RUNNING_ON_VALGRIND && !test_is_full())
		return;	  /* what follows takes a minute there */
	check_size(3072); /* longer rows */
	check_size(4096); /* primes in blocks, too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_branch_and_no_address_depends_on_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
