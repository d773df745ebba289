/*
 * How it works: a map from the name to the number of its record. Records borrow from the file; those of
 * the form of a zone file are in pieces there, and have memory of their own.
 */
#include "signer/tables/public_keys.h"

#include "common/config_lines.h"
#include "common/string_map.h"
#include "signer/tables/txt_record.h"

#include <errno.h>
#include <stdlib.h>

#define FILE_SIZE_MAX ((size_t)1 << 30)

/* What an error says of the forms that there are. */
#define FORMS                                                                                      \
	"SELECTOR._domainkey.DOMAIN RECORD, or the record as in a zone file, as genkey writes it"

#define COMMENT_START "----- DKIM key "

struct public_key_record {
	struct bytes name; /* both in the file, or in `joined` */
	struct bytes text;
	struct buffer joined; /* the strings of a zone file, and the whole name */
};

struct public_keys {
	struct config_lines lines;
	char *path;
	struct string_map names;
	struct public_key_record *records;
	size_t count;
	size_t capacity;
};

/* A file that is being read. */
struct key_reading {
	struct public_keys *keys;
	struct problems *problems;
	struct problem_place place; /* where the record begins */
};

static struct bytes name_trim(struct bytes name)
{
	if (name.size > 0 && name.data[name.size - 1] == '.')
		name.size--;
	return name;
}

/* Takes `joined` over, if that is what the record lies in. */
static int record_add(struct public_keys *keys, struct bytes name, struct bytes text,
		      struct buffer *joined)
{
	int r;

	if (keys->count == keys->capacity) {
		size_t capacity = keys->capacity == 0 ? 16 : keys->capacity * 2;
		struct public_key_record *records = NULL;

		if (capacity <= UINT32_MAX / 2)
			records = reallocarray(keys->records, capacity, sizeof(*records));
		if (records == NULL)
			return -ENOMEM;
		keys->records = records;
		keys->capacity = capacity;
	}
	r = string_map_insert(&keys->names, name, (uint32_t)keys->count, NULL);
	if (r != 0)
		return r;
	keys->records[keys->count] = (struct public_key_record){.name = name, .text = text};
	if (joined != NULL) {
		keys->records[keys->count].joined = *joined;
		*joined = (struct buffer){0};
	}
	keys->count++;
	return 0;
}

/* A name twice is worth a warning. */
static int record_enter(struct key_reading *reading, struct bytes name, struct bytes text,
			struct buffer *joined)
{
	int r = record_add(reading->keys, name_trim(name), text, joined);

	if (r != STRING_MAP_E_EXISTS)
		return r;
	problems_warning(reading->problems, reading->place,
			 "\"%.*s\" is never used: a line before has the same name",
			 BYTES_PRINTF(name));
	return 0;
}

static bool ends_with(struct bytes bytes, struct bytes end)
{
	return bytes.size >= end.size && bytes_equal(bytes_skip(bytes, bytes.size - end.size), end);
}

/* The last word of `----- DKIM key SELECTOR for DOMAIN`; empty if the comment is another. */
static struct bytes domain_of_comment(struct bytes comment)
{
	struct bytes text = bytes_trim(comment);
	size_t start = text.size;

	while (start > 0 && !ascii_is_space(text.data[start - 1]))
		start--;
	if (!bytes_start_with(text, BYTES_LITERAL(COMMENT_START)) ||
	    !ends_with(bytes_slice(text, 0, start), BYTES_LITERAL(" for ")))
		return bytes_of(NULL, 0);
	return bytes_skip(text, start);
}

/* Takes the text over, with the name behind it. */
static int joined_enter(struct key_reading *reading, struct buffer *joined, size_t text_size)
{
	struct bytes bytes = buffer_bytes(joined);

	return record_enter(reading, bytes_skip(bytes, text_size), bytes_slice(bytes, 0, text_size),
			    joined);
}

/* A name that ends in ._domainkey goes on in the zone, which is nowhere here but in the comment. */
static int txt_record_enter(struct key_reading *reading, struct txt_record *record)
{
	struct bytes domain = domain_of_comment(record->comment);
	size_t text_size = record->text.size;
	int r = buffer_append(&record->text, record->name);

	if (r == 0 && ends_with(record->name, BYTES_LITERAL("._domainkey"))) {
		if (domain.size == 0) {
			problems_error(reading->problems, reading->place,
				       "\"%.*s\" has no domain; needed: the whole name, "
				       "%.*s.DOMAIN., or behind the record, as genkey writes it: "
				       "; " COMMENT_START "SELECTOR for DOMAIN",
				       BYTES_PRINTF(record->name), BYTES_PRINTF(record->name));
			return 0;
		}
		r = buffer_append_byte(&record->text, '.');
		if (r == 0)
			r = buffer_append(&record->text, domain);
	}
	return r == 0 ? joined_enter(reading, &record->text, text_size) : r;
}

/* `rest`: of the line, behind TXT. */
static int txt_record_read(struct key_reading *reading, struct txt_record *record,
			   struct bytes rest)
{
	struct problem_place place = reading->place;
	struct config_line line;
	int r = txt_record_push(record, rest);

	while (r == TXT_RECORD_MORE && config_lines_next(&reading->keys->lines, &line)) {
		place.line = line.number;
		r = txt_record_push(record, line.text);
	}
	if (r == 0)
		return txt_record_enter(reading, record);
	if (r < 0)
		return r;
	problems_error(reading->problems, r == TXT_RECORD_MORE ? reading->place : place,
		       "\"%.*s\": %s; needed: " FORMS, BYTES_PRINTF(record->name),
		       txt_record_reason(r));
	return 0;
}

static int plain_line_read(struct key_reading *reading, struct bytes text)
{
	size_t size = bytes_find_space(text);

	/* Without a tag of NAME=VALUE it is no record. */
	if (bytes_find(bytes_skip(text, size), '=') == text.size - size) {
		problems_error(reading->problems, reading->place,
			       "\"%.*s\" has no record; needed: " FORMS, (int)size,
			       (const char *)text.data);
		return 0;
	}
	return record_enter(reading, bytes_slice(text, 0, size), bytes_trim(bytes_skip(text, size)),
			    NULL);
}

static int line_read(struct key_reading *reading, struct bytes text)
{
	struct txt_record record;
	int r;

	if (text.size == 0 || text.data[0] == '#' || text.data[0] == ';')
		return 0;
	if (bytes_start_with(text, BYTES_LITERAL("-----BEGIN "))) {
		problems_error(reading->problems, reading->place,
			       "this is a key in PEM form, not its record; needed: " FORMS);
		return PUBLIC_KEYS_E_REFUSED;
	}
	if (!txt_record_begins(&record, &text))
		return plain_line_read(reading, text);
	r = txt_record_read(reading, &record, text);
	txt_record_deinit(&record);
	return r;
}

static int file_read(struct public_keys *keys, struct problem_place place,
		     struct problems *problems)
{
	struct key_reading reading = {
		.keys = keys, .problems = problems, .place = {.file = keys->path}};
	struct config_line line;
	int r = config_lines_read(&keys->lines, keys->path, FILE_SIZE_MAX);

	if (r == -ENOMEM)
		return r;
	if (r != 0) {
		problems_error(problems, place, "cannot read \"%s\": %s", keys->path,
			       config_lines_fault(r));
		return PUBLIC_KEYS_E_REFUSED;
	}
	while (r == 0 && config_lines_next(&keys->lines, &line)) {
		reading.place.line = line.number;
		r = line_read(&reading, bytes_trim(line.text));
	}
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
	for (size_t i = 0; i < keys->count; i++)
		buffer_deinit(&keys->records[i].joined);
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
	*record_out = keys->records[*record].text;
	return true;
}

size_t public_keys_count(const struct public_keys *keys)
{
	return keys->count;
}

void public_keys_at(const struct public_keys *keys, size_t index, struct bytes *name_out,
		    struct bytes *record_out)
{
	*name_out = keys->records[index].name;
	*record_out = keys->records[index].text;
}
