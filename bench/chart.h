/*
 * chart - a bar chart as SVG inside an HTML page.
 *
 * Is:       groups of columns that stand on zero, or bars below each other for groups with long names; drawn for
 *           the width of a phone, so that its letters are never smaller than the page's. Its title and its
 *           description, with all values, are there for those who do not see it.
 * Is not:   complete: what a chart has no room for is in the table beside it.
 * Units:    the values have one unit for the whole chart, and it is written at the axis.
 * Errors:   none here; whoever owns the file asks it at the end.
 * Owns:     nothing; texts are borrowed, and escaped when they are written.
 *
 *	struct chart chart = {.title = "RSA-2048", .unit = "signatures/s", .group_axis = "threads"};
 *
 *	chart.series[chart.series_count++] = "lanes";
 *	group = chart_add_group(&chart, "1");
 *	group->values[0] = 12936;
 *	chart_write_columns(&chart, 7, file);
 */
#ifndef BENCH_CHART_H
#define BENCH_CHART_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stdio.h>

#define CHART_SERIES_MAX 3
#define CHART_GROUPS_MAX 40

struct chart_group {
	char label[66];			 /* longer ones are cut */
	double values[CHART_SERIES_MAX]; /* not above zero: there is none */
	double mark;			 /* a short line across the group, 0: none */
};

struct chart {
	const char *title;
	const char *unit;
	const char *group_axis; /* what the groups are; NULL: their names say it */
	const char *series[CHART_SERIES_MAX];
	size_t series_count;
	struct chart_group groups[CHART_GROUPS_MAX];
	size_t group_count;
	const char *mark_name; /* of the marks in groups */
	const char *line_name; /* of a line across the whole chart; NULL: none */
	double line;
};

/* NULL: the chart is full, and a table has to do. */
struct chart_group *chart_add_group(struct chart *chart, const char *label);

/* A <figure>. `id` is a number that no other chart of the page has. */
void chart_write_columns(const struct chart *chart, unsigned id, FILE *file);

/* The same, for one series. */
void chart_write_bars(const struct chart *chart, unsigned id, FILE *file);

#endif
