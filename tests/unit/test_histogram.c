/*
 * Goal:   percentiles that are never less than what was measured, and at most 1/128 more.
 * Method: known values against nearest-rank percentiles; every edge of a class is tried.
 */
#include "tests/unit/unit_test.h"

#include "bench/histogram.h"

#include "common/compiler.h"

static struct histogram histogram;

static void test_nothing_is_zero(void **state)
{
	(void)state;
	histogram = (struct histogram){.count = 0};
	assert_int_equal(histogram_percentile(&histogram, 50), 0);
}

static void test_small_values_are_exact(void **state)
{
	static const struct {
		double percent;
		uint64_t value;
	} rows[] = {{0, 1},   {1, 1},	{50, 50},    {50.5, 51},
		    {90, 90}, {99, 99}, {99.1, 100}, {100, 100}};

	(void)state;
	histogram = (struct histogram){.count = 0};
	for (uint64_t value = 100; value >= 1; value--)
		histogram_add(&histogram, value);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(histogram_percentile(&histogram, rows[i].percent), rows[i].value);
}

static void check_alone(uint64_t value)
{
	uint64_t found;

	histogram = (struct histogram){.count = 0};
	histogram_add(&histogram, value);
	histogram_add(&histogram, UINT64_MAX); /* or the largest would be known exactly */
	found = histogram_percentile(&histogram, 50);
	if (found < value || found - value > value / 128)
		fail_msg("%llu: got %llu", (unsigned long long)value, (unsigned long long)found);
}

static void test_each_class_ends_close_above_its_values(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < HISTOGRAM_BITS - 1; bit++) {
		uint64_t power = UINT64_C(1) << bit;

		check_alone(power - 1);
		check_alone(power);
		check_alone(power + power / 128);
		check_alone(power + power / 2 + 1);
	}
}

static void test_value_beyond_all_classes_counts_as_the_largest(void **state)
{
	(void)state;
	histogram = (struct histogram){.count = 0};
	histogram_add(&histogram, 5);
	histogram_add(&histogram, UINT64_MAX);
	assert_int_equal(histogram_percentile(&histogram, 50), 5);
	assert_true(histogram_percentile(&histogram, 100) == UINT64_MAX);
}

static void test_histograms_add_up(void **state)
{
	static struct histogram other;

	(void)state;
	histogram = (struct histogram){.count = 0};
	histogram_add(&histogram, 10);
	histogram_add(&other, 20);
	histogram_add(&other, 30);
	histogram_add_all(&histogram, &other);
	assert_int_equal(histogram.count, 3);
	assert_int_equal(histogram.max, 30);
	assert_int_equal(histogram_percentile(&histogram, 50), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_zero),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_each_class_ends_close_above_its_values),
		cmocka_unit_test(test_value_beyond_all_classes_counts_as_the_largest),
		cmocka_unit_test(test_histograms_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
