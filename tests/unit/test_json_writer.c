/*
 * Goal:   what a run writes is JSON, whatever the texts and numbers in it.
 * Method: small documents against the text that is to come out; then every allocation fails once.
 */
#include "tests/unit/unit_test.h"

#include "bench/json_writer.h"
#include "tests/unit/failing_memory.h"

#include <errno.h>
#include <math.h>

static void write_sample(struct json_writer *json)
{
	json_object(json, NULL);
	json_string(json, "text", "a");
	json_whole(json, "whole", UINT64_MAX);
	json_array(json, "list");
	json_real(json, NULL, 0.5);
	json_bool(json, NULL, true);
	json_end(json);
	json_object(json, "empty");
	json_end(json);
	json_end(json);
}

static void assert_written(struct json_writer *json, const char *want)
{
	struct bytes text;

	assert_int_equal(json_writer_finish(json, &text), 0);
	assert_int_equal(text.size, strlen(want));
	assert_memory_equal(text.data, want, text.size);
	json_writer_deinit(json);
}

static void test_members_are_separated_and_indented(void **state)
{
	struct json_writer json;

	(void)state;
	json_writer_init(&json);
	write_sample(&json);
	assert_written(&json, "{\n"
			      "  \"text\": \"a\",\n"
			      "  \"whole\": 18446744073709551615,\n"
			      "  \"list\": [\n"
			      "    0.5,\n"
			      "    true\n"
			      "  ],\n"
			      "  \"empty\": {}\n"
			      "}\n");
}

/* RFC 8259 7: quotation mark, reverse solidus, and the control characters. */
static void test_special_characters_are_escaped(void **state)
{
	struct json_writer json;

	(void)state;
	json_writer_init(&json);
	json_string(&json, NULL, "a\"b\\c\nd\x01 \xc3\xa9");
	assert_written(&json, "\"a\\\"b\\\\c\\u000ad\\u0001 \xc3\xa9\"\n");
}

static void test_no_text_is_null(void **state)
{
	struct json_writer json;

	(void)state;
	json_writer_init(&json);
	json_string(&json, NULL, NULL);
	assert_written(&json, "null\n");
}

/* RFC 8259 6: Infinity and NaN are not permitted. */
static void test_number_without_value_is_null(void **state)
{
	const double values[] = {NAN, INFINITY, -INFINITY};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		struct json_writer json;

		json_writer_init(&json);
		json_real(&json, NULL, values[i]);
		assert_written(&json, "null\n");
	}
}

static void test_short_memory_is_remembered(void **state)
{
	bool failed = true;

	(void)state;
	for (size_t nth = 1; failed; nth++) {
		struct json_writer json;
		struct bytes text;
		int r;

		json_writer_init(&json);
		failing_memory_arm(nth);
		write_sample(&json);
		r = json_writer_finish(&json, &text);
		failed = failing_memory_disarm();
		assert_int_equal(r, failed ? -ENOMEM : 0);
		json_writer_deinit(&json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_are_separated_and_indented),
		cmocka_unit_test(test_special_characters_are_escaped),
		cmocka_unit_test(test_no_text_is_null),
		cmocka_unit_test(test_number_without_value_is_null),
		cmocka_unit_test(test_short_memory_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
