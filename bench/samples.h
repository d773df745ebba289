/*
 * samples - one figure, measured once a round, and what is said about it.
 *
 * Is:       the values of a few rounds, their median and their spread.
 * Is not:   a histogram of latencies: with a handful of rounds there are no percentiles.
 * Units:    whatever the values have; the spread is a share of the median: (max - min) / median. Between the
 *           quartiles lies the middle half of the values.
 * Errors:   none. What is asked of no samples is 0.
 */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include "common/json_stream.h"

#include <stddef.h>

#define SAMPLES_MAX 50

struct samples {
	double values[SAMPLES_MAX];
	size_t count;
};

/* At most SAMPLES_MAX may be added. */
void samples_add(struct samples *samples, double value);

double samples_median(const struct samples *samples);
double samples_quartile_1(const struct samples *samples);
double samples_quartile_3(const struct samples *samples);
double samples_min(const struct samples *samples);
double samples_max(const struct samples *samples);
double samples_spread(const struct samples *samples);

/* Round by round: a[i] / b[i]. The shorter of the two counts. */
void samples_ratio(const struct samples *a, const struct samples *b, struct samples *ratio_out);

/* Round by round: a[i] - b[i]. */
void samples_difference(const struct samples *a, const struct samples *b,
			struct samples *difference_out);

void samples_scale(struct samples *samples, double factor);

/* An object: the median, the quartiles, the spread, and the value of each round. */
void samples_write_json(const struct samples *samples, struct json_stream *json, const char *name);

#endif
