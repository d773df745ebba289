/*
 * text_table - rows of cells, laid out in columns for a terminal or a mail.
 *
 * Is:       the widths of the columns, and the spaces between them. Columns that hold figures are set
 *           to the right.
 * Is not:   clever about width: a cell is never broken, and its bytes are counted as columns, so cells
 *           are ASCII.
 * Errors:   -ENOMEM, remembered, and returned by text_table_print(); -EIO when `file` takes no more.
 * Owns:     a copy of every cell.
 *
 *	text_table_init(&table, "lr");            one column to the left, one to the right
 *	text_table_cell(&table, "method");
 *	text_table_cell(&table, "%.0f/s", rate);  a row is over when all columns have a cell
 *	r = text_table_print(&table, stdout);
 */
#ifndef BENCH_TEXT_TABLE_H
#define BENCH_TEXT_TABLE_H

#include "common/buffer.h"
#include "common/compiler.h"

#include <stdio.h>

#define TEXT_TABLE_COLUMNS_MAX 12

struct text_table {
	/* private */
	const char *alignment; /* one of l and r for each column; borrowed */
	size_t columns;
	size_t widths[TEXT_TABLE_COLUMNS_MAX];
	size_t cell_count;
	struct buffer cells; /* each ends in NUL */
	int error;
};

void text_table_init(struct text_table *table, const char *alignment);
void text_table_deinit(struct text_table *table);

PRINTF_LIKE(2, 3) void text_table_cell(struct text_table *table, const char *format, ...);

/* The first row is underlined. */
MUST_CHECK int text_table_print(const struct text_table *table, FILE *file);

#endif
