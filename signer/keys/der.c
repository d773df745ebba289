/*
 * How it works: tag, length, content (X.690 8.1). Lengths of more than three bytes are refused:
 * nothing that we read is near 16 MiB.
 */
#include "signer/keys/der.h"

#include <errno.h>

#define LENGTH_BYTES_MAX 3

bool der_take(struct bytes *input, uint8_t tag, struct bytes *content_out)
{
	size_t header_size = 2;
	size_t size;

	if (input->size < header_size || input->data[0] != tag)
		return false;
	size = input->data[1];
	if (size >= 0x80) {
		size_t count = size - 0x80;

		header_size += count;
		if (count == 0 || count > LENGTH_BYTES_MAX || input->size < header_size)
			return false;
		size = 0;
		for (size_t i = 0; i < count; i++)
			size = size << 8 | input->data[2 + i];
	}
	if (size > input->size - header_size)
		return false;
	*content_out = bytes_slice(*input, header_size, header_size + size);
	*input = bytes_skip(*input, header_size + size);
	return true;
}

bool der_take_unsigned(struct bytes *input, struct bytes *magnitude_out)
{
	struct bytes rest = *input;
	struct bytes content;

	if (!der_take(&rest, DER_INTEGER, &content) || content.size == 0 || content.data[0] >= 0x80)
		return false;
	if (content.data[0] == 0) {
		/* X.690 8.3.2: a zero byte only where the next one would look like a sign. */
		if (content.size > 1 && content.data[1] < 0x80)
			return false;
		content = bytes_skip(content, 1);
	}
	*magnitude_out = content;
	*input = rest;
	return true;
}

bool der_take_bit_string(struct bytes *input, struct bytes *content_out)
{
	struct bytes rest = *input;
	struct bytes content;

	/* The first byte counts the unused bits of the last. */
	if (!der_take(&rest, DER_BIT_STRING, &content) || content.size == 0 || content.data[0] != 0)
		return false;
	*content_out = bytes_skip(content, 1);
	*input = rest;
	return true;
}

static int der_append_header(struct buffer *output, uint8_t tag, size_t size)
{
	uint8_t header[2 + LENGTH_BYTES_MAX] = {tag};
	size_t header_size = 2;

	if (size >> (8 * LENGTH_BYTES_MAX) != 0)
		return -EOVERFLOW;
	if (size < 0x80) {
		header[1] = (uint8_t)size;
	} else {
		size_t count = size > 0xffff ? 3 : size > 0xff ? 2 : 1;

		header[1] = (uint8_t)(0x80 + count);
		for (size_t i = 0; i < count; i++)
			header[header_size++] = (uint8_t)(size >> (8 * (count - 1 - i)));
	}
	return buffer_append(output, bytes_of(header, header_size));
}

int der_append(struct buffer *output, uint8_t tag, struct bytes content)
{
	int r = der_append_header(output, tag, content.size);

	return r != 0 ? r : buffer_append(output, content);
}

/* The content with a zero byte before it, if `zero_first`. */
static int der_append_padded(struct buffer *output, uint8_t tag, bool zero_first,
			     struct bytes content)
{
	int r = der_append_header(output, tag, content.size + zero_first);

	if (r == 0 && zero_first)
		r = buffer_append_byte(output, 0);
	if (r == 0)
		r = buffer_append(output, content);
	return r;
}

int der_append_unsigned(struct buffer *output, struct bytes magnitude)
{
	return der_append_padded(output, DER_INTEGER,
				 magnitude.size == 0 || magnitude.data[0] >= 0x80, magnitude);
}

int der_append_bit_string(struct buffer *output, struct bytes content)
{
	return der_append_padded(output, DER_BIT_STRING, true, content);
}
