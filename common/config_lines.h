/*
 * config_lines - a text file, line by line, with line numbers.
 *
 * Is:       the whole file in memory and a cursor over its lines, of any length.
 * Is not:   a format: comments, white space, quotes and carriage returns are the caller's. Not for
 *           files that do not fit into memory.
 * Units:    lines count from 1. A last line without an end of line counts; a file that ends in one
 *           has no empty line behind it.
 * Errors:   -errno from reading (-EISDIR for a directory), or CONFIG_LINES_E_*; then nothing is
 *           held. config_lines_fault() says either for people.
 * Owns:     the file's bytes, until config_lines_deinit(): lines point into them.
 * Threads:  one at a time while moving the cursor.
 *
 *	r = config_lines_read(&lines, path, CONFIG_SIZE_MAX);
 *	if (r != 0)
 *		return say(config_lines_fault(r));
 *	while (config_lines_next(&lines, &line))
 *		use(line.text, line.number);
 *	config_lines_deinit(&lines);
 */
#ifndef COMMON_CONFIG_LINES_H
#define COMMON_CONFIG_LINES_H

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/compiler.h"

enum {
	CONFIG_LINES_E_TOO_LARGE = 1, /* more bytes than the caller allows */
	CONFIG_LINES_E_NOT_TEXT = 2,  /* a NUL byte: no text file has one */
};

struct config_line {
	struct bytes text; /* without its LF */
	unsigned number;
};

struct config_lines {
	/* private */
	struct buffer content;
	size_t offset;
	unsigned number;
};

MUST_CHECK int config_lines_read(struct config_lines *lines, const char *path, size_t size_max);

/* The next line; false at the end. */
bool config_lines_next(struct config_lines *lines, struct config_line *line_out);

void config_lines_deinit(struct config_lines *lines);

/* What a result of config_lines_read() means, for a message. */
const char *config_lines_fault(int r);

#endif
