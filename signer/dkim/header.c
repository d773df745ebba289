/*
 * How it works: fields point into the arena by offset, because the arena moves when it grows. A
 * field lies in one piece, as its lines are added one after another.
 */
#include "signer/dkim/header.h"

#include "signer/dkim/field_name.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define HEADER_FIELDS_MIN 64

void header_init(struct header *header, size_t size_max)
{
	*header = (struct header){.size_max = size_max};
}

void header_deinit(struct header *header)
{
	buffer_deinit(&header->text);
	free(header->fields);
	header_init(header, header->size_max);
}

void header_clear(struct header *header)
{
	buffer_clear(&header->text);
	header->count = 0;
}

static size_t line_end_size(struct bytes text)
{
	if (text.size == 0)
		return 0;
	if (text.data[text.size - 1] == '\n')
		return text.size > 1 && text.data[text.size - 2] == '\r' ? 2 : 1;
	return text.data[text.size - 1] == '\r' ? 1 : 0;
}

static int header_append(struct header *header, struct bytes text)
{
	if (header->size_max != 0 && text.size > header->size_max - header->text.size)
		return HEADER_E_TOO_LARGE;
	return buffer_append(&header->text, text);
}

static int header_reserve_field(struct header *header)
{
	size_t capacity = header->capacity == 0 ? HEADER_FIELDS_MIN : header->capacity * 2;
	struct header_field *fields;

	if (header->count < header->capacity)
		return 0;
	fields = reallocarray(header->fields, capacity, sizeof(*fields));
	if (fields == NULL)
		return -ENOMEM;
	header->fields = fields;
	header->capacity = capacity;
	return 0;
}

int header_add(struct header *header, struct bytes field)
{
	size_t name_size = 0;
	size_t colon;
	int r;

	while (name_size < field.size && field_name_is_character(field.data[name_size]))
		name_size++;
	colon = name_size;
	while (colon < field.size && ascii_is_wsp(field.data[colon]))
		colon++;
	if (name_size == 0 || colon == field.size || field.data[colon] != ':')
		return HEADER_E_NOT_A_FIELD;

	r = header_reserve_field(header);
	if (r == 0)
		r = header_append(header, field);
	if (r != 0)
		return r;
	header->fields[header->count++] = (struct header_field){
		.offset = header->text.size - field.size,
		.size = field.size - line_end_size(field),
		.name_size = name_size,
		.value_offset = colon + 1,
		.name_hash = field_name_hash(bytes_slice(field, 0, name_size)),
	};
	return 0;
}

int header_continue(struct header *header, struct bytes line)
{
	struct header_field *field;
	int r;

	assert(header->count > 0);
	field = &header->fields[header->count - 1];
	r = header_append(header, line);
	if (r != 0)
		return r;
	field->size = header->text.size - field->offset - line_end_size(line);
	return 0;
}

size_t header_find(const struct header *header, struct bytes name, size_t start)
{
	uint64_t hash = field_name_hash(name);

	for (size_t i = start; i < header->count; i++) {
		if (header->fields[i].name_hash == hash &&
		    bytes_equal_nocase(header_name(header, i), name))
			return i;
	}
	return header->count;
}

void header_remove(struct header *header, struct bytes name)
{
	size_t kept = 0;

	for (size_t i = 0; i < header->count; i++) {
		if (!bytes_equal_nocase(header_name(header, i), name))
			header->fields[kept++] = header->fields[i];
	}
	header->count = kept;
}
