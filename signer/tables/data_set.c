/*
 * How it works: rows borrow from the file's bytes, or from a copy of the list, which the set keeps.
 */
#include "signer/tables/data_set.h"

#include "common/config_lines.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_SIZE_MAX ((size_t)1 << 30)

struct data_set {
	enum data_set_kind kind;
	char *path; /* NULL: a list */
	struct problem_place place;
	struct config_lines lines; /* of a file */
	char *list;
	struct data_row *rows;
	size_t count;
	size_t capacity;
};

/* What the text names, before anything is read. */
struct source {
	enum data_set_kind kind;
	const char *rest; /* the path, or the list */
};

enum source_type {
	SOURCE_FILE,
	SOURCE_PATTERN_FILE,
	SOURCE_LIST,
	SOURCE_REFUSED,
	SOURCE_UNKNOWN,
};

static const struct {
	const char *name;
	enum source_type type;
} source_types[] = {
	{"file", SOURCE_FILE},	    {"refile", SOURCE_PATTERN_FILE}, {"csl", SOURCE_LIST},
	{"db", SOURCE_REFUSED},	    {"bdb", SOURCE_REFUSED},	     {"dsn", SOURCE_REFUSED},
	{"ldap", SOURCE_REFUSED},   {"ldaps", SOURCE_REFUSED},	     {"ldapi", SOURCE_REFUSED},
	{"lua", SOURCE_REFUSED},    {"memcache", SOURCE_REFUSED},    {"mdb", SOURCE_REFUSED},
	{"erlang", SOURCE_REFUSED}, {"socket", SOURCE_REFUSED},	     {"repute", SOURCE_REFUSED},
};

static enum source_type source_type_find(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_COUNT(source_types); i++) {
		if (bytes_equal_nocase(name, bytes_of_string(source_types[i].name)))
			return source_types[i].type;
	}
	return SOURCE_UNKNOWN;
}

/* A type is a word of letters: "2001" and "[2001" begin an address, "" begins "::1". */
static bool is_word(struct bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		if (ascii_lower(bytes.data[i]) < 'a' || ascii_lower(bytes.data[i]) > 'z')
			return false;
	}
	return bytes.size > 0;
}

static int source_parse(const char *text, struct problem_place place, struct problems *problems,
			struct source *source_out)
{
	struct bytes all = bytes_of_string(text);
	struct bytes first = bytes_slice(all, 0, bytes_find(all, ','));
	struct bytes type = bytes_slice(first, 0, bytes_find(first, ':'));
	const char *rest = text + type.size + 1;

	if (text[0] == '/') {
		*source_out = (struct source){.kind = DATA_SET_FILE, .rest = text};
		return 0;
	}
	if (type.size == first.size || !is_word(type)) {
		if (all.size >= 3 &&
		    bytes_equal(bytes_skip(all, all.size - 3), BYTES_LITERAL(".db"))) {
			problems_error(
				problems, place,
				"\"%s\" is a Berkeley DB file, which is not supported; "
				"write the rows to a text file and use file:PATH or refile:PATH",
				text);
			return DATA_SET_E_REFUSED;
		}
		*source_out = (struct source){.kind = DATA_SET_LIST, .rest = text};
		return 0;
	}
	switch (source_type_find(type)) {
	case SOURCE_FILE:
		*source_out = (struct source){.kind = DATA_SET_FILE, .rest = rest};
		return 0;
	case SOURCE_PATTERN_FILE:
		*source_out = (struct source){.kind = DATA_SET_PATTERN_FILE, .rest = rest};
		return 0;
	case SOURCE_LIST:
		*source_out = (struct source){.kind = DATA_SET_LIST, .rest = rest};
		return 0;
	case SOURCE_REFUSED:
		problems_error(problems, place,
			       "data sets of type \"%.*s:\" are not supported, and without the set "
			       "other mail would be signed or let in; use file:, refile: or csl:",
			       BYTES_PRINTF(type));
		return DATA_SET_E_REFUSED;
	case SOURCE_UNKNOWN: break;
	}
	problems_error(
		problems, place,
		"unknown data set type \"%.*s:\"; allowed are file:PATH, refile:PATH, csl:LIST, "
		"/PATH, or a list (csl: before a list that has a ':')",
		BYTES_PRINTF(type));
	return DATA_SET_E_REFUSED;
}

int data_set_check(const char *text, struct problem_place place, struct problems *problems)
{
	struct source source;

	return source_parse(text, place, problems, &source);
}

static int row_add(struct data_set *set, struct data_row row)
{
	if (set->count == set->capacity) {
		size_t capacity = set->capacity == 0 ? 16 : set->capacity * 2;
		struct data_row *rows = NULL;

		/* Rows are counted in 32 bits elsewhere. */
		if (capacity <= UINT32_MAX / 2)
			rows = reallocarray(set->rows, capacity, sizeof(*rows));
		if (rows == NULL)
			return -ENOMEM;
		set->rows = rows;
		set->capacity = capacity;
	}
	set->rows[set->count++] = row;
	return 0;
}

static int list_read(struct data_set *set, const char *list)
{
	struct bytes rest;
	int r = 0;

	set->list = strdup(list);
	if (set->list == NULL)
		return -ENOMEM;
	rest = bytes_of_string(set->list);
	while (r == 0 && rest.size > 0) {
		size_t size = bytes_find(rest, ',');
		struct bytes item = bytes_slice(rest, 0, size);
		size_t equals = bytes_find(item, '=');
		struct data_row row = {
			.key = bytes_trim(bytes_slice(item, 0, equals)),
			.line = set->place.line,
		};

		if (equals < item.size)
			row.value = bytes_trim(bytes_skip(item, equals + 1));
		if (row.key.size > 0 || row.value.size > 0)
			r = row_add(set, row);
		rest = bytes_skip(rest, size < rest.size ? size + 1 : size);
	}
	return r;
}

/* false: the line has no row. */
static bool row_parse(struct config_line line, struct data_row *row_out)
{
	struct bytes text = bytes_trim(bytes_slice(line.text, 0, bytes_find(line.text, '#')));
	size_t key_size = bytes_find_space(text);

	if (text.size == 0)
		return false;
	*row_out = (struct data_row){
		.key = bytes_slice(text, 0, key_size),
		.value = bytes_trim(bytes_skip(text, key_size)),
		.line = line.number,
	};
	return true;
}

static int file_read(struct data_set *set, const char *path, const char *base_directory,
		     struct problems *problems)
{
	struct config_line line;
	struct data_row row;
	int r;

	set->path = data_set_path_resolve(path, base_directory);
	if (set->path == NULL)
		return -ENOMEM;
	r = config_lines_read(&set->lines, set->path, FILE_SIZE_MAX);
	if (r == -ENOMEM)
		return r;
	if (r != 0) {
		problems_error(problems, set->place, "cannot read \"%s\": %s", set->path,
			       config_lines_fault(r));
		return DATA_SET_E_REFUSED;
	}
	while (r == 0 && config_lines_next(&set->lines, &line)) {
		if (row_parse(line, &row))
			r = row_add(set, row);
	}
	return r;
}

int data_set_load(const char *text, const char *base_directory, struct problem_place place,
		  struct problems *problems, struct data_set **set_out)
{
	struct source source;
	struct data_set *set;
	int r = source_parse(text, place, problems, &source);

	if (r != 0)
		return r;
	set = calloc(1, sizeof(*set));
	if (set == NULL)
		return -ENOMEM;
	set->kind = source.kind;
	set->place = place;
	if (source.kind == DATA_SET_LIST)
		r = list_read(set, source.rest);
	else
		r = file_read(set, source.rest, base_directory, problems);
	if (r != 0) {
		data_set_free(set);
		return r;
	}
	*set_out = set;
	return 0;
}

void data_set_free(struct data_set *set)
{
	if (set == NULL)
		return;
	config_lines_deinit(&set->lines);
	free(set->path);
	free(set->list);
	free(set->rows);
	free(set);
}

enum data_set_kind data_set_kind(const struct data_set *set)
{
	return set->kind;
}

size_t data_set_count(const struct data_set *set)
{
	return set->count;
}

const struct data_row *data_set_row(const struct data_set *set, size_t row)
{
	assert(row < set->count);
	return &set->rows[row];
}

struct problem_place data_set_place(const struct data_set *set, size_t row)
{
	struct problem_place place = set->place;

	if (set->path != NULL) {
		place.file = set->path;
		place.line = data_set_row(set, row)->line;
	}
	return place;
}

char *data_set_path_resolve(const char *path, const char *base_directory)
{
	size_t size;
	char *resolved;

	if (path[0] == '/' || base_directory == NULL)
		return strdup(path);
	size = strlen(base_directory) + strlen(path) + sizeof("/");
	resolved = malloc(size);
	if (resolved != NULL)
		(void)snprintf(resolved, size, "%s/%s", base_directory, path);
	return resolved;
}
