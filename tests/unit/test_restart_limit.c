/*
 * Goal: AutoRestartCount and AutoRestartRate bound restarts, each alone and together.
 * Method: a row is a string of times in seconds at which a restart is asked for, and which are allowed.
 */
#include "tests/unit/unit_test.h"

#include "common/clock.h"
#include "signer/cmd/restart_limit.h"

#define TIMES_MAX 8

struct row {
	const char *name;
	int64_t count_max;
	uint32_t rate_count;
	uint32_t interval_s;
	int64_t times_s[TIMES_MAX];
	const char *allowed; /* a letter a time: y or n */
};

static const struct row rows[] = {
	{"no_limit_allows_all", 0, 0, 0, {0, 0, 0, 0}, "yyyy"},
	{"count_of_two_allows_two", 2, 0, 0, {0, 100, 200, 100000}, "yynn"},
	{"rate_allows_its_count_at_once", 0, 3, 60, {0, 0, 0, 0}, "yyyn"},
	{"rate_allows_one_more_when_the_first_is_old",
	 0,
	 2,
	 60,
	 {0, 50, 59, 60, 109, 110},
	 "yynyny"},
	{"refused_restart_does_not_count", 0, 1, 60, {0, 30, 59, 60, 61}, "ynnyn"},
	{"slow_restarts_never_meet_the_rate", 0, 1, 10, {0, 10, 20, 30}, "yyyy"},
	{"count_and_rate_hold_both", 3, 2, 60, {0, 0, 1, 60, 61, 1000}, "yynynn"},
	{"rate_beyond_all_bounds_is_none", 0, RESTART_LIMIT_TIMES_MAX + 1, 60, {0, 0, 0}, "yyy"},
};

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct restart_limit limit;

		print_message("%s\n", row->name);
		assert_int_equal(restart_limit_init(&limit, row->count_max, row->rate_count,
						    row->interval_s),
				 0);
		for (size_t t = 0; row->allowed[t] != '\0'; t++)
			assert_int_equal(restart_limit_take(&limit, row->times_s[t] * NS_PER_S),
					 row->allowed[t] == 'y');
		restart_limit_deinit(&limit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
