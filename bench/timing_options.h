/*
 * timing_options - the command line of `postseal-bench timing`.
 *
 * Is:       plain values, checked, with the defaults filled in.
 * Units:    `run.seconds` is the length of a test.
 * Errors:   as run_options.h; EX_UNAVAILABLE: there are no fast lanes, and no others were asked for.
 * Owns:     nothing: texts are those of argv.
 */
#ifndef BENCH_TIMING_OPTIONS_H
#define BENCH_TIMING_OPTIONS_H

#include "bench/rsa_options.h"

struct timing_options {
	const struct rsa_lanes *lanes;
	struct argument_list bits;
	struct run_options run;
};

MUST_CHECK int timing_options_parse(struct timing_options *options, int argc, char **argv);

#endif
