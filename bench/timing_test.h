/*
 * timing_test - signs in lanes with a fixed secret and with random ones, in random order, and keeps the times.
 *
 * Is:       batches of eight, either with one key in all lanes or with keys drawn from sixteen; or with random keys,
 *           and one digest or fresh ones.
 * Is not:   a difference of caches: a batch reads its keys and digests from the same eight places, whatever
 *           was drawn. They are copied there before the clock is read, and the fixed key is there as often as
 *           there are random ones, so that the copies, too, touch as much memory.
 * Units:    seconds; bits of the modulus.
 * Errors:   with a text; -ENOMEM, BENCH_E_FAILED if a signature is not made.
 * Owns:     keys and memory for them. Deinit it in any case.
 * Threads:  one.
 *
 *	r = timing_test_init(&test, lanes, 2048, seed, failure);
 *	r = timing_test_run(&test, TIMING_OF_KEY, seconds, &samples, failure);
 *	timing_test_deinit(&test);
 */
#ifndef BENCH_TIMING_TEST_H
#define BENCH_TIMING_TEST_H

#include "bench/rsa_keys.h"
#include "bench/timing_samples.h"

#define TIMING_CHOICES 16 /* of keys */

enum timing_secret {
	TIMING_OF_KEY,
	TIMING_OF_DIGEST,
	TIMING_SECRET_COUNT,
};

struct timing_test {
	/* private */
	const struct rsa_lanes *lanes;
	unsigned bits;
	uint64_t random;
	struct secret_memory workspace;
	struct secret_memory choices; /* TIMING_CHOICES keys for each class */
	struct secret_memory places;  /* RSA_LANES keys */
	uint8_t digest_choices[TIMING_CLASS_COUNT][RSA_LANES][RSA_LANES_DIGEST_SIZE];
	uint8_t digests[RSA_LANES][RSA_LANES_DIGEST_SIZE];
	uint8_t signatures[RSA_LANES][RSA_LANE_BITS_MAX / 8];
	struct rsa_lane_job jobs[RSA_LANES];
};

MUST_CHECK int timing_test_init(struct timing_test *test, const struct rsa_lanes *lanes,
				unsigned bits, uint64_t seed, struct failure *failure);
void timing_test_deinit(struct timing_test *test);

/* At least some calls, and no more than there is room for in `samples`. */
MUST_CHECK int timing_test_run(struct timing_test *test, enum timing_secret secret, double seconds,
			       struct timing_samples *samples, struct failure *failure);

#endif
