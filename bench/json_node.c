/*
 * How it works: a thin layer over jansson. The path of a node is put together from its parents, and only when
 * there is something to say about it.
 */
#include "bench/json_node.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int json_document_open(struct json_document *document, const char *path, struct failure *failure)
{
	json_error_t error;
	FILE *file = fopen(path, "re");

	*document = (struct json_document){.path = path};
	if (file == NULL)
		return failure_set(failure, -errno, "%s", path);
	errno = 0;
	document->root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (document->root == NULL && ferror(file)) {
		int r = errno == 0 ? -EIO : -errno;

		(void)fclose(file);
		return failure_set(failure, r, "%s", path);
	}
	(void)fclose(file);
	if (document->root != NULL)
		return 0;
	return failure_set(failure, BENCH_E_FAILED, "%s:%d:%d: no JSON: %s", path, error.line,
			   error.column, error.text);
}

void json_document_close(struct json_document *document)
{
	json_decref(document->root);
	document->root = NULL;
}

int json_document_error(const struct json_document *document, struct failure *failure)
{
	if (document->failure.text[0] == '\0')
		return 0;
	*failure = document->failure;
	return BENCH_E_FAILED;
}

struct json_node json_document_root(struct json_document *document)
{
	return (struct json_node){.document = document, .value = document->root};
}

/* Returns the size of the text. What does not fit is cut off. */
static size_t write_path(const struct json_node *node, char *text, size_t size)
{
	size_t used;

	if (node->parent == NULL)
		return 0;
	used = write_path(node->parent, text, size);
	if (used >= size)
		return size;
	if (node->name == NULL)
		used += (size_t)snprintf(text + used, size - used, "[%zu]", node->index);
	else
		used += (size_t)snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ".",
					 node->name);
	return used < size ? used : size;
}

void json_node_refuse(const struct json_node *node, const char *wanted)
{
	char path[256] = "";

	if (node->document->failure.text[0] != '\0')
		return;
	if (write_path(node, path, sizeof(path)) == 0)
		snprintf(path, sizeof(path), "the whole");
	(void)failure_set(&node->document->failure, BENCH_E_FAILED, "%s: %s: %s%s",
			  node->document->path, path, node->value == NULL ? "missing: " : "",
			  wanted);
}

bool json_node_has(const struct json_node *node, const char *name)
{
	return json_object_get(node->value, name) != NULL;
}

struct json_node json_node_member(const struct json_node *node, const char *name)
{
	if (!json_is_object(node->value))
		json_node_refuse(node, "want an object");
	return (struct json_node){
		.document = node->document,
		.value = json_object_get(node->value, name),
		.parent = node,
		.name = name,
	};
}

size_t json_node_count(const struct json_node *node)
{
	if (!json_is_array(node->value))
		json_node_refuse(node, "want an array");
	return json_array_size(node->value);
}

struct json_node json_node_item(const struct json_node *node, size_t index)
{
	return (struct json_node){
		.document = node->document,
		.value = json_array_get(node->value, index),
		.parent = node,
		.index = index,
	};
}

const char *json_node_string_of(const struct json_node *node, const char *name)
{
	struct json_node member = json_node_member(node, name);

	if (json_is_string(member.value))
		return json_string_value(member.value);
	json_node_refuse(&member, "want a string");
	return "";
}

double json_node_number_of(const struct json_node *node, const char *name)
{
	struct json_node member = json_node_member(node, name);
	double value = json_number_value(member.value);

	if (json_is_number(member.value) && fabs(value) <= JSON_NODE_NUMBER_MAX)
		return value;
	json_node_refuse(&member, "want a number, not above 1e15");
	return 0;
}

unsigned json_node_whole_of(const struct json_node *node, const char *name, unsigned min,
			    unsigned max)
{
	struct json_node member = json_node_member(node, name);
	json_int_t value = json_integer_value(member.value);
	char wanted[64];

	if (json_is_integer(member.value) && value >= min && value <= max)
		return (unsigned)value;
	snprintf(wanted, sizeof(wanted), "want a whole number from %u to %u", min, max);
	json_node_refuse(&member, wanted);
	return 0;
}

bool json_node_bool_of(const struct json_node *node, const char *name)
{
	struct json_node member = json_node_member(node, name);

	if (!json_is_boolean(member.value))
		json_node_refuse(&member, "want true or false");
	return json_is_true(member.value);
}

/* jansson's iterators want an object that may be changed, but do not change it. */
static json_t *object_of(const struct json_node *node)
{
	return (json_t *)(uintptr_t)node->value;
}

const char *json_node_next_name(const struct json_node *node, const char *name)
{
	json_t *object = object_of(node);
	void *place;

	if (!json_is_object(node->value))
		json_node_refuse(node, "want an object");
	place = name == NULL ? json_object_iter(object)
			     : json_object_iter_next(object, json_object_iter_at(object, name));

	return place == NULL ? NULL : json_object_iter_key(place);
}

char *json_node_text_of(const struct json_node *node, const char *name)
{
	const json_t *value = json_object_get(node->value, name);

	if (json_is_string(value))
		return strdup(json_string_value(value));
	return json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
}
