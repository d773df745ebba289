/*
 * bytes - a borrowed run of bytes, and what one asks of it.
 *
 * Is:       a pointer and a size, passed by value. It may hold any byte, NUL too, and does
 *           not end in NUL.
 * Is not:   an owner (buffer.h), or a path or a message for people (char *, ends in NUL).
 * Owns:     nothing: whoever lent the bytes says how long they live.
 * Case:     the _nocase functions fold ASCII only, whatever the locale, as mail and DNS do.
 */
#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t size;
};

/* A string literal without its NUL. */
#define BYTES_LITERAL(text) ((struct bytes){(const uint8_t *)("" text), sizeof(text) - 1})

/* The two arguments of a printf "%.*s". */
#define BYTES_PRINTF(bytes) (int)(bytes).size, (const char *)(bytes).data

static inline struct bytes bytes_of(const void *data, size_t size)
{
	return (struct bytes){data, size};
}

static inline struct bytes bytes_of_string(const char *text)
{
	return bytes_of(text, strlen(text));
}

/* The bytes from `start` to before `end`; both are offsets, start <= end <= size. */
static inline struct bytes bytes_slice(struct bytes bytes, size_t start, size_t end)
{
	/* No bytes may have no address, and to that not even 0 may be added. */
	return bytes_of(start == 0 ? bytes.data : bytes.data + start, end - start);
}

static inline struct bytes bytes_skip(struct bytes bytes, size_t count)
{
	return bytes_slice(bytes, count, bytes.size);
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline uint8_t ascii_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* RFC 5234 WSP. */
static inline bool ascii_is_wsp(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static inline bool ascii_is_space(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static inline bool ascii_is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++) {
		if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
			return false;
	}
	return true;
}

static inline bool bytes_start_with(struct bytes bytes, struct bytes start)
{
	return bytes.size >= start.size && bytes_equal(bytes_slice(bytes, 0, start.size), start);
}

static inline bool bytes_start_with_nocase(struct bytes bytes, struct bytes start)
{
	return bytes.size >= start.size &&
	       bytes_equal_nocase(bytes_slice(bytes, 0, start.size), start);
}

/* The offset of the first `byte`, or the size if there is none. */
static inline size_t bytes_find(struct bytes bytes, uint8_t byte)
{
	const uint8_t *found = bytes.size == 0 ? NULL : memchr(bytes.data, byte, bytes.size);

	return found == NULL ? bytes.size : (size_t)(found - bytes.data);
}

/* The offset of the last `byte`, or the size if there is none. */
static inline size_t bytes_find_last(struct bytes bytes, uint8_t byte)
{
	const uint8_t *found = bytes.size == 0 ? NULL : memrchr(bytes.data, byte, bytes.size);

	return found == NULL ? bytes.size : (size_t)(found - bytes.data);
}

/* The offset of the first white space (as bytes_trim() knows it), or the size: where a word ends. */
static inline size_t bytes_find_space(struct bytes bytes)
{
	size_t offset = 0;

	while (offset < bytes.size && !ascii_is_space(bytes.data[offset]))
		offset++;
	return offset;
}

/* Without the white space (space, HT, LF, VT, FF, CR) at both ends. */
static inline struct bytes bytes_trim(struct bytes bytes)
{
	while (bytes.size > 0 && ascii_is_space(bytes.data[0]))
		bytes = bytes_skip(bytes, 1);
	while (bytes.size > 0 && ascii_is_space(bytes.data[bytes.size - 1]))
		bytes.size--;
	return bytes;
}

#endif
