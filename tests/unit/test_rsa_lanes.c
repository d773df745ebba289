/*
 * Goal:   signatures made in lanes are those of OpenSSL, bit for bit, for keys of every size, any mix of
 *         them and any number of lanes; a fault in one lane is seen, and stays in that lane.
 * Method: both back-ends sign random digests with random keys of the pool. A fault is a key whose numbers
 *         in lane form are changed in one bit. Where the CPU has no AVX-512 IFMA the portable back-end
 *         is tested alone, and the test says so.
 */
#include "signer/lanes/rsa_lanes.h"

#include "tests/unit/rsa_pool.h"
#include "tests/unit/unit_test.h"

#include <openssl/rand.h>
#include <string.h>

#define SIGNATURE_MAX (RSA_LANE_BITS_MAX / 8)
#define SIZE_COUNT    4

/* Of each size, in scripts/test --full. */
#define FULL_SIGNATURES 100000

static const unsigned sizes[SIZE_COUNT] = {1024, 2048, 3072, 4096};
static struct rsa_pool_key *pool[SIZE_COUNT][RSA_POOL_KEYS];

/* One back-end, with lane forms of some keys of one size. */
struct bench {
	const struct rsa_lanes *lanes;
	struct rsa_lanes_workspace *workspace;
	struct rsa_pool_key **pool;
	unsigned key_count;
	struct rsa_lane_key *keys[RSA_POOL_KEYS];
	struct rsa_lane_job jobs[RSA_LANES];
	unsigned which[RSA_LANES]; /* the key of each job */
	uint8_t digests[RSA_LANES][RSA_LANES_DIGEST_SIZE];
	uint8_t signatures[RSA_LANES][SIGNATURE_MAX];
};

static struct rsa_lane_key *new_lane_key(const struct rsa_pool_key *key)
{
	size_t size = rsa_lane_key_size((unsigned)key->numbers.modulus.size * 8);
	struct rsa_lane_key *lane_key = aligned_alloc(sizeof(uint64_t), size);

	assert_non_null(lane_key);
	assert_true(rsa_lane_key_is_fit(&key->numbers));
	rsa_lane_key_set(lane_key, &key->numbers);
	return lane_key;
}

static void open_bench(struct bench *bench, const struct rsa_lanes *lanes, unsigned size,
		       unsigned key_count)
{
	*bench = (struct bench){.lanes = lanes, .pool = pool[size], .key_count = key_count};
	bench->workspace = aligned_alloc(64, (lanes->workspace_size + 63) / 64 * 64);
	assert_non_null(bench->workspace);
	for (unsigned i = 0; i < key_count; i++) {
		bench->keys[i] = new_lane_key(bench->pool[i]);
		lanes->prepare(bench->workspace, bench->keys[i]);
	}
}

static void close_bench(struct bench *bench)
{
	for (unsigned i = 0; i < bench->key_count; i++)
		free(bench->keys[i]);
	free(bench->workspace);
}

static unsigned random_number(unsigned below)
{
	unsigned number;

	assert_int_equal(RAND_bytes((unsigned char *)&number, sizeof(number)), 1);
	return number % below;
}

/* Random keys and digests. */
static void sign_random(struct bench *bench, unsigned count)
{
	assert_int_equal(RAND_bytes(bench->digests[0], sizeof(bench->digests)), 1);
	for (unsigned lane = 0; lane < count; lane++) {
		bench->which[lane] = random_number(bench->key_count);
		bench->jobs[lane] = (struct rsa_lane_job){
			.key = bench->keys[bench->which[lane]],
			.digest = bench->digests[lane],
			.signature = bench->signatures[lane],
		};
	}
	bench->lanes->sign(bench->workspace, bench->jobs, count);
}

static void assert_as_openssl(const struct bench *bench, unsigned lane)
{
	const struct rsa_pool_key *key = bench->pool[bench->which[lane]];
	uint8_t signature[SIGNATURE_MAX];
	size_t size = rsa_pool_sign(key, bench->digests[lane], signature);

	if (bench->jobs[lane].has_failed)
		fail_msg("%s, %zu bytes, lane %u: failed", bench->lanes->name, size, lane);
	if (memcmp(signature, bench->signatures[lane], size) != 0)
		fail_msg("%s, %zu bytes, lane %u: another signature than OpenSSL's",
			 bench->lanes->name, size, lane);
}

static void check_batches(struct bench *bench, unsigned batches)
{
	for (unsigned batch = 0; batch < batches; batch++) {
		unsigned count = RSA_LANES - batch % RSA_LANES;

		sign_random(bench, count);
		for (unsigned lane = 0; lane < count; lane++)
			assert_as_openssl(bench, lane);
	}
}

/* Of a key and a digest one number alone is the signature (RFC 8017 5.2: RSAVP1 is a permutation), so what
 * OpenSSL verifies is what it would have made, and that takes it a fiftieth of the time. */
static void assert_openssl_verifies(const struct bench *bench, unsigned lane)
{
	const struct rsa_pool_key *key = bench->pool[bench->which[lane]];

	assert_false(bench->jobs[lane].has_failed);
	if (!rsa_pool_verifies(key, bench->digests[lane], bench->signatures[lane]))
		fail_msg("%s, %zu bytes, lane %u: OpenSSL does not verify the signature",
			 bench->lanes->name, key->numbers.modulus.size, lane);
}

static void verify_many(struct bench *bench, unsigned signatures)
{
	for (unsigned done = 0; done < signatures; done += RSA_LANES) {
		sign_random(bench, RSA_LANES);
		for (unsigned lane = 0; lane < RSA_LANES; lane++)
			assert_openssl_verifies(bench, lane);
	}
}

static void fast_signatures_are_those_of_openssl(void **state)
{
	const struct rsa_lanes *lanes = rsa_lanes_fast();

	(void)state;
	if (lanes == NULL) {
		print_message("this CPU has no AVX-512 IFMA: the fast back-end was not run\n");
		skip();
	}
	for (unsigned size = 0; size < SIZE_COUNT; size++) {
		struct bench bench;

		open_bench(&bench, lanes, size, RSA_POOL_KEYS);
		check_batches(&bench, 400 >> size);
		verify_many(&bench, test_is_full() ? FULL_SIGNATURES : 2 * RSA_LANES);
		close_bench(&bench);
	}
}

/* It takes a hundred times as long. */
static void portable_signatures_are_those_of_openssl(void **state)
{
	(void)state;
	for (unsigned size = 0; size < SIZE_COUNT; size++) {
		struct bench bench;

		open_bench(&bench, &rsa_lanes_portable, size, test_is_slow() ? 1 : 3);
		check_batches(&bench, RSA_LANES / stride_of(RSA_LANES));
		close_bench(&bench);
	}
}

/* Bit 3 of some number of a copy of the key. */
static struct rsa_lane_key *broken_copy(const struct rsa_lane_key *key, size_t offset)
{
	size_t size = rsa_lane_key_size(key->bits);
	struct rsa_lane_key *copy = aligned_alloc(sizeof(uint64_t), size);

	assert_non_null(copy);
	memcpy(copy, key, size);
	((uint8_t *)copy)[offset] ^= 8;
	return copy;
}

static void check_fault(struct bench *bench, size_t offset, unsigned bad_lane)
{
	static const uint8_t zeros[SIGNATURE_MAX];
	struct rsa_lane_key *broken;

	sign_random(bench, RSA_LANES);
	broken = broken_copy(bench->jobs[bad_lane].key, offset);
	bench->jobs[bad_lane].key = broken;
	memset(bench->signatures, 0xff, sizeof(bench->signatures));
	bench->lanes->sign(bench->workspace, bench->jobs, RSA_LANES);
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		if (lane == bad_lane) {
			assert_true(bench->jobs[lane].has_failed);
			assert_memory_equal(bench->signatures[lane], zeros, broken->bits / 8);
		} else {
			assert_as_openssl(bench, lane);
		}
	}
	free(broken);
}

static void check_faults(const struct rsa_lanes *lanes, unsigned size)
{
	struct bench bench;
	const struct rsa_lane_key *key;
	size_t windows;

	open_bench(&bench, lanes, size, 2);
	key = bench.keys[0];
	windows = (size_t)(rsa_lane_key_windows(key) - (const uint8_t *)key);
	check_fault(&bench, windows, 0);			     /* lowest window of dP */
	check_fault(&bench, windows + 2 * key->window_count - 2, 7); /* a high one of dQ */
	for (unsigned number = 0; number < RSA_LANE_NUMBER_COUNT; number++) {
		const uint64_t *digits = rsa_lane_key_digits(key, (enum rsa_lane_number)number);

		check_fault(&bench, (size_t)((const uint8_t *)digits - (const uint8_t *)key),
			    number % RSA_LANES);
	}
	close_bench(&bench);
}

/* A faulty signature made by the CRT reveals the key (Boneh, DeMillo, Lipton). */
static void fault_in_one_lane_is_seen_and_stays_there(void **state)
{
	(void)state;
	check_faults(&rsa_lanes_portable, 0);
	for (unsigned size = 0; rsa_lanes_fast() != NULL && size < SIZE_COUNT; size++)
		check_faults(rsa_lanes_fast(), size);
}

static void unusual_keys_are_not_fit(void **state)
{
	static const uint8_t three[] = {3};
	const struct rsa_numbers good = pool[1][0]->numbers;
	struct rsa_numbers numbers = good;
	uint8_t small[SIGNATURE_MAX];

	(void)state;
	assert_true(rsa_lane_key_is_fit(&numbers));
	numbers.prime1 = good.prime2;
	numbers.prime2 = good.prime1;
	assert_false(rsa_lane_key_is_fit(&numbers)); /* p < q */
	numbers = good;
	numbers.public_exponent = bytes_of(three, sizeof(three));
	assert_false(rsa_lane_key_is_fit(&numbers));
	numbers = good;
	numbers.prime2 = bytes_skip(good.prime2, 1);
	assert_false(rsa_lane_key_is_fit(&numbers));
	memcpy(small, good.prime2.data, good.prime2.size);
	small[0] &= 0x7f;
	numbers.prime2 = bytes_of(small, good.prime2.size);
	assert_false(rsa_lane_key_is_fit(&numbers)); /* one bit shorter than p */
	numbers = good;
	memcpy(small, good.modulus.data, good.modulus.size);
	small[0] &= 0x7f;
	numbers.modulus = bytes_of(small, good.modulus.size);
	assert_false(rsa_lane_key_is_fit(&numbers)); /* 2047 bits */
	numbers.modulus = bytes_of(small, 0);
	assert_false(rsa_lane_key_is_fit(&numbers));
}

static int open_pool(void **state)
{
	(void)state;
	for (unsigned size = 0; size < SIZE_COUNT; size++) {
		for (unsigned i = 0; i < RSA_POOL_KEYS; i++)
			pool[size][i] = rsa_pool_key_new(sizes[size], i);
	}
	return 0;
}

static int close_pool(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SIZE_COUNT * RSA_POOL_KEYS; i++)
		rsa_pool_key_free(pool[i / RSA_POOL_KEYS][i % RSA_POOL_KEYS]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_signatures_are_those_of_openssl),
		cmocka_unit_test(portable_signatures_are_those_of_openssl),
		cmocka_unit_test(fault_in_one_lane_is_seen_and_stays_there),
		cmocka_unit_test(unusual_keys_are_not_fit),
	};

	return cmocka_run_group_tests(tests, open_pool, close_pool);
}
