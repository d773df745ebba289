/*
 * argument - the value of an option on the command line.
 *
 * Is:       a text to a number, or a list of numbers, within limits.
 * Errors:   EX_USAGE, after a line on stderr that says what is wanted; results are written on success only.
 *           Of argument_check_result(): EX_CANTCREAT.
 */
#ifndef BENCH_ARGUMENT_H
#define BENCH_ARGUMENT_H

#include "common/compiler.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARGUMENT_LIST_MAX 16

struct argument_list {
	unsigned values[ARGUMENT_LIST_MAX];
	size_t count;
};

/* Says that option `name` may not be `value`. Returns EX_USAGE. */
int argument_refuse(const char *name, const char *value, const char *allowed);

MUST_CHECK int argument_whole(const char *name, const char *text, uint64_t min, uint64_t max,
			      uint64_t *value_out);
/* From 1. */
MUST_CHECK int argument_unsigned(const char *name, const char *text, unsigned max,
				 unsigned *value_out);
MUST_CHECK int argument_real(const char *name, const char *text, double min, double max,
			     double *value_out);

/* "1,2,8": numbers from 1, each once. */
MUST_CHECK int argument_unsigned_list(const char *name, const char *text, unsigned max,
				      struct argument_list *list_out);

/* The file that `name` wants to write: now, not after minutes. NULL and "-" (stdout) are well. */
MUST_CHECK int argument_check_result(const char *name, const char *path);

/* Where texts for people go: not between the JSON, if that goes to stdout. */
FILE *argument_people(const char *result_path);

#endif
