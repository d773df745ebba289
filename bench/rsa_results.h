/*
 * rsa_results - what an RSA contest has to say: a table, findings, JSON.
 *
 * Is:       rates with their spread, percentiles of the time of a call, ratios of the same round; targets where
 *           the lanes are the fast ones.
 * Units:    signatures a second; microseconds; a share of the multiply-adds that one core issues.
 * Errors:   -ENOMEM, -EIO.
 * Owns:     nothing: the contest is borrowed.
 */
#ifndef BENCH_RSA_RESULTS_H
#define BENCH_RSA_RESULTS_H

#include "bench/finding.h"
#include "bench/rsa_contest.h"

#define RSA_FINDINGS_MAX 16

struct rsa_results {
	const struct rsa_contest *contest;
	struct finding findings[RSA_FINDINGS_MAX];
	size_t finding_count;
};

/* `cpus`: with fewer than two, two threads say nothing. */
void rsa_results_find(struct rsa_results *results, const struct rsa_contest *contest,
		      unsigned cpus);

MUST_CHECK int rsa_results_print(const struct rsa_results *results, FILE *file);

/* Members of the object that is open: "results", "multiply_adds", "findings". */
void rsa_results_write_json(const struct rsa_results *results, struct json_stream *json);

#endif
