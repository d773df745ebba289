/*
 * Goal:   columns that stand under each other.
 * Method: a table printed into memory, against its text.
 */
#include "tests/unit/unit_test.h"

#include "bench/text_table.h"

#include <errno.h>
#include <stdlib.h>

static void fill(struct text_table *table)
{
	text_table_init(table, "lrl");
	text_table_cell(table, "method");
	text_table_cell(table, "rate");
	text_table_cell(table, "note");
	text_table_cell(table, "%s", "a");
	text_table_cell(table, "%d", 12345);
	text_table_cell(table, "%s", "");
	text_table_cell(table, "a long one");
	text_table_cell(table, "6");
	text_table_cell(table, "[1]");
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct text_table table;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	fill(&table);
	assert_int_equal(text_table_print(&table, file), 0);
	fclose(file);
	assert_string_equal(text, "method       rate  note\n"
				  "----------  -----  ----\n"
				  "a           12345  \n"
				  "a long one      6  [1]\n");
	free(text);
	text_table_deinit(&table);
}

static void test_file_that_takes_nothing_is_an_error(void **state)
{
	struct text_table table;
	FILE *file = fopen("/dev/full", "w");

	(void)state;
	setvbuf(file, NULL, _IONBF, 0);
	fill(&table);
	assert_int_equal(text_table_print(&table, file), -EIO);
	fclose(file);
	text_table_deinit(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(test_file_that_takes_nothing_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
