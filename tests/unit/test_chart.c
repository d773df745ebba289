/*
 * Goal:   bars that stand on zero and are as high as their values say, with every value in words beside them.
 * Method: charts written into memory; the heights of their boxes are read from the SVG.
 */
#include "tests/unit/unit_test.h"

#include "bench/chart.h"

#include <stdio.h>
#include <string.h>

static char *svg;
static size_t svg_size;

static void draw(const struct chart *chart, void (*write)(const struct chart *, unsigned, FILE *))
{
	FILE *file = open_memstream(&svg, &svg_size);

	assert_non_null(file);
	write(chart, 3, file);
	fclose(file);
}

/* Of the box with that number; those of the legend come first. */
static double box_member(unsigned number, const char *name)
{
	const char *box = svg;
	const char *member;

	for (unsigned i = 0; i <= number; i++) {
		box = strstr(i == 0 ? box : box + 1, "<rect ");
		assert_non_null(box);
	}
	member = strstr(box, name);
	assert_non_null(member);
	return strtod(member + strlen(name), NULL);
}

static struct chart two_series(void)
{
	struct chart chart = {
		.title = "a < b",
		.unit = "signatures/s",
		.group_axis = "threads",
		.series = {"lanes", "OpenSSL"},
		.series_count = 2,
	};
	struct chart_group *group = chart_add_group(&chart, "1");

	group->values[0] = 10000;
	group->values[1] = 2500;
	group->mark = 5000;
	chart.mark_name = "target";
	return chart;
}

static void test_columns_are_in_proportion_and_stand_on_zero(void **state)
{
	struct chart chart = two_series();

	(void)state;
	draw(&chart, chart_write_columns);
	assert_float_equal(box_member(2, " height=\""), 4 * box_member(3, " height=\""), 0.3);
	assert_float_equal(box_member(2, " y=\"") + box_member(2, " height=\""),
			   box_member(3, " y=\"") + box_member(3, " height=\""), 0.11);
	free(svg);
}

static void test_values_are_there_in_words(void **state)
{
	struct chart chart = two_series();

	(void)state;
	draw(&chart, chart_write_columns);
	assert_non_null(strstr(svg, "aria-labelledby=\"chart3-title chart3-text\""));
	assert_non_null(strstr(svg, "<title id=\"chart3-title\">a &lt; b</title>"));
	assert_non_null(strstr(svg, "threads 1: lanes 10,000; OpenSSL 2,500; target 5,000;"));
	assert_non_null(strstr(svg, ">signatures/s</text>"));
	free(svg);
}

static void test_column_without_a_value_is_not_drawn(void **state)
{
	struct chart chart = two_series();

	(void)state;
	chart.groups[0].values[1] = 0;
	draw(&chart, chart_write_columns);
	assert_null(strstr(svg, "OpenSSL 0"));
	assert_null(strstr(svg, "height=\"0.0\""));
	free(svg);
}

static void test_bars_are_in_proportion_and_show_their_figures(void **state)
{
	struct chart chart = {.title = "t", .unit = "u", .series = {"median"}, .series_count = 1};

	(void)state;
	chart_add_group(&chart, "first")->values[0] = 3000;
	chart_add_group(&chart, "second")->values[0] = 1000;
	draw(&chart, chart_write_bars);
	assert_float_equal(box_member(0, " width=\""), 3 * box_member(1, " width=\""), 0.3);
	assert_non_null(strstr(svg, ">3,000</text>"));
	assert_non_null(strstr(svg, ">1,000</text>"));
	free(svg);
}

static void test_long_label_is_cut_between_characters(void **state)
{
	struct chart chart = {.title = "t"};
	char label[100];
	const char *cut;

	(void)state;
	for (size_t i = 0; i < 98; i += 2)
		memcpy(label + i, "\xc3\xa4", 3);
	cut = chart_add_group(&chart, label)->label;
	assert_int_equal((strlen(cut) - 3) % 2, 0);
	assert_string_equal(cut + strlen(cut) - 3, "...");
	assert_true(strlen(cut) < sizeof(chart.groups[0].label));
}

static void test_full_chart_takes_no_more(void **state)
{
	struct chart chart = {.title = "t"};

	(void)state;
	for (unsigned i = 0; i < CHART_GROUPS_MAX; i++)
		assert_non_null(chart_add_group(&chart, "x"));
	assert_null(chart_add_group(&chart, "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_in_proportion_and_stand_on_zero),
		cmocka_unit_test(test_values_are_there_in_words),
		cmocka_unit_test(test_column_without_a_value_is_not_drawn),
		cmocka_unit_test(test_bars_are_in_proportion_and_show_their_figures),
		cmocka_unit_test(test_long_label_is_cut_between_characters),
		cmocka_unit_test(test_full_chart_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
