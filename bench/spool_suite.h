/*
 * spool_suite - every target that the project has for the spool, measured one after the other.
 *
 * Is:       the experiments, each with its own load, and a finding with a limit for each target.
 * Errors:   with a text; those of the experiments. One that has no room here is skipped, and says so.
 * Owns:     its results; spool_suite_free().
 * Threads:  the main thread.
 *
 *	r = spool_suite_new(&options, paths, &suite);
 *	r = spool_suite_run(suite, failure);
 *	r = spool_suite_print(suite, stdout);
 *	spool_suite_write_json(suite, &json);
 *	spool_suite_free(suite);
 */
#ifndef BENCH_SPOOL_SUITE_H
#define BENCH_SPOOL_SUITE_H

#include "bench/spool_options.h"

struct spool_suite;

/* Where the scenario may write; both are gone when it ends. */
struct spool_places {
	const char *memory;
	const char *disk; /* NULL: none */
};

/* Whether --only may have that name. */
bool spool_suite_knows(const char *name);

/* Errors: -ENOMEM. */
MUST_CHECK int spool_suite_new(const struct spool_options *options,
			       const struct spool_places *places, struct spool_suite **suite_out);
void spool_suite_free(struct spool_suite *suite);

MUST_CHECK int spool_suite_run(struct spool_suite *suite, struct failure *failure);

MUST_CHECK int spool_suite_print(const struct spool_suite *suite, FILE *file);

/* Two members of the object that is open: "results" and "findings". */
void spool_suite_write_json(const struct spool_suite *suite, struct json_stream *json);

#endif
