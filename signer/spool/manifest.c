/*
 * How it works: one line a fact, names at the end of the line with '%', white space and control
 * characters written as %XX, so that any file name fits on one line and a person can read it:
 *
 *   postseal-manifest 1
 *   unit INODE SIZE MTIME_S MTIME_NS NAME
 *   file out|failed|note TMPNAME NAME
 *   end LINES
 */
#include "signer/spool/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_LINE "postseal-manifest 1\n"

static const char *const place_names[] = {
	[SPOOL_OUT] = "out",
	[SPOOL_FAILED] = "failed",
	[SPOOL_NOTE] = "note",
};

struct unit_identity unit_identity_of(const struct statx *status)
{
	return (struct unit_identity){
		.inode = status->stx_ino,
		.size = status->stx_size,
		.mtime_s = status->stx_mtime.tv_sec,
		.mtime_ns = status->stx_mtime.tv_nsec,
	};
}

bool unit_identity_equal(const struct unit_identity *a, const struct unit_identity *b)
{
	return a->inode == b->inode && a->size == b->size && a->mtime_s == b->mtime_s &&
	       a->mtime_ns == b->mtime_ns;
}

static int append_name(struct buffer *manifest, const char *name)
{
	int r = 0;

	for (; r == 0 && *name != '\0'; name++) {
		uint8_t byte = (uint8_t)*name;

		if (byte <= ' ' || byte == '%' || byte == 0x7f)
			r = buffer_printf(manifest, "%%%02X", byte);
		else
			r = buffer_append_byte(manifest, byte);
	}
	return r == 0 ? buffer_append_byte(manifest, '\n') : r;
}

int manifest_begin(struct buffer *manifest)
{
	buffer_clear(manifest);
	return buffer_append_string(manifest, FIRST_LINE);
}

int manifest_add_unit(struct buffer *manifest, const struct unit_identity *identity,
		      const char *in_name)
{
	int r = buffer_printf(manifest, "unit %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu32 " ",
			      identity->inode, identity->size, identity->mtime_s,
			      identity->mtime_ns);

	return r == 0 ? append_name(manifest, in_name) : r;
}

int manifest_add_file(struct buffer *manifest, const char *tmp_name, enum spool_place place,
		      const char *name)
{
	int r = buffer_printf(manifest, "file %s %s ", place_names[place], tmp_name);

	return r == 0 ? append_name(manifest, name) : r;
}

static size_t count_lines(struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '\n';
	return count;
}

int manifest_end(struct buffer *manifest)
{
	return buffer_printf(manifest, "end %zu\n", count_lines(buffer_bytes(manifest)));
}

/* Cuts one line off the front, as a string in `line`. */
static bool next_line(struct bytes *text, char line[PIPE_BUF])
{
	size_t size = bytes_find(*text, '\n');

	if (size == text->size || size >= PIPE_BUF)
		return false;
	memcpy(line, text->data, size);
	line[size] = '\0';
	*text = bytes_skip(*text, size + 1);
	return strlen(line) == size;
}

/* Undoes append_name() in place. What comes out must be a plain file name. */
static bool decode_name(char *name)
{
	char *to = name;

	for (const char *from = name; *from != '\0'; from++) {
		char hex[3] = {0};
		char *end;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		if (from[1] == '\0' || from[2] == '\0')
			return false;
		memcpy(hex, from + 1, 2);
		*to++ = (char)strtoul(hex, &end, 16);
		if (end != hex + 2)
			return false;
		from += 2;
	}
	*to = '\0';
	return name[0] != '\0' && strchr(name, '/') == NULL && name[0] != '.';
}

static int parse_unit(char *line, const struct manifest_reader *reader)
{
	struct unit_identity identity;
	int name_at = 0;

	if (sscanf(line, "unit %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNu32 " %n", &identity.inode,
		   &identity.size, &identity.mtime_s, &identity.mtime_ns, &name_at) != 4 ||
	    name_at == 0 || !decode_name(line + name_at))
		return MANIFEST_E_MALFORMED;
	return reader == NULL ? 0 : reader->unit(reader->arg, &identity, line + name_at);
}

static int parse_file(char *line, const struct manifest_reader *reader)
{
	char place_name[8];
	char tmp_name[NAME_MAX + 1];
	int name_at = 0;
	size_t place = 0;

	if (sscanf(line, "file %7s %255s %n", place_name, tmp_name, &name_at) != 2 ||
	    name_at == 0 || !decode_name(line + name_at) || !decode_name(tmp_name))
		return MANIFEST_E_MALFORMED;
	while (place < ARRAY_COUNT(place_names) && strcmp(place_name, place_names[place]) != 0)
		place++;
	if (place == ARRAY_COUNT(place_names))
		return MANIFEST_E_MALFORMED;
	return reader == NULL ? 0
			      : reader->file(reader->arg, tmp_name, (enum spool_place)place,
					     line + name_at);
}

/* With a NULL reader only checks. */
static int parse_lines(struct bytes text, const struct manifest_reader *reader)
{
	char line[PIPE_BUF];
	size_t lines = 1;
	bool any_unit = false;
	int r = 0;

	if (!bytes_start_with(text, BYTES_LITERAL(FIRST_LINE)))
		return MANIFEST_E_MALFORMED;
	text = bytes_skip(text, strlen(FIRST_LINE));
	for (; r == 0; lines++) {
		if (!next_line(&text, line))
			return MANIFEST_E_MALFORMED;
		if (strncmp(line, "unit ", 5) == 0) {
			any_unit = true;
			r = parse_unit(line, reader);
		} else if (strncmp(line, "file ", 5) == 0 && any_unit) {
			r = parse_file(line, reader);
		} else {
			break;
		}
	}
	if (r != 0)
		return r;
	if (strncmp(line, "end ", 4) != 0 || strtoull(line + 4, NULL, 10) != lines ||
	    text.size != 0)
		return MANIFEST_E_MALFORMED;
	return 0;
}

int manifest_parse(struct bytes text, const struct manifest_reader *reader)
{
	int r = parse_lines(text, NULL);

	return r == 0 ? parse_lines(text, reader) : r;
}
