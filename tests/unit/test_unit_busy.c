/*
 * Goal:   a name is worked on once at a time, and who asked for it meanwhile is told of at the end.
 * Method: units by hand, more of them than there are chains.
 */
#include "signer/spool/unit_busy.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>
#include <stdlib.h>

static struct unit *unit_named(const char *name)
{
	struct unit *unit = calloc(1, sizeof(*unit));

	assert_non_null(unit);
	snprintf(unit->name, sizeof(unit->name), "%s", name);
	return unit;
}

static void name_is_entered_once(void **state)
{
	struct unit_busy *busy;
	struct unit *first = unit_named("a");
	struct unit *second = unit_named("a");
	struct unit *other = unit_named("b");

	(void)state;
	assert_int_equal(unit_busy_new(&busy), 0);
	assert_true(unit_busy_enter(busy, first));
	assert_true(unit_busy_enter(busy, other));
	assert_false(unit_busy_enter(busy, second));
	assert_true(unit_busy_leave(busy, first));
	assert_true(unit_busy_enter(busy, second));
	assert_false(unit_busy_leave(busy, second));
	assert_false(unit_busy_leave(busy, other));
	unit_busy_free(busy);
	free(first);
	free(second);
	free(other);
}

static void many_names_do_not_meet(void **state)
{
	enum { COUNT = 6000 };
	struct unit **units = calloc(COUNT, sizeof(*units));
	struct unit_busy *busy;
	char name[16];

	(void)state;
	assert_non_null(units);
	assert_int_equal(unit_busy_new(&busy), 0);
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%zu", i);
		units[i] = unit_named(name);
		assert_true(unit_busy_enter(busy, units[i]));
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_false(unit_busy_leave(busy, units[i]));
		free(units[i]);
	}
	unit_busy_free(busy);
	unit_busy_free(NULL);
	free(units);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_is_entered_once),
		cmocka_unit_test(many_names_do_not_meet),
	};

	return cmocka_run_group_tests_name("unit_busy", tests, NULL, NULL);
}
