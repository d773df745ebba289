/*
 * Goal:   a difference of the means is found, also below the noise of slow calls; where there is none, none is
 *         found.
 * Method: made-up times, always the same: a bell of 500 ns around 100 us, and one call in twenty that is slow by
 *         up to a millisecond. One class gets a shift.
 */
#include "tests/unit/unit_test.h"

#include "bench/random_numbers.h"
#include "bench/timing_samples.h"

#include <math.h>

#define CALLS 40000
#define RUNS  16u

/* The sum of twelve even numbers is a bell. */
static int64_t made_up_time(uint64_t *random)
{
	int64_t ns = 100000;

	for (unsigned i = 0; i < 12; i++)
		ns += (int)random_below(random, 500) - 250;
	if (random_below(random, 20) == 0)
		ns += random_below(random, 1000000);
	return ns;
}

static void compare(uint64_t seed, int64_t shift_ns,
		    struct timing_cropping croppings[TIMING_CROPPING_COUNT])
{
	struct timing_samples samples;

	assert_int_equal(timing_samples_init(&samples), 0);
	for (unsigned i = 0; i < CALLS; i++) {
		enum timing_class class = random_below(&seed, TIMING_CLASS_COUNT);
		int64_t ns = made_up_time(&seed);

		if (class == TIMING_FIXED)
			ns += shift_ns;
		assert_true(timing_samples_add(&samples, class, ns));
	}
	assert_int_equal(timing_samples_compare(&samples, croppings), 0);
	timing_samples_deinit(&samples);
}

static void no_shift_is_no_evidence(void **state)
{
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		compare(seed, 0, croppings);
		if (timing_max_t(croppings) >= TIMING_T_LIMIT)
			fail_msg("seed %u: got %f", (unsigned)seed, timing_max_t(croppings));
	}
}

/* All calls together do not show it: the slow ones make the mean uncertain by more than a microsecond. */
static void small_shift_is_found_once_slow_calls_are_cut(void **state)
{
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];

	(void)state;
	compare(1, 100, croppings);
	assert_true(fabs(croppings[0].t) < TIMING_T_LIMIT);
	assert_true(croppings[0].detectable_ns > 1000);
	assert_true(timing_max_t(croppings) > TIMING_T_LIMIT);
	assert_true(croppings[TIMING_CROPPING_FAST].t >
		    TIMING_T_LIMIT); /* the fixed one is slower */
	assert_true(croppings[TIMING_CROPPING_FAST].detectable_ns < 100);
	compare(1, -100, croppings);
	assert_true(croppings[TIMING_CROPPING_FAST].t < -TIMING_T_LIMIT);
}

/* A true difference that is as large as what is called detectable: whether a run shows it is a coin's flip. */
static void detectable_shift_is_found_in_half_of_all_runs(void **state)
{
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];
	const struct timing_cropping *fast = &croppings[TIMING_CROPPING_FAST];
	unsigned found = 0;
	unsigned found_larger = 0;
	int64_t detectable_ns;

	(void)state;
	compare(100, 0, croppings);
	assert_float_equal(fast->percent, 90, 1e-6);
	assert_float_equal(timing_detectable_percent(fast),
			   fast->detectable_ns / fast->mean_ns[TIMING_RANDOM] * 100, 1e-6);
	detectable_ns = llround(croppings[0].detectable_ns);
	for (unsigned seed = 0; seed < RUNS; seed++) {
		compare(seed, detectable_ns, croppings);
		found += croppings[0].t > TIMING_T_LIMIT;
		compare(seed, detectable_ns * 3 / 2, croppings);
		found_larger += croppings[0].t > TIMING_T_LIMIT;
	}
	if (found < RUNS / 4 || found > RUNS * 3 / 4)
		fail_msg("got %u of %u runs, want about half", found, RUNS);
	if (found_larger < RUNS * 9 / 10)
		fail_msg("got %u of %u runs, want nearly all", found_larger, RUNS);
}

static void large_shift_is_found_among_all_calls(void **state)
{
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];

	(void)state;
	compare(2, 20000, croppings);
	assert_true(croppings[0].t > TIMING_T_LIMIT);
}

/* 1, 2, 3 against 3, 5, 4, 8: means 2 and 5, variances 1 and 14 / 3. */
static void t_is_that_of_welch(void **state)
{
	static const struct {
		enum timing_class class;
		int64_t ns;
	} calls[] = {
		{TIMING_FIXED, 1},  {TIMING_RANDOM, 3}, {TIMING_FIXED, 2},  {TIMING_RANDOM, 5},
		{TIMING_RANDOM, 4}, {TIMING_FIXED, 3},	{TIMING_RANDOM, 8},
	};
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];
	struct timing_samples samples;
	const double error = sqrt(1.0 / 3 + 14.0 / 3 / 4);

	(void)state;
	assert_int_equal(timing_samples_init(&samples), 0);
	for (size_t i = 0; i < ARRAY_COUNT(calls); i++)
		assert_true(timing_samples_add(&samples, calls[i].class, calls[i].ns));
	assert_int_equal(timing_samples_compare(&samples, croppings), 0);
	assert_int_equal(croppings[0].counts[TIMING_FIXED], 3);
	assert_int_equal(croppings[0].counts[TIMING_RANDOM], 4);
	assert_float_equal(croppings[0].mean_ns[TIMING_FIXED], 2, 1e-6);
	assert_float_equal(croppings[0].mean_ns[TIMING_RANDOM], 5, 1e-6);
	assert_float_equal(croppings[0].t, -3 / error, 1e-4);
	assert_float_equal(croppings[0].detectable_ns, TIMING_T_LIMIT * error, 1e-4);
	timing_samples_deinit(&samples);
}

static void cropping_keeps_the_share_that_it_says(void **state)
{
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];

	(void)state;
	compare(3, 0, croppings);
	for (size_t i = 0; i < TIMING_CROPPING_COUNT; i++) {
		size_t count = croppings[i].counts[TIMING_FIXED] +
			       croppings[i].counts[TIMING_RANDOM];

		/* Calls of the same time as the last one are kept, too. */
		assert_true((double)count >= croppings[i].percent / 100 * CALLS);
		assert_true((double)count < croppings[i].percent / 100 * CALLS + 100);
	}
}

static void too_few_calls_say_nothing(void **state)
{
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];
	struct timing_samples samples;

	(void)state;
	assert_int_equal(timing_samples_init(&samples), 0);
	assert_int_equal(timing_samples_compare(&samples, croppings), 0);
	assert_float_equal(timing_max_t(croppings), 0, 1e-9);
	assert_true(timing_samples_add(&samples, TIMING_FIXED, 5));
	assert_true(timing_samples_add(&samples, TIMING_RANDOM, INT64_MAX));
	assert_int_equal(timing_samples_compare(&samples, croppings), 0);
	assert_float_equal(timing_max_t(croppings), 0, 1e-9);
	timing_samples_deinit(&samples);
}

static void full_is_full(void **state)
{
	struct timing_samples samples;

	(void)state;
	assert_int_equal(timing_samples_init(&samples), 0);
	for (unsigned i = 0; i < TIMING_SAMPLES_MAX; i++)
		assert_true(timing_samples_add(&samples, TIMING_FIXED, 1));
	assert_false(timing_samples_add(&samples, TIMING_FIXED, 1));
	timing_samples_deinit(&samples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_shift_is_no_evidence),
		cmocka_unit_test(small_shift_is_found_once_slow_calls_are_cut),
		cmocka_unit_test(detectable_shift_is_found_in_half_of_all_runs),
		cmocka_unit_test(large_shift_is_found_among_all_calls),
		cmocka_unit_test(t_is_that_of_welch),
		cmocka_unit_test(cropping_keeps_the_share_that_it_says),
		cmocka_unit_test(too_few_calls_say_nothing),
		cmocka_unit_test(full_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
