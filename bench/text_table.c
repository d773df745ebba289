/* How it works: cells are kept as text until the last is known, then each is padded to its column. */
#include "bench/text_table.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>

#define CELL_SIZE_MAX 256
#define GAP	      2

void text_table_init(struct text_table *table, const char *alignment)
{
	*table = (struct text_table){.alignment = alignment, .columns = strlen(alignment)};
	assert(table->columns > 0 && table->columns <= TEXT_TABLE_COLUMNS_MAX);
}

void text_table_deinit(struct text_table *table)
{
	buffer_deinit(&table->cells);
}

void text_table_cell(struct text_table *table, const char *format, ...)
{
	char text[CELL_SIZE_MAX];
	size_t *width = &table->widths[table->cell_count % table->columns];
	size_t size;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	size = strlen(text);
	if (table->error == 0)
		table->error = buffer_append(&table->cells, bytes_of(text, size + 1));
	if (size > *width)
		*width = size;
	table->cell_count++;
}

static void print_rule(const struct text_table *table, FILE *file)
{
	for (size_t column = 0; column < table->columns; column++) {
		for (size_t i = 0; i < table->widths[column]; i++)
			fputc('-', file);
		fprintf(file, "%*s", column + 1 < table->columns ? GAP : 0, "");
	}
	fputc('\n', file);
}

int text_table_print(const struct text_table *table, FILE *file)
{
	const char *cell = (const char *)table->cells.data;

	if (table->error != 0)
		return table->error;
	assert(table->cell_count % table->columns == 0);
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t column = i % table->columns;
		bool last = column + 1 == table->columns;
		int width = (int)table->widths[column];

		if (i == table->columns)
			print_rule(table, file);
		if (table->alignment[column] == 'r')
			fprintf(file, "%*s", width, cell);
		else
			fprintf(file, "%-*s", last ? 0 : width, cell); /* no spaces at the end */
		fprintf(file, "%*s", last ? 0 : GAP, "");
		if (last)
			fputc('\n', file);
		cell += strlen(cell) + 1;
	}
	return ferror(file) ? -EIO : 0;
}
