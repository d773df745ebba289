/*
 * status_line - one line on a terminal that says what is measured now. In a pipe it is silent.
 *
 * Errors:   none.
 * Owns:     nothing.
 *
 *	status_line_init(&status, 30);                    30 steps in all
 *	status_line_step(&status, "postseal, in memory"); for each
 *	status_line_end(&status);                         before anything else is printed
 */
#ifndef BENCH_STATUS_LINE_H
#define BENCH_STATUS_LINE_H

#include "common/compiler.h"

#include <stdbool.h>

struct status_line {
	bool shown; /* stderr is a terminal that can move its cursor */
	bool drawn;
	unsigned step;
	unsigned step_count;
};

void status_line_init(struct status_line *status, unsigned step_count);
PRINTF_LIKE(2, 3) void status_line_step(struct status_line *status, const char *format, ...);
void status_line_end(struct status_line *status);

#endif
