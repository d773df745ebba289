/*
 * rsa_at_rest - how long one message waits for its signature when there is no other.
 *
 * Is:       a running signature service for each engine, as postseal has one, and in it one job at a time: from
 *           its submit until done() is called. The lanes engine has learnt before, as in a daemon that has seen
 *           load.
 * Is not:   throughput: lanes never fill, and both engines are to do the same.
 * Units:    nanoseconds for each job; microseconds for the percentiles of a turn, which are exact.
 * Errors:   with a text; -errno, BENCH_E_FAILED if a signature is missing, or is not the other engine's.
 * Owns:     services, keys and rows; rsa_at_rest_free().
 * Threads:  the main thread; the services have theirs.
 *
 *	r = rsa_at_rest_new(&rsa_lanes_portable, seed, &at_rest, failure);
 *	r = rsa_at_rest_add(at_rest, &keys, &seconds, failure);       for each size
 *	r = rsa_at_rest_run(&at_rest->rows[0], &measure, failure);    a turn
 */
#ifndef BENCH_RSA_AT_REST_H
#define BENCH_RSA_AT_REST_H

#include "bench/histogram.h"
#include "bench/rsa_keys.h"
#include "bench/turns.h"

#define RSA_AT_REST_ENGINES 2
#define RSA_AT_REST_SIZES   4

struct rsa_at_rest;

/* One engine with one key. */
struct rsa_at_rest_row {
	bool in_lanes; /* the lanes engine, which leaves single jobs to OpenSSL */
	unsigned bits;
	char id[48];
	char title[64];
	struct histogram job_ns; /* of all turns */
	struct samples p50_us;	 /* of each turn */
	struct samples p99_us;

	/* private */
	struct rsa_at_rest *owner;
	struct key *key;
	const double *seconds;
};

struct rsa_at_rest {
	struct rsa_at_rest_row rows[RSA_AT_REST_SIZES * RSA_AT_REST_ENGINES];
	size_t row_count; /* for each size the lanes engine, then OpenSSL */

	/* private */
	struct signing_service *services; /* the same two */
	uint64_t random;
	uint32_t *turn_ns; /* the jobs of a turn */
	size_t turn_count;
};

MUST_CHECK int rsa_at_rest_new(const struct rsa_lanes *lanes, uint64_t seed,
			       struct rsa_at_rest **at_rest_out, struct failure *failure);
void rsa_at_rest_free(struct rsa_at_rest *at_rest); /* takes NULL and half-built ones */

/*
 * Two rows, for the first of the keys, whose turns are as long as `seconds` says when they begin. Both engines have
 * to make the same signature.
 */
MUST_CHECK int rsa_at_rest_add(struct rsa_at_rest *at_rest, const struct rsa_keys *keys,
			       const double *seconds, struct failure *failure);

/* `arg` is a struct rsa_at_rest_row. */
int rsa_at_rest_run(void *arg, struct measure *measure_out, struct failure *failure);

#endif
