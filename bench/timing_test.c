/*
 * How it works: the class of a batch is an index, never a branch, so both classes go the same way up to the call.
 *
 * The clock is clock_gettime(): it reads the counter of the CPU, too, and takes some 20 ns in either class. A
 * batch takes thousands of times as long, so nothing is gained by reading the counter by hand.
 */
#include "bench/timing_test.h"

#include "bench/random_numbers.h"
#include "common/clock.h"

#define CALLS_MIN	4
#define WARM_UP_PERCENT 2 /* of the time: caches, clock of the CPU */

static size_t key_size(const struct timing_test *test)
{
	return rsa_lane_key_size(test->bits);
}

static uint8_t *choice(const struct timing_test *test, enum timing_class class, unsigned index)
{
	return test->choices.data + ((size_t) class * TIMING_CHOICES + index) * key_size(test);
}

static uint8_t *place(const struct timing_test *test, unsigned lane)
{
	return test->places.data + lane * key_size(test);
}

static int make_keys(struct timing_test *test, struct failure *failure)
{
	struct rsa_keys keys;
	int r = rsa_keys_init(&keys, test->bits, 1 + TIMING_CHOICES, test->lanes, failure);

	for (unsigned i = 0; r == 0 && i < TIMING_CHOICES; i++) {
		memcpy(choice(test, TIMING_FIXED, i), rsa_keys_lane_form(&keys, 0), key_size(test));
		memcpy(choice(test, TIMING_RANDOM, i), rsa_keys_lane_form(&keys, 1 + i),
		       key_size(test));
	}
	rsa_keys_deinit(&keys);
	return r;
}

int timing_test_init(struct timing_test *test, const struct rsa_lanes *lanes, unsigned bits,
		     uint64_t seed, struct failure *failure)
{
	int r;

	*test = (struct timing_test){.lanes = lanes, .bits = bits, .random = seed};
	r = secret_memory_init(&test->workspace, lanes->workspace_size);
	if (r == 0)
		r = secret_memory_init(&test->choices,
				       TIMING_CLASS_COUNT * TIMING_CHOICES * key_size(test));
	if (r == 0)
		r = secret_memory_init(&test->places, RSA_LANES * key_size(test));
	if (r != 0)
		return failure_set(failure, r, "keys");
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		test->jobs[lane] = (struct rsa_lane_job){
			.key = (const struct rsa_lane_key *)(const void *)place(test, lane),
			.digest = test->digests[lane],
			.signature = test->signatures[lane],
		};
	return make_keys(test, failure);
}

void timing_test_deinit(struct timing_test *test)
{
	secret_memory_deinit(&test->workspace);
	secret_memory_deinit(&test->choices);
	secret_memory_deinit(&test->places);
}

/* Lays keys and digests of these classes where the batch reads them. */
static void draw(struct timing_test *test, enum timing_class keys, enum timing_class digests)
{
	random_fill(&test->random, test->digest_choices[TIMING_RANDOM][0],
		    sizeof(test->digest_choices[TIMING_RANDOM]));
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		unsigned index = random_below(&test->random, TIMING_CHOICES);

		memcpy(place(test, lane), choice(test, keys, index), key_size(test));
	}
	memcpy(test->digests, test->digest_choices[digests], sizeof(test->digests));
}

/* The time of one batch. */
static int64_t time_batch(struct timing_test *test, enum timing_secret secret,
			  enum timing_class class)
{
	struct rsa_lanes_workspace *workspace =
		(struct rsa_lanes_workspace *)(void *)test->workspace.data;
	int64_t start_ns;

	draw(test, secret == TIMING_OF_KEY ? class : TIMING_RANDOM,
	     secret == TIMING_OF_DIGEST ? class : TIMING_RANDOM);
	start_ns = clock_monotonic_ns();
	test->lanes->sign(workspace, test->jobs, RSA_LANES);
	return clock_monotonic_ns() - start_ns;
}

static bool is_signed(const struct timing_test *test)
{
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		if (test->jobs[lane].has_failed)
			return false;
	}
	return true;
}

int timing_test_run(struct timing_test *test, enum timing_secret secret, double seconds,
		    struct timing_samples *samples, struct failure *failure)
{
	const int64_t start_ns = clock_monotonic_ns();
	const int64_t length_ns = (int64_t)(seconds * (double)NS_PER_S);
	const int64_t warm_ns = start_ns + length_ns * WARM_UP_PERCENT / 100;
	size_t calls = 0;
	bool has_room = true;

	while (has_room && (calls < CALLS_MIN || clock_monotonic_ns() < start_ns + length_ns)) {
		enum timing_class class = random_below(&test->random, TIMING_CLASS_COUNT);
		int64_t ns = time_batch(test, secret, class);

		if (!is_signed(test))
			return failure_set(failure, BENCH_E_FAILED,
					   "%s, RSA-%u: a signature was not made",
					   test->lanes->name, test->bits);
		if (clock_monotonic_ns() < warm_ns)
			continue;
		calls++;
		has_room = timing_samples_add(samples, class, ns);
	}
	return 0;
}
