#include "signer/tables/txt_record.h"

/* The next word, taken from the front of the line; empty at its end. */
static struct bytes take_word(struct bytes *line)
{
	struct bytes word = bytes_trim(*line);
	size_t size = bytes_find_space(word);

	*line = bytes_skip(word, size);
	return bytes_slice(word, 0, size);
}

static bool is_number(struct bytes word)
{
	size_t digits = 0;

	while (digits < word.size && ascii_is_digit(word.data[digits]))
		digits++;
	return digits > 0 && digits == word.size;
}

bool txt_record_begins(struct txt_record *record, struct bytes *line)
{
	struct bytes rest = *line;
	struct bytes name = take_word(&rest);
	struct bytes word = take_word(&rest);

	while (is_number(word) || bytes_equal_nocase(word, BYTES_LITERAL("IN")))
		word = take_word(&rest);
	if (!bytes_equal_nocase(word, BYTES_LITERAL("TXT")))
		return false;
	*record = (struct txt_record){.name = name};
	*line = rest;
	return true;
}

void txt_record_deinit(struct txt_record *record)
{
	buffer_deinit(&record->text);
}

/* What stands behind a backslash: three digits are a byte, all else is itself. */
static uint8_t take_escape(struct bytes *line)
{
	unsigned value = 0;
	uint8_t first;

	for (size_t i = 0; i < 3 && i < line->size && ascii_is_digit(line->data[i]); i++) {
		value = 10 * value + (line->data[i] - '0');
		if (i == 2 && value <= 255) {
			*line = bytes_skip(*line, 3);
			return (uint8_t)value;
		}
	}
	first = line->data[0];
	*line = bytes_skip(*line, 1);
	return first;
}

/* Behind the opening quote. */
static int take_string(struct txt_record *record, struct bytes *line)
{
	int r = 0;

	while (r == 0 && line->size > 0) {
		uint8_t byte = line->data[0];

		*line = bytes_skip(*line, 1);
		if (byte == '"') {
			record->has_strings = true;
			return 0;
		}
		if (byte == '\\' && line->size > 0)
			byte = take_escape(line);
		r = buffer_append_byte(&record->text, byte);
	}
	return r != 0 ? r : TXT_RECORD_E_OPEN_STRING;
}

static int take_parenthesis(struct txt_record *record, bool opens)
{
	if (record->is_open == opens)
		return TXT_RECORD_E_PARENTHESES;
	record->is_open = opens;
	return 0;
}

int txt_record_push(struct txt_record *record, struct bytes line)
{
	int r = 0;

	while (r == 0 && line.size > 0) {
		uint8_t byte = line.data[0];

		line = bytes_skip(line, 1);
		if (byte == '"') {
			r = take_string(record, &line);
		} else if (byte == '(' || byte == ')') {
			r = take_parenthesis(record, byte == '(');
		} else if (byte == ';') {
			record->comment = line;
			line = bytes_of(NULL, 0);
		} else if (!ascii_is_space(byte)) {
			r = TXT_RECORD_E_UNQUOTED;
		}
	}
	if (r == 0 && record->is_open)
		return TXT_RECORD_MORE;
	if (r == 0 && !record->has_strings)
		return TXT_RECORD_E_EMPTY;
	return r;
}

const char *txt_record_reason(int outcome)
{
	switch (outcome) {
	case TXT_RECORD_MORE: return "the parenthesis is never closed";
	case TXT_RECORD_E_UNQUOTED: return "the record must stand in quotes";
	case TXT_RECORD_E_OPEN_STRING: return "a quote is never closed";
	case TXT_RECORD_E_PARENTHESES: return "a parenthesis without the other one";
	case TXT_RECORD_E_EMPTY: return "there is no record in quotes behind TXT";
	}
	return "unknown";
}
