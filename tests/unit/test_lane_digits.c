/*
 * Goal:   numbers go from bytes to digits and back, whatever their sizes, and the distance of the digits.
 * Method: tables by hand, and random bytes of every size there and back.
 */
#include "signer/lanes/lane_digits.h"

#include "tests/unit/unit_test.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 80

struct row {
	const char *name;
	const uint8_t bytes[16];
	size_t size;
	uint64_t digits[3];
};

static const struct row rows[] = {
	{"nothing is zero", {0}, 0, {0, 0, 0}},
	{"one byte", {0xab}, 1, {0xab, 0, 0}},
	{"a digit and a half", {1, 2, 3, 4, 5, 6, 7, 8}, 8, {0x2030405060708, 0x010, 0}},
	{"zeros above are nothing",
	 {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5},
	 16,
	 {5, 0, 0}},
	{"all bits",
	 {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
	 13,
	 {0xfffffffffffff, 0xfffffffffffff, 0}},
};

static void digits_of_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t digits[3];

		lane_digits_from_bytes(digits, 1, 3, bytes_of(rows[i].bytes, rows[i].size));
		for (unsigned j = 0; j < 3; j++) {
			if (digits[j] != rows[i].digits[j])
				fail_msg("%s: digit %u: got %#llx", rows[i].name, j,
					 (unsigned long long)digits[j]);
		}
	}
}

static void every_size_comes_back(void **state)
{
	uint64_t digits[8 * COUNT_MAX];
	uint8_t bytes[COUNT_MAX * 52 / 8];
	uint8_t back[COUNT_MAX * 52 / 8];

	(void)state;
	srand(1);
	for (size_t size = 1; size <= sizeof(bytes); size++) {
		const size_t stride = 1 + size % 8;
		const unsigned count = (unsigned)(size * 8 + 51) / 52;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)rand();
		lane_digits_from_bytes(digits, stride, count, bytes_of(bytes, size));
		lane_digits_to_bytes(digits, stride, count, back, size);
		assert_memory_equal(bytes, back, size);
	}
}

/* More room than a number needs, in either form, is filled with zeros. */
static void what_is_too_large_gets_zeros(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	static const uint8_t want[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3};
	uint64_t digits[1];
	uint8_t back[sizeof(want)];

	(void)state;
	lane_digits_from_bytes(digits, 1, 1, bytes_of(bytes, sizeof(bytes)));
	lane_digits_to_bytes(digits, 1, 1, back, sizeof(back));
	assert_memory_equal(back, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_of_bytes),
		cmocka_unit_test(every_size_comes_back),
		cmocka_unit_test(what_is_too_large_gets_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
