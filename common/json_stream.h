/*
 * json_stream - JSON into a file, as it is made: a report of any size is never in memory as a whole.
 *
 * Is:       objects, arrays and values with the commas between them; a line a member on the outer
 *           levels, so that a person can read it, too, and two files can be compared.
 * Source:   RFC 8259. Bytes that are no UTF-8 become U+FFFD, so the output always is. A number that
 *           is not finite becomes null, since JSON has no word for it.
 * Use:      json_stream_begin(json, NULL, '{');
 *           json_stream_string(json, "file", text);
 *           json_stream_end(json, '}');
 *           `name` is NULL inside an array, and for the outermost value.
 * Errors:   none here; whoever owns the file asks it at the end (ferror(), fclose()).
 * Owns:     nothing: the file is borrowed.
 * Threads:  one.
 */
#ifndef COMMON_JSON_STREAM_H
#define COMMON_JSON_STREAM_H

#include "common/bytes.h"

#include <stdio.h>

#define JSON_STREAM_DEPTH_MAX 16

/* How deep each member has a line of its own; what is deeper shares one. */
#define JSON_STREAM_ITEM_A_LINE	 2
#define JSON_STREAM_VALUE_A_LINE JSON_STREAM_DEPTH_MAX

struct json_stream {
	/* private */
	FILE *file;
	unsigned line_depth;
	unsigned depth;
	char brackets[JSON_STREAM_DEPTH_MAX]; /* what ends each level that is open */
	bool has_members[JSON_STREAM_DEPTH_MAX];
};

/* `line_depth`: JSON_STREAM_ITEM_A_LINE or JSON_STREAM_VALUE_A_LINE. */
void json_stream_init(struct json_stream *json, FILE *file, unsigned line_depth);

/* `bracket`: '{' or '['; to end it, the other one. */
void json_stream_begin(struct json_stream *json, const char *name, char bracket);
void json_stream_end(struct json_stream *json, char bracket);

void json_stream_bytes(struct json_stream *json, const char *name, struct bytes value);
void json_stream_string(struct json_stream *json, const char *name,
			const char *value); /* NULL: null */
void json_stream_number(struct json_stream *json, const char *name, uint64_t value);
void json_stream_seconds(struct json_stream *json, const char *name, double value);
void json_stream_real(struct json_stream *json, const char *name, double value);
void json_stream_bool(struct json_stream *json, const char *name, bool value);

#endif
