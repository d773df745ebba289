/*
 * Goal:   a problem reaches its sink whole, is counted by its level, and cannot carry control
 *         characters or grow without bound.
 * Method: a sink that formats into a buffer; each row one problem.
 */
#include "common/problems.h"

#include "tests/unit/unit_test.h"

#include <string.h>

struct heard {
	enum problem_level level;
	char text[2048];
};

static void hear(void *context, const struct problem *problem)
{
	struct heard *heard = context;

	heard->level = problem->level;
	assert_true(problem_format(problem, heard->text, sizeof(heard->text)) > 0);
}

static void place_is_written_as_far_as_it_is_known(void **state)
{
	static const struct {
		struct problem_place place;
		const char *want;
	} rows[] = {
		{{"a.conf", 3, "Mode"}, "a.conf:3: Mode: wrong"},
		{{"a.conf", 3, NULL}, "a.conf:3: wrong"},
		{{"a.conf", 0, NULL}, "a.conf: wrong"},
		{{"command line", 0, "Mode"}, "command line: Mode: wrong"},
		{{NULL, 0, "Mode"}, "Mode: wrong"},
		{{NULL, 0, NULL}, "wrong"},
	};
	struct problems problems;
	struct heard heard;

	(void)state;
	problems_init(&problems, hear, &heard);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		problems_error(&problems, rows[i].place, "wrong");
		assert_string_equal(heard.text, rows[i].want);
	}
}

static void levels_are_counted_apart(void **state)
{
	struct problems problems;
	struct heard heard;

	(void)state;
	problems_init(&problems, hear, &heard);
	problems_error(&problems, (struct problem_place){0}, "%d", 1);
	assert_int_equal(heard.level, PROBLEM_ERROR);
	problems_warning(&problems, (struct problem_place){0}, "%d", 2);
	problems_warning(&problems, (struct problem_place){0}, "%d", 3);
	assert_int_equal(heard.level, PROBLEM_WARNING);
	assert_int_equal(problems.error_count, 1);
	assert_int_equal(problems.warning_count, 2);
}

static void no_sink_still_counts(void **state)
{
	struct problems problems;

	(void)state;
	problems_init(&problems, NULL, NULL);
	problems_error(&problems, (struct problem_place){0}, "unheard");
	assert_int_equal(problems.error_count, 1);
}

static void control_characters_become_question_marks(void **state)
{
	struct problems problems;
	struct heard heard;

	(void)state;
	problems_init(&problems, hear, &heard);
	problems_error(&problems, (struct problem_place){0}, "a%sb\xc3\xa4", "\n\x1b\x7f\t");
	assert_string_equal(heard.text, "a????b\xc3\xa4");
}

static void long_text_is_cut_and_says_so(void **state)
{
	char text[3000];
	struct problems problems;
	struct heard heard;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	problems_init(&problems, hear, &heard);
	problems_error(&problems, (struct problem_place){0}, "%s", text);
	assert_int_equal(strlen(heard.text), 1023);
	assert_string_equal(heard.text + 1023 - 4, "x...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_is_written_as_far_as_it_is_known),
		cmocka_unit_test(levels_are_counted_apart),
		cmocka_unit_test(no_sink_still_counts),
		cmocka_unit_test(control_characters_become_question_marks),
		cmocka_unit_test(long_text_is_cut_and_says_so),
	};

	return cmocka_run_group_tests_name("problems", tests, NULL, NULL);
}
