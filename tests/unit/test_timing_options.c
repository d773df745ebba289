/*
 * Goal:   no size of key is left out unless it was asked for.
 * Method: the command line, read without a run behind it.
 */
#include "tests/unit/unit_test.h"

#include "bench/timing_options.h"

#include <getopt.h>

static int parse(struct timing_options *options, int argc, const char *const *argv)
{
	optind = 0; /* getopt_long() begins anew */
	return timing_options_parse(options, argc, (char **)(uintptr_t)argv);
}

static void test_all_sizes_by_default(void **state)
{
	static const char *const argv[] = {"timing", "--engine", "portable", NULL};
	struct timing_options options;

	(void)state;
	assert_int_equal(parse(&options, 3, argv), 0);
	assert_int_equal(options.bits.count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(options.bits.values[i], (i + 1) * 1024);
	assert_float_equal(options.run.seconds, 10, 1e-6);
}

static void test_one_size_if_asked_for(void **state)
{
	static const char *const argv[] = {"timing", "--engine", "portable", "--bits",
					   "3072",   "--seed",	 "7",	     NULL};
	struct timing_options options;

	(void)state;
	assert_int_equal(parse(&options, 7, argv), 0);
	assert_int_equal(options.bits.count, 1);
	assert_int_equal(options.bits.values[0], 3072);
	assert_int_equal(options.run.seed, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sizes_by_default),
		cmocka_unit_test(test_one_size_if_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
