/*
 * Goal:   a look-up gives the rows that a scan from the first row to the last would, whichever way
 *         each row was filed.
 * Method: named rows for the rules of a pattern; then random tables and subjects over few letters, so
 *         that much matches, held against a scan that hands each row to the C library's regcomp() as
 *         OpenDKIM does. The random numbers are the same in every run.
 */
#include "signer/tables/row_index.h"

#include "tests/unit/tables_fixture.h"

#include <regex.h>

static const struct problem_place place = {"a.conf", 1, "SigningTable"};

struct subject {
	struct fixture fixture;
	struct row_index *index;
	struct pattern_matcher *matcher;
};

static void subject_init(struct subject *s, const char *prefix, const char *content,
			 enum string_map_case letters)
{
	char text[128];

	fixture_init(&s->fixture);
	(void)snprintf(text, sizeof(text), "%s%s", prefix, fixture_file(&s->fixture, "t", content));
	assert_int_equal(
		row_index_load(text, NULL, place, letters, &s->fixture.problems, &s->index), 0);
	assert_int_equal(pattern_matcher_new(&s->matcher), 0);
}

static void subject_deinit(struct subject *s)
{
	pattern_matcher_free(s->matcher);
	row_index_free(s->index);
	fixture_deinit(&s->fixture);
}

/* The numbers of all matching rows, as "0 2 "; checks that the first agrees. */
static void matches_write(struct subject *s, const char *address, char *text, size_t size)
{
	struct row_matches matches = {0};
	struct row_match first;
	struct bytes subject = bytes_of_string(address);
	int r = row_index_all(s->index, s->matcher, subject, &matches);
	int r_first = row_index_first(s->index, s->matcher, subject, &first);
	size_t used = 0;

	text[0] = '\0';
	assert_int_equal(r, r_first);
	if (r == 0) {
		assert_true(matches.count > 0);
		assert_int_equal(matches.items[0].row, first.row);
	} else {
		assert_int_equal(r, ROW_INDEX_E_NONE);
		assert_int_equal(matches.count, 0);
	}
	for (size_t i = 0; i < matches.count; i++) {
		assert_false(matches.items[i].undecided);
		used += (size_t)snprintf(text + used, size - used, "%u ", matches.items[i].row);
		assert_true(used < size);
	}
	row_matches_deinit(&matches);
}

static void pattern_matches_by_its_rules(void **state)
{
	static const struct {
		const char *name;
		const char *content;
		const char *subject;
		const char *want;
	} rows[] = {
		{"exact_address_matches", "a@b.c", "a@b.c", "0 "},
		{"exact_address_is_anchored", "a@b.c", "xa@b.c", ""},
		{"exact_address_is_anchored_at_the_end", "a@b.c", "a@b.cx", ""},
		{"case_does_not_count", "A@b.C", "a@B.c", "0 "},
		{"dot_stands_for_itself", "a@b.c", "a@bxc", ""},
		{"plus_stands_for_itself", "a+b@c", "a+b@c", "0 "},
		{"plus_is_no_repetition", "a+b@c", "aab@c", ""},
		{"star_at_domain_matches_every_user", "*@b.c", "x@b.c", "0 "},
		{"star_may_be_empty", "*@b.c", "@b.c", "0 "},
		{"star_spans_an_at_sign", "*@b.c", "\"x@y\"@b.c", "0 "},
		{"star_at_domain_is_not_for_subdomains", "*@b.c", "x@a.b.c", ""},
		{"star_before_a_dot_is_for_subdomains", "*@*.b.c", "x@a.b.c", "0 "},
		{"star_before_a_dot_is_not_for_the_domain", "*@*.b.c", "x@b.c", ""},
		{"star_inside_the_user_matches", "x-*@b.c", "x-1@b.c", "0 "},
		{"star_inside_the_user_is_anchored", "x-*@b.c", "yx-1@b.c", ""},
		{"tail_without_at_or_dot_matches", "a@*com", "a@b.com", "0 "},
		{"tail_inside_a_label_matches", "*xample.com", "a@example.com", "0 "},
		{"star_alone_matches_all", "*", "a@b", "0 "},
		{"star_alone_matches_the_empty_subject", "*", "", "0 "},
		{"two_stars_are_like_one", "**@b", "a@b", "0 "},
		{"user_at_star_matches", "a@*", "a@b.c", "0 "},
		{"user_at_star_is_anchored", "a@*", "ba@b.c", ""},
		{"stars_share_the_subject", "*a*b*", "xxaxxbxx", "0 "},
		{"stars_need_their_letters_in_order", "*a*b*", "xxbxxaxx", ""},
		{"question_mark_is_a_regular_expression", "ab?@c", "a@c", "0 "},
		{"brackets_are_a_regular_expression", "[ab]@c", "b@c", "0 "},
		{"braces_are_a_regular_expression", "a{2}@c", "aa@c", "0 "},
		{"choice_in_parentheses_is_anchored", "(a|b)@c", "xb@c", ""},
		{"bare_choice_has_one_anchor_a_side", "a@c|b@c", "xxb@c", "0 "},
		{"backslash_before_a_dot_is_itself", "a\\.b@c", "a\\xb@c", "0 "},
		{"dollar_in_a_pattern_is_an_anchor", "a$b@c", "a$b@c", ""},
		{"first_of_two_is_first", "*@b.c\na@b.c", "a@b.c", "0 1 "},
		{"exact_row_does_not_overtake", "*\n*@b\na@b\n[a]@b", "a@b", "0 1 2 3 "},
		{"odd_row_does_not_overtake", "a@b\n[a]@b\n*", "a@b", "0 1 2 "},
		{"same_key_twice_is_two_matches", "a@b\nx\nA@B", "a@b", "0 2 "},
		{"same_tail_twice_is_two_matches", "*@b\nx-*@b\n*@b", "a@b", "0 2 "},
		{"domain_key_matches_no_address", "b.c", "a@b.c", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct subject s;
		char got[64];

		subject_init(&s, "refile:", rows[i].content, STRING_MAP_CASELESS);
		matches_write(&s, rows[i].subject, got, sizeof(got));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].name, got, rows[i].want);
		assert_string_equal(fixture_told(&s.fixture), "");
		subject_deinit(&s);
	}
}

static void caseful_pattern_counts_case(void **state)
{
	static const char *const contents[] = {"aB", "a*B", "*.aB", "*@aB", "[a]B"};
	static const char *const same[] = {"aB", "axB", "x.aB", "x@aB", "aB"};
	static const char *const other[] = {"ab", "axb", "x.ab", "x@ab", "ab"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(contents); i++) {
		struct subject s;
		char got[64];

		subject_init(&s, "refile:", contents[i], STRING_MAP_CASEFUL);
		matches_write(&s, same[i], got, sizeof(got));
		assert_string_equal(got, "0 ");
		matches_write(&s, other[i], got, sizeof(got));
		assert_string_equal(got, "");
		subject_deinit(&s);
	}
}

static void key_of_a_plain_file_is_just_itself(void **state)
{
	struct subject s;
	char got[64];

	(void)state;
	subject_init(&s, "file:", "*@b\na.b\n[a]\nA.B\n", STRING_MAP_CASELESS);
	matches_write(&s, "x@b", got, sizeof(got));
	assert_string_equal(got, "");
	matches_write(&s, "*@b", got, sizeof(got));
	assert_string_equal(got, "0 ");
	matches_write(&s, "axb", got, sizeof(got));
	assert_string_equal(got, "");
	/* The first of two with the same key is the only one. */
	matches_write(&s, "a.b", got, sizeof(got));
	assert_string_equal(got, "1 ");
	assert_int_equal(row_index_literal_size_max(s.index), 3);
	subject_deinit(&s);
}

static void repeated_key_is_known(void **state)
{
	struct subject s;
	size_t first = 99;

	(void)state;
	subject_init(&s, "refile:", "a@b\n*@b\nA@b\n*@b\n", STRING_MAP_CASELESS);
	assert_false(row_index_is_repeated(s.index, 0, &first));
	assert_true(row_index_is_repeated(s.index, 2, &first));
	assert_int_equal(first, 0);
	assert_false(row_index_is_repeated(s.index, 3, &first));
	subject_deinit(&s);
}

static void wrong_pattern_is_told_and_matches_nothing(void **state)
{
	struct subject s;
	char got[64];

	(void)state;
	subject_init(&s, "refile:", "a@b\n(a@b\n*@b\n[@b\n", STRING_MAP_CASELESS);
	assert_int_equal(row_index_broken_count(s.index), 2);
	assert_non_null(strstr(fixture_told(&s.fixture),
			       "error t:2: SigningTable: \"(a@b\" is not a valid pattern: "));
	assert_non_null(strstr(fixture_told(&s.fixture), "error t:4: "));
	matches_write(&s, "a@b", got, sizeof(got));
	assert_string_equal(got, "0 2 ");
	subject_deinit(&s);
}

static void pattern_that_runs_away_is_undecided(void **state)
{
	struct row_matches matches = {0};
	struct row_match match;
	struct subject s;
	struct bytes address = BYTES_LITERAL("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b");

	(void)state;
	subject_init(&s, "refile:", "x@b\n(([a-z]{1,99})[a-z]){1,99}[0-9]@b\n*@b\n",
		     STRING_MAP_CASELESS);
	assert_int_equal(row_index_first(s.index, s.matcher, address, &match), 0);
	assert_int_equal(match.row, 1);
	assert_true(match.undecided);
	assert_int_equal(row_index_all(s.index, s.matcher, address, &matches), 0);
	assert_int_equal(matches.count, 2);
	assert_true(matches.items[0].undecided);
	assert_false(matches.items[1].undecided);
	row_matches_deinit(&matches);
	subject_deinit(&s);
}

/* xorshift64: the same numbers in every run. */
static unsigned random_below(uint64_t *seed, unsigned limit)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (unsigned)(*seed >> 32) % limit;
}

static void random_text(uint64_t *seed, const char *const *pieces, unsigned piece_count,
			unsigned count_max, char *text)
{
	unsigned count = 1 + random_below(seed, count_max);

	text[0] = '\0';
	for (unsigned i = 0; i < count; i++)
		strcat(text, pieces[random_below(seed, piece_count)]);
}

/* What OpenDKIM makes of a key. */
static bool reference_matches(struct bytes key, const char *subject)
{
	char expression[256] = "^";
	regex_t regex;
	bool matches;

	for (size_t i = 0; i < key.size; i++) {
		char piece[3] = {(char)key.data[i]};

		if (key.data[i] == '*')
			strcpy(piece, ".*");
		if (key.data[i] == '.' || key.data[i] == '+')
			(void)snprintf(piece, sizeof(piece), "\\%c", key.data[i]);
		strcat(expression, piece);
	}
	strcat(expression, "$");
	if (regcomp(&regex, expression, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
		return false;
	matches = regexec(&regex, subject, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

static void table_agrees(uint64_t *seed, const char *const *pieces, unsigned piece_count)
{
	static const char *const subject_pieces[] = {"a", "b", "A", "@", ".", "@a", ".b", "+"};
	struct buffer content = {0};
	struct subject s;
	unsigned row_count = 1 + random_below(seed, 12);
	char text[256];

	for (unsigned row = 0; row < row_count; row++) {
		random_text(seed, pieces, piece_count, 6, text);
		assert_int_equal(buffer_printf(&content, "%s\n", text), 0);
	}
	subject_init(&s, "refile:", buffer_string(&content), STRING_MAP_CASELESS);
	for (int i = 0; i < 20; i++) {
		char got[128];
		char want[128] = "";
		size_t used = 0;

		random_text(seed, subject_pieces, ARRAY_COUNT(subject_pieces), 7, text);
		for (size_t row = 0; row < data_set_count(row_index_set(s.index)); row++) {
			if (reference_matches(data_set_row(row_index_set(s.index), row)->key, text))
				used += (size_t)snprintf(want + used, sizeof(want) - used, "%zu ",
							 row);
		}
		matches_write(&s, text, got, sizeof(got));
		if (strcmp(got, want) != 0)
			fail_msg("%s in\n%sgot \"%s\", want \"%s\"", text, buffer_string(&content),
				 got, want);
	}
	subject_deinit(&s);
	buffer_deinit(&content);
}

static void random_globs_agree_with_a_scan(void **state)
{
	static const char *const pieces[] = {"a", "b", "B", "@", ".", "*", "*@", "*.", "@a", "+"};
	uint64_t seed = 0x9e3779b97f4a7c15;

	(void)state;
	for (unsigned i = 0; i < rounds_of(500); i++)
		table_agrees(&seed, pieces, ARRAY_COUNT(pieces));
}

static void random_expressions_agree_with_a_scan(void **state)
{
	/* Each piece is whole, so that PCRE2 and POSIX take every row for the same. */
	static const char *const pieces[] = {"a",  "b",	    "@",     "*",    "*@",  ".b",  "[ab]",
					     "a?", "(a|b)", "[^a@]", "b{2}", "a|b", "@a$", "^a"};
	uint64_t seed = 0xd1b54a32d192ed03;

	(void)state;
	for (unsigned i = 0; i < rounds_of(500); i++)
		table_agrees(&seed, pieces, ARRAY_COUNT(pieces));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pattern_matches_by_its_rules),
		cmocka_unit_test(caseful_pattern_counts_case),
		cmocka_unit_test(key_of_a_plain_file_is_just_itself),
		cmocka_unit_test(repeated_key_is_known),
		cmocka_unit_test(wrong_pattern_is_told_and_matches_nothing),
		cmocka_unit_test(pattern_that_runs_away_is_undecided),
		cmocka_unit_test(random_globs_agree_with_a_scan),
		cmocka_unit_test(random_expressions_agree_with_a_scan),
	};

	return cmocka_run_group_tests_name("row_index", tests, NULL, NULL);
}
