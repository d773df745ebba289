/*
 * problems - what is wrong with a configuration, said to people, all of it at once.
 *
 * Is:       the way from a module that reads configuration to whoever shows or logs its faults:
 *           a sink that is called once a fault, and two counters.
 * Is not:   a log (the program decides where a problem goes), or an error code: the module that
 *           reports still returns what its own header says.
 * Units:    lines count from 1; line 0 means the file as a whole.
 * Errors:   none. A text that is too long is cut and ends in "..."; control characters, which come
 *           from outside, become '?'.
 * Owns:     nothing. A problem and all its strings live for the call of the sink only.
 * Threads:  one at a time.
 *
 *	static void show(void *context, const struct problem *problem);
 *	struct problems problems;
 *
 *	problems_init(&problems, show, NULL);
 *	problems_error(&problems, place, "\"%s\" is not a number", text);
 *	if (problems.error_count > 0) ...
 */
#ifndef COMMON_PROBLEMS_H
#define COMMON_PROBLEMS_H

#include "common/compiler.h"

#include <stddef.h>

enum problem_level {
	PROBLEM_ERROR,
	PROBLEM_WARNING,
};

/* Where somebody has to look. */
struct problem_place {
	const char *file; /* NULL: not in a file */
	unsigned line;
	const char *name; /* of the option or row; NULL: none */
};

struct problem {
	enum problem_level level;
	struct problem_place place;
	const char *text;
};

struct problems {
	void (*sink)(void *context, const struct problem *problem); /* NULL: only count */
	void *context;
	size_t error_count;
	size_t warning_count;
};

void problems_init(struct problems *problems,
		   void (*sink)(void *context, const struct problem *problem), void *context);

PRINTF_LIKE(3, 4)
void problems_error(struct problems *problems, struct problem_place place, const char *format, ...);
PRINTF_LIKE(3, 4)
void problems_warning(struct problems *problems, struct problem_place place, const char *format,
		      ...);

/* Writes `file:line: name: text`, without what is not known; returns what snprintf() would. */
int problem_format(const struct problem *problem, char *text, size_t size);

#endif
