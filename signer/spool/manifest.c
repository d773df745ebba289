/*
 * How it works: one line a fact, names at the end of the line with '%', white space and control
 * characters written as %XX, so that any file name fits on one line and a person can read it. It is
 * read back as strictly as it is written: what differs was not written by us.
 *
 *   postseal-manifest 1
 *   unit INODE SIZE MTIME_S MTIME_NS NAME
 *   file out|failed|note TMPNAME NAME
 *   end LINES
 */
#include "signer/spool/manifest.h"

#include <limits.h>

#define FIRST_LINE "postseal-manifest 1\n"

static const char *const place_names[] = {
	[SPOOL_OUT] = "out",
	[SPOOL_FAILED] = "failed",
	[SPOOL_NOTE] = "note",
};

/* Would it break the line, or be taken for something else? */
static bool is_encoded(uint8_t byte)
{
	return byte <= ' ' || byte == '%' || byte == 0x7f;
}

/* The last word of a line. */
static int append_name(struct buffer *manifest, const char *name)
{
	struct bytes rest = bytes_of_string(name);
	int r = 0;

	while (r == 0 && rest.size > 0) {
		size_t plain = 0;

		while (plain < rest.size && !is_encoded(rest.data[plain]))
			plain++;
		r = buffer_append(manifest, bytes_slice(rest, 0, plain));
		rest = bytes_skip(rest, plain);
		if (r == 0 && rest.size > 0) {
			r = buffer_printf(manifest, "%%%02X", rest.data[0]);
			rest = bytes_skip(rest, 1);
		}
	}
	return r == 0 ? buffer_append_byte(manifest, '\n') : r;
}

static int append_word(struct buffer *manifest, const char *word)
{
	int r = buffer_append_string(manifest, word);

	return r == 0 ? buffer_append_byte(manifest, ' ') : r;
}

static int append_number(struct buffer *manifest, uint64_t number)
{
	int r = buffer_append_number(manifest, number);

	return r == 0 ? buffer_append_byte(manifest, ' ') : r;
}

/* Seconds before 1970 have a sign. */
static int append_seconds(struct buffer *manifest, int64_t seconds)
{
	int r = seconds < 0 ? buffer_append_byte(manifest, '-') : 0;

	if (r != 0)
		return r;
	return append_number(manifest, seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds);
}

int manifest_begin(struct buffer *manifest)
{
	buffer_clear(manifest);
	return buffer_append_string(manifest, FIRST_LINE);
}

int manifest_add_unit(struct buffer *manifest, const struct unit_identity *identity,
		      const char *in_name)
{
	int r = append_word(manifest, "unit");

	if (r == 0)
		r = append_number(manifest, identity->inode);
	if (r == 0)
		r = append_number(manifest, identity->size);
	if (r == 0)
		r = append_seconds(manifest, identity->mtime_s);
	if (r == 0)
		r = append_number(manifest, identity->mtime_ns);
	return r == 0 ? append_name(manifest, in_name) : r;
}

int manifest_add_file(struct buffer *manifest, const char *tmp_name, enum spool_place place,
		      const char *name)
{
	int r = append_word(manifest, "file");

	if (r == 0)
		r = append_word(manifest, place_names[place]);
	if (r == 0)
		r = append_word(manifest, tmp_name);
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

/* Cuts one line off the front, without its LF; false: there is no whole one. */
static bool next_line(struct bytes *text, struct bytes *line_out)
{
	size_t size = bytes_find(*text, '\n');

	if (size == text->size)
		return false;
	*line_out = bytes_slice(*text, 0, size);
	*text = bytes_skip(*text, size + 1);
	return true;
}

/* Cuts the word and the one blank behind it off the front. */
static bool take_word(struct bytes *line, struct bytes *word_out)
{
	size_t size = bytes_find(*line, ' ');

	if (size == line->size)
		return false;
	*word_out = bytes_slice(*line, 0, size);
	*line = bytes_skip(*line, size + 1);
	return true;
}

/* As it was printed: digits and nothing else, no zero in front, no more than `max`. */
static bool decode_number(struct bytes word, uint64_t max, uint64_t *number_out)
{
	uint64_t number = 0;

	if (word.size == 0 || (word.size > 1 && word.data[0] == '0'))
		return false;
	for (size_t i = 0; i < word.size; i++) {
		uint64_t digit = (uint64_t)(word.data[i] - '0');

		if (!ascii_is_digit(word.data[i]) || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*number_out = number;
	return true;
}

static bool take_number(struct bytes *line, uint64_t max, uint64_t *number_out)
{
	struct bytes word;

	return take_word(line, &word) && decode_number(word, max, number_out);
}

static bool take_seconds(struct bytes *line, int64_t *seconds_out)
{
	bool negative = bytes_start_with(*line, BYTES_LITERAL("-"));
	uint64_t number;

	if (negative)
		*line = bytes_skip(*line, 1);
	if (!take_number(line, (uint64_t)INT64_MAX + negative, &number) ||
	    (negative && number == 0))
		return false;
	*seconds_out = negative ? (int64_t)(0 - number) : (int64_t)number;
	return true;
}

/* The digit that append_name() writes, or -1. */
static int hex_value(uint8_t digit)
{
	if (ascii_is_digit(digit))
		return digit - '0';
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Undoes append_name(). What comes out is a plain file name. */
static bool decode_name(struct bytes text, char name[NAME_MAX + 1])
{
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (size == NAME_MAX)
			return false;
		if (byte == '%') {
			int high = i + 1 < text.size ? hex_value(text.data[i + 1]) : -1;
			int low = i + 2 < text.size ? hex_value(text.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			byte = (uint8_t)(high << 4 | low);
			i += 2;
			if (!is_encoded(byte))
				return false;
		} else if (is_encoded(byte)) {
			return false;
		}
		if (byte == '\0' || byte == '/')
			return false;
		name[size++] = (char)byte;
	}
	name[size] = '\0';
	return size > 0 && name[0] != '.';
}

static int parse_unit(struct bytes line, const struct manifest_reader *reader)
{
	struct unit_identity identity;
	uint64_t mtime_ns;
	char name[NAME_MAX + 1];

	if (!take_number(&line, UINT64_MAX, &identity.inode) ||
	    !take_number(&line, UINT64_MAX, &identity.size) ||
	    !take_seconds(&line, &identity.mtime_s) || !take_number(&line, UINT32_MAX, &mtime_ns) ||
	    !decode_name(line, name))
		return MANIFEST_E_MALFORMED;
	identity.mtime_ns = (uint32_t)mtime_ns;
	return reader == NULL ? 0 : reader->unit(reader->arg, &identity, name);
}

static bool decode_place(struct bytes word, enum spool_place *place_out)
{
	for (size_t i = 0; i < ARRAY_COUNT(place_names); i++) {
		if (bytes_equal(word, bytes_of_string(place_names[i]))) {
			*place_out = (enum spool_place)i;
			return true;
		}
	}
	return false;
}

static int parse_file(struct bytes line, const struct manifest_reader *reader)
{
	enum spool_place place;
	struct bytes place_name;
	struct bytes tmp;
	char tmp_name[NAME_MAX + 1];
	char name[NAME_MAX + 1];

	/* Names in tmp/ are our own, so they are written as they are. */
	if (!take_word(&line, &place_name) || !decode_place(place_name, &place) ||
	    !take_word(&line, &tmp) || bytes_find(tmp, '%') < tmp.size ||
	    !decode_name(tmp, tmp_name) || !decode_name(line, name))
		return MANIFEST_E_MALFORMED;
	return reader == NULL ? 0 : reader->file(reader->arg, tmp_name, place, name);
}

/* With a NULL reader only checks. */
static int parse_lines(struct bytes text, const struct manifest_reader *reader)
{
	struct bytes line;
	struct bytes word;
	uint64_t lines = 1;
	uint64_t told;
	bool any_unit = false;
	int r = 0;

	if (!bytes_start_with(text, BYTES_LITERAL(FIRST_LINE)))
		return MANIFEST_E_MALFORMED;
	text = bytes_skip(text, strlen(FIRST_LINE));
	for (; r == 0; lines++) {
		if (!next_line(&text, &line) || !take_word(&line, &word))
			return MANIFEST_E_MALFORMED;
		if (bytes_equal(word, BYTES_LITERAL("unit"))) {
			any_unit = true;
			r = parse_unit(line, reader);
		} else if (bytes_equal(word, BYTES_LITERAL("file")) && any_unit) {
			r = parse_file(line, reader);
		} else {
			break;
		}
	}
	if (r != 0)
		return r;
	if (!bytes_equal(word, BYTES_LITERAL("end")) || !decode_number(line, UINT64_MAX, &told) ||
	    told != lines || text.size != 0)
		return MANIFEST_E_MALFORMED;
	return 0;
}

int manifest_parse(struct bytes text, const struct manifest_reader *reader)
{
	int r = parse_lines(text, NULL);

	return r == 0 ? parse_lines(text, reader) : r;
}
