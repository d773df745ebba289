#include "bench/chart_scale.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define STEPS_MAX 5

struct chart_scale chart_scale_of(double max)
{
	static const double factors[] = {1, 2, 5, 10};
	struct chart_scale scale = {.step = 0.2, .steps = STEPS_MAX};
	double power;
	size_t i = 0;

	if (!(max > 0) || !isfinite(max))
		return scale;
	power = pow(10, floor(log10(max / STEPS_MAX)));
	/* What is a whole number of steps must not need one more by a rounding. */
	while (i < 3 && factors[i] * power * STEPS_MAX < max * (1 - 1e-9))
		i++;
	scale.step = factors[i] * power;
	scale.steps = (unsigned)ceil(max * (1 - 1e-9) / scale.step);
	if (scale.steps == 0)
		scale.steps = 1;
	return scale;
}

double chart_scale_place(const struct chart_scale *scale, double value, double length)
{
	double end = scale->step * scale->steps;

	if (!(value > 0))
		return 0;
	return value >= end ? length : length * value / end;
}

static const struct unit {
	double size;
	const char *name;
} units[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}};

/* The largest that fits into a value: 999.6 is 1.00k when it is rounded. */
static const struct unit *unit_of(double value)
{
	const struct unit *unit = units;

	while (unit->size > 1 && fabs(value) < 0.9995 * unit->size)
		unit++;
	return unit;
}

void chart_number_short(char text_out[CHART_NUMBER_SIZE_MAX], double value)
{
	const struct unit *unit = unit_of(value);
	double size = fabs(value) / unit->size;
	int digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;

	snprintf(text_out, CHART_NUMBER_SIZE_MAX, "%.*f%s", value == 0 ? 0 : digits,
		 value / unit->size, unit->name);
}

void chart_number_tick(char text_out[CHART_NUMBER_SIZE_MAX], double value)
{
	const struct unit *unit = unit_of(value);

	snprintf(text_out, CHART_NUMBER_SIZE_MAX, "%.3g%s", value / unit->size, unit->name);
}

void chart_number_full(char text_out[CHART_NUMBER_SIZE_MAX], double value)
{
	char digits[CHART_NUMBER_SIZE_MAX];
	double size = fabs(value);
	size_t used = 0;
	size_t count;

	if (size < 1000) {
		snprintf(text_out, CHART_NUMBER_SIZE_MAX, "%.*f",
			 size >= 100  ? 1
			 : size >= 10 ? 2
				      : 3,
			 value);
		return;
	}
	count = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, (uint64_t)llround(size));
	if (value < 0)
		text_out[used++] = '-';
	for (size_t i = 0; i < count && used + 2 < CHART_NUMBER_SIZE_MAX; i++) {
		if (i > 0 && (count - i) % 3 == 0)
			text_out[used++] = ',';
		text_out[used++] = digits[i];
	}
	text_out[used] = '\0';
}
