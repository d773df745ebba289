/*
 * Goal:   a verdict says no more than the rounds show.
 * Method: rows of rounds against a limit.
 */
#include "tests/unit/unit_test.h"

#include "bench/finding.h"

#include <stdio.h>
#include <stdlib.h>

static const struct row {
	const char *name;
	enum finding_limit kind;
	double limit;
	bool may_straddle;
	double rounds[5];
	size_t count;
	const char *verdict;
} rows[] = {
	{"at_least_all_above_passes", FINDING_AT_LEAST, 3.5, false, {4, 5, 6}, 3, "pass"},
	{"at_least_all_below_is_short", FINDING_AT_LEAST, 3.5, false, {1, 2, 3}, 3, "short"},
	{"at_least_median_above_but_a_quartile_below_is_near",
	 FINDING_AT_LEAST,
	 3.5,
	 false,
	 {3.2, 3.4, 3.7, 3.8, 3.9},
	 5,
	 "near"},
	{"at_least_median_below_but_a_quartile_above_is_near",
	 FINDING_AT_LEAST,
	 3.5,
	 false,
	 {3.2, 3.3, 3.4, 3.6, 3.9},
	 5,
	 "near"},
	{"at_least_one_bad_round_of_five_passes",
	 FINDING_AT_LEAST,
	 3.5,
	 false,
	 {1, 3.6, 3.7, 3.8, 3.9},
	 5,
	 "pass"},
	{"at_least_on_the_limit_passes", FINDING_AT_LEAST, 3.5, false, {3.5}, 1, "pass"},
	{"at_most_all_below_passes", FINDING_AT_MOST, 45, false, {40, 41, 42}, 3, "pass"},
	{"at_most_all_above_is_short", FINDING_AT_MOST, 45, false, {46, 47, 48}, 3, "short"},
	{"at_most_straddled_is_near", FINDING_AT_MOST, 45, false, {42, 44, 46, 47, 48}, 5, "near"},
	{"straddled_may_be_a_pass", FINDING_AT_MOST, 1, true, {0.9, 0.99, 1.01, 1.02}, 4, "pass"},
	{"all_above_is_none", FINDING_AT_MOST, 1, true, {1.1, 1.2, 1.3}, 3, "short"},
};

static struct finding finding_of(const struct row *row)
{
	struct finding finding = {
		.id = "x",
		.title = "some figure",
		.unit = "us",
		.limit_kind = row->kind,
		.limit = row->limit,
		.may_straddle = row->may_straddle,
	};

	for (size_t i = 0; i < row->count; i++)
		samples_add(&finding.samples, row->rounds[i]);
	return finding;
}

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct finding finding = finding_of(&rows[i]);
		const char *verdict = finding_verdict_name(finding_verdict(&finding));

		if (strcmp(verdict, rows[i].verdict) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, verdict, rows[i].verdict);
	}
}

static void test_table_has_verdict_and_quartiles(void **state)
{
	struct finding findings[] = {finding_of(&rows[2]), finding_of(&rows[6]),
				     finding_of(&rows[6])};
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	findings[1].limit_kind = FINDING_NO_LIMIT;
	(void)failure_set(&findings[2].skipped, BENCH_E_SKIPPED, "not here");
	assert_non_null(file);
	assert_int_equal(findings_print(findings, ARRAY_COUNT(findings), file), 0);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(
		text,
		"finding           target    median  middle half    range  verdict\n"
		"-----------  -----------  --------  -----------  -------  -----------------\n"
		"some figure  >= 3.500 us  3.700 us      3.4-3.8  3.2-3.9  near\n"
		"some figure            -   41.0 us    40.5-41.5    40-42  -\n"
		"some figure   <= 45.0 us         -            -        -  skipped: not here\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_table_has_verdict_and_quartiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
