/*
 * Goal:   a buffer keeps what was appended, in order, whatever the sizes.
 * Method: appends of growing sizes against a plain array; the limits of size_t by hand.
 */
#include "common/buffer.h"

#include "tests/unit/unit_test.h"

#include <errno.h>

static void append_in_growing_pieces_keeps_every_byte(void **state)
{
	struct buffer buffer = {0};
	uint8_t expected[10000];
	size_t size = 0;

	(void)state;
	for (size_t piece = 1; size + piece <= sizeof(expected); piece++) {
		for (size_t i = 0; i < piece; i++)
			expected[size + i] = (uint8_t)(size + i);
		assert_int_equal(buffer_append(&buffer, bytes_of(expected + size, piece)), 0);
		size += piece;
	}
	assert_int_equal(buffer.size, size);
	assert_memory_equal(buffer.data, expected, size);
	buffer_deinit(&buffer);
	assert_null(buffer.data);
}

static void append_nothing_to_empty_stays_empty(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	assert_int_equal(buffer_append(&buffer, bytes_of(NULL, 0)), 0);
	assert_int_equal(buffer.size, 0);
	buffer_deinit(&buffer);
}

static void reserve_beyond_memory_is_refused_and_keeps_content(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	assert_int_equal(buffer_append_string(&buffer, "kept"), 0);
	assert_int_equal(buffer_reserve(&buffer, SIZE_MAX - 2), -ENOMEM);
	assert_string_equal(buffer_string(&buffer), "kept");
	buffer_deinit(&buffer);
}

static void printf_appends_behind_content(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	assert_int_equal(buffer_append_byte(&buffer, '<'), 0);
	assert_int_equal(buffer_printf(&buffer, "%d:%s", 42, "x"), 0);
	assert_string_equal(buffer_string(&buffer), "<42:x");
	assert_int_equal(buffer.size, 5);
	buffer_deinit(&buffer);
}

static void numbers_are_decimal(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	assert_int_equal(buffer_append_number(&buffer, 0), 0);
	assert_int_equal(buffer_append_string(&buffer, " "), 0);
	assert_int_equal(buffer_append_number(&buffer, 1090), 0);
	assert_int_equal(buffer_append_string(&buffer, " "), 0);
	assert_int_equal(buffer_append_number(&buffer, UINT64_MAX), 0);
	assert_string_equal(buffer_string(&buffer), "0 1090 18446744073709551615");
	buffer_deinit(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(append_in_growing_pieces_keeps_every_byte),
		cmocka_unit_test(append_nothing_to_empty_stays_empty),
		cmocka_unit_test(reserve_beyond_memory_is_refused_and_keeps_content),
		cmocka_unit_test(numbers_are_decimal),
		cmocka_unit_test(printf_appends_behind_content),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
