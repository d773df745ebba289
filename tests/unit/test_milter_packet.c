/*
 * Goal:   the bytes of an MTA become the same packets whatever pieces they come in, and answers are what the protocol
 *         says.
 * Method: a conversation is cut at every place, and into single bytes. What is read is written down as text: each packet a
 *         line, and pieces of a body put together again.
 */
#include "signer/milter/milter_packet.h"

#include "tests/unit/unit_test.h"

#include <errno.h>
#include <stdio.h>

/* One packet: a size, a command, and data. */
static int put_packet(struct buffer *stream, char command, struct bytes data)
{
	return milter_put(stream, (enum milter_answer)command, data);
}

static void put(struct buffer *stream, char command, struct bytes data)
{
	assert_int_equal(put_packet(stream, command, data), 0);
}

static void conversation(struct buffer *stream)
{
	put(stream, 'O', BYTES_LITERAL("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"));
	put(stream, 'D', BYTES_LITERAL("Cj\0mx.example\0{daemon_name}\0MTA\0"));
	put(stream, 'C',
	    BYTES_LITERAL("client.example\0"
			  "4\0\31"
			  "192.0.2.1\0"));
	put(stream, 'M', BYTES_LITERAL("<a@example.com>\0"));
	put(stream, 'L', BYTES_LITERAL("From\0 a@example.com\0"));
	put(stream, 'N', bytes_of(NULL, 0));
	put(stream, 'B', BYTES_LITERAL("first\r\n"));
	put(stream, 'B', bytes_of(NULL, 0));
	put(stream, 'B', BYTES_LITERAL("second chunk\r\n"));
	put(stream, 'E', bytes_of(NULL, 0));
	put(stream, 'Q', bytes_of(NULL, 0));
}

static void write_down(struct buffer *text, const struct milter_packet *packet, bool *in_body)
{
	if (!*in_body)
		assert_int_equal(buffer_printf(text, "%c ", packet->command), 0);
	for (size_t i = 0; i < packet->data.size; i++) {
		uint8_t byte = packet->data.data[i];

		assert_int_equal(
			buffer_printf(text, byte > ' ' && byte < 0x7f ? "%c" : "\\%02x", byte), 0);
	}
	*in_body = !packet->is_whole;
	if (packet->is_whole)
		assert_int_equal(buffer_append_byte(text, '\n'), 0);
}

/* All packets of a piece; 0, or the error that ends it. */
static int take_piece(struct milter_decoder *decoder, struct bytes piece, struct buffer *text,
		      bool *in_body)
{
	struct milter_packet packet;
	bool has_packet = true;

	while (has_packet) {
		int r = milter_decoder_next(decoder, &piece, &packet, &has_packet);

		if (r != 0)
			return r;
		if (has_packet)
			write_down(text, &packet, in_body);
	}
	assert_int_equal(piece.size, 0);
	return 0;
}

/* Reads a stream that is cut at `cut`, and then every `step` bytes. */
static void read_stream(struct bytes stream, size_t cut, size_t step, struct buffer *text)
{
	struct milter_decoder decoder = {0};
	bool in_body = false;

	buffer_clear(text);
	assert_int_equal(take_piece(&decoder, bytes_slice(stream, 0, cut), text, &in_body), 0);
	for (size_t at = cut; at < stream.size; at += step) {
		size_t end = stream.size - at < step ? stream.size : at + step;

		assert_int_equal(take_piece(&decoder, bytes_slice(stream, at, end), text, &in_body),
				 0);
	}
	assert_int_equal(milter_decoder_held(&decoder), 0);
	assert_false(in_body);
	milter_decoder_deinit(&decoder);
}

static const char want[] = "O \\00\\00\\00\\06\\00\\00\\01\\ff\\00\\1f\\ff\\ff\n"
			   "D Cj\\00mx.example\\00{daemon_name}\\00MTA\\00\n"
			   "C client.example\\004\\00\\19192.0.2.1\\00\n"
			   "M <a@example.com>\\00\n"
			   "L From\\00\\20a@example.com\\00\n"
			   "N \n"
			   "B first\\0d\\0a\n"
			   "B \n"
			   "B second\\20chunk\\0d\\0a\n"
			   "E \n"
			   "Q \n";

static void every_split_gives_the_same_packets(void **state)
{
	struct buffer stream = {0};
	struct buffer text = {0};

	(void)state;
	conversation(&stream);
	for (size_t cut = 0; cut <= stream.size; cut++) {
		read_stream(buffer_bytes(&stream), cut, stream.size, &text);
		assert_string_equal(buffer_string(&text), want);
	}
	for (size_t step = 1; step < 8; step++) {
		read_stream(buffer_bytes(&stream), 0, step, &text);
		assert_string_equal(buffer_string(&text), want);
	}
	buffer_deinit(&stream);
	buffer_deinit(&text);
}

static void body_is_not_held(void **state)
{
	struct milter_decoder decoder = {0};
	struct milter_packet packet;
	struct bytes input = BYTES_LITERAL("\0\1\0\0B0123456789");
	bool has_packet;

	(void)state;
	assert_int_equal(milter_decoder_next(&decoder, &input, &packet, &has_packet), 0);
	assert_true(has_packet);
	assert_false(packet.is_whole);
	assert_int_equal(packet.data.size, 10);
	assert_int_equal(milter_decoder_held(&decoder), 0);
	assert_int_equal(milter_decoder_memory(&decoder), 0);
	assert_int_equal(milter_decoder_next(&decoder, &input, &packet, &has_packet), 0);
	assert_false(has_packet);
	milter_decoder_deinit(&decoder);
}

static void assert_wrong(struct bytes stream, int want_error)
{
	for (size_t cut = 0; cut <= stream.size; cut++) {
		struct milter_decoder decoder = {0};
		struct buffer text = {0};
		bool in_body = false;
		int r = take_piece(&decoder, bytes_slice(stream, 0, cut), &text, &in_body);

		if (r == 0)
			r = take_piece(&decoder, bytes_skip(stream, cut), &text, &in_body);
		assert_int_equal(r, want_error);
		milter_decoder_deinit(&decoder);
		buffer_deinit(&text);
	}
}

static void sizes_that_cannot_be_are_errors(void **state)
{
	(void)state;
	assert_wrong(BYTES_LITERAL("\0\0\0\0Q"), MILTER_PACKET_E_EMPTY);
	assert_wrong(BYTES_LITERAL("\xff\xff\xff\xffL"), MILTER_PACKET_E_TOO_LARGE);
	assert_wrong(BYTES_LITERAL("\0\x10\0\x41L"), MILTER_PACKET_E_TOO_LARGE);
	assert_wrong(BYTES_LITERAL("\0\x10\0\x41"
				   "B"),
		     MILTER_PACKET_E_TOO_LARGE);
}

static void assert_answer(struct buffer *answers, struct bytes want_bytes)
{
	assert_int_equal(answers->size, want_bytes.size);
	assert_memory_equal(answers->data, want_bytes.data, want_bytes.size);
	buffer_clear(answers);
}

static void answers_have_the_form_of_the_protocol(void **state)
{
	const struct bytes no_macros[MILTER_MACRO_STEPS] = {{0}};
	struct bytes macros[MILTER_MACRO_STEPS] = {{0}};
	struct buffer answers = {0};

	(void)state;
	macros[MILTER_MACROS_MAIL] = BYTES_LITERAL("i {auth_type}");
	assert_int_equal(milter_put(&answers, MILTER_ACCEPT, bytes_of(NULL, 0)), 0);
	assert_answer(&answers, BYTES_LITERAL("\0\0\0\1a"));
	assert_int_equal(milter_put_options(&answers, 6, 0x11, 0x1fff, no_macros), 0);
	assert_answer(&answers, BYTES_LITERAL("\0\0\0\15O\0\0\0\6\0\0\0\x11\0\0\x1f\xff"));
	assert_int_equal(milter_put_options(&answers, 6, 0x111, 0, macros), 0);
	assert_answer(&answers, BYTES_LITERAL("\0\0\0\x1fO\0\0\0\6\0\0\1\x11\0\0\0\0"
					      "\0\0\0\2i {auth_type}\0"));
	assert_int_equal(milter_put_insert_header(&answers, 0, BYTES_LITERAL("DKIM-Signature"),
						  BYTES_LITERAL(" v=1;\n\tb=")),
			 0);
	assert_answer(&answers, BYTES_LITERAL("\0\0\0\x1ei\0\0\0\0DKIM-Signature\0 v=1;\n\tb=\0"));
	assert_int_equal(
		milter_put_change_header(&answers, 3, BYTES_LITERAL("A"), bytes_of(NULL, 0)), 0);
	assert_answer(&answers, BYTES_LITERAL("\0\0\0\10m\0\0\0\3A\0\0"));
	assert_int_equal(milter_put_reply(&answers, "451 4.7.0 later"), 0);
	assert_answer(&answers, BYTES_LITERAL("\0\0\0\x11y451 4.7.0 later\0"));
	assert_int_equal(milter_put_quarantine(&answers, "why"), 0);
	assert_answer(&answers, BYTES_LITERAL("\0\0\0\5qwhy\0"));
	buffer_deinit(&answers);
}

static void strings_and_numbers_are_taken_from_the_front(void **state)
{
	struct bytes data = BYTES_LITERAL("one\0\0two");
	struct bytes number = BYTES_LITERAL("\1\2\3\4\5");
	struct bytes string;
	uint32_t value;

	(void)state;
	assert_true(milter_take_string(&data, &string));
	assert_true(bytes_equal(string, BYTES_LITERAL("one")));
	assert_true(milter_take_string(&data, &string));
	assert_int_equal(string.size, 0);
	assert_false(milter_take_string(&data, &string)); /* it does not end */
	assert_true(milter_take_number(&number, &value));
	assert_int_equal(value, 0x01020304);
	assert_false(milter_take_number(&number, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_gives_the_same_packets),
		cmocka_unit_test(body_is_not_held),
		cmocka_unit_test(sizes_that_cannot_be_are_errors),
		cmocka_unit_test(answers_have_the_form_of_the_protocol),
		cmocka_unit_test(strings_and_numbers_are_taken_from_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
