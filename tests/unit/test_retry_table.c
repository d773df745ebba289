/*
 * Goal:   a unit that stays is left alone for a time that doubles up to the maximum, and is never
 *         forgotten.
 * Method: the clock is a number that the test gives.
 */
#include "signer/spool/retry_table.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>

static void unknown_name_is_due(void **state)
{
	struct retry_table *table;

	(void)state;
	assert_int_equal(retry_table_new(&table), 0);
	assert_true(retry_table_is_due(table, "a", 0));
	assert_int_equal(retry_table_next_ns(table), INT64_MAX);
	assert_false(retry_table_take_due(table, 1000 * NS_PER_S));
	retry_table_free(table);
	retry_table_free(NULL);
}

static void wait_doubles_to_the_maximum(void **state)
{
	struct retry_table *table;
	int64_t wait_ns = RETRY_FIRST_NS;
	int64_t now_ns = 5;

	(void)state;
	assert_int_equal(retry_table_new(&table), 0);
	for (unsigned tries = 0; tries < 20; tries++) {
		assert_int_equal(retry_table_stays(table, "a", now_ns), now_ns + wait_ns);
		assert_false(retry_table_is_due(table, "a", now_ns + wait_ns - 1));
		assert_true(retry_table_is_due(table, "a", now_ns + wait_ns));
		assert_true(retry_table_is_due(table, "b", now_ns));
		now_ns += wait_ns;
		wait_ns = 2 * wait_ns < RETRY_MAX_NS ? 2 * wait_ns : RETRY_MAX_NS;
	}
	assert_int_equal(wait_ns, RETRY_MAX_NS);
	retry_table_free(table);
}

static void forgotten_name_begins_anew(void **state)
{
	struct retry_table *table;

	(void)state;
	assert_int_equal(retry_table_new(&table), 0);
	(void)retry_table_stays(table, "a", 0);
	(void)retry_table_stays(table, "a", 0);
	retry_table_forget(table, "a");
	assert_true(retry_table_is_due(table, "a", 0));
	assert_int_equal(retry_table_stays(table, "a", 0), RETRY_FIRST_NS);
	retry_table_forget(table, "never there");
	retry_table_free(table);
}

static void parked_name_tells_the_first_time_only(void **state)
{
	struct retry_table *table;

	(void)state;
	assert_int_equal(retry_table_new(&table), 0);
	assert_true(retry_table_parks(table, "a", 0));
	assert_false(retry_table_is_due(table, "a", RETRY_MAX_NS - 1));
	assert_true(retry_table_is_due(table, "a", RETRY_MAX_NS));
	assert_false(retry_table_parks(table, "a", RETRY_MAX_NS));
	retry_table_free(table);
}

static void what_gets_due_is_told_once(void **state)
{
	struct retry_table *table;

	(void)state;
	assert_int_equal(retry_table_new(&table), 0);
	(void)retry_table_stays(table, "a", 0);
	(void)retry_table_stays(table, "b", 10);
	assert_int_equal(retry_table_next_ns(table), RETRY_FIRST_NS);
	assert_false(retry_table_take_due(table, RETRY_FIRST_NS - 1));
	assert_true(retry_table_take_due(table, RETRY_FIRST_NS));
	assert_false(retry_table_take_due(table, RETRY_FIRST_NS));
	assert_int_equal(retry_table_next_ns(table), RETRY_FIRST_NS + 10);
	assert_true(retry_table_take_due(table, RETRY_FIRST_NS + 10));
	assert_int_equal(retry_table_next_ns(table), INT64_MAX);
	retry_table_free(table);
}

static void everything_is_due_after_a_reload(void **state)
{
	struct retry_table *table;

	(void)state;
	assert_int_equal(retry_table_new(&table), 0);
	(void)retry_table_stays(table, "a", 0);
	(void)retry_table_parks(table, "b", 0);
	retry_table_all_due(table);
	assert_true(retry_table_is_due(table, "a", 0));
	assert_true(retry_table_is_due(table, "b", 0));
	retry_table_free(table);
}

/* in/ itself is the list of what is to do, so a name that was pushed out is only tried early. */
static void more_names_than_places_only_come_early(void **state)
{
	struct retry_table *table;
	unsigned held_back = 0;
	char name[16];

	(void)state;
	assert_int_equal(retry_table_new(&table), 0);
	for (unsigned i = 0; i < 2 * RETRY_NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		(void)retry_table_stays(table, name, 0);
		assert_false(retry_table_is_due(table, name, 0));
	}
	for (unsigned i = 0; i < 2 * RETRY_NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		held_back += !retry_table_is_due(table, name, 0);
		retry_table_forget(table, name);
	}
	assert_true(held_back > RETRY_NAMES_MAX / 2 && held_back <= RETRY_NAMES_MAX);
	retry_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_name_is_due),
		cmocka_unit_test(wait_doubles_to_the_maximum),
		cmocka_unit_test(forgotten_name_begins_anew),
		cmocka_unit_test(parked_name_tells_the_first_time_only),
		cmocka_unit_test(what_gets_due_is_told_once),
		cmocka_unit_test(everything_is_due_after_a_reload),
		cmocka_unit_test(more_names_than_places_only_come_early),
	};

	return cmocka_run_group_tests_name("retry_table", tests, NULL, NULL);
}
