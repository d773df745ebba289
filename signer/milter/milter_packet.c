/*
 * How it works: as long as whole packets lie in the input they are handed out from there, without a copy. What is left
 * over is kept; the next input first completes it. An error in a size is found as soon as the size is there, but an
 * empty packet only with the byte behind it.
 */
#include "signer/milter/milter_packet.h"

#include <assert.h>
#include <errno.h>

#define SIZE_BYTES 4
#define HEAD_SIZE  (SIZE_BYTES + 1)

static uint32_t read_number(const uint8_t *data)
{
	return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static void write_number(uint8_t *data, uint32_t number)
{
	data[0] = (uint8_t)(number >> 24);
	data[1] = (uint8_t)(number >> 16);
	data[2] = (uint8_t)(number >> 8);
	data[3] = (uint8_t)number;
}

void milter_decoder_deinit(struct milter_decoder *decoder)
{
	buffer_deinit(&decoder->part);
}

static int check_size(size_t size)
{
	if (size == 0)
		return MILTER_PACKET_E_EMPTY;
	return size > MILTER_PACKET_SIZE_MAX ? MILTER_PACKET_E_TOO_LARGE : 0;
}

/* Moves bytes from the input to the part until it has `size`, or the input is empty. */
static int fill_part(struct milter_decoder *decoder, struct bytes *input, size_t size)
{
	size_t count = decoder->part.size >= size ? 0 : size - decoder->part.size;
	int r;

	if (count > input->size)
		count = input->size;
	r = buffer_append(&decoder->part, bytes_slice(*input, 0, count));
	if (r == 0)
		*input = bytes_skip(*input, count);
	return r;
}

/* Of the head, and all that is there of the rest. */
static struct milter_packet packet_of(struct bytes bytes)
{
	return (struct milter_packet){
		.command = bytes.data[SIZE_BYTES],
		.is_whole = true,
		.data = bytes_skip(bytes, HEAD_SIZE),
	};
}

static bool take_body(struct milter_decoder *decoder, struct bytes *input,
		      struct milter_packet *packet_out)
{
	size_t count = decoder->body_left < input->size ? decoder->body_left : input->size;

	if (count == 0 && decoder->body_left > 0)
		return false;
	decoder->body_left -= count;
	decoder->in_body = decoder->body_left > 0;
	*packet_out = (struct milter_packet){
		.command = MILTER_BODY,
		.is_whole = !decoder->in_body,
		.data = bytes_slice(*input, 0, count),
	};
	*input = bytes_skip(*input, count);
	return true;
}

/* The head of a packet, from the part if it begins there, else from the input; shorter where it is not there yet. */
static int find_head(struct milter_decoder *decoder, struct bytes *input, struct bytes *head_out)
{
	int r = 0;

	*head_out = *input;
	if (decoder->part.size > 0 || input->size < HEAD_SIZE) {
		r = fill_part(decoder, input, HEAD_SIZE);
		*head_out = buffer_bytes(&decoder->part);
	}
	return r;
}

/* All of a packet whose size, head included, is known. */
static int take_whole(struct milter_decoder *decoder, struct bytes *input, size_t size,
		      struct milter_packet *packet_out, bool *has_packet_out)
{
	int r;

	if (decoder->part.size == 0 && input->size >= size) {
		*packet_out = packet_of(bytes_slice(*input, 0, size));
		*input = bytes_skip(*input, size);
		*has_packet_out = true;
		return 0;
	}
	r = fill_part(decoder, input, size);
	if (r != 0 || decoder->part.size < size)
		return r;
	*packet_out = packet_of(buffer_bytes(&decoder->part));
	*has_packet_out = true;
	buffer_clear(&decoder->part); /* its bytes stay where they are until the next call */
	return 0;
}

int milter_decoder_next(struct milter_decoder *decoder, struct bytes *input,
			struct milter_packet *packet_out, bool *has_packet_out)
{
	struct bytes head;
	size_t size;
	int r = 0;

	*has_packet_out = false;
	if (!decoder->in_body) {
		r = find_head(decoder, input, &head);
		if (r != 0 || head.size < HEAD_SIZE)
			return r;
		size = read_number(head.data);
		r = check_size(size);
		if (r != 0)
			return r;
		if (head.data[SIZE_BYTES] != MILTER_BODY)
			return take_whole(decoder, input, SIZE_BYTES + size, packet_out,
					  has_packet_out);
		if (decoder->part.size == 0)
			*input = bytes_skip(*input, HEAD_SIZE);
		buffer_clear(&decoder->part);
		decoder->body_left = size - 1;
		decoder->in_body = true;
	}
	*has_packet_out = take_body(decoder, input, packet_out);
	return 0;
}

const char *milter_packet_reason(int error)
{
	switch (error) {
	case MILTER_PACKET_E_EMPTY: return "a packet without a command";
	case MILTER_PACKET_E_TOO_LARGE: return "a packet that is too large";
	default: return "out of memory";
	}
}

bool milter_take_string(struct bytes *data, struct bytes *string_out)
{
	size_t size = bytes_find(*data, '\0');

	if (size == data->size)
		return false;
	*string_out = bytes_slice(*data, 0, size);
	*data = bytes_skip(*data, size + 1);
	return true;
}

bool milter_take_number(struct bytes *data, uint32_t *number_out)
{
	if (data->size < 4)
		return false;
	*number_out = read_number(data->data);
	*data = bytes_skip(*data, 4);
	return true;
}

/* The head of a packet whose data has that size, and room for the data. */
static int put_head(struct buffer *answers, enum milter_answer answer, size_t size)
{
	int r;

	assert(size < MILTER_PACKET_SIZE_MAX);
	r = buffer_reserve(answers, SIZE_BYTES + 1 + size);
	if (r != 0)
		return r;
	write_number(answers->data + answers->size, (uint32_t)size + 1);
	answers->data[answers->size + SIZE_BYTES] = (uint8_t)answer;
	answers->size += SIZE_BYTES + 1;
	return 0;
}

/* There is room for what follows: put_head() has made it. */
static void put_bytes(struct buffer *answers, struct bytes bytes)
{
	if (bytes.size > 0)
		memcpy(answers->data + answers->size, bytes.data, bytes.size);
	answers->size += bytes.size;
}

static void put_string(struct buffer *answers, struct bytes string)
{
	put_bytes(answers, string);
	answers->data[answers->size++] = '\0';
}

static void put_number(struct buffer *answers, uint32_t number)
{
	write_number(answers->data + answers->size, number);
	answers->size += 4;
}

int milter_put(struct buffer *answers, enum milter_answer answer, struct bytes data)
{
	int r = put_head(answers, answer, data.size);

	if (r == 0)
		put_bytes(answers, data);
	return r;
}

int milter_put_options(struct buffer *answers, uint32_t version, uint32_t actions, uint32_t steps,
		       const struct bytes macros[MILTER_MACRO_STEPS])
{
	size_t size = 3 * 4;
	int r;

	for (uint32_t step = 0; step < MILTER_MACRO_STEPS; step++) {
		if (macros[step].size > 0)
			size += 4 + macros[step].size + 1;
	}
	r = put_head(answers, MILTER_OPTIONS, size);
	if (r != 0)
		return r;
	put_number(answers, version);
	put_number(answers, actions);
	put_number(answers, steps);
	for (uint32_t step = 0; step < MILTER_MACRO_STEPS; step++) {
		if (macros[step].size > 0) {
			put_number(answers, step);
			put_string(answers, macros[step]);
		}
	}
	return 0;
}

static int put_field(struct buffer *answers, enum milter_answer answer, uint32_t index,
		     struct bytes name, struct bytes value)
{
	int r = put_head(answers, answer, 4 + name.size + 1 + value.size + 1);

	if (r != 0)
		return r;
	put_number(answers, index);
	put_string(answers, name);
	put_string(answers, value);
	return 0;
}

int milter_put_insert_header(struct buffer *answers, uint32_t index, struct bytes name,
			     struct bytes value)
{
	return put_field(answers, MILTER_INSERT_HEADER, index, name, value);
}

int milter_put_change_header(struct buffer *answers, uint32_t index, struct bytes name,
			     struct bytes value)
{
	return put_field(answers, MILTER_CHANGE_HEADER, index, name, value);
}

static int put_text(struct buffer *answers, enum milter_answer answer, const char *text)
{
	struct bytes bytes = bytes_of_string(text);
	int r = put_head(answers, answer, bytes.size + 1);

	if (r == 0)
		put_string(answers, bytes);
	return r;
}

int milter_put_reply(struct buffer *answers, const char *text)
{
	return put_text(answers, MILTER_REPLY_CODE, text);
}

int milter_put_quarantine(struct buffer *answers, const char *reason)
{
	return put_text(answers, MILTER_QUARANTINE, reason);
}
