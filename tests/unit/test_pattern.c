/*
 * Goal:   an expression matches bytes as it says, tells where it is wrong, and cannot run away.
 * Method: each row is tried with the interpreter and with machine code.
 */
#include "common/pattern.h"

#include "tests/unit/unit_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static int forced_result; /* not 0: what PCRE2 says of every match */

int __real_pcre2_match_8(const pcre2_code *code, PCRE2_SPTR subject, PCRE2_SIZE size,
			 PCRE2_SIZE start, uint32_t options, pcre2_match_data *data,
			 pcre2_match_context *context);
int __wrap_pcre2_match_8(const pcre2_code *code, PCRE2_SPTR subject, PCRE2_SIZE size,
			 PCRE2_SIZE start, uint32_t options, pcre2_match_data *data,
			 pcre2_match_context *context);

int __wrap_pcre2_match_8(const pcre2_code *code, PCRE2_SPTR subject, PCRE2_SIZE size,
			 PCRE2_SIZE start, uint32_t options, pcre2_match_data *data,
			 pcre2_match_context *context)
{
	if (forced_result != 0)
		return forced_result;
	return __real_pcre2_match_8(code, subject, size, start, options, data, context);
}

static struct bytes text(const char *string)
{
	return bytes_of_string(string);
}

static void expression_matches_as_it_says(void **state)
{
	static const struct {
		const char *name;
		const char *expression;
		unsigned flags;
		const char *subject;
		int want;
	} rows[] = {
		{"anywhere_in_subject_matches", "b", 0, "abc", 0},
		{"absent_text_does_not_match", "x", 0, "abc", PATTERN_E_NO_MATCH},
		{"whole_needs_all_of_the_subject", "b", PATTERN_WHOLE, "abc", PATTERN_E_NO_MATCH},
		{"whole_that_is_all_matches", "a.c", PATTERN_WHOLE, "abc", 0},
		{"whole_anchors_both_sides_of_a_choice", "a|b", PATTERN_WHOLE, "ab",
		 PATTERN_E_NO_MATCH},
		{"case_counts", "abc", 0, "ABC", PATTERN_E_NO_MATCH},
		{"caseless_does_not_count_case", "aBc", PATTERN_CASELESS, "AbC", 0},
		{"caseless_is_ascii_only", "\xe4", PATTERN_CASELESS, "\xc4", PATTERN_E_NO_MATCH},
		{"dot_matches_line_feed", "^a.b$", 0, "a\nb", 0},
		{"dollar_is_the_very_end", "a$", 0, "a\n", PATTERN_E_NO_MATCH},
		{"dot_is_one_byte_and_not_one_character", "^.$", 0, "\xc3\xa4", PATTERN_E_NO_MATCH},
		{"empty_expression_matches_empty_subject", "", PATTERN_WHOLE, "", 0},
		{"back_reference_works", "^(a+)b\\1$", 0, "aabaa", 0},
	};
	struct pattern_matcher *matcher;

	(void)state;
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		for (unsigned jit = 0; jit <= PATTERN_JIT; jit += PATTERN_JIT) {
			struct pattern *pattern;
			int got;

			assert_int_equal(pattern_compile(text(rows[i].expression),
							 rows[i].flags | jit, &pattern, NULL),
					 0);
			got = pattern_match(pattern, matcher, text(rows[i].subject));
			if (got != rows[i].want)
				fail_msg("%s: got %d, want %d", rows[i].name, got, rows[i].want);
			pattern_free(pattern);
		}
	}
	pattern_matcher_free(matcher);
}

static void wrong_expression_says_what_and_where(void **state)
{
	static const char *const expressions[] = {"a(b", "a[b", "*", "a{2,1}", "(?<n>a)(?<n>b)"};
	struct pattern_error error = {0};
	struct pattern *pattern = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(expressions); i++)
		assert_int_equal(pattern_compile(text(expressions[i]), 0, &pattern, &error),
				 PATTERN_E_SYNTAX);
	assert_int_equal(pattern_compile(text("ab(c"), 0, &pattern, &error), PATTERN_E_SYNTAX);
	assert_int_equal(error.offset, 4);
	assert_non_null(strstr(error.text, "parenthesis"));
	assert_null(pattern);
}

static void expression_cannot_ask_for_utf_or_single_code_units(void **state)
{
	struct pattern *pattern = NULL;

	(void)state;
	assert_int_equal(pattern_compile(text("(*UTF)a"), 0, &pattern, NULL), PATTERN_E_SYNTAX);
	assert_int_equal(pattern_compile(text("(*UCP)a"), 0, &pattern, NULL), PATTERN_E_SYNTAX);
	assert_int_equal(pattern_compile(text("a\\C"), 0, &pattern, NULL), PATTERN_E_SYNTAX);
}

static void match_that_backtracks_too_often_is_given_up(void **state)
{
	struct pattern_matcher *matcher;

	(void)state;
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	for (unsigned jit = 0; jit <= PATTERN_JIT; jit += PATTERN_JIT) {
		struct pattern *pattern;

		assert_int_equal(
			pattern_compile(text("^(([a-z])+.)+[A-Z]([a-z])+$"), jit, &pattern, NULL),
			0);
		assert_int_equal(pattern_match(pattern, matcher,
					       text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
				 PATTERN_E_LIMIT);
		/* The matcher is as good as before. */
		assert_int_equal(pattern_match(pattern, matcher, text("abCd")), 0);
		pattern_free(pattern);
	}
	pattern_matcher_free(matcher);
}

static void match_whose_result_is_unknown_is_given_up(void **state)
{
	struct pattern_matcher *matcher;
	struct pattern *pattern;

	(void)state;
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	assert_int_equal(pattern_compile(text("a"), 0, &pattern, NULL), 0);
	forced_result = PCRE2_ERROR_INTERNAL;
	assert_int_equal(pattern_match(pattern, matcher, text("a")), PATTERN_E_LIMIT);
	forced_result = PCRE2_ERROR_NOMEMORY;
	assert_int_equal(pattern_match(pattern, matcher, text("a")), -ENOMEM);
	forced_result = 0;
	pattern_free(pattern);
	pattern_matcher_free(matcher);
}

static void match_over_a_large_subject_takes_no_deep_stack(void **state)
{
	size_t size = 1 << 20;
	char *subject = malloc(size);
	struct pattern_matcher *matcher;

	(void)state;
	memset(subject, 'a', size);
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	for (unsigned jit = 0; jit <= PATTERN_JIT; jit += PATTERN_JIT) {
		struct pattern *pattern;
		int r;

		assert_int_equal(pattern_compile(text("^(a|b)*c$"), jit, &pattern, NULL), 0);
		r = pattern_match(pattern, matcher, bytes_of(subject, size));
		assert_true(r == PATTERN_E_NO_MATCH || r == PATTERN_E_LIMIT);
		pattern_free(pattern);
	}
	pattern_matcher_free(matcher);
	free(subject);
}

static void free_takes_null(void **state)
{
	(void)state;
	pattern_free(NULL);
	pattern_matcher_free(NULL);
}

static void description_names_the_library(void **state)
{
	char text[96];

	(void)state;
	pattern_describe(text, sizeof(text));
	assert_int_equal(strncmp(text, "PCRE2 1", 7), 0);
	assert_non_null(strstr(text, ", JIT "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(description_names_the_library),
		cmocka_unit_test(expression_matches_as_it_says),
		cmocka_unit_test(wrong_expression_says_what_and_where),
		cmocka_unit_test(expression_cannot_ask_for_utf_or_single_code_units),
		cmocka_unit_test(match_that_backtracks_too_often_is_given_up),
		cmocka_unit_test(match_whose_result_is_unknown_is_given_up),
		cmocka_unit_test(match_over_a_large_subject_takes_no_deep_stack),
		cmocka_unit_test(free_takes_null),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
