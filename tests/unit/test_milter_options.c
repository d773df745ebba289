/*
 * Goal:   what an MTA does not offer is never asked for, and each step that nobody needs is left out.
 * Method: offers of Postfix, of old MTAs and of impossible ones, against what configurations need.
 */
#include "signer/milter/milter_options.h"

#include "tests/unit/unit_test.h"

#define ALL_STEPS   0x1fffffu
#define ALL_ACTIONS 0x1ffu

static struct milter_options choose(struct milter_options offered, struct milter_needs needs)
{
	struct milter_options options = {0};

	assert_int_equal(milter_options_choose(&offered, &needs, &options), 0);
	return options;
}

static void only_the_end_is_answered_where_nothing_else_is_needed(void **state)
{
	struct milter_options options = choose((struct milter_options){6, ALL_ACTIONS, ALL_STEPS},
					       (struct milter_needs){0});
	const uint32_t unanswered[] = {
		MILTER_NR_CONNECT, MILTER_NR_HELO,	    MILTER_NR_MAIL, MILTER_NR_RCPT,
		MILTER_NR_DATA,	   MILTER_NR_UNKNOWN,	    MILTER_NR_BODY, MILTER_NR_HEADER,
		MILTER_NO_HELO,	   MILTER_NR_END_OF_HEADER, MILTER_NO_RCPT, MILTER_NO_DATA,
		MILTER_NO_UNKNOWN, MILTER_LEADING_SPACE,
	};

	(void)state;
	assert_int_equal(options.version, 6);
	assert_int_equal(options.actions, MILTER_ACTION_ADD_HEADERS);
	for (size_t i = 0; i < ARRAY_COUNT(unanswered); i++)
		assert_true((options.steps & unanswered[i]) != 0);
	/* These have what is signed, and who sends it. */
	assert_int_equal(options.steps & (MILTER_NO_CONNECT | MILTER_NO_MAIL | MILTER_NO_HEADERS |
					  MILTER_NO_END_OF_HEADER | MILTER_NO_BODY),
			 0);
}

static void what_is_needed_is_answered(void **state)
{
	struct milter_options options = choose((struct milter_options){6, ALL_ACTIONS, ALL_STEPS},
					       (struct milter_needs){.answers_connect = true,
								     .sees_recipients = true,
								     .answers_end_of_header = true,
								     .changes_fields = true,
								     .quarantines = true,
								     .names_macros = true});

	(void)state;
	assert_true(milter_options_answers(&options, MILTER_NR_CONNECT));
	assert_true(milter_options_answers(&options, MILTER_NR_END_OF_HEADER));
	assert_false(milter_options_answers(&options, MILTER_NR_RCPT));
	assert_int_equal(options.steps & MILTER_NO_RCPT, 0);
	assert_int_equal(options.actions, MILTER_ACTION_ADD_HEADERS | MILTER_ACTION_CHANGE_HEADERS |
						  MILTER_ACTION_QUARANTINE |
						  MILTER_ACTION_SET_MACROS);
}

static void nothing_is_taken_that_was_not_offered(void **state)
{
	struct milter_options options = choose(
		(struct milter_options){2, 0x1f, 0x7f},
		(struct milter_needs){.quarantines = true, .names_macros = true});

	(void)state;
	assert_int_equal(options.version, 2);
	assert_int_equal(options.actions, MILTER_ACTION_ADD_HEADERS);
	assert_int_equal(options.steps, MILTER_NO_HELO | MILTER_NO_RCPT);
	assert_true(milter_options_answers(&options, MILTER_NR_BODY));
}

static void newer_version_is_answered_with_ours(void **state)
{
	struct milter_options options = choose((struct milter_options){7, 0xffffffff, 0xffffffff},
					       (struct milter_needs){0});

	(void)state;
	assert_int_equal(options.version, MILTER_VERSION_MAX);
	assert_int_equal(options.steps & ~ALL_STEPS, 0);
}

static void offers_that_cannot_be_used_are_refused(void **state)
{
	const struct milter_options old = {1, ALL_ACTIONS, 0};
	const struct milter_options poor = {6, ALL_ACTIONS & ~(uint32_t)MILTER_ACTION_ADD_HEADERS,
					    ALL_STEPS};
	const struct milter_needs needs = {0};
	struct milter_options options;

	(void)state;
	assert_int_equal(milter_options_choose(&old, &needs, &options), MILTER_OPTIONS_E_VERSION);
	assert_string_equal(milter_options_reason(MILTER_OPTIONS_E_VERSION),
			    "a version of the protocol below 2");
	assert_int_equal(milter_options_choose(&poor, &needs, &options), MILTER_OPTIONS_E_ACTIONS);
	assert_string_equal(milter_options_reason(MILTER_OPTIONS_E_ACTIONS),
			    "it does not let a filter add header fields");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_end_is_answered_where_nothing_else_is_needed),
		cmocka_unit_test(what_is_needed_is_answered),
		cmocka_unit_test(nothing_is_taken_that_was_not_offered),
		cmocka_unit_test(newer_version_is_answered_with_ours),
		cmocka_unit_test(offers_that_cannot_be_used_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
