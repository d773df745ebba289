/*
 * Goal:   the header of a message is found, and refused, as message_reader.h says, in any split.
 * Method: each row runs whole, then again cut in two at every byte, then byte by byte.
 */
#include "signer/dkim/message_reader.h"

#include "tests/unit/unit_test.h"

#define LF   MESSAGE_LINE_END_LF
#define CRLF MESSAGE_LINE_END_CRLF

struct row {
	const char *name;
	const char *message;
	size_t size; /* 0: strlen */
	bool fix_crlf;
	int outcome;
	const char *fields; /* each in <> */
	uint64_t envelope_size;
	uint64_t body_offset;
	enum message_line_end line_end;
};

static const struct row rows[] = {
	{"crlf_message", "A: 1\r\nB: 2\r\n\r\nbody\r\n", 0, false, 0, "<A: 1><B: 2>", 0, 14, CRLF},
	{"lf_message", "A: 1\nB: 2\n\nbody\n", 0, false, 0, "<A: 1><B: 2>", 0, 11, LF},
	{"line_end_is_that_of_the_first_line", "A: 1\nB: 2\r\n\r\n", 0, false, 0, "<A: 1><B: 2>", 0,
	 13, LF},
	{"first_line_of_a_folded_field_counts", "A: 1\r\n 2\n\n", 0, false, 0, "<A: 1\r\n 2>", 0,
	 10, CRLF},
	{"folded_fields", "A:\r\n 1\r\n\t2\r\nB: 3\r\n \r\n\r\n", 0, false, 0,
	 "<A:\r\n 1\r\n\t2><B: 3\r\n >", 0, 23, CRLF},
	{"no_empty_line_is_no_body", "A: 1\r\nB: 2\r\n", 0, false, 0, "<A: 1><B: 2>", 0, 12, CRLF},
	{"no_final_line_end_is_no_body", "A: 1\nB: 2", 0, false, 0, "<A: 1><B: 2>", 0, 9, LF},
	{"no_line_end_at_all", "A: 1", 0, false, 0, "<A: 1>", 0, 4, LF},
	{"body_may_be_anything", "A: 1\n\n\r\0\r", 9, false, 0, "<A: 1>", 0, 6, LF},

	{"x_sender_block_is_envelope",
	 "X-Sender: <a>\r\nX-Receiver: <b>\r\nx-receiver: <c>\r\nA: 1\r\n\r\n", 0, false, 0,
	 "<A: 1>", 49, 57, CRLF},
	{"x_sender_block_may_be_folded", "X-Sender: a\r\n b\r\nX-RECEIVER:\n\tc\nA: 1\n\n", 0,
	 false, 0, "<A: 1>", 32, 38, LF},
	{"x_sender_further_down_is_a_field", "A: 1\nX-Sender: 2\n\n", 0, false, 0,
	 "<A: 1><X-Sender: 2>", 0, 18, LF},
	{"x_sender_like_name_is_a_field", "X-Sender-Id: 1\n\n", 0, false, 0, "<X-Sender-Id: 1>", 0,
	 16, LF},
	{"line_end_is_not_that_of_the_envelope", "X-Sender: a\nA: 1\r\n\r\n", 0, false, 0, "<A: 1>",
	 12, 20, CRLF},
	{"mbox_line_is_envelope", "From a@b Mon Jan  1\nA: 1\n\nb", 0, false, 0, "<A: 1>", 20, 26,
	 LF},
	{"second_mbox_line_is_no_field", "From a\nFrom b\nA: 1\n\n", 0, false,
	 MESSAGE_E_NOT_A_FIELD, "", 0, 0, LF},
	{"x_sender_after_mbox_line_is_a_field", "From a\nX-Sender: b\n\n", 0, false, 0,
	 "<X-Sender: b>", 7, 20, LF},
	{"mbox_line_after_x_sender_is_no_field", "X-Sender: b\nFrom a\n\n", 0, false,
	 MESSAGE_E_NOT_A_FIELD, "", 0, 0, LF},
	{"from_field_is_not_mbox", "From: a\n\n", 0, false, 0, "<From: a>", 0, 9, LF},
	{"lower_case_from_is_no_mbox_line", "from a\n\n", 0, false, MESSAGE_E_NOT_A_FIELD, "", 0, 0,
	 LF},

	{"empty_input_is_refused", "", 0, false, MESSAGE_E_NO_HEADER, "", 0, 0, LF},
	{"empty_line_first_is_refused", "\r\nbody", 0, false, MESSAGE_E_NO_HEADER, "", 0, 0, LF},
	{"envelope_alone_is_refused", "X-Sender: a\r\n", 0, false, MESSAGE_E_NO_HEADER, "", 0, 0,
	 LF},
	{"envelope_and_empty_line_is_refused", "X-Sender: a\r\n\r\n", 0, false, MESSAGE_E_NO_HEADER,
	 "", 0, 0, LF},
	{"mbox_line_alone_is_refused", "From a", 0, false, MESSAGE_E_NO_HEADER, "", 0, 0, LF},
	{"continuation_first_is_refused", " a: b\n\n", 0, false, MESSAGE_E_CONTINUATION_FIRST, "",
	 0, 0, LF},
	{"continuation_after_mbox_line_is_refused", "From a\n b: c\n\n", 0, false,
	 MESSAGE_E_CONTINUATION_FIRST, "", 0, 0, LF},
	{"text_is_refused", "A: 1\nhello\n\n", 0, false, MESSAGE_E_NOT_A_FIELD, "", 0, 0, LF},
	{"text_at_the_end_is_refused", "A: 1\nhello", 0, false, MESSAGE_E_NOT_A_FIELD, "", 0, 0,
	 LF},
	{"nul_is_refused", "A: 1\0\n\n", 7, false, MESSAGE_E_NUL, "", 0, 0, LF},
	{"nul_in_continuation_is_refused", "A: 1\n \0\n\n", 9, false, MESSAGE_E_NUL, "", 0, 0, LF},
	{"nul_in_envelope_is_refused", "X-Sender: \0\nA: 1\n\n", 18, false, MESSAGE_E_NUL, "", 0, 0,
	 LF},
	{"bare_cr_is_refused", "A: 1\r2\r\n\r\n", 0, false, MESSAGE_E_BARE_CR, "", 0, 0, LF},
	{"cr_before_crlf_is_refused", "A: 1\r\r\n\r\n", 0, false, MESSAGE_E_BARE_CR, "", 0, 0, LF},
	{"cr_at_the_end_is_refused", "A: 1\r", 0, false, MESSAGE_E_BARE_CR, "", 0, 0, LF},
	{"too_large_is_refused", "A: 1\nB: 12345678901234567890123456789012345678901234567890\n\n",
	 0, false, MESSAGE_E_TOO_LARGE, "", 0, 0, LF},
	{"too_large_without_line_end_is_refused",
	 "A: 12345678901234567890123456789012345678901234567890", 0, false, MESSAGE_E_TOO_LARGE, "",
	 0, 0, LF},

	{"fixed_bare_cr_ends_a_line", "A: 1\rB: 2\r 3\r\rbody", 0, true, 0, "<A: 1><B: 2\r 3>", 0,
	 14, CRLF},
	{"fixed_crlf_is_one_line_end", "A: 1\r\nB: 2\r\n\r\n", 0, true, 0, "<A: 1><B: 2>", 0, 14,
	 CRLF},
	{"fixed_lf_is_one_too", "A: 1\nB: 2\n\n\n", 0, true, 0, "<A: 1><B: 2>", 0, 11, LF},
	{"fixed_cr_at_the_end", "A: 1\r", 0, true, 0, "<A: 1>", 0, 5, CRLF},
	{"fixed_cr_before_crlf_is_the_empty_line", "A: 1\r\r\nb", 0, true, 0, "<A: 1>", 0, 7, CRLF},
};

#define HEADER_SIZE_MAX 50

struct fixture {
	struct message_reader reader;
	struct header header;
};

/* The outcome of a message that is pushed in pieces: to `cut`, and from there by `step`. */
static int run(struct fixture *fixture, const struct row *row, struct bytes message, size_t cut,
	       size_t step)
{
	size_t at = 0;

	message_reader_start(&fixture->reader, &fixture->header, row->fix_crlf);
	while (at < message.size && !message_reader_is_done(&fixture->reader)) {
		size_t end = at < cut ? cut : message.size - at < step ? message.size : at + step;
		size_t consumed = SIZE_MAX;
		int r = message_reader_push(&fixture->reader, bytes_slice(message, at, end),
					    &consumed);

		if (r != 0)
			return r;
		assert_true(consumed <= end - at);
		assert_true(consumed == end - at || message_reader_is_done(&fixture->reader));
		at += consumed;
	}
	if (message_reader_is_done(&fixture->reader))
		assert_int_equal(at, message_reader_body_offset(&fixture->reader));
	return message_reader_finish(&fixture->reader);
}

static void assert_row(struct fixture *fixture, const struct row *row, size_t cut, size_t step)
{
	struct bytes message = bytes_of(row->message,
					row->size > 0 ? row->size : strlen(row->message));
	struct buffer fields = {0};
	int r = run(fixture, row, message, cut, step);

	if (r != row->outcome)
		fail_msg("%s cut at %zu: got %d (%s), want %d", row->name, cut, r,
			 message_reader_reason(r), row->outcome);
	if (r != 0)
		return;
	for (size_t i = 0; i < header_count(&fixture->header); i++)
		assert_int_equal(buffer_printf(&fields, "<%.*s>",
					       BYTES_PRINTF(header_field(&fixture->header, i))),
				 0);
	assert_string_equal(buffer_string(&fields), row->fields);
	buffer_deinit(&fields);
	if (message_reader_envelope_size(&fixture->reader) != row->envelope_size ||
	    message_reader_body_offset(&fixture->reader) != row->body_offset ||
	    message_reader_line_end(&fixture->reader) != row->line_end)
		fail_msg("%s cut at %zu: got envelope %zu body %zu line end %d, want %zu %zu %d",
			 row->name, cut, (size_t)message_reader_envelope_size(&fixture->reader),
			 (size_t)message_reader_body_offset(&fixture->reader),
			 message_reader_line_end(&fixture->reader), (size_t)row->envelope_size,
			 (size_t)row->body_offset, row->line_end);
}

static int setup(void **state)
{
	static struct fixture fixture;

	message_reader_init(&fixture.reader);
	header_init(&fixture.header, HEADER_SIZE_MAX);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	message_reader_deinit(&fixture->reader);
	header_deinit(&fixture->header);
	return 0;
}

static void rows_hold_for_every_cut(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		size_t size = rows[i].size > 0 ? rows[i].size : strlen(rows[i].message);

		for (size_t cut = 0; cut <= size; cut++)
			assert_row(*state, &rows[i], cut, SIZE_MAX / 2);
		assert_row(*state, &rows[i], 0, 1);
	}
}

static void limit_is_of_the_header_not_of_the_envelope(void **state)
{
	struct fixture *fixture = *state;
	struct bytes line = BYTES_LITERAL("X-Receiver: <somebody@example.com>\r\n");
	size_t consumed;

	message_reader_start(&fixture->reader, &fixture->header, false);
	for (unsigned int i = 0; i < 10000; i++)
		assert_int_equal(message_reader_push(&fixture->reader, line, &consumed), 0);
	assert_int_equal(
		message_reader_push(&fixture->reader, BYTES_LITERAL("A: 1\r\n\r\n"), &consumed), 0);
	assert_true(message_reader_is_done(&fixture->reader));
	assert_int_equal(message_reader_envelope_size(&fixture->reader), 10000 * line.size);
}

/* A line without end must not be gathered until the end of the input. */
static void line_without_end_is_refused_as_soon_as_it_is_too_large(void **state)
{
	struct fixture *fixture = *state;
	size_t consumed;
	int r = 0;

	message_reader_start(&fixture->reader, &fixture->header, false);
	assert_int_equal(message_reader_push(&fixture->reader, BYTES_LITERAL("A: 1\n"), &consumed),
			 0);
	for (size_t pushed = 5; r == 0; pushed++) {
		assert_in_range(pushed, 5, HEADER_SIZE_MAX);
		r = message_reader_push(&fixture->reader, BYTES_LITERAL("x"), &consumed);
	}
	assert_int_equal(r, MESSAGE_E_TOO_LARGE);
}

static void line_that_is_wrong_is_told(void **state)
{
	struct fixture *fixture = *state;
	size_t consumed;

	message_reader_start(&fixture->reader, &fixture->header, false);
	assert_int_equal(message_reader_push(&fixture->reader,
					     BYTES_LITERAL("X-Sender: a\nA: 1\n 2\nwrong\n"),
					     &consumed),
			 MESSAGE_E_NOT_A_FIELD);
	assert_int_equal(message_reader_lines(&fixture->reader), 4);
}

static void done_reader_takes_nothing_more(void **state)
{
	struct fixture *fixture = *state;
	size_t consumed;

	message_reader_start(&fixture->reader, &fixture->header, false);
	assert_int_equal(
		message_reader_push(&fixture->reader, BYTES_LITERAL("A: 1\n\nx: y\n"), &consumed),
		0);
	assert_int_equal(consumed, 6);
	assert_int_equal(message_reader_push(&fixture->reader, BYTES_LITERAL("x: y\n"), &consumed),
			 0);
	assert_int_equal(consumed, 0);
	assert_int_equal(message_reader_finish(&fixture->reader), 0);
	assert_int_equal(header_count(&fixture->header), 1);
}

static void input_that_ends_inside_a_line_is_cut(void **state)
{
	static const struct {
		const char *input;
		bool is_cut;
	} cut_rows[] = {
		{"A: 1\r\n\r\nbody", false},
		{"A: 1\r\n", false},
		{"A: 1", true},
		{"A: 1\r\n x", true},
	};
	struct fixture *fixture = *state;
	size_t consumed;

	for (size_t i = 0; i < ARRAY_COUNT(cut_rows); i++) {
		message_reader_start(&fixture->reader, &fixture->header, false);
		assert_int_equal(message_reader_push(&fixture->reader,
						     bytes_of_string(cut_rows[i].input), &consumed),
				 0);
		assert_int_equal(message_reader_finish(&fixture->reader), 0);
		if (message_reader_is_cut(&fixture->reader) != cut_rows[i].is_cut)
			fail_msg("'%s': got is_cut %d", cut_rows[i].input, !cut_rows[i].is_cut);
	}
}

static void every_outcome_has_a_reason(void **state)
{
	(void)state;
	for (int outcome = MESSAGE_E_BARE_CR; outcome <= MESSAGE_E_NO_HEADER; outcome++)
		assert_string_not_equal(message_reader_reason(outcome), "unknown error");
	assert_string_equal(message_reader_reason(MESSAGE_E_NO_HEADER + 1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold_for_every_cut),
		cmocka_unit_test(limit_is_of_the_header_not_of_the_envelope),
		cmocka_unit_test(line_without_end_is_refused_as_soon_as_it_is_too_large),
		cmocka_unit_test(line_that_is_wrong_is_told),
		cmocka_unit_test(done_reader_takes_nothing_more),
		cmocka_unit_test(input_that_ends_inside_a_line_is_cut),
		cmocka_unit_test(every_outcome_has_a_reason),
	};

	return cmocka_run_group_tests_name("message_reader", tests, setup, teardown);
}
