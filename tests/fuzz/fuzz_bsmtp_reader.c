/*
 * Goal: a batch is the same series of commands and messages however the input was cut, and can be
 * written again from it byte for byte.
 * Method: the events of each cut are written to two texts: what stands there, and what is meant. All
 * cuts must give the same ones. The first is the input, up to the error if there is one, and the
 * second becomes the first when its messages are dot-stuffed. In the text of a message as it stands
 * there, no line may be the one that ends it, which in turn must be a line.
 */
#include "signer/spool/bsmtp_reader.h"
#include "tests/fuzz/fuzz.h"

/* Cannot be in the texts of a kind, since each kind is written with it. */
#define EVENT_MARK "\n=> "

struct reading {
	struct buffer raw;
	struct buffer message; /* the text of one, as it stands there */
	struct buffer events;  /* kinds, commands, and texts as they are meant */
	struct buffer stuffed;
	enum bsmtp_event_kind last;
	bool line_start;
	uint64_t line;
	int r;
};

static void append(struct buffer *out, struct bytes bytes)
{
	FUZZ_CHECK(buffer_append(out, bytes) == 0);
}

/* RFC 5321 4.5.2, over all pieces of one message. */
static void stuff(struct reading *reading, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (reading->line_start && text.data[i] == '.')
			append(&reading->stuffed, BYTES_LITERAL("."));
		append(&reading->stuffed, bytes_slice(text, i, i + 1));
		reading->line_start = text.data[i] == '\n';
	}
}

/* The message is over: each of its lines is whole, and a dot at the start is doubled. */
static void check_message(struct reading *reading)
{
	struct bytes text = buffer_bytes(&reading->message);

	FUZZ_CHECK(text.size == 0 || text.data[text.size - 1] == '\n');
	while (text.size > 0) {
		struct bytes line = fuzz_line(&text);

		FUZZ_CHECK(!bytes_start_with(line, BYTES_LITERAL(".")) ||
			   bytes_start_with(line, BYTES_LITERAL("..")));
	}
	buffer_clear(&reading->message);
}

static void take_event(struct reading *reading, const struct bsmtp_event *event)
{
	append(&reading->raw, event->raw);
	if (event->kind == BSMTP_NOTHING) {
		FUZZ_CHECK(event->raw.size == 0);
		return;
	}
	FUZZ_CHECK(event->raw.size > 0);
	if (event->kind != BSMTP_TEXT || reading->last != BSMTP_TEXT)
		FUZZ_CHECK(buffer_printf(&reading->events, EVENT_MARK "%d ", (int)event->kind) ==
			   0);
	if (event->kind == BSMTP_TEXT) {
		append(&reading->events, event->text);
		append(&reading->message, event->raw);
		stuff(reading, event->text);
	} else {
		append(&reading->events, event->raw);
		append(&reading->stuffed, event->raw);
		reading->line_start = true;
		if (event->kind == BSMTP_DATA_END)
			check_message(reading);
	}
	reading->last = event->kind;
}

static void reading_make(struct reading *reading, struct bytes input, enum fuzz_cut cut)
{
	struct bsmtp_reader reader;
	struct bsmtp_event event;
	struct fuzz_pieces pieces;
	struct bytes piece;

	*reading = (struct reading){0};
	bsmtp_reader_init(&reader);
	fuzz_pieces_start(&pieces, input, cut);
	while (reading->r == 0 && fuzz_pieces_next(&pieces, &piece)) {
		while (reading->r == 0 && piece.size > 0) {
			size_t rest = piece.size;

			reading->r = bsmtp_reader_next(&reader, &piece, &event);
			if (reading->r != 0)
				break;
			FUZZ_CHECK(piece.size < rest);
			take_event(reading, &event);
		}
	}
	fuzz_pieces_end(&pieces);
	if (reading->r == 0)
		reading->r = bsmtp_reader_end(&reader);
	reading->line = bsmtp_reader_line(&reader);
}

static void reading_deinit(struct reading *reading)
{
	buffer_deinit(&reading->raw);
	buffer_deinit(&reading->message);
	buffer_deinit(&reading->events);
	buffer_deinit(&reading->stuffed);
}

static uint64_t count_lines(struct bytes text)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < text.size; i++)
		lines += text.data[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_of(data, size);
	struct reading whole;
	struct reading cut;

	reading_make(&whole, input, FUZZ_CUT_NONE);
	FUZZ_CHECK(bytes_start_with(input, buffer_bytes(&whole.raw)));
	FUZZ_CHECK(whole.r != 0 || whole.raw.size == input.size);
	FUZZ_CHECK(bytes_equal(buffer_bytes(&whole.stuffed), buffer_bytes(&whole.raw)));
	/* The line that the error is about is the one behind all that was good. */
	FUZZ_CHECK(whole.line == count_lines(buffer_bytes(&whole.raw)) + 1);
	for (unsigned int i = FUZZ_CUT_EVERYWHERE; i < FUZZ_CUTS; i++) {
		reading_make(&cut, input, (enum fuzz_cut)i);
		FUZZ_CHECK(cut.r == whole.r);
		FUZZ_CHECK(cut.line == whole.line);
		FUZZ_CHECK(bytes_equal(buffer_bytes(&cut.raw), buffer_bytes(&whole.raw)));
		FUZZ_CHECK(bytes_equal(buffer_bytes(&cut.events), buffer_bytes(&whole.events)));
		reading_deinit(&cut);
	}
	reading_deinit(&whole);
	return 0;
}
