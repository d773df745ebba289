/*
 * How it works: a stack of what is open, so that each value knows whether a comma goes before it and how
 * far it is indented. One value a line, which two runs can be compared by.
 */
#include "bench/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void json_writer_init(struct json_writer *json)
{
	*json = (struct json_writer){0};
}

void json_writer_deinit(struct json_writer *json)
{
	buffer_deinit(&json->text);
}

static void put(struct json_writer *json, const char *text)
{
	if (json->error == 0)
		json->error = buffer_append_string(&json->text, text);
}

static void put_quoted(struct json_writer *json, const char *text)
{
	put(json, "\"");
	for (; *text != '\0'; text++) {
		char part[8] = {*text, '\0'};

		if (*text == '"' || *text == '\\')
			snprintf(part, sizeof(part), "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			snprintf(part, sizeof(part), "\\u%04x", (unsigned)*text);
		put(json, part);
	}
	put(json, "\"");
}

static void new_line(struct json_writer *json)
{
	put(json, "\n");
	for (unsigned i = 0; i < json->depth; i++)
		put(json, "  ");
}

/* What stands before any value: the comma, the place, the name. */
static void begin_value(struct json_writer *json, const char *name)
{
	if (json->depth > 0) {
		assert(json->is_array[json->depth - 1] == (name == NULL));
		if (json->has_values[json->depth - 1])
			put(json, ",");
		json->has_values[json->depth - 1] = true;
		new_line(json);
	}
	if (name != NULL) {
		put_quoted(json, name);
		put(json, ": ");
	}
}

static void open_group(struct json_writer *json, const char *name, bool is_array)
{
	assert(json->depth < JSON_DEPTH_MAX);
	begin_value(json, name);
	put(json, is_array ? "[" : "{");
	json->is_array[json->depth] = is_array;
	json->has_values[json->depth] = false;
	json->depth++;
}

void json_object(struct json_writer *json, const char *name)
{
	open_group(json, name, false);
}

void json_array(struct json_writer *json, const char *name)
{
	open_group(json, name, true);
}

void json_end(struct json_writer *json)
{
	assert(json->depth > 0);
	json->depth--;
	if (json->has_values[json->depth])
		new_line(json);
	put(json, json->is_array[json->depth] ? "]" : "}");
}

void json_string(struct json_writer *json, const char *name, const char *text)
{
	begin_value(json, name);
	if (text == NULL)
		put(json, "null");
	else
		put_quoted(json, text);
}

void json_real(struct json_writer *json, const char *name, double value)
{
	char text[32];

	begin_value(json, name);
	snprintf(text, sizeof(text), "%.6g", value);
	put(json, isfinite(value) ? text : "null");
}

void json_whole(struct json_writer *json, const char *name, uint64_t value)
{
	char text[32];

	begin_value(json, name);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	put(json, text);
}

void json_bool(struct json_writer *json, const char *name, bool value)
{
	begin_value(json, name);
	put(json, value ? "true" : "false");
}

int json_writer_finish(struct json_writer *json, struct bytes *text_out)
{
	assert(json->depth == 0);
	put(json, "\n");
	if (json->error != 0)
		return json->error;
	*text_out = buffer_bytes(&json->text);
	return 0;
}
