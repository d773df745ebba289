/*
 * Goal: what is written is JSON, whatever the texts hold.
 * Method: documents are written into memory and compared as a whole; each row of bytes is the value of
 * one string.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "common/json_stream.h"

#include <math.h>
#include <stdlib.h>

struct document {
	FILE *file;
	char *text;
	size_t size;
	struct json_stream json;
};

static void document_open(struct document *document, unsigned line_depth)
{
	document->file = open_memstream(&document->text, &document->size);
	assert_non_null(document->file);
	json_stream_init(&document->json, document->file, line_depth);
}

static void document_is(struct document *document, const char *wanted)
{
	assert_int_equal(fclose(document->file), 0);
	assert_string_equal(document->text, wanted);
	free(document->text);
}

static void members_stand_a_line_each_and_deep_ones_in_one(void **state)
{
	struct document document;
	struct json_stream *json = &document.json;

	(void)state;
	document_open(&document, JSON_STREAM_ITEM_A_LINE);
	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "text", "x");
	json_stream_number(json, "number", 18446744073709551615u);
	json_stream_seconds(json, "seconds", 1.5);
	json_stream_bool(json, "yes", true);
	json_stream_string(json, "nothing", NULL);
	json_stream_begin(json, "list", '[');
	json_stream_begin(json, NULL, '{');
	json_stream_bool(json, "a", false);
	json_stream_bool(json, "b", false);
	json_stream_end(json, '}');
	json_stream_string(json, NULL, "y");
	json_stream_end(json, ']');
	json_stream_begin(json, "empty", '[');
	json_stream_end(json, ']');
	json_stream_end(json, '}');
	document_is(&document, "{\n"
			       "  \"text\": \"x\",\n"
			       "  \"number\": 18446744073709551615,\n"
			       "  \"seconds\": 1.500,\n"
			       "  \"yes\": true,\n"
			       "  \"nothing\": null,\n"
			       "  \"list\": [\n"
			       "    {\"a\": false, \"b\": false},\n"
			       "    \"y\"\n"
			       "  ],\n"
			       "  \"empty\": []\n"
			       "}\n");
}

static void every_value_stands_on_a_line(void **state)
{
	struct document document;
	struct json_stream *json = &document.json;

	(void)state;
	document_open(&document, JSON_STREAM_VALUE_A_LINE);
	json_stream_begin(json, NULL, '{');
	json_stream_begin(json, "list", '[');
	json_stream_begin(json, NULL, '{');
	json_stream_begin(json, "deep", '[');
	json_stream_real(json, NULL, 0.5);
	json_stream_real(json, NULL, 1e9);
	json_stream_end(json, ']');
	json_stream_end(json, '}');
	json_stream_end(json, ']');
	json_stream_end(json, '}');
	document_is(&document, "{\n"
			       "  \"list\": [\n"
			       "    {\n"
			       "      \"deep\": [\n"
			       "        0.5,\n"
			       "        1e+09\n"
			       "      ]\n"
			       "    }\n"
			       "  ]\n"
			       "}\n");
}

/* RFC 8259 6: Infinity and NaN are not permitted. */
static void number_without_value_is_null(void **state)
{
	const double values[] = {NAN, INFINITY, -INFINITY};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		struct document document;

		document_open(&document, JSON_STREAM_VALUE_A_LINE);
		json_stream_real(&document.json, NULL, values[i]);
		document_is(&document, "null");
	}
}

static void strings_are_valid_whatever_their_bytes(void **state)
{
	/* RFC 8259 7 for what must be escaped, RFC 3629 4 for what is UTF-8. */
	static const struct {
		const char *name;
		const char *bytes;
		const char *wanted;
	} rows[] = {
		{"plain_text_is_kept", "a b", "a b"},
		{"empty_text_is_kept", "", ""},
		{"quote_and_backslash_are_escaped", "\"\\", "\\\"\\\\"},
		{"slash_is_kept", "/", "/"},
		{"controls_are_escaped", "\n\t\x01\x7f", "\\u000a\\u0009\\u0001\\u007f"},
		{"two_bytes_are_kept", "\xc3\xa9", "\xc3\xa9"},
		{"three_bytes_are_kept", "\xe2\x82\xac", "\xe2\x82\xac"},
		{"four_bytes_are_kept", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"lone_continuation_is_replaced", "\x80", "\\ufffd"},
		{"cut_character_is_replaced", "\xe2\x82", "\\ufffd\\ufffd"},
		{"cut_character_before_text_is_replaced", "\xc3(", "\\ufffd("},
		{"overlong_form_is_replaced", "\xc0\xaf", "\\ufffd\\ufffd"},
		{"overlong_three_bytes_are_replaced", "\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd"},
		{"overlong_four_bytes_are_replaced", "\xf0\x80\x80\xaf",
		 "\\ufffd\\ufffd\\ufffd\\ufffd"},
		{"surrogate_is_replaced", "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
		{"last_character_is_kept", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"beyond_the_last_is_replaced", "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
		{"byte_that_begins_nothing_is_replaced", "\xff\xfe", "\\ufffd\\ufffd"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct document document;
		char wanted[256];

		print_message("%s\n", rows[i].name);
		document_open(&document, JSON_STREAM_ITEM_A_LINE);
		json_stream_bytes(&document.json, NULL, bytes_of_string(rows[i].bytes));
		snprintf(wanted, sizeof(wanted), "\"%s\"", rows[i].wanted);
		document_is(&document, wanted);
	}
}

static void nul_is_a_byte_like_others(void **state)
{
	struct document document;

	(void)state;
	document_open(&document, JSON_STREAM_ITEM_A_LINE);
	json_stream_bytes(&document.json, NULL, BYTES_LITERAL("a\0b"));
	document_is(&document, "\"a\\u0000b\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_stand_a_line_each_and_deep_ones_in_one),
		cmocka_unit_test(every_value_stands_on_a_line),
		cmocka_unit_test(number_without_value_is_null),
		cmocka_unit_test(strings_are_valid_whatever_their_bytes),
		cmocka_unit_test(nul_is_a_byte_like_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
