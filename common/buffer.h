/*
 * buffer - bytes that grow, owned by one place.
 *
 * Errors:   -ENOMEM, and the buffer is what it was before the call. A NULL `data` with size 0 is
 *           an empty buffer, and so is a struct of zeros.
 * Owns:     its memory; buffer_deinit() gives it back, and leaves an empty buffer.
 * Threads:  one at a time.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include "common/bytes.h"
#include "common/compiler.h"

struct buffer {
	uint8_t *data;
	size_t size;
	size_t capacity; /* bytes allocated, at least `size` */
};

void buffer_deinit(struct buffer *buffer);

/* Forgets the content and keeps the memory. */
static inline void buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
}

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
	return bytes_of(buffer->data, buffer->size);
}

/* Forgets so many bytes at the front. */
static inline void buffer_drop_front(struct buffer *buffer, size_t count)
{
	buffer->size -= count;
	if (buffer->size > 0)
		memmove(buffer->data, buffer->data + count, buffer->size);
}

/* Makes room for `more` bytes behind the content; the room is at data + size. */
MUST_CHECK int buffer_reserve(struct buffer *buffer, size_t more);
MUST_CHECK int buffer_append(struct buffer *buffer, struct bytes bytes);
MUST_CHECK int buffer_append_byte(struct buffer *buffer, uint8_t byte);
MUST_CHECK int buffer_append_string(struct buffer *buffer, const char *text);
/* In decimal digits. */
MUST_CHECK int buffer_append_number(struct buffer *buffer, uint64_t number);
MUST_CHECK PRINTF_LIKE(2, 3) int buffer_printf(struct buffer *buffer, const char *format, ...);

/* The content as a string: adds a NUL that is not counted in `size`. NULL: no memory. */
MUST_CHECK const char *buffer_string(struct buffer *buffer);

#endif
