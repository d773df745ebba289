/*
 * timing_samples - times of two classes of calls, and whether they differ.
 *
 * Is:       Welch's t of the two means, for all calls and for those that were not slower than some percentiles: an
 *           interrupt makes a call slow whatever its secret is, and hides a difference that is small.
 * Is not:   a proof. |t| below TIMING_T_LIMIT is no evidence of a difference, in as many calls as there were.
 * Source:   Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?" (2017); Welch, "The
 *           generalization of Student's problem" (1947).
 * Units:    nanoseconds, at most 4 s a call.
 * Errors:   -ENOMEM. Fewer than two calls of a class have a t of 0.
 * Owns:     the times. A struct of zeros has none.
 * Threads:  one.
 */
#ifndef BENCH_TIMING_SAMPLES_H
#define BENCH_TIMING_SAMPLES_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMING_T_LIMIT	      4.5
#define TIMING_SAMPLES_MAX    (1u << 20)
#define TIMING_CROPPING_COUNT 7
#define TIMING_CROPPING_FAST                                                                       \
	3 /* the calls up to percentile 90: without those that something interrupted */

enum timing_class {
	TIMING_FIXED,
	TIMING_RANDOM,
	TIMING_CLASS_COUNT,
};

struct timing_samples {
	/* private */
	struct timing_sample *items;
	size_t count;
};

/* The calls up to some percentile of all. */
struct timing_cropping {
	double percent;
	size_t counts[TIMING_CLASS_COUNT];
	double mean_ns[TIMING_CLASS_COUNT];
	double t;
	/*
	 * A difference of the means at which |t| is TIMING_T_LIMIT on average: half of all runs would show it, and
	 * nearly all one that is half as large again. 0: there were too few calls.
	 */
	double detectable_ns;
};

MUST_CHECK int timing_samples_init(struct timing_samples *samples);
void timing_samples_deinit(struct timing_samples *samples);

/* False: there are TIMING_SAMPLES_MAX, and no more is taken. */
bool timing_samples_add(struct timing_samples *samples, enum timing_class class, int64_t ns);

/* From all calls to the fastest ones. */
MUST_CHECK int timing_samples_compare(const struct timing_samples *samples,
				      struct timing_cropping croppings_out[TIMING_CROPPING_COUNT]);

/* detectable_ns of a cropping in per cent of what a call takes. */
double timing_detectable_percent(const struct timing_cropping *cropping);

/* The largest |t|. */
double timing_max_t(const struct timing_cropping croppings[TIMING_CROPPING_COUNT]);

#endif
