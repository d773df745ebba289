/*
 * How it works: coordinates are CSS pixels of a picture that is 400 wide; on a wider page it grows a little.
 * There are no measures of letters in here, so the width of a text is guessed from its length, and
 * generously. Colours are the page's (report_page.c), by class.
 */
#include "bench/chart.h"

#include "bench/chart_scale.h"
#include "bench/html_text.h"

#include <assert.h>
#include <string.h>

#define WIDTH	      400
#define LEFT	      48 /* of the plot: room for the figures of the axis */
#define RIGHT	      394
#define PLOT_HEIGHT   150
#define LETTER_WIDTH  6.3
#define LEGEND_ROW    18
#define COLUMN_MAX    44
#define NUMBER_WIDTH  30 /* of a short number above a column */
#define FIGURE_HEIGHT 16

#define BAR_ROW	   36
#define BAR_HEIGHT 13
#define BAR_RIGHT  330 /* the longest bar; its figure stands behind it */

/* Above a bar a label has room for so many letters; it is not cut within a character of UTF-8. */
static void set_label(struct chart_group *group, const char *label)
{
	size_t size = strlen(label);

	if (size < sizeof(group->label)) {
		snprintf(group->label, sizeof(group->label), "%s", label);
		return;
	}
	size = sizeof(group->label) - sizeof("...");
	while (size > 0 && ((unsigned char)label[size] & 0xc0) == 0x80)
		size--;
	snprintf(group->label, sizeof(group->label), "%.*s...", (int)size, label);
}

struct chart_group *chart_add_group(struct chart *chart, const char *label)
{
	struct chart_group *group;

	if (chart->group_count == CHART_GROUPS_MAX)
		return NULL;
	group = &chart->groups[chart->group_count++];
	*group = (struct chart_group){.mark = 0};
	set_label(group, label);
	return group;
}

static double largest(const struct chart *chart)
{
	double max = chart->line_name != NULL ? chart->line : 0;

	for (size_t i = 0; i < chart->group_count; i++) {
		const struct chart_group *group = &chart->groups[i];

		max = group->mark > max ? group->mark : max;
		for (size_t k = 0; k < chart->series_count; k++)
			max = group->values[k] > max ? group->values[k] : max;
	}
	return max;
}

/* All values as sentences. */
static void write_description(const struct chart *chart, FILE *file)
{
	char number[CHART_NUMBER_SIZE_MAX];

	html_format(file, "Bars from zero, in %s. ", chart->unit);
	for (size_t i = 0; i < chart->group_count; i++) {
		const struct chart_group *group = &chart->groups[i];

		if (chart->group_axis != NULL)
			html_format(file, "%s ", chart->group_axis);
		html_format(file, "%s:", group->label);
		for (size_t k = 0; k < chart->series_count; k++) {
			if (!(group->values[k] > 0))
				continue;
			chart_number_full(number, group->values[k]);
			html_format(file, " %s %s;", chart->series[k], number);
		}
		if (group->mark > 0) {
			chart_number_full(number, group->mark);
			html_format(file, " %s %s;", chart->mark_name, number);
		}
		fputc(' ', file);
	}
	if (chart->line_name != NULL) {
		chart_number_full(number, chart->line);
		html_format(file, "%s: %s.", chart->line_name, number);
	}
}

static void begin_figure(const struct chart *chart, unsigned id, double height, FILE *file)
{
	fputs("<figure><figcaption>", file);
	html_text(file, chart->title);
	fprintf(file,
		"</figcaption>\n<svg viewBox=\"0 0 %d %.0f\" role=\"img\" "
		"aria-labelledby=\"chart%u-title chart%u-text\">\n<title id=\"chart%u-title\">",
		WIDTH, height, id, id, id);
	html_text(file, chart->title);
	fprintf(file, "</title>\n<desc id=\"chart%u-text\">", id);
	write_description(chart, file);
	fputs("</desc>\n", file);
}

static void end_figure(FILE *file)
{
	fputs("</svg></figure>\n", file);
}

static void write_text(FILE *file, double x, double y, const char *class, const char *text)
{
	fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	html_text(file, text);
	fputs("</text>", file);
}

static void write_box(FILE *file, double x, double y, double width, double height, size_t series)
{
	fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"s%zu\"/>",
		x, y, width, height, series);
}

static void write_line(FILE *file, double x1, double x2, double y, const char *class)
{
	fprintf(file, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>", x1,
		x2, y, y, class);
}

/* What the legend has, one after the other; `line` names the class of a line, NULL: a box. */
struct legend {
	double x;
	double y;
	FILE *file; /* NULL: only counted */
};

static void add_legend(struct legend *legend, const char *text, size_t series, const char *line)
{
	double width = 22 + LETTER_WIDTH * (double)strlen(text) + 16;

	if (legend->x > 0 && legend->x + width > WIDTH) {
		legend->x = 0;
		legend->y += LEGEND_ROW;
	}
	if (legend->file != NULL) {
		if (line == NULL)
			write_box(legend->file, legend->x + 4, legend->y - 9, 11, 11, series);
		else
			write_line(legend->file, legend->x + 1, legend->x + 18, legend->y - 4,
				   line);
		write_text(legend->file, legend->x + 22, legend->y, "t", text);
	}
	legend->x += width;
}

/* Returns the y below it. */
static double write_legend(const struct chart *chart, FILE *file)
{
	struct legend legend = {.x = 0, .y = 13, .file = file};
	char number[CHART_NUMBER_SIZE_MAX];
	char text[128];

	for (size_t k = 0; k < chart->series_count; k++)
		add_legend(&legend, chart->series[k], k, NULL);
	if (chart->mark_name != NULL)
		add_legend(&legend, chart->mark_name, 0, "mark");
	if (chart->line_name != NULL) {
		chart_number_full(number, chart->line);
		snprintf(text, sizeof(text), "%s: %s", chart->line_name, number);
		add_legend(&legend, text, 0, "limit");
	}
	return legend.y + 6;
}

static void write_axis(const struct chart_scale *scale, double top, FILE *file)
{
	char number[CHART_NUMBER_SIZE_MAX];

	for (unsigned i = 0; i <= scale->steps; i++) {
		double value = scale->step * i;
		double y = top + PLOT_HEIGHT - chart_scale_place(scale, value, PLOT_HEIGHT);

		chart_number_tick(number, value);
		write_line(file, LEFT, RIGHT, y, i == 0 ? "zero" : "grid");
		write_text(file, LEFT - 5, y + 4, "t e", number);
	}
	fputc('\n', file);
}

struct columns {
	const struct chart *chart;
	struct chart_scale scale;
	double base;  /* the y of zero */
	double slot;  /* the width of a group */
	double width; /* of a column */
};

static double middle_of(const struct columns *columns, size_t group)
{
	return LEFT + columns->slot * ((double)group + 0.5);
}

/* The left side of a column. */
static double x_of(const struct columns *columns, size_t group, size_t series)
{
	double left = middle_of(columns, group) -
		      columns->width * (double)columns->chart->series_count / 2;

	return left + columns->width * (double)series;
}

static double y_of(const struct columns *columns, double value)
{
	return columns->base - chart_scale_place(&columns->scale, value, PLOT_HEIGHT);
}

static void write_boxes(const struct columns *columns, FILE *file)
{
	const struct chart *chart = columns->chart;

	for (size_t i = 0; i < chart->group_count; i++) {
		for (size_t k = 0; k < chart->series_count; k++) {
			double y = y_of(columns, chart->groups[i].values[k]);

			if (y < columns->base)
				write_box(file, x_of(columns, i, k) + 1, y, columns->width - 2,
					  columns->base - y, k);
		}
	}
	fputc('\n', file);
}

static void write_limits(const struct columns *columns, FILE *file)
{
	const struct chart *chart = columns->chart;

	for (size_t i = 0; i < chart->group_count; i++) {
		double middle = middle_of(columns, i);

		if (chart->groups[i].mark > 0)
			write_line(file, middle - columns->slot * 0.42,
				   middle + columns->slot * 0.42,
				   y_of(columns, chart->groups[i].mark), "mark");
	}
	if (chart->line_name != NULL)
		write_line(file, LEFT, RIGHT, y_of(columns, chart->line), "limit");
	fputc('\n', file);
}

/* The foot of a figure above its column, or above a line that would go through it. */
static double figure_y(const struct columns *columns, double value, double limit)
{
	double y = y_of(columns, value);
	double line = y_of(columns, limit);

	return (limit > 0 && line <= y && line > y - FIGURE_HEIGHT ? line : y) - 4;
}

static double figure_y_of(const struct columns *columns, const struct chart_group *group,
			  size_t series)
{
	const struct chart *chart = columns->chart;
	double value = group->values[series];
	double above_mark = figure_y(columns, value, group->mark);
	double above_line = figure_y(columns, value, chart->line_name == NULL ? 0 : chart->line);

	return above_mark < above_line ? above_mark : above_line;
}

/* The last, so that what goes through a figure nevertheless lies below it. */
static void write_figures(const struct columns *columns, FILE *file)
{
	const struct chart *chart = columns->chart;
	char number[CHART_NUMBER_SIZE_MAX];

	for (size_t i = 0; i < chart->group_count; i++) {
		const struct chart_group *group = &chart->groups[i];

		write_text(file, middle_of(columns, i), columns->base + 16, "t m", group->label);
		for (size_t k = 0; k < chart->series_count; k++) {
			if (columns->width < NUMBER_WIDTH || !(group->values[k] > 0))
				continue;
			chart_number_short(number, group->values[k]);
			write_text(file, x_of(columns, i, k) + columns->width / 2,
				   figure_y_of(columns, group, k), "t m v", number);
		}
	}
	fputc('\n', file);
}

void chart_write_columns(const struct chart *chart, unsigned id, FILE *file)
{
	struct columns columns = {.chart = chart, .scale = chart_scale_of(largest(chart))};
	/* The figures above columns as high as the plot, and the unit above those. */
	const double top = write_legend(chart, NULL) + 32;
	const double height = top + PLOT_HEIGHT + (chart->group_axis != NULL ? 40 : 24);

	assert(chart->group_count > 0 && chart->series_count > 0);
	columns.base = top + PLOT_HEIGHT;
	columns.slot = (double)(RIGHT - LEFT) / (double)chart->group_count;
	columns.width = columns.slot * 0.8 / (double)chart->series_count;
	if (columns.width > COLUMN_MAX)
		columns.width = COLUMN_MAX;
	begin_figure(chart, id, height, file);
	(void)write_legend(chart, file);
	write_text(file, 0, top - 17, "t u", chart->unit);
	write_axis(&columns.scale, top, file);
	write_boxes(&columns, file);
	write_limits(&columns, file);
	write_figures(&columns, file);
	if (chart->group_axis != NULL)
		write_text(file, (double)(LEFT + RIGHT) / 2, height - 6, "t m u",
			   chart->group_axis);
	end_figure(file);
}

void chart_write_bars(const struct chart *chart, unsigned id, FILE *file)
{
	/* The longest bar has all the room: its figure says where it ends. */
	const double max = largest(chart);
	const struct chart_scale scale = {.step = max > 0 ? max : 1, .steps = 1};
	const double height = BAR_ROW * (double)chart->group_count + 20;
	char number[CHART_NUMBER_SIZE_MAX];

	assert(chart->group_count > 0 && chart->series_count == 1);
	begin_figure(chart, id, height, file);
	for (size_t i = 0; i < chart->group_count; i++) {
		const struct chart_group *group = &chart->groups[i];
		double y = BAR_ROW * (double)i;
		double width = chart_scale_place(&scale, group->values[0], BAR_RIGHT);

		chart_number_full(number, group->values[0]);
		write_text(file, 5, y + 14, "t", group->label);
		write_box(file, 1, y + 19, width, BAR_HEIGHT, 0);
		write_text(file, width + 6, y + 30, "t", number);
		fputc('\n', file);
	}
	fprintf(file, "<line x1=\"0.5\" x2=\"0.5\" y1=\"4\" y2=\"%.0f\" class=\"zero\"/>",
		height - 20);
	write_text(file, 1, height - 4, "t u", chart->unit);
	end_figure(file);
}
