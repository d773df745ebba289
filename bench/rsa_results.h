/*
 * rsa_results - what an RSA contest has to say: tables and JSON.
 *
 * Is:       rates with their spread, percentiles of times, and the findings.
 * Units:    signatures a second; microseconds.
 * Errors:   -ENOMEM, -EIO.
 * Owns:     nothing: the contest is borrowed.
 */
#ifndef BENCH_RSA_RESULTS_H
#define BENCH_RSA_RESULTS_H

#include "bench/rsa_findings.h"

struct rsa_results {
	const struct rsa_contest *contest;
	struct rsa_findings findings;
};

/* `cpus`: those that may be used. */
void rsa_results_init(struct rsa_results *results, const struct rsa_contest *contest,
		      unsigned cpus);

MUST_CHECK int rsa_results_print(const struct rsa_results *results, FILE *file);

/* Members of the object that is open: "results", "at_rest", "key_forms", "multiply_adds", "findings". */
void rsa_results_write_json(const struct rsa_results *results, struct json_stream *json);

#endif
