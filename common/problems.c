/*
 * How it works: the text is made in a fixed buffer on the stack, so that a problem can be reported
 * when there is no memory left.
 */
#include "common/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROBLEM_TEXT_SIZE_MAX 1024

void problems_init(struct problems *problems,
		   void (*sink)(void *context, const struct problem *problem), void *context)
{
	*problems = (struct problems){.sink = sink, .context = context};
}

PRINTF_LIKE(2, 0)
static void text_make(char text[PROBLEM_TEXT_SIZE_MAX], const char *format, va_list args)
{
	int size = vsnprintf(text, PROBLEM_TEXT_SIZE_MAX, format, args);

	if (size < 0)
		text[0] = '\0';
	if (size >= PROBLEM_TEXT_SIZE_MAX)
		memcpy(text + PROBLEM_TEXT_SIZE_MAX - 4, "...", 4);
	for (char *byte = text; *byte != '\0'; byte++) {
		if ((unsigned char)*byte < ' ' || *byte == 0x7f)
			*byte = '?';
	}
}

PRINTF_LIKE(4, 0)
static void report(struct problems *problems, enum problem_level level, struct problem_place place,
		   const char *format, va_list args)
{
	char text[PROBLEM_TEXT_SIZE_MAX];
	const struct problem problem = {.level = level, .place = place, .text = text};

	text_make(text, format, args);
	if (level == PROBLEM_ERROR)
		problems->error_count++;
	else
		problems->warning_count++;
	if (problems->sink != NULL)
		problems->sink(problems->context, &problem);
}

void problems_error(struct problems *problems, struct problem_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(problems, PROBLEM_ERROR, place, format, args);
	va_end(args);
}

void problems_warning(struct problems *problems, struct problem_place place, const char *format,
		      ...)
{
	va_list args;

	va_start(args, format);
	report(problems, PROBLEM_WARNING, place, format, args);
	va_end(args);
}

int problem_format(const struct problem *problem, char *text, size_t size)
{
	const struct problem_place *place = &problem->place;
	const char *file = place->file == NULL ? "" : place->file;
	const char *file_end = place->file == NULL ? "" : ": ";
	const char *name = place->name == NULL ? "" : place->name;
	const char *name_end = place->name == NULL ? "" : ": ";

	if (place->file != NULL && place->line > 0)
		return snprintf(text, size, "%s:%u: %s%s%s", file, place->line, name, name_end,
				problem->text);
	return snprintf(text, size, "%s%s%s%s%s", file, file_end, name, name_end, problem->text);
}
