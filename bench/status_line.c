/* How it works: a carriage return and "erase to the end of the line" before each text. */
#include "bench/status_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void status_line_init(struct status_line *status, unsigned step_count)
{
	const char *terminal = getenv("TERM");

	*status = (struct status_line){
		.shown = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0,
		.step_count = step_count,
	};
}

void status_line_step(struct status_line *status, const char *format, ...)
{
	va_list args;

	status->step++;
	if (!status->shown)
		return;
	fprintf(stderr, "\r\033[K[%u of %u] ", status->step, status->step_count);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fflush(stderr);
	status->drawn = true;
}

void status_line_end(struct status_line *status)
{
	if (status->drawn)
		fputs("\r\033[K", stderr);
	status->drawn = false;
}
