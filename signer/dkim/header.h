/*
 * header - the fields of one message header, in message order, with all their bytes.
 *
 * Is:       an arena of the bytes as they came (folding, odd spaces and line ends included), and
 *           the place of each field in it.
 * Is not:   the splitting of a message (message_reader.h) or anything canonical (header_canon.h).
 * Use:      header_init(); per message header_clear(), then header_add() for the first line of a
 *           field and header_continue() for each folded one. Whoever has whole fields, as a milter
 *           has, gives them to header_add() with the folding in them.
 * Source:   RFC 5322 2.2, and 4.5.8 for blanks before the colon.
 * Units:    sizes are bytes.
 * Errors:   -ENOMEM and HEADER_E_*; the header is then what it was before the call.
 * Owns:     its memory. What the accessors return is valid until the next call that changes it.
 * Threads:  one at a time; the accessors change nothing.
 */
#ifndef SIGNER_DKIM_HEADER_H
#define SIGNER_DKIM_HEADER_H

#include "common/buffer.h"

enum {
	HEADER_E_NOT_A_FIELD = 1, /* no name, or no colon after it */
	HEADER_E_TOO_LARGE,	  /* more than size_max */
};

/* Private. */
struct header_field {
	size_t offset;
	size_t size; /* without the final line end */
	size_t name_size;
	size_t value_offset; /* in the field: behind the colon */
	uint64_t name_hash;
};

/* Private. */
struct header {
	struct buffer text;
	struct header_field *fields;
	size_t count;
	size_t capacity; /* fields */
	size_t size_max; /* 0: no limit */
};

/*
 * The number of fields is bounded by their size: a field has three bytes at least, and costs
 * sizeof(struct header_field) besides.
 */
void header_init(struct header *header, size_t size_max);
void header_deinit(struct header *header);

/* Forgets the fields and keeps the memory. */
void header_clear(struct header *header);

/* A field, or its first line; with or without its final line end. */
MUST_CHECK int header_add(struct header *header, struct bytes field);

/* A folded line of the field that was added last, whose lines so far all have their line ends. */
MUST_CHECK int header_continue(struct header *header, struct bytes line);

/*
 * Forgets all fields of that name. The bytes of the others stay where they are, and header_size() is what it
 * was.
 */
void header_remove(struct header *header, struct bytes name);

static inline size_t header_count(const struct header *header)
{
	return header->count;
}

/* Bytes allocated, for this header or an earlier one. */
static inline size_t header_memory(const struct header *header)
{
	return header->text.capacity + header->capacity * sizeof(header->fields[0]);
}

/* Bytes of all fields, line ends included. */
static inline size_t header_size(const struct header *header)
{
	return header->text.size;
}

/* The whole field as it came, folding included, without its final line end. */
static inline struct bytes header_field(const struct header *header, size_t index)
{
	const struct header_field *field = &header->fields[index];

	return bytes_of(header->text.data + field->offset, field->size);
}

/* The place of a field among the bytes of all fields, and that behind its line end. Not after a removal. */
static inline size_t header_field_start(const struct header *header, size_t index)
{
	return header->fields[index].offset;
}

static inline size_t header_field_end(const struct header *header, size_t index)
{
	return index + 1 < header->count ? header->fields[index + 1].offset : header->text.size;
}

/* The name in its own spelling, without blanks before the colon. */
static inline struct bytes header_name(const struct header *header, size_t index)
{
	return bytes_slice(header_field(header, index), 0, header->fields[index].name_size);
}

/* What stands behind the colon, white space and folding included, without the final line end. */
static inline struct bytes header_value(const struct header *header, size_t index)
{
	return bytes_skip(header_field(header, index), header->fields[index].value_offset);
}

/* field_name_hash() of the name. */
static inline uint64_t header_name_hash(const struct header *header, size_t index)
{
	return header->fields[index].name_hash;
}

/* The index of the first field of that name from `start` on, or header_count() if there is none. */
size_t header_find(const struct header *header, struct bytes name, size_t start);

#endif
