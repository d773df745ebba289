/*
 * histogram - durations by the million in little memory, for their percentiles.
 *
 * Is:       counts of values in classes that are at most 1/128 of the value wide. The largest value is kept as
 *           it is.
 * Units:    whole numbers, here nanoseconds, below 2^HISTOGRAM_BITS (18 minutes); larger ones count as
 *           the largest class.
 * Errors:   none. A percentile of nothing is 0.
 * Owns:     nothing. A struct of zeros is an empty one.
 * Threads:  one at a time; each thread has its own, and they are added up at the end.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS	     40
#define HISTOGRAM_CLASS_BITS 7
#define HISTOGRAM_CLASSES    ((HISTOGRAM_BITS - HISTOGRAM_CLASS_BITS + 1) << HISTOGRAM_CLASS_BITS)

struct histogram {
	uint64_t counts[HISTOGRAM_CLASSES];
	uint64_t count;
	uint64_t max;
};

void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_add_all(struct histogram *histogram, const struct histogram *other);

/*
 * The smallest value that `percent` of all do not exceed (nearest rank), rounded up to the end of its class:
 * never less than it was.
 */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

#endif
