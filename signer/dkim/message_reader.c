/*
 * How it works: the input is cut into whole lines, and only whole lines are looked at. Lines that
 * the input holds in one piece are taken from there; one that it cuts is gathered in `partial`.
 *
 *   START --> ENVELOPE --+--> FIELDS --> DONE
 *     |                  |      ^
 *     +-----> MBOX ------+      |
 *     +-------------------------+
 *
 * START, ENVELOPE and MBOX have seen no header field yet. Each byte is looked at a fixed number of
 * times, whatever the split: a search never begins again in front of bytes that it has passed.
 */
#include "signer/dkim/message_reader.h"

#include <assert.h>

void message_reader_init(struct message_reader *reader)
{
	*reader = (struct message_reader){0};
}

void message_reader_deinit(struct message_reader *reader)
{
	buffer_deinit(&reader->partial);
	message_reader_init(reader);
}

void message_reader_start(struct message_reader *reader, struct header *header, bool fix_crlf)
{
	struct buffer partial = reader->partial;

	buffer_clear(&partial);
	header_clear(header);
	*reader = (struct message_reader){
		.header = header, .partial = partial, .fix_crlf = fix_crlf};
}

void message_reader_start_done(struct message_reader *reader, struct header *header,
			       enum message_line_end line_end)
{
	message_reader_start(reader, header, false);
	reader->state = MESSAGE_READER_DONE;
	reader->line_end = line_end;
}

static bool ends_in(struct bytes text, uint8_t byte)
{
	return text.size > 0 && text.data[text.size - 1] == byte;
}

static struct bytes line_content(const struct message_reader *reader, struct bytes line)
{
	if (ends_in(line, '\n')) {
		line.size--;
		if (ends_in(line, '\r'))
			line.size--;
	} else if (reader->fix_crlf && ends_in(line, '\r')) {
		line.size--;
	}
	return line;
}

static bool is_envelope_line(struct bytes content)
{
	return bytes_start_with_nocase(content, BYTES_LITERAL("X-Sender:")) ||
	       bytes_start_with_nocase(content, BYTES_LITERAL("X-Receiver:"));
}

static int field_outcome(int r)
{
	switch (r) {
	case HEADER_E_NOT_A_FIELD: return MESSAGE_E_NOT_A_FIELD;
	case HEADER_E_TOO_LARGE: return MESSAGE_E_TOO_LARGE;
	default: return r;
	}
}

/* A line that neither is empty nor belongs to the envelope. */
static int take_field_line(struct message_reader *reader, struct bytes line, struct bytes content)
{
	if (ascii_is_wsp(content.data[0])) {
		if (reader->state != MESSAGE_READER_FIELDS)
			return MESSAGE_E_CONTINUATION_FIRST;
		return field_outcome(header_continue(reader->header, line));
	}
	if (reader->state != MESSAGE_READER_FIELDS) {
		reader->state = MESSAGE_READER_FIELDS;
		if (ends_in(line, '\r') || line.size == content.size + 2)
			reader->line_end = MESSAGE_LINE_END_CRLF;
	}
	return field_outcome(header_add(reader->header, line));
}

/* "From " and an address; but "From :" is a field with a blank before its colon. */
static bool is_mbox_line(struct bytes content)
{
	struct bytes rest;

	if (!bytes_start_with(content, BYTES_LITERAL("From ")))
		return false;
	rest = bytes_trim(bytes_skip(content, 5));
	return rest.size == 0 || rest.data[0] != ':';
}

/* True if the line belongs to the envelope; the state then says of which kind it is. */
static bool take_envelope_line(struct message_reader *reader, struct bytes line,
			       struct bytes content)
{
	enum message_reader_state next = MESSAGE_READER_ENVELOPE;

	if (reader->state == MESSAGE_READER_START && is_mbox_line(content))
		next = MESSAGE_READER_MBOX;
	else if (reader->state != MESSAGE_READER_START && reader->state != MESSAGE_READER_ENVELOPE)
		return false;
	else if (!is_envelope_line(content) &&
		 !(reader->state == MESSAGE_READER_ENVELOPE && ascii_is_wsp(content.data[0])))
		return false;
	reader->state = next;
	reader->envelope_size += line.size;
	return true;
}

/*
 * Whether a line has more in it than the header may still take. The line end does not count: that
 * of the empty line is not in the header. This is asked first of all, because a line that the input
 * cuts is given up as soon as it is too large.
 */
static bool is_too_large(const struct message_reader *reader, size_t content_size)
{
	size_t size_max = reader->header->size_max;

	return size_max != 0 && content_size > size_max - header_size(reader->header);
}

static int take_line(struct message_reader *reader, struct bytes line)
{
	struct bytes content = line_content(reader, line);

	reader->lines++;
	reader->taken_size += line.size;
	if (is_too_large(reader, content.size))
		return MESSAGE_E_TOO_LARGE;
	if (bytes_find(content, '\0') < content.size)
		return MESSAGE_E_NUL;
	if (bytes_find(content, '\r') < content.size)
		return MESSAGE_E_BARE_CR;
	if (content.size == 0) {
		if (reader->state != MESSAGE_READER_FIELDS)
			return MESSAGE_E_NO_HEADER;
		reader->state = MESSAGE_READER_DONE;
		return 0;
	}
	if (take_envelope_line(reader, line, content))
		return 0;
	return take_field_line(reader, line, content);
}

/* The size of the first line with its end, or 0 if the end is not there yet. */
static size_t whole_line_size(const struct message_reader *reader, struct bytes input)
{
	size_t end = 0;

	if (!reader->fix_crlf) {
		end = bytes_find(input, '\n');
		return end == input.size ? 0 : end + 1;
	}
	while (end < input.size && input.data[end] != '\n' && input.data[end] != '\r')
		end++;
	if (end == input.size)
		return 0;
	if (input.data[end] == '\n')
		return end + 1;
	if (end + 1 == input.size)
		return 0; /* a CR whose LF may be the next byte */
	return input.data[end + 1] == '\n' ? end + 2 : end + 1;
}

/* Keeps the start of a line, or more of it; its end is not in the input. */
static int keep_partial(struct message_reader *reader, struct bytes input)
{
	size_t size = reader->partial.size + input.size;

	if (ends_in(input, '\r'))
		size--; /* it may belong to the line end */
	if (is_too_large(reader, size)) {
		reader->lines++;
		return MESSAGE_E_TOO_LARGE;
	}
	return buffer_append(&reader->partial, input);
}

/* Goes on with the line in `partial`; `consumed_out` is what it took of the input. */
static int push_partial(struct message_reader *reader, struct bytes input, size_t *consumed_out)
{
	size_t end;
	int r;

	if (reader->fix_crlf && ends_in(buffer_bytes(&reader->partial), '\r')) {
		end = input.data[0] == '\n' ? 1 : 0;
	} else {
		end = whole_line_size(reader, input);
		if (end == 0) {
			*consumed_out = input.size;
			return keep_partial(reader, input);
		}
	}
	r = buffer_append(&reader->partial, bytes_slice(input, 0, end));
	if (r != 0)
		return r;
	r = take_line(reader, buffer_bytes(&reader->partial));
	buffer_clear(&reader->partial);
	*consumed_out = end;
	return r;
}

int message_reader_push(struct message_reader *reader, struct bytes input, size_t *consumed_out)
{
	size_t offset = 0;
	size_t size;
	int r;

	while (offset < input.size && reader->state != MESSAGE_READER_DONE) {
		struct bytes rest = bytes_skip(input, offset);

		if (reader->partial.size > 0) {
			r = push_partial(reader, rest, &size);
		} else {
			size = whole_line_size(reader, rest);
			if (size > 0) {
				r = take_line(reader, bytes_slice(rest, 0, size));
			} else {
				size = rest.size;
				r = keep_partial(reader, rest);
			}
		}
		if (r != 0)
			return r;
		offset += size;
	}
	*consumed_out = offset;
	return 0;
}

int message_reader_finish(struct message_reader *reader)
{
	int r = 0;

	assert(reader->header != NULL);
	if (reader->partial.size > 0) {
		reader->is_cut = true;
		r = take_line(reader, buffer_bytes(&reader->partial));
		buffer_clear(&reader->partial);
	}
	if (r == 0 && header_count(reader->header) == 0)
		return MESSAGE_E_NO_HEADER;
	return r;
}

const char *message_reader_reason(int outcome)
{
	switch (outcome) {
	case MESSAGE_E_BARE_CR: return "a carriage return without a line feed in the header";
	case MESSAGE_E_NUL: return "a NUL byte in the header";
	case MESSAGE_E_TOO_LARGE: return "the header is larger than allowed";
	case MESSAGE_E_NOT_A_FIELD: return "neither a header field nor the continuation of one";
	case MESSAGE_E_CONTINUATION_FIRST: return "the header begins with a folded line";
	case MESSAGE_E_NO_HEADER: return "the message has no header";
	default: return "unknown error";
	}
}
