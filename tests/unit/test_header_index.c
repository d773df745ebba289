/*
 * Goal:   fields are handed out by name, the last one first (RFC 6376 5.4.2), and quickly even
 *         from a header that was made to be slow.
 * Method: by hand, and against a plain search in headers of many sizes, on both sides of the size
 *         where the way of sorting changes.
 */
#include "signer/dkim/header_index.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>

static void add(struct header *header, const char *field)
{
	assert_int_equal(header_add(header, bytes_of_string(field)), 0);
}

static void repeated_name_is_taken_upwards(void **state)
{
	struct header header;
	struct header_index index = {0};

	(void)state;
	header_init(&header, 0);
	add(&header, "Received: 0");
	add(&header, "From: 1");
	add(&header, "received: 2");
	add(&header, "RECEIVED: 3");
	assert_int_equal(header_index_build(&index, &header), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(header_index_take(&index, BYTES_LITERAL("Received")), 3);
		assert_int_equal(header_index_take(&index, BYTES_LITERAL("reCeived")), 2);
		assert_int_equal(header_index_take(&index, BYTES_LITERAL("from")), 1);
		assert_int_equal(header_index_take(&index, BYTES_LITERAL("from")),
				 HEADER_INDEX_NONE);
		assert_int_equal(header_index_take(&index, BYTES_LITERAL("Received")), 0);
		assert_int_equal(header_index_take(&index, BYTES_LITERAL("Received")),
				 HEADER_INDEX_NONE);
		assert_int_equal(header_index_take(&index, BYTES_LITERAL("Subject")),
				 HEADER_INDEX_NONE);
		header_index_rewind(&index);
	}
	header_index_deinit(&index);
	header_deinit(&header);
}

static void empty_header_has_nothing(void **state)
{
	struct header header;
	struct header_index index = {0};

	(void)state;
	header_init(&header, 0);
	assert_int_equal(header_index_build(&index, &header), 0);
	assert_int_equal(header_index_take(&index, BYTES_LITERAL("From")), HEADER_INDEX_NONE);
	header_index_deinit(&index);
	header_deinit(&header);
}

static void every_size_agrees_with_a_plain_search(void **state)
{
	struct header header;
	struct header_index index = {0};
	char text[32];

	(void)state;
	header_init(&header, 0);
	for (unsigned int count = 1; count < 120; count += count < 50 ? 1 : 23) {
		header_clear(&header);
		for (unsigned int i = 0; i < count; i++) {
			snprintf(text, sizeof(text), "%s%u: x",
				 i % 2 == 0 ? "x-field-" : "X-Field-", i * 7919 % 97 % 13);
			add(&header, text);
		}
		assert_int_equal(header_index_build(&index, &header), 0);
		for (unsigned int name = 0; name < 14; name++) {
			size_t want = count;
			struct bytes wanted;

			snprintf(text, sizeof(text), "x-FIELD-%u", name);
			wanted = bytes_of_string(text);
			while (want-- > 0) {
				if (bytes_equal_nocase(header_name(&header, want), wanted))
					assert_int_equal(header_index_take(&index, wanted), want);
			}
			assert_int_equal(header_index_take(&index, wanted), HEADER_INDEX_NONE);
		}
	}
	header_index_deinit(&index);
	header_deinit(&header);
}

/* Quadratic work on these would take minutes. */
static void hundred_thousand_fields_are_taken_at_once(void **state)
{
	struct header header;
	struct header_index index = {0};

	(void)state;
	header_init(&header, 0);
	for (unsigned int i = 0; i < 100000; i++)
		add(&header, "x: y");
	assert_int_equal(header_index_build(&index, &header), 0);
	for (size_t i = 100000; i > 0; i--)
		assert_int_equal(header_index_take(&index, BYTES_LITERAL("X")), i - 1);
	assert_int_equal(header_index_take(&index, BYTES_LITERAL("X")), HEADER_INDEX_NONE);
	header_index_deinit(&index);
	header_deinit(&header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeated_name_is_taken_upwards),
		cmocka_unit_test(empty_header_has_nothing),
		cmocka_unit_test(every_size_agrees_with_a_plain_search),
		cmocka_unit_test(hundred_thousand_fields_are_taken_at_once),
	};

	return cmocka_run_group_tests_name("header_index", tests, NULL, NULL);
}
