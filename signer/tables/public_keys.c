/*
 * How it works: a map from the name to the number of its record; records borrow from the file.
 */
#include "signer/tables/public_keys.h"

#include "common/config_lines.h"
#include "common/string_map.h"

#include <errno.h>
#include <stdlib.h>

#define FILE_SIZE_MAX ((size_t)1 << 30)

struct public_keys {
	struct config_lines lines;
	char *path;
	struct string_map names;
	struct bytes *records;
	size_t count;
	size_t capacity;
};

static struct bytes name_trim(struct bytes name)
{
	if (name.size > 0 && name.data[name.size - 1] == '.')
		name.size--;
	return name;
}

static int record_add(struct public_keys *keys, struct bytes name, struct bytes record)
{
	int r;

	if (keys->count == keys->capacity) {
		size_t capacity = keys->capacity == 0 ? 16 : keys->capacity * 2;
		struct bytes *records = NULL;

		if (capacity <= UINT32_MAX / 2)
			records = reallocarray(keys->records, capacity, sizeof(*records));
		if (records == NULL)
			return -ENOMEM;
		keys->records = records;
		keys->capacity = capacity;
	}
	r = string_map_insert(&keys->names, name, (uint32_t)keys->count, NULL);
	if (r == 0)
		keys->records[keys->count++] = record;
	return r;
}

static int line_read(struct public_keys *keys, struct config_line line, struct problems *problems)
{
	const struct problem_place place = {.file = keys->path, .line = line.number};
	struct bytes text = bytes_trim(line.text);
	size_t size = 0;
	int r;

	if (text.size == 0 || text.data[0] == '#')
		return 0;
	while (size < text.size && !ascii_is_space(text.data[size]))
		size++;
	if (size == text.size) {
		problems_error(problems, place,
			       "\"%.*s\" has no record; needed: SELECTOR._domainkey.DOMAIN RECORD",
			       BYTES_PRINTF(text));
		return 0;
	}
	r = record_add(keys, name_trim(bytes_slice(text, 0, size)),
		       bytes_trim(bytes_skip(text, size)));
	if (r == STRING_MAP_E_EXISTS) {
		problems_warning(problems, place,
				 "\"%.*s\" is never used: a line before has the same name",
				 (int)size, (const char *)text.data);
		r = 0;
	}
	return r;
}

static int file_read(struct public_keys *keys, struct problem_place place,
		     struct problems *problems)
{
	struct config_line line;
	int r = config_lines_read(&keys->lines, keys->path, FILE_SIZE_MAX);

	if (r == -ENOMEM)
		return r;
	if (r != 0) {
		problems_error(problems, place, "cannot read \"%s\": %s", keys->path,
			       config_lines_fault(r));
		return PUBLIC_KEYS_E_REFUSED;
	}
	while (r == 0 && config_lines_next(&keys->lines, &line))
		r = line_read(keys, line, problems);
	return r;
}

int public_keys_load(const char *path, struct problem_place place, struct problems *problems,
		     struct public_keys **keys_out)
{
	struct public_keys *keys = calloc(1, sizeof(*keys));
	int r;

	if (keys == NULL)
		return -ENOMEM;
	keys->path = strdup(path);
	r = keys->path == NULL ? -ENOMEM : string_map_init(&keys->names, STRING_MAP_CASELESS);
	if (r == 0)
		r = file_read(keys, place, problems);
	if (r != 0) {
		public_keys_free(keys);
		return r;
	}
	*keys_out = keys;
	return 0;
}

void public_keys_free(struct public_keys *keys)
{
	if (keys == NULL)
		return;
	config_lines_deinit(&keys->lines);
	string_map_deinit(&keys->names);
	free(keys->path);
	free(keys->records);
	free(keys);
}

bool public_keys_find(const struct public_keys *keys, struct bytes name, struct bytes *record_out)
{
	const uint32_t *record = string_map_find(&keys->names, name_trim(name));

	if (record == NULL)
		return false;
	*record_out = keys->records[*record];
	return true;
}
