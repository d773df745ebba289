/*
 * Goal:   an axis whose end is above the largest value, in steps that people can read, and short figures.
 * Method: rows; and for many values what must hold for all.
 */
#include "tests/unit/unit_test.h"

#include "bench/chart_scale.h"

#include "common/compiler.h"

#include <math.h>
#include <stdio.h>

static const struct scale_row {
	const char *name;
	double max;
	double step;
	unsigned steps;
} scale_rows[] = {
	{"one_is_five_fifths", 1, 0.2, 5},
	{"whole_steps_need_no_other", 100, 20, 5},
	{"above_a_step_goes_to_the_next", 101, 50, 3},
	{"two_makes_halves", 2, 0.5, 4},
	{"rates_have_thousands", 12936, 5000, 3},
	{"small_ones_too", 0.785, 0.2, 4},
	{"nothing_is_an_empty_axis", 0, 0.2, 5},
	{"below_zero_is_nothing", -3, 0.2, 5},
	{"no_number_is_nothing", NAN, 0.2, 5},
	{"without_end_is_nothing", INFINITY, 0.2, 5},
};

static void test_scale_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(scale_rows); i++) {
		const struct scale_row *row = &scale_rows[i];
		struct chart_scale scale = chart_scale_of(row->max);

		print_message("%s\n", row->name);
		assert_float_equal(scale.step, row->step, row->step / 1000);
		assert_int_equal(scale.steps, row->steps);
	}
}

static void test_every_axis_reaches_its_largest_value_in_few_steps(void **state)
{
	(void)state;
	for (double max = 1e-9; max < 1e15; max *= 1.037) {
		struct chart_scale scale = chart_scale_of(max);
		double end = scale.step * scale.steps;

		if (scale.steps < 2 || scale.steps > 5 || end < max * (1 - 1e-6) || end > 2 * max)
			fail_msg("%g: got %u steps of %g", max, scale.steps, scale.step);
	}
}

static void test_places_begin_at_zero_and_stay_in_the_plot(void **state)
{
	const struct chart_scale scale = {.step = 5, .steps = 4};

	(void)state;
	assert_float_equal(chart_scale_place(&scale, 0, 150), 0, 1e-9);
	assert_float_equal(chart_scale_place(&scale, 10, 150), 75, 1e-4);
	assert_float_equal(chart_scale_place(&scale, 20, 150), 150, 1e-4);
	assert_float_equal(chart_scale_place(&scale, 21, 150), 150, 1e-4);
	assert_float_equal(chart_scale_place(&scale, -5, 150), 0, 1e-9);
	assert_float_equal(chart_scale_place(&scale, NAN, 150), 0, 1e-9);
}

static const struct number_row {
	double value;
	const char *column;
	const char *tick;
	const char *full;
} number_rows[] = {
	{0, "0", "0", "0.000"},
	{0.3456, "0.35", "0.346", "0.346"},
	{7.4, "7.40", "7.4", "7.400"},
	{13.04, "13.0", "13", "13.04"},
	{266.06, "266", "266", "266.1"},
	{999.6, "1.00k", "1k", "999.6"},
	{1000, "1.00k", "1k", "1,000"},
	{12936.4, "12.9k", "12.9k", "12,936"},
	{200000, "200k", "200k", "200,000"},
	{1234567, "1.23M", "1.23M", "1,234,567"},
	{6.91e9, "6.91G", "6.91G", "6,910,000,000"},
	{-2500, "-2.50k", "-2.5k", "-2,500"},
	{1e15, "1000000G", "1e+06G", "1,000,000,000,000,000"},
};

static void test_numbers(void **state)
{
	char text[CHART_NUMBER_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(number_rows); i++) {
		const struct number_row *row = &number_rows[i];

		chart_number_short(text, row->value);
		assert_string_equal(text, row->column);
		chart_number_tick(text, row->value);
		assert_string_equal(text, row->tick);
		chart_number_full(text, row->value);
		assert_string_equal(text, row->full);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale_rows),
		cmocka_unit_test(test_every_axis_reaches_its_largest_value_in_few_steps),
		cmocka_unit_test(test_places_begin_at_zero_and_stay_in_the_plot),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
