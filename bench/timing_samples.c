/*
 * How it works: the limits of the croppings are percentiles of both classes together, so where there is no
 * difference, none is made by cutting. Mean and variance are kept as they go (Welford), which loses no
 * digits.
 */
#include "bench/timing_samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct timing_sample {
	uint32_t ns;
	uint32_t class;
};

static const double percents[TIMING_CROPPING_COUNT] = {100, 99, 95, 90, 75, 50, 25};

int timing_samples_init(struct timing_samples *samples)
{
	*samples = (struct timing_samples){
		.items = calloc(TIMING_SAMPLES_MAX, sizeof(samples->items[0])),
	};
	return samples->items == NULL ? -ENOMEM : 0;
}

void timing_samples_deinit(struct timing_samples *samples)
{
	free(samples->items);
	*samples = (struct timing_samples){.count = 0};
}

bool timing_samples_add(struct timing_samples *samples, enum timing_class class, int64_t ns)
{
	if (samples->count == TIMING_SAMPLES_MAX)
		return false;
	samples->items[samples->count++] = (struct timing_sample){
		.ns = ns < 0		? 0
		      : ns > UINT32_MAX ? UINT32_MAX
					: (uint32_t)ns,
		.class = class,
	};
	return true;
}

struct running {
	size_t count;
	double mean;
	double squares; /* of the distances from the mean */
};

static void running_add(struct running *running, double value)
{
	double distance = value - running->mean;

	running->count++;
	running->mean += distance / (double)running->count;
	running->squares += distance * (value - running->mean);
}

/* The variance of the mean. */
static double mean_variance(const struct running *running)
{
	double count = (double)running->count;

	return running->count < 2 ? 0 : running->squares / (count - 1) / count;
}

static void crop(const struct timing_samples *samples, uint32_t ns_max,
		 struct timing_cropping *cropping)
{
	struct running classes[TIMING_CLASS_COUNT] = {{0}};
	double error;

	for (size_t i = 0; i < samples->count; i++) {
		if (samples->items[i].ns <= ns_max)
			running_add(&classes[samples->items[i].class], samples->items[i].ns);
	}
	for (size_t i = 0; i < TIMING_CLASS_COUNT; i++) {
		cropping->counts[i] = classes[i].count;
		cropping->mean_ns[i] = classes[i].mean;
	}
	error = sqrt(mean_variance(&classes[TIMING_FIXED]) +
		     mean_variance(&classes[TIMING_RANDOM]));
	if (classes[TIMING_FIXED].count < 2 || classes[TIMING_RANDOM].count < 2 || !(error > 0))
		return;
	cropping->t = (classes[TIMING_FIXED].mean - classes[TIMING_RANDOM].mean) / error;
	cropping->detectable_ns = TIMING_T_LIMIT * error;
}

static int by_size(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

int timing_samples_compare(const struct timing_samples *samples,
			   struct timing_cropping croppings_out[TIMING_CROPPING_COUNT])
{
	uint32_t *sorted = calloc(samples->count + 1, sizeof(sorted[0]));

	if (sorted == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < samples->count; i++)
		sorted[i] = samples->items[i].ns;
	qsort(sorted, samples->count, sizeof(sorted[0]), by_size);
	for (size_t i = 0; i < TIMING_CROPPING_COUNT; i++) {
		size_t rank = (size_t)ceil(percents[i] / 100 * (double)samples->count);

		croppings_out[i] = (struct timing_cropping){.percent = percents[i]};
		crop(samples, sorted[rank == 0 ? 0 : rank - 1], &croppings_out[i]);
	}
	free(sorted);
	return 0;
}

double timing_detectable_percent(const struct timing_cropping *cropping)
{
	double mean_ns = cropping->mean_ns[TIMING_RANDOM];

	return mean_ns > 0 ? 100 * cropping->detectable_ns / mean_ns : 0;
}

double timing_max_t(const struct timing_cropping croppings[TIMING_CROPPING_COUNT])
{
	double max = 0;

	for (size_t i = 0; i < TIMING_CROPPING_COUNT; i++)
		max = fmax(max, fabs(croppings[i].t));
	return max;
}
