/*
 * How it works: room for the longest answer is reserved first, so the loops only write. Relaxed
 * takes CR and LF for white space: inside a field a blank always follows them, so unfolding and
 * then reducing white space comes to the same.
 */
#include "signer/dkim/header_canon.h"

#include <assert.h>

static size_t write_simple(uint8_t *out, struct bytes field)
{
	uint8_t *end = out;

	for (size_t i = 0; i < field.size; i++) {
		uint8_t byte = field.data[i];

		if (byte != '\r' && byte != '\n') {
			*end++ = byte;
			continue;
		}
		if (byte == '\r' && i + 1 < field.size && field.data[i + 1] == '\n')
			i++;
		*end++ = '\r';
		*end++ = '\n';
	}
	return (size_t)(end - out);
}

/* One space for each run of white space, none at either end. */
static uint8_t *write_reduced(uint8_t *out, struct bytes value)
{
	uint8_t *end = out;
	bool after_blank = true;

	for (size_t i = 0; i < value.size; i++) {
		uint8_t byte = value.data[i];
		bool blank = byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';

		/*
		 * Without branches: words are short, and a guess at their length is mostly wrong.
		 */
		*end = blank ? ' ' : byte;
		end += !(blank & after_blank);
		after_blank = blank;
	}
	if (end > out && end[-1] == ' ')
		end--;
	return end;
}

static size_t write_relaxed(uint8_t *out, struct bytes field)
{
	size_t colon = bytes_find(field, ':');
	uint8_t *end = out;

	assert(colon < field.size);
	for (size_t i = 0; i < colon && !ascii_is_wsp(field.data[i]); i++)
		*end++ = ascii_lower(field.data[i]);
	*end++ = ':';
	end = write_reduced(end, bytes_skip(field, colon + 1));
	return (size_t)(end - out);
}

int header_canon_append(struct buffer *out, struct bytes field,
			enum canonicalization canonicalization)
{
	uint8_t *end;
	int r;

	/* Each byte becomes two at most. Relaxed may write one byte that it then takes back. */
	r = buffer_reserve(out, field.size * 2 + 1);
	if (r != 0)
		return r;
	end = out->data + out->size;
	out->size += canonicalization == CANONICALIZATION_RELAXED ? write_relaxed(end, field)
								  : write_simple(end, field);
	return 0;
}
