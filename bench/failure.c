/* How it works: two snprintf() into one text; what does not fit is cut off. */
#include "bench/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int failure_set(struct failure *failure, int error, const char *format, ...)
{
	size_t size;
	va_list args;

	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	size = strlen(failure->text);
	if (error < 0)
		snprintf(failure->text + size, sizeof(failure->text) - size, ": %s",
			 strerror(-error));
	return error;
}
