/*
 * failure - why something could not be measured, in one line for a person.
 *
 * Is:       the text beside an error code. The program prints it, once; a scenario prints that of a
 *           skipped contender in its table.
 * Errors:   negative: -errno. BENCH_E_FAILED: the text says all. BENCH_E_SKIPPED: it cannot run here,
 *           which is no fault of the run.
 * Owns:     its text.
 *
 *	return failure_set(failure, -errno, "%s: cannot open", path);
 */
#ifndef BENCH_FAILURE_H
#define BENCH_FAILURE_H

#include "common/compiler.h"

enum {
	BENCH_E_FAILED = 1,
	BENCH_E_SKIPPED,
};

struct failure {
	char text[512];
};

/* Adds the text of a negative `error` behind a colon. Returns `error`. */
PRINTF_LIKE(3, 4) int failure_set(struct failure *failure, int error, const char *format, ...);

#endif
