/*
 * Goal:   a header keeps its fields in order, with every byte, and says where name and value are.
 * Method: by row; then growth, limits and reuse by hand.
 */
#include "signer/dkim/header.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>

struct row {
	const char *name;
	const char *text;
	const char *field; /* NULL: not a field */
	const char *field_name;
	const char *value;
};

static const struct row rows[] = {
	{"plain_field", "Subject: x\r\n", "Subject: x", "Subject", " x"},
	{"lf_is_a_line_end", "a:b\n", "a:b", "a", "b"},
	{"no_line_end_is_needed", "a:b", "a:b", "a", "b"},
	{"folding_is_kept", "a: b\r\n c\n\td\r\n", "a: b\r\n c\n\td", "a", " b\r\n c\n\td"},
	/* RFC 5322 4.5.8: obsolete fields have blanks before the colon. */
	{"blank_before_colon_is_not_name", "a \t: b\r\n", "a \t: b", "a", " b"},
	{"value_may_be_empty", "a:\r\n", "a:", "a", ""},
	{"value_may_have_colons", "a:b:c", "a:b:c", "a", "b:c"},
	{"name_may_have_odd_characters", "a!#/;~:b", "a!#/;~:b", "a!#/;~", "b"},
	{"no_colon_is_no_field", "abc\r\n", NULL, NULL, NULL},
	{"no_name_is_no_field", ": b\r\n", NULL, NULL, NULL},
	{"blank_in_name_is_no_field", "a b: c\r\n", NULL, NULL, NULL},
	{"8bit_in_name_is_no_field", "\xc3\xa4: c\r\n", NULL, NULL, NULL},
	{"colon_on_the_next_line_is_no_field", "a\r\n : c\r\n", NULL, NULL, NULL},
	{"nothing_is_no_field", "", NULL, NULL, NULL},
};

static void assert_bytes(const struct row *row, const char *what, struct bytes got,
			 const char *want)
{
	if (!bytes_equal(got, bytes_of_string(want)))
		fail_msg("%s: %s: got '%.*s', want '%s'", row->name, what, BYTES_PRINTF(got), want);
}

static void rows_hold(void **state)
{
	struct header header;

	(void)state;
	header_init(&header, 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		int r;

		header_clear(&header);
		r = header_add(&header, bytes_of_string(rows[i].text));
		if (r != (rows[i].field == NULL ? HEADER_E_NOT_A_FIELD : 0))
			fail_msg("%s: got %d", rows[i].name, r);
		assert_int_equal(header_count(&header), r == 0 ? 1 : 0);
		if (r != 0)
			continue;
		assert_bytes(&rows[i], "field", header_field(&header, 0), rows[i].field);
		assert_bytes(&rows[i], "name", header_name(&header, 0), rows[i].field_name);
		assert_bytes(&rows[i], "value", header_value(&header, 0), rows[i].value);
	}
	header_deinit(&header);
}

static void continued_lines_are_one_field(void **state)
{
	struct header header;

	(void)state;
	header_init(&header, 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("a: 1\r\n")), 0);
	assert_int_equal(header_continue(&header, BYTES_LITERAL(" 2\r\n")), 0);
	assert_int_equal(header_continue(&header, BYTES_LITERAL("\t3\n")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("b: 4\n")), 0);
	assert_int_equal(header_count(&header), 2);
	assert_true(bytes_equal(header_field(&header, 0), BYTES_LITERAL("a: 1\r\n 2\r\n\t3")));
	assert_true(bytes_equal(header_field(&header, 1), BYTES_LITERAL("b: 4")));
	assert_int_equal(header_size(&header), 18);
	header_deinit(&header);
}

static void find_looks_from_start_and_ignores_case(void **state)
{
	struct header header;

	(void)state;
	header_init(&header, 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("To: 1")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("From: 2")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("TO: 3")), 0);
	assert_int_equal(header_find(&header, BYTES_LITERAL("to"), 0), 0);
	assert_int_equal(header_find(&header, BYTES_LITERAL("to"), 1), 2);
	assert_int_equal(header_find(&header, BYTES_LITERAL("to"), 3), 3);
	assert_int_equal(header_find(&header, BYTES_LITERAL("tox"), 0), 3);
	header_deinit(&header);
}

static void size_limit_is_exact_and_keeps_what_was_there(void **state)
{
	struct header header;

	(void)state;
	header_init(&header, 12);
	assert_int_equal(header_add(&header, BYTES_LITERAL("a: 12\n")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("b: 1234\n")), HEADER_E_TOO_LARGE);
	assert_int_equal(header_continue(&header, BYTES_LITERAL(" 12345\n")), HEADER_E_TOO_LARGE);
	assert_int_equal(header_count(&header), 1);
	assert_true(bytes_equal(header_field(&header, 0), BYTES_LITERAL("a: 12")));
	assert_int_equal(header_add(&header, BYTES_LITERAL("b: 12\n")), 0);
	assert_int_equal(header_count(&header), 2);
	header_deinit(&header);
}

static void many_fields_stay_in_order(void **state)
{
	struct header header;
	char text[32];

	(void)state;
	header_init(&header, 0);
	for (int round = 0; round < 2; round++) {
		header_clear(&header);
		for (unsigned int i = 0; i < 5000; i++) {
			snprintf(text, sizeof(text), "x-%u: %u\r\n", i, i);
			assert_int_equal(header_add(&header, bytes_of_string(text)), 0);
		}
		assert_int_equal(header_count(&header), 5000);
		assert_true(
			bytes_equal(header_field(&header, 4321), BYTES_LITERAL("x-4321: 4321")));
	}
	header_deinit(&header);
}

static void removed_fields_leave_the_others_where_they_are(void **state)
{
	struct header header;

	(void)state;
	header_init(&header, 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("Old: 1\r\n")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("New: 2\n")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("OLD : 3\r\n")), 0);
	assert_int_equal(header_continue(&header, BYTES_LITERAL(" 4\r\n")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("Older: 5")), 0);
	assert_int_equal(header_field_start(&header, 2), 15);
	assert_int_equal(header_field_end(&header, 2), 28);
	assert_int_equal(header_field_end(&header, 3), 36);
	header_remove(&header, BYTES_LITERAL("old"));
	assert_int_equal(header_count(&header), 2);
	assert_int_equal(header_size(&header), 36);
	assert_true(bytes_equal(header_field(&header, 0), BYTES_LITERAL("New: 2")));
	assert_true(bytes_equal(header_field(&header, 1), BYTES_LITERAL("Older: 5")));
	header_deinit(&header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(continued_lines_are_one_field),
		cmocka_unit_test(find_looks_from_start_and_ignores_case),
		cmocka_unit_test(size_limit_is_exact_and_keeps_what_was_there),
		cmocka_unit_test(many_fields_stay_in_order),
		cmocka_unit_test(removed_fields_leave_the_others_where_they_are),
	};

	return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
