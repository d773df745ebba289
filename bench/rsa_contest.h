/*
 * rsa_contest - RSA signatures in lanes and with OpenSSL, in turns.
 *
 * Is:       the contenders that the options ask for, each with its threads, and what they reached; and beside
 *           them, in the same turns, what limits and surrounds them: multiply-adds, single jobs, keys. Before
 *           the first turn every one of them has shown that it makes OpenSSL's signatures.
 * Is not:   what is said about it (rsa_findings.h, rsa_results.h).
 * Units:    signatures; bits of the modulus.
 * Errors:   with a text; -ENOMEM, BENCH_E_FAILED. A signature that is missing or wrong ends the run.
 * Owns:     keys, workspaces, contenders; rsa_contest_free().
 * Threads:  the main thread.
 *
 *	r = rsa_contest_new(&options, &contest, failure);
 *	r = rsa_contest_run(contest, failure);
 *	rsa_contest_free(contest);
 */
#ifndef BENCH_RSA_CONTEST_H
#define BENCH_RSA_CONTEST_H

#include "bench/rsa_at_rest.h"
#include "bench/rsa_batch.h"
#include "bench/rsa_key_form.h"
#include "bench/rsa_options.h"
#include "bench/timed_threads.h"

#define RSA_CONTEST_KEYS 2 /* of each size */
#define RSA_CONTEST_BITS 4

/* One engine with keys of one size and some threads. */
struct rsa_entry {
	bool in_lanes;
	unsigned bits;
	unsigned threads;
	unsigned lanes_filled; /* 1 for OpenSSL */
	char id[48];
	char title[64];
	struct contender *contender; /* what it reached */

	/* private */
	double seconds;
	struct rsa_batch *batches; /* one a thread, as the next two */
	struct histogram *call_ns;
	struct timed_thread *workers;
};

/* What is measured once for each size beside its entries; NULL: it is not. */
struct rsa_size {
	unsigned bits;
	struct contender *multiply; /* the multiply-adds of a core */
	struct contender *key_form; /* keys into the form of lanes */
	struct rsa_key_form form;   /* of `key_form` */

	/* private */
	struct rsa_keys keys;
};

struct rsa_contest {
	const struct rsa_options *options;
	double seconds; /* of a turn */
	struct rsa_entry *entries;
	size_t entry_count;
	struct rsa_size sizes[RSA_CONTEST_BITS];
	size_t size_count;
	struct rsa_at_rest *at_rest; /* NULL: not measured */

	/* private */
	struct contender *contenders; /* all of them, in the order of their turns */
	size_t contender_count;
	struct secret_memory *workspaces; /* one a thread */
	unsigned workspace_count;
};

/* `options` must outlive the contest. */
MUST_CHECK int rsa_contest_new(const struct rsa_options *options, struct rsa_contest **contest_out,
			       struct failure *failure);
void rsa_contest_free(struct rsa_contest *contest); /* takes NULL and half-built ones */

MUST_CHECK int rsa_contest_run(struct rsa_contest *contest, struct failure *failure);

/* NULL: it was not asked for. OpenSSL fills one lane. */
const struct rsa_entry *rsa_contest_find(const struct rsa_contest *contest, bool in_lanes,
					 unsigned bits, unsigned threads, unsigned lanes_filled);

/* NULL: no such size was asked for. */
const struct rsa_size *rsa_contest_size(const struct rsa_contest *contest, unsigned bits);

/* The times of all calls of all threads. */
void rsa_entry_call_ns(const struct rsa_entry *entry, struct histogram *call_ns_out);

#endif
