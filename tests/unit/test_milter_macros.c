/*
 * Goal:   a macro has the value that the MTA gave it last in the step that is furthest.
 * Method: steps are set and cleared by hand.
 */
#include "signer/milter/milter_macros.h"

#include "tests/unit/unit_test.h"

static void assert_value(const struct milter_macros *macros, const char *name, const char *want)
{
	struct bytes value = {0};
	bool is_there = milter_macros_get(macros, bytes_of_string(name), &value);

	assert_true(is_there == (want != NULL));
	if (want != NULL)
		assert_true(bytes_equal(value, bytes_of_string(want)));
}

static void set(struct milter_macros *macros, enum milter_step step, struct bytes data)
{
	assert_int_equal(milter_macros_set(macros, step, data), 0);
}

static void braces_make_no_difference(void **state)
{
	struct milter_macros macros = {0};

	(void)state;
	set(&macros, MILTER_STEP_MAIL, BYTES_LITERAL("i\0Q1\0{auth_type}\0PLAIN\0{e}\0\0"));
	assert_value(&macros, "i", "Q1");
	assert_value(&macros, "{i}", "Q1");
	assert_value(&macros, "auth_type", "PLAIN");
	assert_value(&macros, "{auth_type}", "PLAIN");
	assert_value(&macros, "{e}", "");
	assert_value(&macros, "{I}", NULL);
	assert_value(&macros, "", NULL);
	milter_macros_deinit(&macros);
}

static void later_steps_win(void **state)
{
	struct milter_macros macros = {0};

	(void)state;
	set(&macros, MILTER_STEP_CONNECT, BYTES_LITERAL("j\0mx\0i\0early\0"));
	set(&macros, MILTER_STEP_END_OF_MESSAGE, BYTES_LITERAL("i\0late\0"));
	assert_value(&macros, "i", "late");
	assert_value(&macros, "j", "mx");
	milter_macros_clear_from(&macros, MILTER_STEP_MAIL);
	assert_value(&macros, "i", "early");
	milter_macros_clear_from(&macros, MILTER_STEP_CONNECT);
	assert_value(&macros, "j", NULL);
	milter_macros_deinit(&macros);
}

static void step_that_is_told_again_forgets_what_it_was(void **state)
{
	struct milter_macros macros = {0};

	(void)state;
	set(&macros, MILTER_STEP_RCPT, BYTES_LITERAL("a\0001\0b\0002\0"));
	set(&macros, MILTER_STEP_RCPT, BYTES_LITERAL("b\0003\0"));
	assert_value(&macros, "a", NULL);
	assert_value(&macros, "b", "3");
	milter_macros_deinit(&macros);
}

static void what_does_not_end_is_not_there(void **state)
{
	struct milter_macros macros = {0};

	(void)state;
	set(&macros, MILTER_STEP_MAIL, BYTES_LITERAL("a\0001\0b\0002"));
	assert_value(&macros, "a", "1");
	assert_value(&macros, "b", NULL);
	set(&macros, MILTER_STEP_MAIL, BYTES_LITERAL("lonely\0"));
	assert_value(&macros, "lonely", NULL);
	set(&macros, MILTER_STEP_MAIL, bytes_of(NULL, 0));
	assert_value(&macros, "a", NULL);
	milter_macros_deinit(&macros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(braces_make_no_difference),
		cmocka_unit_test(later_steps_win),
		cmocka_unit_test(step_that_is_told_again_forgets_what_it_was),
		cmocka_unit_test(what_does_not_end_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
