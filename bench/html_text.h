/*
 * html_text - text of any origin in an HTML file.
 *
 * Is:       a text escaped so that it is text wherever it stands: between tags, and in an attribute in double quotes.
 *           Control characters, which HTML does not have, become U+FFFD.
 * Is not:   for scripts, styles or addresses: nothing from outside goes there.
 * Source:   HTML Living Standard 13.1.2 and 13.1.4; XML 1.0 2.2, for the SVG in it.
 * Errors:   none here; whoever owns the file asks it at the end.
 */
#ifndef BENCH_HTML_TEXT_H
#define BENCH_HTML_TEXT_H

#include "common/compiler.h"

#include <stdio.h>

void html_text(FILE *file, const char *text);

/* What is formatted is escaped as a whole, and cut off at 1,000 bytes. */
PRINTF_LIKE(2, 3) void html_format(FILE *file, const char *format, ...);

/* <td>TEXT</td>, and the same for a figure. */
void html_cell(FILE *file, const char *text);
PRINTF_LIKE(2, 3) void html_figure(FILE *file, const char *format, ...);

#endif
