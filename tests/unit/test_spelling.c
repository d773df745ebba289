/*
 * Goal: a wrong word finds the one that was meant, and a word that is near to none finds none.
 * Method: each row is looked up in one list of words.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "common/spelling.h"

static const char *const words[] = {"Selector", "Socket", "spool", "sign", "Sing"};

static const char *nearest_of(struct bytes word)
{
	struct spelling spelling;
	const char *nearest = "";

	spelling_init(&spelling, word);
	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		if (spelling_is_nearer(&spelling, bytes_of_string(words[i])))
			nearest = words[i];
	}
	return nearest;
}

static void a_word_finds_its_nearest(void **state)
{
	static const struct {
		const char *name;
		const char *word;
		const char *nearest;
	} rows[] = {
		{"changed_letter_is_near", "Selektor", "Selector"},
		{"missing_letter_is_near", "Selctor", "Selector"},
		{"letter_too_many_is_near", "Soccket", "Socket"},
		{"swapped_letters_are_two_changes", "spolo", "spool"},
		{"case_is_no_difference", "SPOOL", "spool"},
		{"first_of_two_as_near_is_taken", "sin", "sign"},
		{"three_changes_in_eight_letters_are_near", "Selekxyr", "Selector"},
		{"four_changes_in_eight_letters_are_far", "Selkkxyr", ""},
		{"other_word_is_far", "Domain", ""},
		{"one_letter_is_far_from_a_word", "s", ""},
		{"no_letters_are_far", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const char *got = nearest_of(bytes_of_string(rows[i].word));

		if (strcmp(got, rows[i].nearest) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].name, got, rows[i].nearest);
	}
}

static void the_longest_word_is_looked_at_and_a_longer_one_is_not(void **state)
{
	char letters[SPELLING_SIZE_MAX + 1];
	struct spelling spelling;
	struct bytes longest = bytes_of(letters, SPELLING_SIZE_MAX);
	struct bytes longer = bytes_of(letters, SPELLING_SIZE_MAX + 1);

	(void)state;
	memset(letters, 'x', sizeof(letters));
	spelling_init(&spelling, longest);
	assert_false(spelling_is_nearer(&spelling, longer));
	assert_true(spelling_is_nearer(&spelling, longest));
	spelling_init(&spelling, longer);
	assert_false(spelling_is_nearer(&spelling, longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_finds_its_nearest),
		cmocka_unit_test(the_longest_word_is_looked_at_and_a_longer_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
