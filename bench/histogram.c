/*
 * How it works: values below 2^8 have a class each; above, each power of two is cut into 2^7 classes of the
 * same width. The place of a class is the power and the 7 bits below the highest one.
 */
#include "bench/histogram.h"

#include <math.h>

#define CLASSES_OF_POWER (1u << HISTOGRAM_CLASS_BITS)

static unsigned class_of(uint64_t value)
{
	unsigned shift = 0;

	if (value >= UINT64_C(1) << HISTOGRAM_BITS)
		return HISTOGRAM_CLASSES - 1;
	while (value >> shift >= 2 * CLASSES_OF_POWER)
		shift++;
	return shift * CLASSES_OF_POWER + (unsigned)(value >> shift);
}

/* The largest value of a class. */
static uint64_t class_end(unsigned class)
{
	unsigned shift = class < 2 * CLASSES_OF_POWER ? 0 : class / CLASSES_OF_POWER - 1;
	uint64_t high = class - shift * CLASSES_OF_POWER;

	return ((high + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->counts[class_of(value)]++;
	histogram->count++;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_add_all(struct histogram *histogram, const struct histogram *other)
{
	for (unsigned i = 0; i < HISTOGRAM_CLASSES; i++)
		histogram->counts[i] += other->counts[i];
	histogram->count += other->count;
	if (other->max > histogram->max)
		histogram->max = other->max;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
	double rank = ceil(percent / 100 * (double)histogram->count);
	uint64_t seen = 0;

	if (histogram->count == 0)
		return 0;
	for (unsigned i = 0; i < HISTOGRAM_CLASSES; i++) {
		seen += histogram->counts[i];
		/* The last class has no end of its own. */
		if (seen > 0 && (double)seen >= rank && i + 1 < HISTOGRAM_CLASSES)
			return class_end(i) < histogram->max ? class_end(i) : histogram->max;
	}
	return histogram->max;
}
