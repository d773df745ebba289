/*
 * report_rsa - the part of a report that is about a run of `rsa`.
 *
 * Is:       rates by size, threads and lanes, and the times of calls, as charts, and as a table with the same figures.
 * Errors:   none here; whoever owns the file asks it at the end.
 */
#ifndef BENCH_REPORT_RSA_H
#define BENCH_REPORT_RSA_H

#include "bench/report_page.h"

void report_rsa_write(const struct report_run *run, struct report_page *page);

#endif
