/*
 * Goal: a header is the same however the input was cut, and none of its bytes is lost or changed.
 * Method: reads the input whole and then in pieces, with each choice of fix_crlf and of a limit, and
 * compares all that can be asked of the reader and of the header. Then the fields are laid side by
 * side again.
 */
#include "signer/dkim/field_name.h"
#include "signer/dkim/message_reader.h"
#include "tests/fuzz/fuzz.h"

/* Small, so that short inputs meet it. */
#define SIZE_MAX_SMALL 48

struct reading {
	struct message_reader reader;
	struct header header;
	int r;
	bool is_done;
};

static void reading_make(struct reading *reading, struct bytes input, enum fuzz_cut cut,
			 bool fix_crlf, size_t size_max)
{
	struct fuzz_pieces pieces;
	struct bytes piece;
	size_t consumed = 0;

	*reading = (struct reading){0};
	header_init(&reading->header, size_max);
	message_reader_init(&reading->reader);
	message_reader_start(&reading->reader, &reading->header, fix_crlf);
	fuzz_pieces_start(&pieces, input, cut);
	while (reading->r == 0 && !message_reader_is_done(&reading->reader) &&
	       fuzz_pieces_next(&pieces, &piece)) {
		reading->r = message_reader_push(&reading->reader, piece, &consumed);
		if (reading->r == 0)
			FUZZ_CHECK(consumed == piece.size ||
				   (consumed < piece.size &&
				    message_reader_is_done(&reading->reader)));
	}
	fuzz_pieces_end(&pieces);
	if (reading->r == 0)
		reading->r = message_reader_finish(&reading->reader);
	/* With fix_crlf, a CR at the very end may be the empty line, which only the end tells. */
	reading->is_done = reading->r == 0 && message_reader_is_done(&reading->reader);
}

static void reading_deinit(struct reading *reading)
{
	message_reader_deinit(&reading->reader);
	header_deinit(&reading->header);
}

static void check_same(const struct reading *a, const struct reading *b)
{
	FUZZ_CHECK(a->r == b->r);
	FUZZ_CHECK(a->is_done == b->is_done);
	FUZZ_CHECK(message_reader_lines(&a->reader) == message_reader_lines(&b->reader));
	if (a->r != 0)
		return;
	FUZZ_CHECK(message_reader_envelope_size(&a->reader) ==
		   message_reader_envelope_size(&b->reader));
	FUZZ_CHECK(message_reader_body_offset(&a->reader) ==
		   message_reader_body_offset(&b->reader));
	FUZZ_CHECK(message_reader_line_end(&a->reader) == message_reader_line_end(&b->reader));
	FUZZ_CHECK(header_count(&a->header) == header_count(&b->header));
	FUZZ_CHECK(header_size(&a->header) == header_size(&b->header));
	for (size_t i = 0; i < header_count(&a->header); i++) {
		FUZZ_CHECK(bytes_equal(header_field(&a->header, i), header_field(&b->header, i)));
		FUZZ_CHECK(bytes_equal(header_name(&a->header, i), header_name(&b->header, i)));
		FUZZ_CHECK(bytes_equal(header_value(&a->header, i), header_value(&b->header, i)));
		FUZZ_CHECK(header_name_hash(&a->header, i) == header_name_hash(&b->header, i));
	}
}

/* The size of the line end at `offset`, 0 where there is none. */
static size_t line_end_size(struct bytes input, size_t offset, bool fix_crlf)
{
	struct bytes rest = bytes_skip(input, offset);

	if (bytes_start_with(rest, BYTES_LITERAL("\r\n")))
		return 2;
	if (bytes_start_with(rest, BYTES_LITERAL("\n")))
		return 1;
	return fix_crlf && bytes_start_with(rest, BYTES_LITERAL("\r")) ? 1 : 0;
}

static void check_field(const struct header *header, size_t index)
{
	struct bytes name = header_name(header, index);
	struct bytes field = header_field(header, index);
	struct bytes value = header_value(header, index);

	FUZZ_CHECK(name.size > 0);
	for (size_t i = 0; i < name.size; i++)
		FUZZ_CHECK(field_name_is_character(name.data[i]));
	FUZZ_CHECK(header_name_hash(header, index) == field_name_hash(name));
	FUZZ_CHECK(bytes_find(field, '\0') == field.size);
	FUZZ_CHECK(name.size + value.size < field.size);
	FUZZ_CHECK(field.data[field.size - value.size - 1] == ':');
	FUZZ_CHECK(header_find(header, name, index) == index);
}

/* Envelope, fields, line ends and the empty line, one behind the other, are the input. */
static void check_nothing_lost(const struct reading *reading, struct bytes input, bool fix_crlf)
{
	size_t offset = (size_t)message_reader_envelope_size(&reading->reader);
	size_t fields_start = offset;
	size_t end;

	for (size_t i = 0; i < header_count(&reading->header); i++) {
		struct bytes field = header_field(&reading->header, i);

		check_field(&reading->header, i);
		FUZZ_CHECK(bytes_start_with(bytes_skip(input, offset), field));
		offset += field.size;
		end = line_end_size(input, offset, fix_crlf);
		FUZZ_CHECK(end > 0 || offset == input.size);
		offset += end;
	}
	FUZZ_CHECK(offset - fields_start == header_size(&reading->header));
	if (reading->is_done) {
		end = line_end_size(input, offset, fix_crlf);
		FUZZ_CHECK(end > 0);
		offset += end;
	} else {
		FUZZ_CHECK(offset == input.size);
	}
	FUZZ_CHECK(offset == message_reader_body_offset(&reading->reader));
}

static void check(struct bytes input, bool fix_crlf, size_t size_max)
{
	struct reading whole;
	struct reading cut;

	reading_make(&whole, input, FUZZ_CUT_NONE, fix_crlf, size_max);
	FUZZ_CHECK(size_max == 0 || header_size(&whole.header) <= size_max);
	if (whole.r == 0)
		check_nothing_lost(&whole, input, fix_crlf);
	for (unsigned int i = FUZZ_CUT_EVERYWHERE; i < FUZZ_CUTS; i++) {
		reading_make(&cut, input, (enum fuzz_cut)i, fix_crlf, size_max);
		check_same(&whole, &cut);
		reading_deinit(&cut);
	}
	reading_deinit(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_of(data, size);

	check(input, false, 0);
	check(input, true, 0);
	check(input, false, SIZE_MAX_SMALL);
	check(input, true, SIZE_MAX_SMALL);
	return 0;
}
