/*
 * json_stream - JSON into a file, as it is made: a report of any size is never in memory as a whole.
 *
 * Is:       objects, arrays and values with the commas between them; a line a member on the first
 *           level, so that a person can read it, too.
 * Source:   RFC 8259. Bytes that are no UTF-8 become U+FFFD, so the output always is.
 * Use:      json_stream_begin(json, NULL, '{'); json_stream_string(json, "file", text); json_stream_end(json, '}');
 *           `name` is NULL inside an array, and for the outermost value.
 * Errors:   none here; whoever ends the program asks stdout (output.h).
 * Threads:  one.
 */
#ifndef SIGNER_CMD_JSON_STREAM_H
#define SIGNER_CMD_JSON_STREAM_H

#include "common/bytes.h"

#include <stdio.h>

#define JSON_STREAM_DEPTH_MAX 16

struct json_stream {
	FILE *file;
	unsigned depth;
	bool has_members[JSON_STREAM_DEPTH_MAX];
};

void json_stream_init(struct json_stream *json, FILE *file);

/* `bracket`: '{' or '['; to end it, the other one. */
void json_stream_begin(struct json_stream *json, const char *name, char bracket);
void json_stream_end(struct json_stream *json, char bracket);

void json_stream_bytes(struct json_stream *json, const char *name, struct bytes value);
void json_stream_string(struct json_stream *json, const char *name,
			const char *value); /* NULL: null */
void json_stream_number(struct json_stream *json, const char *name, uint64_t value);
void json_stream_seconds(struct json_stream *json, const char *name, double value);
void json_stream_bool(struct json_stream *json, const char *name, bool value);

#endif
