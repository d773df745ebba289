/*
 * json_node - a value in a JSON document, which knows where it stands.
 *
 * Is:       the only place that knows the library, and what says of bad input: "FILE: results[3].bits: want a
 *           number".
 * Source:   RFC 8259. A name that is twice in an object is an error.
 * Errors:   the first one is kept in the document; after it every value is 0, false or "". So a reader asks once,
 *           at its end: json_document_error().
 * Owns:     the document; nodes and texts are borrowed from it. A node points to its parent, which must
 *           live as long.
 * Threads:  one.
 *
 *	r = json_document_open(&document, path, failure);
 *	root = json_document_root(&document);
 *	machine = json_node_member(&root, "machine");
 *	name = json_node_string_of(&machine, "cpu_model");
 *	r = json_document_error(&document, failure);
 *	json_document_close(&document);
 */
#ifndef BENCH_JSON_NODE_H
#define BENCH_JSON_NODE_H

#include "bench/failure.h"
#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct json_t; /* jansson's */

struct json_document {
	const char *path; /* as the user named it */
	/* private */
	struct json_t *root;
	struct failure failure; /* an empty text: none */
};

struct json_node {
	/* private */
	struct json_document *document;
	const struct json_t *value; /* NULL: it is not there */
	const struct json_node *parent;
	const char *name; /* NULL: an item of an array */
	size_t index;
};

/* Larger numbers are no figures of a benchmark. */
#define JSON_NODE_NUMBER_MAX 1e15

/* Errors: -errno, if the file cannot be read; BENCH_E_FAILED, if it is no JSON. */
MUST_CHECK int json_document_open(struct json_document *document, const char *path,
				  struct failure *failure);
void json_document_close(struct json_document *document);

/* 0, or BENCH_E_FAILED with the text of the first error. */
MUST_CHECK int json_document_error(const struct json_document *document, struct failure *failure);

struct json_node json_document_root(struct json_document *document);

/* Says that a node is not what it should be, unless something was wrong before. */
void json_node_refuse(const struct json_node *node, const char *wanted);

bool json_node_has(const struct json_node *node, const char *name);
struct json_node json_node_member(const struct json_node *node, const char *name);
size_t json_node_count(const struct json_node *node); /* the items of an array */
struct json_node json_node_item(const struct json_node *node, size_t index);

/* The values of members, which must be there. */
const char *json_node_string_of(const struct json_node *node, const char *name);
double json_node_number_of(const struct json_node *node, const char *name);
unsigned json_node_whole_of(const struct json_node *node, const char *name, unsigned min,
			    unsigned max);
bool json_node_bool_of(const struct json_node *node, const char *name);

/*
 * What an object has, in its order: the name behind `name`, or the first for NULL; NULL: there is no other. The
 * text is the value as a person reads it, to be freed.
 */
const char *json_node_next_name(const struct json_node *node, const char *name);
char *json_node_text_of(const struct json_node *node, const char *name); /* NULL: no memory */

#endif
