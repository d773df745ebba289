#include "bench/report_timing.h"

#include "bench/chart.h"
#include "bench/html_text.h"
#include "bench/timing_samples.h"

#include <math.h>

static void write_chart(const struct report_timing_test *timing, struct report_page *page)
{
	struct chart chart = {
		.title = timing->title,
		.unit = "|t|",
		.group_axis = "calls up to this percentile",
		.series = {"|t|"},
		.series_count = 1,
		.line_name = "evidence of a difference",
		.line = TIMING_T_LIMIT,
	};

	for (size_t i = 0; i < timing->cropping_count; i++) {
		const struct report_cropping *cropping = &timing->croppings[i];
		struct chart_group *group;
		char label[32];

		snprintf(label, sizeof(label), "%g", cropping->percent);
		group = chart_add_group(&chart, label);
		if (group == NULL)
			break;
		group->values[0] = fabs(cropping->t);
	}
	if (chart.group_count > 0)
		chart_write_columns(&chart, page->chart_count++, page->file);
}

/* One for each cropping. */
static void write_rows(const struct report_run *run, size_t index, const struct report_page *page)
{
	const struct report_timing_test *timing = &run->timings[index];

	for (size_t i = 0; i < timing->cropping_count; i++) {
		const struct report_cropping *cropping = &timing->croppings[i];

		fputs("<tr>", page->file);
		html_cell(page->file, timing->title);
		html_figure(page->file, "%.0f", timing->sample_count);
		html_figure(page->file, "%g", cropping->percent);
		report_page_number(page, cropping->mean_fixed_us);
		report_page_number(page, cropping->mean_random_us);
		html_figure(page->file, "%+.2f", cropping->t);
		html_figure(page->file, "%.1f", cropping->detectable_ns);
		fputs("</tr>\n", page->file);
	}
}

void report_timing_write(const struct report_run *run, struct report_page *page)
{
	static const char *const heads[] = {"test",	  " calls", " percentile",   " fixed us",
					    " random us", " t",	    " detectable ns"};

	fputs("<p>Calls with a fixed secret and calls with random ones, in random order. Below "
	      "4.5, "
	      "|t| shows no evidence that their times differ, in as many calls as were made. That "
	      "is "
	      "no proof that they do not.</p>\n",
	      page->file);
	report_page_begin_charts(page);
	for (size_t i = 0; i < run->result_count; i++)
		write_chart(&run->timings[i], page);
	report_page_end_charts(page);
	report_page_all_figures(
		page, run,
		"Mean times of calls that were not slower than the percentile. "
		"Detectable is a difference of the means that gives a |t| of 4.5 on average: half "
		"of all runs would show it, and nearly all one that is half as large again.",
		heads, ARRAY_COUNT(heads), write_rows);
}
