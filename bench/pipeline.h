/*
 * pipeline - one run of `postseal spool --once` over a load, as a contender.
 *
 * Is:       fills the spool, starts the program that ships, waits for its end, checks that it signed every
 *           message, and empties the spool. Only the program is measured, from its start to its end, with
 *           reading its configuration and keys.
 * Is not:   a check of the signatures (tests/interop does that).
 * Units:    the rate is messages a second of wall clock. `first_s` is the time from the start of the
 *           program until the first unit was in out/, with a step of the kernel's timer interrupt.
 * Errors:   with a text. A message that was not signed is BENCH_E_FAILED: a rate without it says nothing.
 * Owns:     nothing.
 * Threads:  the main thread (child.h).
 *
 *	struct pipeline pipeline = {.postseal_path = ..., .setup = &setup, ...};
 *	struct contender contender = {.run = pipeline_run, .arg = &pipeline, ...};
 */
#ifndef BENCH_PIPELINE_H
#define BENCH_PIPELINE_H

#include "bench/signer_setup.h"
#include "bench/spool_load.h"
#include "bench/turns.h"

#define PIPELINE_OPTIONS_MAX 32

struct pipeline {
	const char *postseal_path;
	const struct signer_setup *setup;
	const struct spool_load *load;
	const char *spool_path; /* its rooms are there */
	bool syncs;		/* SyncMode full, else none */
	bool measures_engine;	/* seconds as postseal's own summary has them, without its start */
	bool signs_by_openssl;	/* SignEngine openssl, whatever the options say */
	unsigned lane_keys;	/* LaneCacheSize, whatever the options say; 0: as they say */
	uint64_t large_bytes;	/* in place of the load one message of this size; 0: the load */
	const char *const *options; /* NAME=VALUE, on top of the configuration; ends in NULL */

	/* Of the last run: the size of the first unit in out/. */
	uint64_t output_bytes;
};

/* `arg` is a struct pipeline. */
int pipeline_run(void *arg, struct measure *measure_out, struct failure *failure);

/*
 * How many bytes a signed message has more, found by signing one. It is also the proof that the program, the
 * keys and the tables fit together, before minutes are spent on them.
 */
MUST_CHECK int pipeline_growth(const struct pipeline *pipeline, size_t *bytes_out,
			       struct failure *failure);

/* Beside the running program, or where the build leaves it. Errors: BENCH_E_FAILED. */
MUST_CHECK int pipeline_find_postseal(char path_out[PATH_MAX], struct failure *failure);

#endif
