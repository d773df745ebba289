/*
 * Goal:   text from outside never becomes a tag, the end of an attribute, or a byte that HTML does not have.
 * Method: rows, and every byte.
 */
#include "tests/unit/unit_test.h"

#include "bench/html_text.h"

#include <string.h>

static char *text;
static size_t size;

static FILE *open_text(void)
{
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	return file;
}

static void assert_written(FILE *file, const char *want)
{
	fclose(file);
	assert_string_equal(text, want);
	free(text);
}

static void test_markup_is_escaped(void **state)
{
	FILE *file = open_text();

	(void)state;
	html_text(file, "<b a=\"1\" c='2'>&amp;");
	assert_written(file, "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
}

static void test_formatted_text_is_escaped_as_a_whole(void **state)
{
	FILE *file = open_text();

	(void)state;
	html_format(file, "<%s %d", "&", 7);
	html_cell(file, "<");
	html_figure(file, "%.1f>", 1.5);
	assert_written(file, "&lt;&amp; 7<td>&lt;</td><td class=\"n\">1.5&gt;</td>");
}

static void test_control_characters_are_replaced(void **state)
{
	FILE *file = open_text();

	(void)state;
	html_text(file, "a\x01\x1b\x7f\t\n\xc3\xa4");
	assert_written(file, "a&#xfffd;&#xfffd;&#xfffd;\t\n\xc3\xa4");
}

static void test_no_byte_makes_markup(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char input[] = {(char)byte, '\0'};
		FILE *file = open_text();

		html_text(file, input);
		fclose(file);
		assert_null(strpbrk(text, "<>\"'"));
		assert_true(text[0] != '&' || strlen(text) > 3);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup_is_escaped),
		cmocka_unit_test(test_formatted_text_is_escaped_as_a_whole),
		cmocka_unit_test(test_control_characters_are_replaced),
		cmocka_unit_test(test_no_byte_makes_markup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
