/* How it works: so few values that they are sorted anew for each question. */
#include "bench/samples.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void samples_add(struct samples *samples, double value)
{
	assert(samples->count < SAMPLES_MAX);
	samples->values[samples->count++] = value;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return left < right ? -1 : left > right;
}

/* The value below which `share` of the others are, between two of them in proportion. */
static double quantile(const struct samples *samples, double share)
{
	double sorted[SAMPLES_MAX];
	double place;
	size_t below;

	if (samples->count == 0)
		return 0;
	memcpy(sorted, samples->values, samples->count * sizeof(sorted[0]));
	qsort(sorted, samples->count, sizeof(sorted[0]), by_value);
	place = share * (double)(samples->count - 1);
	below = (size_t)place;
	if (below + 1 == samples->count)
		return sorted[below];
	return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

double samples_median(const struct samples *samples)
{
	return quantile(samples, 0.5);
}

double samples_quartile_1(const struct samples *samples)
{
	return quantile(samples, 0.25);
}

double samples_quartile_3(const struct samples *samples)
{
	return quantile(samples, 0.75);
}

double samples_min(const struct samples *samples)
{
	double min = samples->count == 0 ? 0 : samples->values[0];

	for (size_t i = 1; i < samples->count; i++)
		min = samples->values[i] < min ? samples->values[i] : min;
	return min;
}

double samples_max(const struct samples *samples)
{
	double max = samples->count == 0 ? 0 : samples->values[0];

	for (size_t i = 1; i < samples->count; i++)
		max = samples->values[i] > max ? samples->values[i] : max;
	return max;
}

double samples_spread(const struct samples *samples)
{
	double median = samples_median(samples);

	return median == 0 ? 0 : (samples_max(samples) - samples_min(samples)) / median;
}

void samples_ratio(const struct samples *a, const struct samples *b, struct samples *ratio_out)
{
	size_t count = a->count < b->count ? a->count : b->count;

	ratio_out->count = 0;
	for (size_t i = 0; i < count; i++)
		samples_add(ratio_out, b->values[i] == 0 ? 0 : a->values[i] / b->values[i]);
}

void samples_difference(const struct samples *a, const struct samples *b,
			struct samples *difference_out)
{
	size_t count = a->count < b->count ? a->count : b->count;

	difference_out->count = 0;
	for (size_t i = 0; i < count; i++)
		samples_add(difference_out, a->values[i] - b->values[i]);
}

void samples_scale(struct samples *samples, double factor)
{
	for (size_t i = 0; i < samples->count; i++)
		samples->values[i] *= factor;
}

void samples_write_json(const struct samples *samples, struct json_stream *json, const char *name)
{
	json_stream_begin(json, name, '{');
	json_stream_real(json, "median", samples_median(samples));
	json_stream_real(json, "quartile_1", samples_quartile_1(samples));
	json_stream_real(json, "quartile_3", samples_quartile_3(samples));
	json_stream_real(json, "min", samples_min(samples));
	json_stream_real(json, "max", samples_max(samples));
	json_stream_real(json, "spread", samples_spread(samples));
	json_stream_begin(json, "rounds", '[');
	for (size_t i = 0; i < samples->count; i++)
		json_stream_real(json, NULL, samples->values[i]);
	json_stream_end(json, ']');
	json_stream_end(json, '}');
}
