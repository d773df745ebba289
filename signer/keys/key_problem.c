/*
 * How it works: a text that is too long is cut; only a path of thousands of bytes can do that.
 */
#include "signer/keys/key_problem.h"

#include <stdarg.h>
#include <stdio.h>

int key_problem_set(struct key_problem *problem, int outcome, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	return outcome;
}
