/*
 * Goal: a `*` is any run of bytes, also none, wherever it stands and however many there are.
 * Method: rows; then all globs and subjects of few letters against a matcher that tries everything.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "common/glob.h"

static void rows_hold(void **state)
{
	static const struct {
		const char *name;
		const char *glob;
		const char *subject;
		bool is_caseless;
		bool matches;
	} rows[] = {
		{"text_is_itself", "abc", "abc", false, true},
		{"text_is_the_whole", "abc", "abcd", false, false},
		{"case_counts", "abc", "aBc", false, false},
		{"caseless_folds_both", "aBc", "AbC", true, true},
		{"caseless_folds_ascii_only", "\xe4", "\xc4", true, false},
		{"star_is_nothing", "a*", "a", false, true},
		{"star_is_all", "*", "anything", false, true},
		{"star_takes_as_much_as_is_needed", "*ab", "aab", false, true},
		{"stars_do_not_overlap_with_text", "ab*ba", "aba", false, false},
		{"question_mark_is_itself", "?", "a", false, false},
		{"nothing_is_nothing", "", "", false, true},
		{"nothing_is_not_something", "", "a", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (glob_match(bytes_of_string(rows[i].glob), bytes_of_string(rows[i].subject),
			       rows[i].is_caseless) != rows[i].matches)
			fail_msg("%s: want %d", rows[i].name, rows[i].matches);
	}
}

static bool slow_match(struct bytes glob, struct bytes subject)
{
	if (glob.size == 0)
		return subject.size == 0;
	if (glob.data[0] != '*')
		return subject.size > 0 && glob.data[0] == subject.data[0] &&
		       slow_match(bytes_skip(glob, 1), bytes_skip(subject, 1));
	for (size_t taken = 0; taken <= subject.size; taken++) {
		if (slow_match(bytes_skip(glob, 1), bytes_skip(subject, taken)))
			return true;
	}
	return false;
}

/* The `number`th text of the letters, of up to 6. */
static struct bytes nth_text(uint8_t text[6], size_t number, const char *letters)
{
	size_t base = strlen(letters) + 1; /* 0 ends the text */
	size_t size = 0;

	for (; number % base != 0; number /= base)
		text[size++] = (uint8_t)letters[number % base - 1];
	return bytes_of(text, size);
}

static void small_texts_match_as_by_trying_everything(void **state)
{
	uint8_t glob_text[6];
	uint8_t subject_text[6];

	(void)state;
	for (size_t g = 0; g < 4 * 4 * 4 * 4 * 4 * 4; g++) {
		struct bytes glob = nth_text(glob_text, g, "ab*");

		for (size_t s = 0; s < 3 * 3 * 3 * 3 * 3 * 3; s++) {
			struct bytes subject = nth_text(subject_text, s, "ab");

			if (glob_match(glob, subject, false) != slow_match(glob, subject))
				fail_msg("\"%.*s\" and \"%.*s\"", BYTES_PRINTF(glob),
					 BYTES_PRINTF(subject));
		}
	}
}

static void hostile_glob_ends_soon(void **state)
{
	char glob[400];
	char subject[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(glob); i++)
		glob[i] = i % 2 == 0 ? '*' : 'a';
	memset(subject, 'a', sizeof(subject));
	glob[sizeof(glob) - 1] = 'b';
	assert_false(glob_match(bytes_of(glob, sizeof(glob)), bytes_of(subject, sizeof(subject)),
				false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(small_texts_match_as_by_trying_everything),
		cmocka_unit_test(hostile_glob_ends_soon),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
