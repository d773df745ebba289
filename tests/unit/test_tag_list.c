/*
 * Goal:   tag lists are those of RFC 6376 3.2, and nothing else.
 * Method: by row: the tags found, each as NAME=VALUE in <>.
 */
#include "signer/dkim/tag_list.h"

#include "common/buffer.h"
#include "tests/unit/unit_test.h"

static const struct {
	const char *name;
	const char *text;
	const char *tags;
	int outcome;
} rows[] = {
	{"one_tag", "a=b", "<a=b>", 0},
	{"semicolon_at_the_end_is_allowed", "a=b;", "<a=b>", 0},
	{"white_space_around_is_dropped", " a = b c \r\n\t; d\r\n =e ", "<a=b c><d=e>", 0},
	{"value_may_be_empty", "a=;b= ", "<a=><b=>", 0},
	{"value_may_have_equals", "b=ab==", "<b=ab==>", 0},
	{"names_are_case_sensitive", "a=1;A=2", "<a=1><A=2>", 0},
	{"name_may_have_digits_and_underscore", "a_1=b", "<a_1=b>", 0},
	/* RFC 8616. */
	{"value_may_be_utf8", "i=\xc3\xa4@b", "<i=\xc3\xa4@b>", 0},
	{"nothing_is_refused", "", "", TAG_LIST_E_SYNTAX},
	{"blanks_are_refused", " \r\n ", "", TAG_LIST_E_SYNTAX},
	{"semicolon_alone_is_refused", ";", "", TAG_LIST_E_SYNTAX},
	{"empty_tag_is_refused", "a=b;;c=d", "", TAG_LIST_E_SYNTAX},
	{"no_equals_is_refused", "a=b;c", "", TAG_LIST_E_SYNTAX},
	{"no_name_is_refused", "=b", "", TAG_LIST_E_SYNTAX},
	{"name_with_digit_first_is_refused", "1=b", "", TAG_LIST_E_SYNTAX},
	{"name_with_blank_is_refused", "a b=c", "", TAG_LIST_E_SYNTAX},
	{"control_in_value_is_refused", "a=\x01", "", TAG_LIST_E_SYNTAX},
	/* RFC 6376 3.2: whatever the tags are. */
	{"duplicate_is_refused", "a=1;zz=2;zz=2", "", TAG_LIST_E_DUPLICATE},
};

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct tag_list list;
		struct buffer tags = {0};
		int r = tag_list_parse(&list, bytes_of_string(rows[i].text));

		for (size_t t = 0; t < list.count; t++)
			assert_int_equal(buffer_printf(&tags, "<%.*s=%.*s>",
						       BYTES_PRINTF(list.tags[t].name),
						       BYTES_PRINTF(list.tags[t].value)),
					 0);
		if (r != rows[i].outcome ||
		    !bytes_equal(buffer_bytes(&tags), bytes_of_string(rows[i].tags)))
			fail_msg("%s: got %d '%s', want %d '%s'", rows[i].name, r,
				 buffer_string(&tags), rows[i].outcome, rows[i].tags);
		buffer_deinit(&tags);
	}
}

static void number_of_tags_is_bounded(void **state)
{
	struct tag_list list;
	struct buffer text = {0};

	(void)state;
	for (unsigned int i = 0; i < TAG_LIST_COUNT_MAX; i++)
		assert_int_equal(buffer_printf(&text, "x%u=;", i), 0);
	assert_int_equal(tag_list_parse(&list, buffer_bytes(&text)), 0);
	assert_int_equal(buffer_append_string(&text, "y="), 0);
	assert_int_equal(tag_list_parse(&list, buffer_bytes(&text)), TAG_LIST_E_TOO_MANY);
	buffer_deinit(&text);
}

static void tags_are_found_by_name_with_their_place(void **state)
{
	struct tag_list list;
	const char *text = "v=1; b= x ; c=";

	(void)state;
	assert_int_equal(tag_list_parse(&list, bytes_of_string(text)), 0);
	assert_null(tag_list_find(&list, "d"));
	assert_true(bytes_equal(tag_list_find(&list, "b")->value, BYTES_LITERAL("x")));
	assert_true(bytes_equal(tag_list_find(&list, "b")->raw, BYTES_LITERAL(" x ")));
	assert_ptr_equal(tag_list_find(&list, "b")->raw.data, text + 7);
}

static void items_are_cut_at_colons(void **state)
{
	static const struct {
		const char *value;
		const char *items;
	} lists[] = {
		{"a", "<a>"},  {" a : b\r\n\t:c ", "<a><b><c>"}, {"", "<>"}, {"a:", "<a><>"},
		{":", "<><>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		struct bytes rest = bytes_of_string(lists[i].value);
		struct bytes item;
		struct buffer items = {0};

		while (tag_list_next_item(&rest, &item))
			assert_int_equal(buffer_printf(&items, "<%.*s>", BYTES_PRINTF(item)), 0);
		assert_string_equal(buffer_string(&items), lists[i].items);
		buffer_deinit(&items);
	}
}

static void numbers_are_digits_only(void **state)
{
	static const struct {
		const char *value;
		uint64_t number;
		int outcome;
	} numbers[] = {
		{"0", 0, 0},
		{"0042", 42, 0},
		{"18446744073709551614", UINT64_MAX - 1, 0},
		{"18446744073709551615", UINT64_MAX, 0},
		{"18446744073709551616", UINT64_MAX, 0},
		{"99999999999999999999999999999999999999999999", UINT64_MAX, 0},
		/* RFC 6376 3.5: 1*76DIGIT. */
		{"0000000000000000000000000000000000000000000000000000000000000000000000000007", 7,
		 0},
		{"00000000000000000000000000000000000000000000000000000000000000000000000000007", 0,
		 TAG_LIST_E_SYNTAX},
		{"", 0, TAG_LIST_E_SYNTAX},
		{"-1", 0, TAG_LIST_E_SYNTAX},
		{"1 2", 0, TAG_LIST_E_SYNTAX},
		{"1a", 0, TAG_LIST_E_SYNTAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
		uint64_t number = 0;
		int r = tag_list_number(bytes_of_string(numbers[i].value), &number);

		if (r != numbers[i].outcome || number != numbers[i].number)
			fail_msg("'%s': got %d %zu, want %d %zu", numbers[i].value, r,
				 (size_t)number, numbers[i].outcome, (size_t)numbers[i].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(number_of_tags_is_bounded),
		cmocka_unit_test(tags_are_found_by_name_with_their_place),
		cmocka_unit_test(items_are_cut_at_colons),
		cmocka_unit_test(numbers_are_digits_only),
	};

	return cmocka_run_group_tests_name("tag_list", tests, NULL, NULL);
}
