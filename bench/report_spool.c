/* How it works: messages and signatures are different work, so each kind has a chart of its own. */
#include "bench/report_spool.h"

#include "bench/chart.h"
#include "bench/html_text.h"

#include <stdlib.h>
#include <string.h>

static void write_chart(const struct report_run *run, const char *title, const char *work,
			struct report_page *page)
{
	struct chart *chart = calloc(1, sizeof(*chart));
	char unit[48];

	if (chart == NULL) {
		fputs("<p class=\"warn\">There was no memory for a chart.</p>\n", page->file);
		return;
	}
	snprintf(unit, sizeof(unit), "%s a second", work);
	chart->title = title;
	chart->unit = unit;
	chart->series[chart->series_count++] = "median";
	for (size_t i = 0; i < run->result_count; i++) {
		const struct report_method *method = &run->methods[i];
		struct chart_group *group;

		if (method->skipped != NULL || strcmp(method->work, work) != 0)
			continue;
		group = chart_add_group(chart, method->title);
		if (group == NULL)
			break;
		group->values[0] = method->per_second.median;
	}
	if (chart->group_count > 0)
		chart_write_bars(chart, page->chart_count++, page->file);
	free(chart);
}

static void write_row(const struct report_run *run, size_t index, const struct report_page *page)
{
	const struct report_method *method = &run->methods[index];

	fputs("<tr>", page->file);
	html_cell(page->file, method->title);
	if (method->skipped != NULL) {
		fputs("<td colspan=\"6\">skipped: ", page->file);
		html_text(page->file, method->skipped);
		fputs("</td></tr>\n", page->file);
		return;
	}
	report_page_number(page, method->per_second.median);
	html_figure(page->file, "%.1f %%", 100 * method->per_second.spread);
	html_figure(page->file, "%.1f", method->user_us);
	html_figure(page->file, "%.1f", method->system_us);
	if (method->peak_rss_bytes > 0)
		html_figure(page->file, "%.1f", method->peak_rss_bytes / (1024 * 1024));
	else
		report_page_no_number(page);
	html_cell(page->file, method->includes);
	fputs("</tr>\n", page->file);
}

void report_spool_write(const struct report_run *run, struct report_page *page)
{
	static const char *const heads[] = {"method",	       " per second", " spread",
					    " user us",	       " system us",  " RSS MiB",
					    "what is included"};

	fputs("<h3>Throughput by method</h3>\n", page->file);
	report_page_begin_charts(page);
	write_chart(run, "Messages", "messages", page);
	write_chart(run, "Signatures alone", "signatures", page);
	report_page_end_charts(page);
	report_page_all_figures(page, run,
				"Medians; the spread is (largest - smallest) / median. CPU time is "
				"for one message or signature.",
				heads, ARRAY_COUNT(heads), write_row);
}
