/*
 * json_writer - builds one JSON text, a value at a time.
 *
 * Is:       commas, indentation and escapes; the caller says what is in what.
 * Is not:   a check that objects have names and arrays have not: pass NULL as the name inside an array.
 * Source:   RFC 8259. A number that is not finite becomes null, since JSON has no word for it.
 * Errors:   -ENOMEM, remembered: every call after it does nothing, and json_writer_finish() returns it.
 * Owns:     its text; json_writer_deinit() gives it back.
 *
 *	json_writer_init(&json);
 *	json_object(&json, NULL);
 *	json_string(&json, "program", "postseal-bench");
 *	json_end(&json);
 *	r = json_writer_finish(&json, &text);
 */
#ifndef BENCH_JSON_WRITER_H
#define BENCH_JSON_WRITER_H

#include "common/buffer.h"
#include "common/compiler.h"

#include <stdbool.h>

#define JSON_DEPTH_MAX 16

struct json_writer {
	/* private */
	struct buffer text;
	int error;
	unsigned depth;
	bool is_array[JSON_DEPTH_MAX];
	bool has_values[JSON_DEPTH_MAX];
};

void json_writer_init(struct json_writer *json);
void json_writer_deinit(struct json_writer *json);

void json_object(struct json_writer *json, const char *name);
void json_array(struct json_writer *json, const char *name);
void json_end(struct json_writer *json);

/* `text` is UTF-8; NULL is written as null. */
void json_string(struct json_writer *json, const char *name, const char *text);
void json_real(struct json_writer *json, const char *name, double value);
void json_whole(struct json_writer *json, const char *name, uint64_t value);
void json_bool(struct json_writer *json, const char *name, bool value);

/* The text lives as long as the writer. */
MUST_CHECK int json_writer_finish(struct json_writer *json, struct bytes *text_out);

#endif
