/*
 * Goal:   canonical header fields are those of RFC 6376 3.4.1 and 3.4.2.
 * Method: each row in both canonicalizations, behind bytes that are there already.
 */
#include "signer/dkim/header_canon.h"

#include "tests/unit/unit_test.h"

struct row {
	const char *name;
	const char *field;
	const char *simple;
	const char *relaxed;
};

static const struct row rows[] = {
	/* RFC 6376 3.4.5, the example. */
	{"rfc_example_a", "A: X", "A: X", "a:X"},
	{"rfc_example_b", "B : Y\t\r\n\tZ  ", "B : Y\t\r\n\tZ  ", "b:Y Z"},

	{"name_is_lowered", "SUBject:X", "SUBject:X", "subject:X"},
	{"blanks_around_colon_are_dropped", "a \t:\t b", "a \t:\t b", "a:b"},
	{"blanks_are_reduced", "a: b \t c\td", "a: b \t c\td", "a:b c d"},
	{"blanks_at_the_end_are_dropped", "a: b \t", "a: b \t", "a:b"},
	{"empty_value_stays_empty", "a:", "a:", "a:"},
	{"blank_value_becomes_empty", "a: \t ", "a: \t ", "a:"},
	{"folding_right_after_the_colon", "a:\r\n b", "a:\r\n b", "a:b"},
	{"folding_with_blank_lines", "a: b\r\n \r\n\tc\r\n ", "a: b\r\n \r\n\tc\r\n ", "a:b c"},
	{"lf_is_written_as_crlf", "a: b\n c\n\td", "a: b\r\n c\r\n\td", "a:b c d"},
	{"bare_cr_is_written_as_crlf", "a: b\r c", "a: b\r\n c", "a:b c"},
	{"8bit_and_other_controls_are_kept", "a: \xff\v\f\x01 \xc3\xa4", "a: \xff\v\f\x01 \xc3\xa4",
	 "a:\xff\v\f\x01 \xc3\xa4"},
	{"colon_in_the_value_is_kept", "a: b : c", "a: b : c", "a:b : c"},
};

static void assert_canonical(const struct row *row, enum canonicalization canonicalization,
			     const char *want)
{
	struct buffer out = {0};

	assert_int_equal(buffer_append_string(&out, ">"), 0);
	assert_int_equal(header_canon_append(&out, bytes_of_string(row->field), canonicalization),
			 0);
	if (!bytes_equal(bytes_skip(buffer_bytes(&out), 1), bytes_of_string(want)))
		fail_msg("%s: %s: got '%.*s', want '>%s'", row->name,
			 canonicalization_name(canonicalization), BYTES_PRINTF(buffer_bytes(&out)),
			 want);
	assert_int_equal(out.data[0], '>');
	buffer_deinit(&out);
}

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_canonical(&rows[i], CANONICALIZATION_SIMPLE, rows[i].simple);
		assert_canonical(&rows[i], CANONICALIZATION_RELAXED, rows[i].relaxed);
	}
}

/* The room that is reserved must do for the field that grows most. */
static void field_of_line_ends_only_fits(void **state)
{
	uint8_t field[1000];
	struct buffer out = {0};

	(void)state;
	memset(field, '\n', sizeof(field));
	field[0] = 'a';
	field[1] = ':';
	assert_int_equal(
		header_canon_append(&out, bytes_of(field, sizeof(field)), CANONICALIZATION_SIMPLE),
		0);
	assert_int_equal(out.size, 2 + 998 * 2);
	buffer_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(field_of_line_ends_only_fits),
	};

	return cmocka_run_group_tests_name("header_canon", tests, NULL, NULL);
}
