/*
 * How it works: each chart looks for the rows that it is about. Sizes are so far apart that each has a chart and
 * an axis of its own.
 */
#include "bench/report_rsa.h"

#include "bench/chart.h"
#include "bench/html_text.h"

#include <stdlib.h>
#include <string.h>

#define LANES 8

enum {
	SERIES_LANES,
	SERIES_OPENSSL,
};

static const char *const engine_names[] = {
	[SERIES_LANES] = "in lanes",
	[SERIES_OPENSSL] = "OpenSSL",
};

/* Different numbers among the rows, in order. */
struct numbers {
	unsigned values[CHART_GROUPS_MAX];
	size_t count;
};

static int by_size(const void *a, const void *b)
{
	unsigned left = *(const unsigned *)a;
	unsigned right = *(const unsigned *)b;

	return left < right ? -1 : left > right;
}

static void numbers_add(struct numbers *numbers, unsigned value)
{
	for (size_t i = 0; i < numbers->count; i++) {
		if (numbers->values[i] == value)
			return;
	}
	if (numbers->count == CHART_GROUPS_MAX)
		return;
	numbers->values[numbers->count++] = value;
	qsort(numbers->values, numbers->count, sizeof(numbers->values[0]), by_size);
}

static struct numbers sizes_of(const struct report_run *run)
{
	struct numbers numbers = {.count = 0};

	for (size_t i = 0; i < run->result_count; i++)
		numbers_add(&numbers, run->signings[i].bits);
	return numbers;
}

static struct numbers threads_of(const struct report_run *run, unsigned bits)
{
	struct numbers numbers = {.count = 0};

	for (size_t i = 0; i < run->result_count; i++) {
		if (run->signings[i].bits == bits)
			numbers_add(&numbers, run->signings[i].threads);
	}
	return numbers;
}

/* In lanes the row with the most of them filled, or `filled` if that is not 0. */
static const struct report_signing *find(const struct report_run *run, unsigned engine,
					 unsigned bits, unsigned threads, unsigned filled)
{
	const struct report_signing *found = NULL;

	for (size_t i = 0; i < run->result_count; i++) {
		const struct report_signing *row = &run->signings[i];

		if (row->in_lanes != (engine == SERIES_LANES) || row->bits != bits ||
		    row->threads != threads || (filled != 0 && row->lanes_filled != filled))
			continue;
		if (found == NULL || row->lanes_filled > found->lanes_filled)
			found = row;
	}
	return found;
}

static double rate_of(const struct report_signing *row)
{
	return row == NULL ? 0 : row->per_second.median;
}

static void name_engines(struct chart *chart)
{
	for (size_t i = 0; i < ARRAY_COUNT(engine_names); i++)
		chart->series[chart->series_count++] = engine_names[i];
}

static struct chart_group *add_number(struct chart *chart, unsigned number)
{
	char label[16];

	snprintf(label, sizeof(label), "%u", number);
	return chart_add_group(chart, label);
}

static void write_columns(const struct chart *chart, struct report_page *page)
{
	if (chart->group_count > 0)
		chart_write_columns(chart, page->chart_count++, page->file);
}

static void write_rates(const struct report_run *run, unsigned bits, struct report_page *page)
{
	const struct numbers threads = threads_of(run, bits);
	struct chart chart = {.unit = "signatures/s", .group_axis = "threads"};
	char title[64];

	snprintf(title, sizeof(title), "RSA-%u: throughput", bits);
	chart.title = title;
	name_engines(&chart);
	for (size_t i = 0; i < threads.count; i++) {
		struct chart_group *group = add_number(&chart, threads.values[i]);

		for (unsigned k = 0; group != NULL && k < ARRAY_COUNT(engine_names); k++)
			group->values[k] = rate_of(find(run, k, bits, threads.values[i], 0));
	}
	write_columns(&chart, page);
}

static void write_speed_up(const struct report_run *run, struct report_page *page)
{
	struct chart chart = {
		.title = "Speed-up: lanes / OpenSSL, one thread",
		.unit = "times OpenSSL",
		.group_axis = "bits of the key",
		.series = {"lanes / OpenSSL"},
		.series_count = 1,
	};

	for (size_t i = 0; i < run->finding_count; i++) {
		const struct report_finding *finding = &run->findings[i];
		struct chart_group *group;
		char id[64];
		unsigned bits = 0;

		if (sscanf(finding->id, "rsa%u", &bits) != 1 || finding->skipped != NULL)
			continue;
		snprintf(id, sizeof(id), "rsa%u_lanes_to_openssl", bits);
		if (strcmp(finding->id, id) != 0)
			continue;
		group = add_number(&chart, bits);
		if (group == NULL)
			break;
		group->values[0] = finding->value.median;
		group->mark = finding->limit;
		if (finding->limit_kind != FINDING_NO_LIMIT)
			chart.mark_name = "target";
	}
	write_columns(&chart, page);
}

/* For the sizes whose lanes were filled one by one. */
static void write_filled(const struct report_run *run, unsigned bits, struct report_page *page)
{
	const struct report_signing *openssl = find(run, SERIES_OPENSSL, bits, 1, 0);
	struct chart chart = {
		.unit = "signatures/s",
		.group_axis = "lanes filled",
		.series = {"in lanes"},
		.series_count = 1,
		.line_name = openssl == NULL ? NULL : "OpenSSL",
		.line = rate_of(openssl),
	};
	char title[64];

	snprintf(title, sizeof(title), "RSA-%u: by filled lanes, one thread", bits);
	chart.title = title;
	for (unsigned filled = 1; filled <= LANES; filled++) {
		const struct report_signing *row = find(run, SERIES_LANES, bits, 1, filled);

		if (row != NULL)
			add_number(&chart, filled)->values[0] = rate_of(row);
	}
	if (chart.group_count > 1)
		write_columns(&chart, page);
}

/* How many times as many signatures as one thread makes. */
static void write_scaling(const struct report_run *run, unsigned bits, struct report_page *page)
{
	const struct numbers threads = threads_of(run, bits);
	struct chart chart = {.unit = "times one thread", .group_axis = "threads"};
	char title[64];

	snprintf(title, sizeof(title), "RSA-%u: scaling by threads", bits);
	chart.title = title;
	chart.mark_name = "perfect";
	name_engines(&chart);
	for (size_t i = 0; i < threads.count; i++) {
		struct chart_group *group = add_number(&chart, threads.values[i]);

		if (group == NULL)
			break;
		group->mark = threads.values[i];
		for (unsigned k = 0; k < ARRAY_COUNT(engine_names); k++) {
			double one = rate_of(find(run, k, bits, 1, 0));
			double all = rate_of(find(run, k, bits, threads.values[i], 0));

			group->values[k] = one > 0 ? all / one : 0;
		}
	}
	if (chart.group_count > 1)
		write_columns(&chart, page);
}

/* Percentiles of lanes and OpenSSL beside each other; NULL: there are none. */
static void write_times(const char *title, const char *group_axis, const char *lanes_name,
			const struct report_times *lanes, const struct report_times *openssl,
			struct report_page *page)
{
	static const char *const labels[] = {"p50", "p90", "p99"};
	const struct report_times *const times[] = {
		[SERIES_LANES] = lanes,
		[SERIES_OPENSSL] = openssl,
	};
	struct chart chart = {.title = title, .unit = "microseconds", .group_axis = group_axis};

	chart.series[chart.series_count++] = lanes_name;
	chart.series[chart.series_count++] = "one by OpenSSL";
	for (size_t i = 0; i < ARRAY_COUNT(labels); i++) {
		struct chart_group *group = chart_add_group(&chart, labels[i]);

		for (unsigned k = 0; k < ARRAY_COUNT(times); k++) {
			if (times[k] != NULL)
				group->values[k] = i == 0   ? times[k]->p50_us
						   : i == 1 ? times[k]->p90_us
							    : times[k]->p99_us;
		}
	}
	write_columns(&chart, page);
}

static void write_calls(const struct report_run *run, unsigned bits, struct report_page *page)
{
	const struct report_signing *lanes = find(run, SERIES_LANES, bits, 1, 0);
	const struct report_signing *openssl = find(run, SERIES_OPENSSL, bits, 1, 0);
	char title[64];

	snprintf(title, sizeof(title), "RSA-%u: time of a call, one thread", bits);
	write_times(title, "percentile of all calls", "a batch in lanes",
		    lanes == NULL ? NULL : &lanes->calls, openssl == NULL ? NULL : &openssl->calls,
		    page);
}

static const struct report_times *find_at_rest(const struct report_run *run, unsigned bits,
					       bool in_lanes)
{
	for (size_t i = 0; i < run->at_rest_count; i++) {
		if (run->at_rests[i].bits == bits && run->at_rests[i].in_lanes == in_lanes)
			return &run->at_rests[i].jobs;
	}
	return NULL;
}

static void write_at_rest(const struct report_run *run, unsigned bits, struct report_page *page)
{
	const struct report_times *lanes = find_at_rest(run, bits, true);
	const struct report_times *openssl = find_at_rest(run, bits, false);
	char title[64];

	snprintf(title, sizeof(title), "RSA-%u: one job at a time", bits);
	if (lanes != NULL || openssl != NULL)
		write_times(title, "percentile of all jobs", "one by the lanes engine", lanes,
			    openssl, page);
}

static void write_time_cells(const struct report_times *times, const struct report_page *page)
{
	report_page_number(page, times->p50_us);
	report_page_number(page, times->p90_us);
	report_page_number(page, times->p99_us);
	report_page_number(page, times->max_us);
}

static void write_key_forms(const struct report_run *run, const struct report_page *page)
{
	static const char *const heads[] = {" bits",   " keys/s", " spread", " p50 us",
					    " p90 us", " p99 us", " max us"};

	if (run->key_form_count == 0)
		return;
	fputs("<h3>Keys into lanes</h3>\n", page->file);
	report_page_begin_table(
		page, "What a message costs more whose key is not among the LaneCacheSize keys.",
		heads, ARRAY_COUNT(heads));
	for (size_t i = 0; i < run->key_form_count; i++) {
		const struct report_key_form *form = &run->key_forms[i];

		fputs("<tr>", page->file);
		html_figure(page->file, "%u", form->bits);
		report_page_number(page, form->per_second.median);
		html_figure(page->file, "%.1f %%", 100 * form->per_second.spread);
		write_time_cells(&form->keys, page);
		fputs("</tr>\n", page->file);
	}
	report_page_end_table(page);
}

static void write_row(const struct report_run *run, size_t index, const struct report_page *page)
{
	const struct report_signing *row = &run->signings[index];

	fputs("<tr>", page->file);
	html_figure(page->file, "%u", row->bits);
	html_cell(page->file, row->in_lanes ? "lanes" : "OpenSSL");
	html_figure(page->file, "%u", row->threads);
	html_figure(page->file, "%u", row->lanes_filled);
	report_page_number(page, row->per_second.median);
	html_figure(page->file, "%.1f %%", 100 * row->per_second.spread);
	write_time_cells(&row->calls, page);
	fputs("</tr>\n", page->file);
}

static void write_throughput(const struct report_run *run, const struct numbers *sizes,
			     struct report_page *page)
{
	fputs("<h3>Throughput</h3>\n<p>Each signature includes its check with the public exponent, "
	      "by either engine.</p>\n",
	      page->file);
	report_page_begin_charts(page);
	for (size_t i = 0; i < sizes->count; i++)
		write_rates(run, sizes->values[i], page);
	write_speed_up(run, page);
	for (size_t i = 0; i < sizes->count; i++)
		write_filled(run, sizes->values[i], page);
	for (size_t i = 0; i < sizes->count; i++)
		write_scaling(run, sizes->values[i], page);
	report_page_end_charts(page);
}

static void write_latency(const struct report_run *run, const struct numbers *sizes,
			  struct report_page *page)
{
	fputs("<h3>Latency</h3>\n<p>In lanes a call is a whole batch, and takes as long for one "
	      "signature as for eight. The longest calls are in the table.</p>\n",
	      page->file);
	report_page_begin_charts(page);
	for (size_t i = 0; i < sizes->count; i++)
		write_calls(run, sizes->values[i], page);
	report_page_end_charts(page);
	if (run->at_rest_count == 0)
		return;
	fputs("<h3>At rest</h3>\n<p>One job at a time in a signature service that runs, from its "
	      "submit to its end. The lanes engine leaves a single job to OpenSSL.</p>\n",
	      page->file);
	report_page_begin_charts(page);
	for (size_t i = 0; i < sizes->count; i++)
		write_at_rest(run, sizes->values[i], page);
	report_page_end_charts(page);
}

void report_rsa_write(const struct report_run *run, struct report_page *page)
{
	static const char *const heads[] = {" bits",   "engine",  " threads", " lanes filled",
					    " sig/s",  " spread", " p50 us",  " p90 us",
					    " p99 us", " max us"};
	const struct numbers sizes = sizes_of(run);

	write_throughput(run, &sizes, page);
	write_latency(run, &sizes, page);
	write_key_forms(run, page);
	report_page_all_figures(page, run,
				"Medians; the spread is (largest - smallest) / median. Times are "
				"of one call: a batch, or one signature of OpenSSL.",
				heads, ARRAY_COUNT(heads), write_row);
}
