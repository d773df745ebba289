#include "signer/cmd/check_report.h"

#include "signer/cmd/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_SIZE 6000 /* a path of PATH_MAX and what is wrong with it */

static const struct {
	const char *word;
	const char *colour;
} levels[] = {
	[CHECK_OK] = {"ok", "\033[32m"},
	[CHECK_WARNING] = {"warning", "\033[33m"},
	[CHECK_ERROR] = {"error", "\033[31m"},
};

void check_report_begin(struct check_report *report, bool is_json)
{
	const char *no_colour = getenv("NO_COLOR");

	*report = (struct check_report){
		.is_json = is_json,
		.has_colours = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0'),
	};
	json_stream_init(&report->json, stdout, JSON_STREAM_ITEM_A_LINE);
	if (!is_json)
		return;
	json_stream_begin(&report->json, NULL, '{');
	json_stream_begin(&report->json, "findings", '[');
}

void check_report_section(struct check_report *report, const char *name)
{
	report->section = name;
	report->section_is_written = false;
}

static void write_object(struct check_report *report, enum check_level level,
			 struct problem_place place, const char *text)
{
	struct json_stream *json = &report->json;

	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "level", levels[level].word);
	json_stream_string(json, "section", report->section);
	json_stream_string(json, "file", place.file);
	if (place.line > 0)
		json_stream_number(json, "line", place.line);
	else
		json_stream_string(json, "line", NULL);
	json_stream_string(json, "name", place.name);
	json_stream_string(json, "text", text);
	json_stream_end(json, '}');
}

static void write_level(const struct check_report *report, enum check_level level)
{
	if (report->has_colours)
		printf("  %s%-7s\033[0m  ", levels[level].colour, levels[level].word);
	else
		printf("  %-7s  ", levels[level].word);
}

static void write_line(struct check_report *report, enum check_level level,
		       struct problem_place place, const char *text)
{
	const struct problem problem = {.place = place, .text = text};
	char line[TEXT_SIZE];

	if (!report->section_is_written) {
		printf("%s\n", report->section);
		report->section_is_written = true;
	}
	write_level(report, level);
	(void)problem_format(&problem, line, sizeof(line));
	output_text(stdout, bytes_of_string(line));
	putchar('\n');
	/* What takes long comes next: the person sees how far it is. */
	(void)fflush(stdout);
}

static PRINTF_LIKE(4, 0) void add(struct check_report *report, enum check_level level,
				  struct problem_place place, const char *format, va_list args)
{
	char text[TEXT_SIZE];

	(void)vsnprintf(text, sizeof(text), format, args);
	report->counts[level]++;
	if (report->is_json)
		write_object(report, level, place, text);
	else
		write_line(report, level, place, text);
}

void check_report_add(struct check_report *report, enum check_level level,
		      struct problem_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(report, level, place, format, args);
	va_end(args);
}

void check_report_many(struct check_report *report, size_t *count, enum check_level level,
		       struct problem_place place, const char *format, ...)
{
	va_list args;

	(*count)++;
	if (!report->is_json && *count > CHECK_REPORT_MANY) {
		report->counts[level]++;
		return;
	}
	va_start(args, format);
	add(report, level, place, format, args);
	va_end(args);
}

void check_report_rest(struct check_report *report, size_t count, enum check_level level,
		       const char *what)
{
	if (report->is_json || count <= CHECK_REPORT_MANY)
		return;
	write_level(report, level);
	printf("and %zu more %s (--json lists them all)\n", count - CHECK_REPORT_MANY, what);
}

void check_report_end(struct check_report *report)
{
	size_t errors = report->counts[CHECK_ERROR];
	size_t warnings = report->counts[CHECK_WARNING];

	if (!report->is_json) {
		printf("%zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s", warnings,
		       warnings == 1 ? "" : "s");
		return;
	}
	json_stream_end(&report->json, ']');
	json_stream_number(&report->json, "errors", errors);
	json_stream_number(&report->json, "warnings", warnings);
	json_stream_end(&report->json, '}');
}
