/*
 * How it works: the capacity doubles, from a first BUFFER_CAPACITY_MIN, so that appending n bytes
 * one by one costs O(n).
 */
#include "common/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_CAPACITY_MIN 256

void buffer_deinit(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}

int buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity < BUFFER_CAPACITY_MIN ? BUFFER_CAPACITY_MIN
								 : buffer->capacity;
	uint8_t *data;

	if (more <= buffer->capacity - buffer->size)
		return 0;
	if (more > SIZE_MAX / 2 - buffer->size)
		return -ENOMEM;
	while (capacity < buffer->size + more)
		capacity *= 2;
	data = realloc(buffer->data, capacity);
	if (data == NULL)
		return -ENOMEM;
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

int buffer_append(struct buffer *buffer, struct bytes bytes)
{
	int r = buffer_reserve(buffer, bytes.size);

	if (r != 0)
		return r;
	if (bytes.size > 0)
		memcpy(buffer->data + buffer->size, bytes.data, bytes.size);
	buffer->size += bytes.size;
	return 0;
}

int buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
	return buffer_append(buffer, bytes_of(&byte, 1));
}

int buffer_append_string(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, bytes_of_string(text));
}

int buffer_append_number(struct buffer *buffer, uint64_t number)
{
	uint8_t digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (uint8_t)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return buffer_append(buffer, bytes_of(digits + at, sizeof(digits) - at));
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	int size;
	int r;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		return -EINVAL;
	r = buffer_reserve(buffer, (size_t)size + 1);
	if (r != 0)
		return r;
	va_start(args, format);
	(void)vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, args);
	va_end(args);
	buffer->size += (size_t)size;
	return 0;
}

const char *buffer_string(struct buffer *buffer)
{
	if (buffer_reserve(buffer, 1) != 0)
		return NULL;
	buffer->data[buffer->size] = '\0';
	return (const char *)buffer->data;
}
