/*
 * Goal:   DER elements are taken only when they are whole, and what is appended can be taken again.
 * Method: tables of hand-made bytes; round trips over sizes around each length form.
 */
#include "signer/keys/der.h"

#include "tests/unit/unit_test.h"

struct take_row {
	const char *name;
	const char *input;
	size_t input_size;
	bool is_taken;
	size_t content_size;
	size_t rest_size;
};

#define INPUT(text) "" text, sizeof(text) - 1

static const struct take_row take_rows[] = {
	{"empty_input_is_refused", INPUT(""), false, 0, 0},
	{"tag_alone_is_refused", INPUT("\x30"), false, 0, 0},
	{"other_tag_is_refused", INPUT("\x31\x00"), false, 0, 0},
	{"empty_content_is_taken", INPUT("\x30\x00"), true, 0, 0},
	{"rest_is_left", INPUT("\x30\x01x\x02"), true, 1, 1},
	{"content_cut_short_is_refused", INPUT("\x30\x02x"), false, 0, 0},
	/* X.690 8.1.3.6: the indefinite form is not DER. */
	{"indefinite_length_is_refused", INPUT("\x30\x80\x00\x00"), false, 0, 0},
	{"length_of_length_cut_short_is_refused", INPUT("\x30\x82\x00"), false, 0, 0},
	{"length_longer_than_needed_is_taken", INPUT("\x30\x82\x00\x01x"), true, 1, 0},
	{"length_of_four_bytes_is_refused", INPUT("\x30\x84\x00\x00\x00\x01x"), false, 0, 0},
	{"huge_length_is_refused", INPUT("\x30\x83\xff\xff\xff"), false, 0, 0},
};

static void take_only_whole_elements(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(take_rows); i++) {
		const struct take_row *row = &take_rows[i];
		struct bytes input = bytes_of(row->input, row->input_size);
		struct bytes content = {0};
		bool is_taken = der_take(&input, DER_SEQUENCE, &content);

		if (is_taken != row->is_taken)
			print_error("%s: got %d, want %d\n", row->name, is_taken, row->is_taken);
		assert_int_equal(is_taken, row->is_taken);
		if (is_taken)
			assert_int_equal(content.size, row->content_size);
		assert_int_equal(input.size, is_taken ? row->rest_size : row->input_size);
	}
}

static const struct take_row unsigned_rows[] = {
	/* X.690 8.3 */
	{"zero_has_no_bytes", INPUT("\x02\x01\x00"), true, 0, 0},
	{"small_number", INPUT("\x02\x01\x7f"), true, 1, 0},
	{"top_bit_needs_a_zero_byte", INPUT("\x02\x02\x00\x80"), true, 1, 0},
	{"negative_is_refused", INPUT("\x02\x01\x80"), false, 0, 0},
	{"zero_byte_too_many_is_refused", INPUT("\x02\x02\x00\x7f"), false, 0, 0},
	{"no_byte_is_refused", INPUT("\x02\x00"), false, 0, 0},
	{"other_type_is_refused", INPUT("\x03\x01\x00"), false, 0, 0},
};

static void take_only_plain_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(unsigned_rows); i++) {
		const struct take_row *row = &unsigned_rows[i];
		struct bytes input = bytes_of(row->input, row->input_size);
		struct bytes number = {0};
		bool is_taken = der_take_unsigned(&input, &number);

		if (is_taken != row->is_taken)
			print_error("%s: got %d, want %d\n", row->name, is_taken, row->is_taken);
		assert_int_equal(is_taken, row->is_taken);
		assert_int_equal(number.size, row->content_size);
		assert_int_equal(input.size, is_taken ? row->rest_size : row->input_size);
	}
}

static void bit_string_with_unused_bits_is_refused(void **state)
{
	struct bytes input = bytes_of("\x03\x02\x01\x80", 4);
	struct bytes content;

	(void)state;
	assert_false(der_take_bit_string(&input, &content));
	input = bytes_of("\x03\x02\x00\x80", 4);
	assert_true(der_take_bit_string(&input, &content));
	assert_int_equal(content.size, 1);
}

static void appended_elements_are_taken_again(void **state)
{
	static const size_t sizes[] = {0,   1,	 126, 127,   128,   129,
				       254, 255, 256, 65534, 65535, 65536};
	static uint8_t content[65536];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		for (int top = 1; top <= 0x80; top += 0x7f) {
			struct buffer output = {0};
			struct bytes input;
			struct bytes got;

			content[0] = (uint8_t)top;
			assert_int_equal(
				der_append(&output, DER_SEQUENCE, bytes_of(content, sizes[i])), 0);
			assert_int_equal(der_append_unsigned(&output, bytes_of(content, sizes[i])),
					 0);
			assert_int_equal(
				der_append_bit_string(&output, bytes_of(content, sizes[i])), 0);
			input = buffer_bytes(&output);
			assert_true(der_take(&input, DER_SEQUENCE, &got));
			assert_true(bytes_equal(got, bytes_of(content, sizes[i])));
			assert_true(der_take_unsigned(&input, &got));
			assert_true(bytes_equal(got, bytes_of(content, sizes[i])));
			assert_true(der_take_bit_string(&input, &got));
			assert_true(bytes_equal(got, bytes_of(content, sizes[i])));
			assert_int_equal(input.size, 0);
			buffer_deinit(&output);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(take_only_whole_elements),
		cmocka_unit_test(take_only_plain_numbers),
		cmocka_unit_test(bit_string_with_unused_bits_is_refused),
		cmocka_unit_test(appended_elements_are_taken_again),
	};

	return cmocka_run_group_tests_name("der", tests, NULL, NULL);
}
