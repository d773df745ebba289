/*
 * How it works: a stack of what is open, so that each value knows whether a comma goes before it, whether it
 * has a name, and how far it is indented.
 */
#include "common/json_stream.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

void json_stream_init(struct json_stream *json, FILE *file, unsigned line_depth)
{
	*json = (struct json_stream){.file = file, .line_depth = line_depth};
}

/*
 * The size of the UTF-8 character at the front, 0 if there is none (RFC 3629 4: no surrogates, no
 * longer form than needed, nothing above U+10FFFF).
 */
static size_t character_size(struct bytes text)
{
	uint8_t lead = text.data[0];
	size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (lead > 0xf4 || size > text.size)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((lead == 0xe0 && text.data[1] < 0xa0) || (lead == 0xed && text.data[1] > 0x9f) ||
	    (lead == 0xf0 && text.data[1] < 0x90) || (lead == 0xf4 && text.data[1] > 0x8f))
		return 0;
	return size;
}

static void write_quoted(FILE *file, struct bytes text)
{
	putc('"', file);
	while (text.size > 0) {
		uint8_t byte = text.data[0];
		size_t size = character_size(text);

		if (size == 0)
			fputs("\\ufffd", file);
		else if (byte == '"' || byte == '\\')
			fprintf(file, "\\%c", byte);
		else if (byte < 0x20 || byte == 0x7f)
			fprintf(file, "\\u%04x", byte);
		else
			fwrite(text.data, 1, size, file);
		text = bytes_skip(text, size == 0 ? 1 : size);
	}
	putc('"', file);
}

/* What stands before a value: a comma, a line end on the first levels, its name. */
static void lead_in(struct json_stream *json, const char *name)
{
	if (json->depth > 0) {
		assert((name == NULL) == (json->brackets[json->depth - 1] == ']'));
		if (json->has_members[json->depth - 1])
			putc(',', json->file);
		if (json->depth <= json->line_depth)
			fprintf(json->file, "\n%*s", (int)(2 * json->depth), "");
		else if (json->has_members[json->depth - 1])
			putc(' ', json->file);
		json->has_members[json->depth - 1] = true;
	}
	if (name != NULL) {
		write_quoted(json->file, bytes_of_string(name));
		fputs(": ", json->file);
	}
}

void json_stream_begin(struct json_stream *json, const char *name, char bracket)
{
	assert(json->depth < JSON_STREAM_DEPTH_MAX);
	lead_in(json, name);
	putc(bracket, json->file);
	json->brackets[json->depth] = bracket == '{' ? '}' : ']';
	json->has_members[json->depth++] = false;
}

void json_stream_end(struct json_stream *json, char bracket)
{
	assert(json->depth > 0);
	json->depth--;
	assert(json->brackets[json->depth] == bracket);
	if (json->has_members[json->depth] && json->depth < json->line_depth)
		fprintf(json->file, "\n%*s", (int)(2 * json->depth), "");
	putc(bracket, json->file);
	if (json->depth == 0)
		putc('\n', json->file);
}

void json_stream_bytes(struct json_stream *json, const char *name, struct bytes value)
{
	lead_in(json, name);
	write_quoted(json->file, value);
}

void json_stream_string(struct json_stream *json, const char *name, const char *value)
{
	lead_in(json, name);
	if (value == NULL)
		fputs("null", json->file);
	else
		write_quoted(json->file, bytes_of_string(value));
}

void json_stream_number(struct json_stream *json, const char *name, uint64_t value)
{
	lead_in(json, name);
	fprintf(json->file, "%" PRIu64, value);
}

void json_stream_seconds(struct json_stream *json, const char *name, double value)
{
	lead_in(json, name);
	fprintf(json->file, "%.3f", value);
}

void json_stream_real(struct json_stream *json, const char *name, double value)
{
	lead_in(json, name);
	if (isfinite(value))
		fprintf(json->file, "%.6g", value);
	else
		fputs("null", json->file);
}

void json_stream_bool(struct json_stream *json, const char *name, bool value)
{
	lead_in(json, name);
	fputs(value ? "true" : "false", json->file);
}
