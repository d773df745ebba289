/*
 * Goal:   the two classes of a timing test differ in the secret that is tested, and in nothing else.
 * Method: lanes that sign nothing, but look at what they were given.
 */
#include "tests/unit/unit_test.h"

#include "bench/timing_test.h"

#include <string.h>

#define BITS 1024

static const uint8_t zeros[RSA_LANES_DIGEST_SIZE];

/* What the lanes saw: their call has no argument for it. */
static struct {
	struct rsa_lane_job jobs[RSA_LANES]; /* of the first call */
	struct rsa_lane_key *first_key;	     /* a copy */
	uint8_t digest[RSA_LANES_DIGEST_SIZE];
	unsigned calls;
	unsigned moved;		/* calls that read other places */
	unsigned one_key;	/* calls with the same key in all lanes */
	unsigned one_key_again; /* and it was that of the first such call */
	unsigned one_digest;	/* calls with the digest of zeros */
	unsigned old_digests;	/* calls with the first digest of the call before */
	bool fails;
} seen;

static bool has_one_key(const struct rsa_lane_job *jobs)
{
	for (unsigned lane = 1; lane < RSA_LANES; lane++) {
		if (memcmp(jobs[0].key, jobs[lane].key, rsa_lane_key_size(BITS)) != 0)
			return false;
	}
	return true;
}

static void look(struct rsa_lanes_workspace *workspace, struct rsa_lane_job *jobs, unsigned count)
{
	(void)workspace;
	assert_int_equal(count, RSA_LANES);
	if (seen.calls++ == 0)
		memcpy(seen.jobs, jobs, sizeof(seen.jobs));
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		seen.moved += jobs[lane].key != seen.jobs[lane].key ||
			      jobs[lane].digest != seen.jobs[lane].digest;
		jobs[lane].has_failed = seen.fails && lane == 5;
	}
	if (has_one_key(jobs)) {
		if (seen.one_key++ == 0)
			memcpy(seen.first_key, jobs[0].key, rsa_lane_key_size(BITS));
		seen.one_key_again += memcmp(seen.first_key, jobs[0].key,
					     rsa_lane_key_size(BITS)) == 0;
	}
	if (memcmp(jobs[0].digest, zeros, sizeof(zeros)) == 0)
		seen.one_digest++;
	else
		seen.old_digests += memcmp(jobs[0].digest, seen.digest, sizeof(zeros)) == 0;
	memcpy(seen.digest, jobs[0].digest, sizeof(seen.digest));
}

static struct rsa_lanes looking_lanes;
static struct timing_test test;

/* The keys take longest, so they are made once. */
static int make_keys(void **state)
{
	struct failure failure;

	(void)state;
	looking_lanes = rsa_lanes_portable;
	looking_lanes.sign = look;
	return timing_test_init(&test, &looking_lanes, BITS, 7, &failure);
}

static int free_keys(void **state)
{
	(void)state;
	timing_test_deinit(&test);
	return 0;
}

static int run(enum timing_secret secret, struct failure *failure)
{
	struct timing_samples samples;
	int r;

	assert_int_equal(timing_samples_init(&samples), 0);
	r = timing_test_run(&test, secret, 0.2, &samples, failure);
	timing_samples_deinit(&samples);
	return r;
}

static int set_up(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.first_key = calloc(1, rsa_lane_key_size(BITS));
	return seen.first_key == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	free(seen.first_key);
	return 0;
}

/* About half of them, which says little where the build is so slow that there are only a few. */
static void assert_half(unsigned count, unsigned of)
{
	unsigned slack = of < 200 ? 1 : of / 4;

	if (count < slack || count > of - slack)
		fail_msg("got %u of %u calls", count, of);
}

static void key_test_has_one_key_or_many_and_fresh_digests(void **state)
{
	struct failure failure;

	(void)state;
	assert_int_equal(run(TIMING_OF_KEY, &failure), 0);
	assert_half(seen.one_key, seen.calls);
	assert_int_equal(seen.one_key_again, seen.one_key);
	assert_int_equal(seen.one_digest, 0);
	assert_int_equal(seen.old_digests, 0);
	assert_int_equal(seen.moved, 0);
}

static void digest_test_has_one_digest_or_many_and_random_keys(void **state)
{
	struct failure failure;

	(void)state;
	assert_int_equal(run(TIMING_OF_DIGEST, &failure), 0);
	assert_half(seen.one_digest, seen.calls);
	assert_true(seen.one_key < 2); /* eight draws from sixteen */
	assert_int_equal(seen.old_digests, 0);
	assert_int_equal(seen.moved, 0);
}

static void signature_that_was_not_made_ends_it(void **state)
{
	struct failure failure;

	(void)state;
	seen.fails = true;
	assert_int_equal(run(TIMING_OF_KEY, &failure), BENCH_E_FAILED);
	assert_string_equal(failure.text, "portable, RSA-1024: a signature was not made");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(key_test_has_one_key_or_many_and_fresh_digests,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(digest_test_has_one_digest_or_many_and_random_keys,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(signature_that_was_not_made_ends_it, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
