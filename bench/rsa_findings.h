/*
 * rsa_findings - what an RSA contest has found: ratios of the same round, and targets where the lanes are the fast
 * ones.
 *
 * Is:       for each size that was measured: lanes against OpenSSL, the share of the multiply-adds, two threads
 *           against one, one job at a time in either engine, and what a key costs that the cache does not have.
 * Is not:   a table or JSON (rsa_results.h).
 * Units:    ratios; the share is one of the multiply-adds that a core issues.
 * Errors:   none. What cannot be measured here is a finding that was skipped, or is not there.
 * Owns:     its texts, so do not move it. The contest is borrowed.
 */
#ifndef BENCH_RSA_FINDINGS_H
#define BENCH_RSA_FINDINGS_H

#include "bench/finding.h"
#include "bench/rsa_contest.h"

#define RSA_FINDINGS_EACH 10 /* of a size */
#define RSA_FINDINGS_MAX  (RSA_FINDINGS_EACH * RSA_CONTEST_BITS)

struct rsa_findings {
	struct finding items[RSA_FINDINGS_MAX];
	size_t count;

	/* private */
	const struct rsa_contest *contest;
	unsigned cpus;
	struct {
		char id[48];
		char title[80];
	} texts[RSA_FINDINGS_MAX];
};

/* `cpus`: with fewer than two, two threads say nothing. */
void rsa_findings_init(struct rsa_findings *findings, const struct rsa_contest *contest,
		       unsigned cpus);

/* Eight in lanes; NULL: they were not measured. */
const struct rsa_entry *rsa_findings_lanes(const struct rsa_contest *contest, unsigned bits,
					   unsigned threads);
const struct rsa_entry *rsa_findings_openssl(const struct rsa_contest *contest, unsigned bits,
					     unsigned threads);

#endif
