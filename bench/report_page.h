/*
 * report_page - an HTML page about some runs.
 *
 * Is:       one file that stands alone: its style is in it, it has no scripts and asks no other place for
 *           anything. It reads on a phone, on paper, and in both colour schemes.
 * Errors:   none here; whoever owns the file asks it at the end.
 * Owns:     nothing.
 */
#ifndef BENCH_REPORT_PAGE_H
#define BENCH_REPORT_PAGE_H

#include "bench/report_run.h"

#include <stdio.h>

/* What the parts of a page have in common. */
struct report_page {
	FILE *file;
	unsigned chart_count; /* so that each chart has a number of its own */
};

void report_page_write(const struct report_run *runs, size_t count, FILE *file);

/* For the parts: a table, which may be wider than the page. */
void report_page_begin_table(const struct report_page *page, const char *caption,
			     const char *const *heads, size_t head_count);
void report_page_end_table(const struct report_page *page);

/* The last table of a part, with a row for each result of the run. */
void report_page_all_figures(const struct report_page *page, const struct report_run *run,
			     const char *caption, const char *const *heads, size_t head_count,
			     void (*write_row)(const struct report_run *run, size_t index,
					       const struct report_page *page));

/* What stands beside each other where there is room. */
void report_page_begin_charts(const struct report_page *page);
void report_page_end_charts(const struct report_page *page);

/* A figure with as many digits as it deserves. */
void report_page_number(const struct report_page *page, double value);

/* "-" for what there is not. */
void report_page_no_number(const struct report_page *page);

#endif
