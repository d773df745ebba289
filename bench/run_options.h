/*
 * run_options - the options that every scenario has which measures something.
 *
 * Is:       --rounds, --seconds, --seed, --json and --help, read together with the scenario's own.
 * Errors:   an exit code, after a line on stderr: EX_USAGE, EX_CANTCREAT (--json), or that of an option of the
 *           scenario. RUN_OPTIONS_HELP: the help was asked for, and printed.
 * Owns:     nothing: texts are those of argv.
 */
#ifndef BENCH_RUN_OPTIONS_H
#define BENCH_RUN_OPTIONS_H

#include "bench/argument.h"
#include "common/json_stream.h"

#include <getopt.h>
#include <stdbool.h>

#define RUN_OPTIONS_HELP (-1)

/* Numbers of the scenario's own options begin here, or are letters. */
#define RUN_OPTIONS_OWN 512
#define RUN_OPTIONS_MAX 32

struct run_options {
	unsigned rounds;
	double seconds;
	uint64_t seed;
	const char *json_path; /* NULL: none */
};

/* What a scenario allows. */
struct run_rules {
	const char *usage;
	const struct option *own; /* ends in zeros */
	const char *letters;	  /* as getopt() has them */
	bool has_rounds;
	double seconds_min;
	double seconds_max;
	int (*set)(void *arg, int option, const char *text); /* one of its own */
};

/* `options` has the defaults. `arg` is for set(). */
MUST_CHECK int run_options_parse(struct run_options *options, const struct run_rules *rules,
				 void *arg, int argc, char **argv);

/* For the "settings" of a result: "rounds" if it is not 0, "seconds" and "seed". */
void run_options_write_json(const struct run_options *options, struct json_stream *json);

#endif
