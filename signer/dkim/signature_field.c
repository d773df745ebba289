/*
 * How it works: a writer that knows its column appends tokens, each behind a blank, or behind a
 * line end and a tab where the line has no room. Values that may be cut (h=, z=, b=) are given to
 * it in pieces, which are cut by a line end, a tab and a space. Errors are kept by the writer and
 * asked for at the end.
 */
#include "signer/dkim/signature_field.h"

#include "signer/dkim/base64.h"
#include "signer/dkim/quoted_printable.h"

#include <assert.h>

#define TAB_COLUMNS 8

#define DIGITS_MAX 20 /* of a uint64_t */

struct writer {
	struct buffer *out;
	struct bytes line_end;
	size_t column;
	int error;
};

static void write_bytes(struct writer *writer, struct bytes text)
{
	if (writer->error == 0)
		writer->error = buffer_append(writer->out, text);
	writer->column += text.size;
}

static void write_fill(struct writer *writer, char character, size_t count)
{
	if (writer->error == 0)
		writer->error = buffer_reserve(writer->out, count);
	if (writer->error == 0) {
		memset(writer->out->data + writer->out->size, character, count);
		writer->out->size += count;
	}
	writer->column += count;
}

static void fold(struct writer *writer)
{
	write_bytes(writer, writer->line_end);
	write_bytes(writer, BYTES_LITERAL("\t"));
	writer->column = TAB_COLUMNS;
}

/* In the middle of a value, one column further in than the tags. */
static void fold_value(struct writer *writer)
{
	fold(writer);
	write_bytes(writer, BYTES_LITERAL(" "));
}

static bool has_room(const struct writer *writer, size_t columns)
{
	return columns <= SIGNATURE_FIELD_COLUMNS_MAX &&
	       writer->column <= SIGNATURE_FIELD_COLUMNS_MAX - columns;
}

/* Puts the blank or the fold before a tag of that size. */
static void begin_tag(struct writer *writer, size_t size)
{
	if (has_room(writer, 1 + size))
		write_bytes(writer, BYTES_LITERAL(" "));
	else
		fold(writer);
}

/* A piece of a value that may be cut before it. */
static void write_piece(struct writer *writer, struct bytes piece)
{
	if (!has_room(writer, piece.size))
		fold_value(writer);
	write_bytes(writer, piece);
}

/* A tag that cannot be cut: "s=" "selector" ";". */
static void write_tag(struct writer *writer, const char *start, struct bytes value)
{
	begin_tag(writer, strlen(start) + value.size + 1);
	write_bytes(writer, bytes_of_string(start));
	write_bytes(writer, value);
	write_bytes(writer, BYTES_LITERAL(";"));
}

static void write_string_tag(struct writer *writer, const char *start, const char *value)
{
	write_tag(writer, start, bytes_of_string(value));
}

static size_t count_digits(uint64_t number)
{
	size_t digits = 1;

	for (; number >= 10; number /= 10)
		digits++;
	return digits;
}

/* Returns what did not fit. */
static uint64_t put_digits(uint8_t *text, size_t digits, uint64_t number)
{
	for (size_t i = digits; i > 0; i--) {
		text[i - 1] = (uint8_t)('0' + number % 10);
		number /= 10;
	}
	return number;
}

static void write_number_tag(struct writer *writer, const char *start, uint64_t number)
{
	uint8_t text[DIGITS_MAX];
	size_t digits = count_digits(number);

	(void)put_digits(text, digits, number);
	write_tag(writer, start, bytes_of(text, digits));
}

static void write_canonicalization(struct writer *writer,
				   const struct signature_field_values *values)
{
	const char *header = canonicalization_name(values->header_canonicalization);
	const char *body = canonicalization_name(values->body_canonicalization);

	begin_tag(writer, strlen("c=") + strlen(header) + 1 + strlen(body) + 1);
	write_bytes(writer, BYTES_LITERAL("c="));
	write_bytes(writer, bytes_of_string(header));
	write_bytes(writer, BYTES_LITERAL("/"));
	write_bytes(writer, bytes_of_string(body));
	write_bytes(writer, BYTES_LITERAL(";"));
}

static void write_identity(struct writer *writer, struct bytes identity)
{
	uint8_t text[QUOTED_PRINTABLE_SIZE_MAX];
	size_t size = 0;

	for (size_t i = 0; i < identity.size; i++)
		size += quoted_printable_encode(identity.data[i], text);
	begin_tag(writer, strlen("i=") + size + 1);
	write_bytes(writer, BYTES_LITERAL("i="));
	for (size_t i = 0; i < identity.size; i++) {
		size = quoted_printable_encode(identity.data[i], text);
		write_bytes(writer, bytes_of(text, size));
	}
	write_bytes(writer, BYTES_LITERAL(";"));
}

static void write_names(struct writer *writer, const struct name_list *names)
{
	size_t size = strlen("h=");

	for (size_t i = 0; i < names->count; i++)
		size += names->names[i].size + 1;
	/* A list that fits one line is not cut; a longer one begins where it can. */
	begin_tag(writer, size <= SIGNATURE_FIELD_COLUMNS_MAX - TAB_COLUMNS || names->count == 0
				  ? size
				  : strlen("h=") + names->names[0].size + 1);
	write_bytes(writer, BYTES_LITERAL("h="));
	for (size_t i = 0; i < names->count; i++) {
		const char *separator = i + 1 < names->count ? ":" : ";";

		/* The separator stays with its name, so that no line begins with it. */
		if (i > 0 && !has_room(writer, names->names[i].size + 1))
			fold_value(writer);
		write_bytes(writer, names->names[i]);
		write_bytes(writer, bytes_of_string(separator));
	}
}

/* Each line end in the value is copied as CRLF, as it travels, whatever it is in this file. */
static void write_copied_value(struct writer *writer, struct bytes value)
{
	for (size_t i = 0; i < value.size; i++) {
		uint8_t text[QUOTED_PRINTABLE_SIZE_MAX];

		if (value.data[i] == '\r' || value.data[i] == '\n') {
			write_piece(writer, BYTES_LITERAL("=0D"));
			write_piece(writer, BYTES_LITERAL("=0A"));
			if (value.data[i] == '\r' && i + 1 < value.size &&
			    value.data[i + 1] == '\n')
				i++;
			continue;
		}
		write_piece(writer, bytes_of(text, quoted_printable_encode(value.data[i], text)));
	}
}

/*
 * h= lists fields in message order, so one walk over both finds the fields that are copied. Names
 * that are listed without a field are at the end of h= and never met.
 */
static void write_copied_fields(struct writer *writer, const struct header *header,
				const struct name_list *names)
{
	size_t listed = 0;

	begin_tag(writer, strlen("z=") + 1);
	write_bytes(writer, BYTES_LITERAL("z="));
	for (size_t i = 0; i < header_count(header) && listed < names->count; i++) {
		struct bytes name = header_name(header, i);

		if (!bytes_equal_nocase(name, names->names[listed]))
			continue;
		if (listed > 0)
			write_piece(writer, BYTES_LITERAL("|"));
		write_piece(writer, name);
		write_piece(writer, BYTES_LITERAL(":"));
		write_copied_value(writer, header_value(header, i));
		listed++;
	}
	write_piece(writer, BYTES_LITERAL(";"));
}

static void write_signature_gap(struct signature_field *field, struct writer *writer)
{
	size_t rest = BASE64_SIZE(field->signature_size);

	begin_tag(writer, strlen("b=") + rest);
	write_bytes(writer, BYTES_LITERAL("b="));
	field->signature_offset = writer->out->size;
	while (rest > 0) {
		size_t room = SIGNATURE_FIELD_COLUMNS_MAX - writer->column;
		size_t count = rest < room ? rest : room;

		write_fill(writer, '=', count);
		rest -= count;
		if (rest > 0)
			fold_value(writer);
	}
}

static void write_body_gaps(struct signature_field *field, struct writer *writer,
			    const struct signature_field_values *values)
{
	begin_tag(writer, strlen("bh=") + BASE64_SIZE(SHA256_SIZE) + 1);
	write_bytes(writer, BYTES_LITERAL("bh="));
	field->body_hash_offset = writer->out->size;
	write_fill(writer, '=', BASE64_SIZE(SHA256_SIZE));
	write_bytes(writer, BYTES_LITERAL(";"));

	field->body_length_digits = values->body_length_max == 0
					    ? 0
					    : count_digits(values->body_length_max);
	if (field->body_length_digits == 0)
		return;
	begin_tag(writer, strlen("l=") + field->body_length_digits + 1);
	write_bytes(writer, BYTES_LITERAL("l="));
	field->body_length_offset = writer->out->size;
	write_fill(writer, '0', field->body_length_digits);
	write_bytes(writer, BYTES_LITERAL(";"));
}

void signature_field_deinit(struct signature_field *field)
{
	buffer_deinit(&field->text);
}

int signature_field_compose(struct signature_field *field,
			    const struct signature_field_values *values)
{
	struct writer writer = {
		.out = &field->text,
		.line_end = values->line_end == MESSAGE_LINE_END_CRLF ? BYTES_LITERAL("\r\n")
								      : BYTES_LITERAL("\n"),
	};

	buffer_clear(&field->text);
	field->signature_size = values->signature_size;
	field->line_end_size = writer.line_end.size;

	write_bytes(&writer, BYTES_LITERAL(SIGNATURE_FIELD_NAME ":"));
	write_string_tag(&writer, "v=", "1");
	write_string_tag(&writer, "a=", dkim_algorithm_name(values->algorithm));
	write_canonicalization(&writer, values);
	write_tag(&writer, "d=", values->domain);
	write_tag(&writer, "s=", values->selector);
	write_number_tag(&writer, "t=", values->timestamp);
	if (values->expiry != 0)
		write_number_tag(&writer, "x=", values->expiry);
	if (values->identity.size > 0)
		write_identity(&writer, values->identity);
	if (values->asks_reports)
		write_string_tag(&writer, "r=", "y");
	write_body_gaps(field, &writer, values);
	write_names(&writer, values->names);
	if (values->copied != NULL)
		write_copied_fields(&writer, values->copied, values->names);
	write_signature_gap(field, &writer);
	write_bytes(&writer, writer.line_end);
	return writer.error;
}

void signature_field_set_body_hash(struct signature_field *field, const uint8_t digest[SHA256_SIZE])
{
	base64_encode(bytes_of(digest, SHA256_SIZE), field->text.data + field->body_hash_offset);
}

void signature_field_set_body_length(struct signature_field *field, uint64_t length)
{
	uint64_t rest;

	assert(field->body_length_digits > 0);
	rest = put_digits(field->text.data + field->body_length_offset, field->body_length_digits,
			  length);
	assert(rest == 0);
	(void)rest;
}

int signature_field_set_signature(struct signature_field *field, struct bytes signature)
{
	struct bytes base64 = {.size = BASE64_SIZE(signature.size)};
	size_t at = field->signature_offset;
	int r;

	assert(signature.size == field->signature_size);
	/* The base64 text is made behind the field, in memory that the next one will use anyway. */
	r = buffer_reserve(&field->text, base64.size);
	if (r != 0)
		return r;
	base64.data = field->text.data + field->text.size;
	base64_encode(signature, field->text.data + field->text.size);
	while (base64.size > 0) {
		/* One line of the gap: a line end follows it, if only the field's own. */
		size_t room = bytes_find(bytes_skip(buffer_bytes(&field->text), at), '\n') + 1 -
			      field->line_end_size;
		size_t count = base64.size < room ? base64.size : room;

		memcpy(field->text.data + at, base64.data, count);
		base64 = bytes_skip(base64, count);
		at += count + field->line_end_size + strlen("\t ");
	}
	return 0;
}
