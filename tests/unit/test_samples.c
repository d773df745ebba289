/*
 * Goal:   the figures that a report is made of.
 * Method: rows of values with what is to come out.
 */
#include "tests/unit/unit_test.h"

#include "bench/samples.h"

#include "common/compiler.h"

#include <stdio.h>

static struct samples samples_of(const double *values, size_t count)
{
	struct samples samples = {.count = 0};

	for (size_t i = 0; i < count; i++)
		samples_add(&samples, values[i]);
	return samples;
}

static const struct row {
	const char *name;
	double values[5];
	size_t count;
	double median;
	double min;
	double max;
	double spread;
} rows[] = {
	{"nothing_is_zero", {0}, 0, 0, 0, 0, 0},
	{"one_value_has_no_spread", {7}, 1, 7, 7, 7, 0},
	{"odd_count_takes_the_middle", {5, 1, 3}, 3, 3, 1, 5, 4.0 / 3},
	{"even_count_takes_the_mean_of_two", {4, 1, 2, 9}, 4, 3, 1, 9, 8.0 / 3},
	{"one_outlier_does_not_move_the_median", {10, 10, 10, 10, 1000}, 5, 10, 10, 1000, 99},
	{"median_of_zero_has_no_spread", {-1, 0, 1}, 3, 0, -1, 1, 0},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct samples samples = samples_of(row->values, row->count);

		print_message("%s\n", row->name);
		assert_float_equal(samples_median(&samples), row->median, 1e-3);
		assert_float_equal(samples_min(&samples), row->min, 1e-3);
		assert_float_equal(samples_max(&samples), row->max, 1e-3);
		assert_float_equal(samples_spread(&samples), row->spread, 1e-3);
	}
}

static void test_ratio_is_taken_round_by_round(void **state)
{
	struct samples a = samples_of((const double[]){10, 5, 30}, 3);
	struct samples b = samples_of((const double[]){20, 10}, 2);
	struct samples c;

	(void)state;
	samples_ratio(&a, &b, &c);
	assert_int_equal(c.count, 2);
	assert_float_equal(c.values[0], 0.5, 1e-3);
	assert_float_equal(c.values[1], 0.5, 1e-3);
	samples_difference(&a, &b, &c);
	assert_int_equal(c.count, 2);
	assert_float_equal(c.values[0], -10, 1e-3);
	assert_float_equal(c.values[1], -5, 1e-3);
}

static void test_middle_half_is_between_quartiles(void **state)
{
	struct samples five = samples_of((const double[]){5, 1, 4, 2, 3}, 5);
	struct samples two = samples_of((const double[]){8, 4}, 2);
	struct samples one = samples_of((const double[]){7}, 1);
	struct samples none = {.count = 0};

	(void)state;
	assert_float_equal(samples_quartile_1(&five), 2, 1e-3);
	assert_float_equal(samples_quartile_3(&five), 4, 1e-3);
	assert_float_equal(samples_quartile_1(&two), 5, 1e-3);
	assert_float_equal(samples_quartile_3(&two), 7, 1e-3);
	assert_float_equal(samples_quartile_1(&one), 7, 1e-3);
	assert_float_equal(samples_quartile_3(&one), 7, 1e-3);
	assert_float_equal(samples_quartile_3(&none), 0, 1e-3);
	samples_scale(&five, 2);
	assert_float_equal(samples_median(&five), 6, 1e-3);
}

static void test_ratio_to_nothing_is_zero(void **state)
{
	struct samples a = samples_of((const double[]){10}, 1);
	struct samples b = samples_of((const double[]){0}, 1);
	struct samples ratio;

	(void)state;
	samples_ratio(&a, &b, &ratio);
	assert_float_equal(ratio.values[0], 0, 1e-3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ratio_is_taken_round_by_round),
		cmocka_unit_test(test_middle_half_is_between_quartiles),
		cmocka_unit_test(test_ratio_to_nothing_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
