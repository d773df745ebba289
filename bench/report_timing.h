/*
 * report_timing - the part of a report that is about a run of `timing`.
 *
 * Is:       the t statistics of a timing test, as charts, and as a table with the same figures.
 * Errors:   none here; whoever owns the file asks it at the end.
 */
#ifndef BENCH_REPORT_TIMING_H
#define BENCH_REPORT_TIMING_H

#include "bench/report_page.h"

void report_timing_write(const struct report_run *run, struct report_page *page);

#endif
