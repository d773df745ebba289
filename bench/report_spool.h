/*
 * report_spool - the part of a report that is about a run of `spool`.
 *
 * Is:       messages a second of every method, as charts, and as a table with the same figures.
 * Errors:   none here; whoever owns the file asks it at the end.
 */
#ifndef BENCH_REPORT_SPOOL_H
#define BENCH_REPORT_SPOOL_H

#include "bench/report_page.h"

void report_spool_write(const struct report_run *run, struct report_page *page);

#endif
