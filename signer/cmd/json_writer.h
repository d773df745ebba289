/*
 * json_writer - JSON on stdout, as it is made.
 *
 * Is:       objects, arrays and values with the commas between them; a line a member on the first
 *           level, so that a person can read it, too.
 * Source:   RFC 8259. Bytes that are no UTF-8 become U+FFFD, so the output always is.
 * Use:      json_begin(json, NULL, '{'); json_string(json, "file", text); json_end(json, '}');
 *           `name` is NULL inside an array, and for the outermost value.
 * Errors:   none here; whoever ends the program asks stdout (output.h).
 * Threads:  one.
 */
#ifndef SIGNER_CMD_JSON_WRITER_H
#define SIGNER_CMD_JSON_WRITER_H

#include "common/bytes.h"

#include <stdio.h>

#define JSON_DEPTH_MAX 16

struct json_writer {
	FILE *file;
	unsigned depth;
	bool has_members[JSON_DEPTH_MAX];
};

void json_init(struct json_writer *json, FILE *file);

/* `bracket`: '{' or '['; to end it, the other one. */
void json_begin(struct json_writer *json, const char *name, char bracket);
void json_end(struct json_writer *json, char bracket);

void json_bytes(struct json_writer *json, const char *name, struct bytes value);
void json_string(struct json_writer *json, const char *name, const char *value); /* NULL: null */
void json_number(struct json_writer *json, const char *name, uint64_t value);
void json_seconds(struct json_writer *json, const char *name, double value);
void json_bool(struct json_writer *json, const char *name, bool value);

#endif
