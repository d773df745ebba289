/*
 * check_report - what `postseal check` found, for a person or for a program.
 *
 * Is:       findings in sections, written as they come: lines with ok, warning or error in front, in
 *           colours on a terminal unless NO_COLOR is set; or one JSON object.
 * Use:      check_report_begin(); per section check_report_section(), and check_report_add()...;
 *           check_report_end().
 * Many:     check_report_many() counts findings of one kind, and writes the first of them only, unless
 *           a program reads it; check_report_rest() says how many were left out.
 * Errors:   none here; output.h tells whether it arrived.
 * Threads:  one.
 */
#ifndef SIGNER_CMD_CHECK_REPORT_H
#define SIGNER_CMD_CHECK_REPORT_H

#include "common/compiler.h"
#include "common/json_stream.h"
#include "common/problems.h"

#define CHECK_REPORT_MANY 20

enum check_level {
	CHECK_OK,
	CHECK_WARNING,
	CHECK_ERROR,
};

struct check_report {
	bool is_json;
	bool has_colours;
	const char *section;
	bool section_is_written;
	size_t counts[CHECK_ERROR + 1];
	struct json_stream json;
};

void check_report_begin(struct check_report *report, bool is_json);
void check_report_section(struct check_report *report, const char *name);

PRINTF_LIKE(4, 5)
void check_report_add(struct check_report *report, enum check_level level,
		      struct problem_place place, const char *format, ...);
PRINTF_LIKE(5, 6)
void check_report_many(struct check_report *report, size_t *count, enum check_level level,
		       struct problem_place place, const char *format, ...);
void check_report_rest(struct check_report *report, size_t count, enum check_level level,
		       const char *what);

void check_report_end(struct check_report *report);

#endif
