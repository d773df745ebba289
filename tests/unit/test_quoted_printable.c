/*
 * Goal:   dkim-quoted-printable (RFC 6376 2.11) in both directions.
 * Method: every byte there and back; odd texts by row.
 */
#include "signer/dkim/quoted_printable.h"

#include "tests/unit/unit_test.h"

struct row {
	const char *name;
	const char *text;
	const char *data;
	int outcome;
};

static const struct row rows[] = {
	{"safe_characters_stand_for_themselves", "a!~|<>:", "a!~|<>:", 0},
	{"hex_is_decoded_in_both_cases", "=20=C3=bc", " \xc3\xbc", 0},
	{"white_space_means_nothing", " a\r\n\tb ", "ab", 0},
	{"hex_cut_off_is_refused", "a=2", "", QUOTED_PRINTABLE_E_SYNTAX},
	{"equals_alone_is_refused", "=", "", QUOTED_PRINTABLE_E_SYNTAX},
	{"no_hex_is_refused", "=2g", "", QUOTED_PRINTABLE_E_SYNTAX},
	{"hex_cut_by_white_space_is_refused", "=2\r\n 0", "", QUOTED_PRINTABLE_E_SYNTAX},
};

static void texts_decode_or_are_refused(void **state)
{
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		int r;

		buffer_clear(&out);
		r = quoted_printable_decode(bytes_of_string(rows[i].text), &out);
		if (r != rows[i].outcome)
			fail_msg("%s: got %d, want %d", rows[i].name, r, rows[i].outcome);
		if (r == 0 && !bytes_equal(buffer_bytes(&out), bytes_of_string(rows[i].data)))
			fail_msg("%s: got '%.*s', want '%s'", rows[i].name,
				 BYTES_PRINTF(buffer_bytes(&out)), rows[i].data);
	}
	buffer_deinit(&out);
}

static void every_byte_comes_back_from_safe_characters(void **state)
{
	struct buffer out = {0};

	(void)state;
	for (unsigned int byte = 0; byte < 256; byte++) {
		uint8_t text[QUOTED_PRINTABLE_SIZE_MAX];
		size_t size = quoted_printable_encode((uint8_t)byte, text);

		for (size_t i = 0; i < size; i++) {
			assert_in_range(text[i], '!', '~');
			assert_int_not_equal(text[i], ';');
			assert_int_not_equal(text[i], '|');
		}
		buffer_clear(&out);
		assert_int_equal(quoted_printable_decode(bytes_of(text, size), &out), 0);
		assert_int_equal(out.size, 1);
		assert_int_equal(out.data[0], byte);
	}
	buffer_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_decode_or_are_refused),
		cmocka_unit_test(every_byte_comes_back_from_safe_characters),
	};

	return cmocka_run_group_tests_name("quoted_printable", tests, NULL, NULL);
}
