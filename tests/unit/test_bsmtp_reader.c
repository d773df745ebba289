/*
 * Goal:   the reader finds the messages in a batch, undoes the dot-stuffing, keeps every raw byte,
 *         and refuses each broken structure with the right reason and line.
 * Method: each row runs whole, then again cut in two at every byte. `messages` is what all message
 *         texts must be, each closed with '|'.
 */
#include "signer/spool/bsmtp_reader.h"

#include "common/buffer.h"
#include "tests/unit/unit_test.h"

struct row {
	const char *name;
	const char *input;
	const char *messages;
	int error;
	uint64_t error_line;
};

static const struct row rows[] = {
	{"one_message_is_read",
	 "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nS: x\r\n\r\nhi\r\n.\r\n",
	 "S: x\r\n\r\nhi\r\n|", 0, 0},
	{"line_feeds_alone_end_lines", "MAIL FROM:<>\nRCPT TO:<c@d>\nDATA\na\n.\n", "a\n|", 0, 0},
	{"session_of_two_messages_with_helo_and_quit",
	 "HELO x\nMAIL FROM:<>\nRCPT TO:<c@d>\nRCPT TO:<e@f>\nDATA\na\n.\n"
	 "mail from:<>\nrcpt to:<c@d>\ndata\nb\n.\nQUIT\n",
	 "a\n|b\n|", 0, 0},
	/* RFC 5321 4.5.2: a leading dot is doubled. */
	{"stuffed_dots_are_undone", "MAIL FROM:<>\nRCPT TO:<c>\nDATA\n..\n..a\n...\n.\n",
	 ".\n.a\n..\n|", 0, 0},
	{"dot_inside_a_line_is_text", "MAIL FROM:<>\nRCPT TO:<c>\nDATA\na.\n .\n.\n", "a.\n .\n|",
	 0, 0},
	{"reset_ends_a_transaction",
	 "MAIL FROM:<>\nRCPT TO:<c>\nRSET\nMAIL FROM:<>\nRCPT TO:<c>\n"
	 "DATA\na\n.\n",
	 "a\n|", 0, 0},
	/* RFC 5321 4.1.4: EHLO may come later in a session, and resets it. */
	{"greeting_ends_a_transaction", "MAIL FROM:<>\nRCPT TO:<c>\nEHLO x\nDATA\n", "",
	 BSMTP_E_ORDER_DATA, 4},
	{"empty_message_is_read", "MAIL FROM:<>\nRCPT TO:<c>\nDATA\n.\n", "|", 0, 0},
	{"nothing_is_refused", "", "", BSMTP_E_EMPTY, 1},
	{"rcpt_without_mail_is_refused", "HELO x\nRCPT TO:<c>\n", "", BSMTP_E_ORDER_RCPT, 2},
	{"data_without_rcpt_is_refused", "MAIL FROM:<>\nDATA\n", "", BSMTP_E_ORDER_DATA, 2},
	{"mail_inside_transaction_is_refused", "MAIL FROM:<>\nMAIL FROM:<>\n", "",
	 BSMTP_E_ORDER_MAIL, 2},
	{"message_as_batch_is_refused", "From: a@b\n\nhi\n", "", BSMTP_E_UNKNOWN_COMMAND, 1},
	{"command_prefix_is_refused", "MAILFROM:<>\n", "", BSMTP_E_UNKNOWN_COMMAND, 1},
	{"undoubled_dot_is_refused", "MAIL FROM:<>\nRCPT TO:<c>\nDATA\na\n.b\n.\n", "a\n",
	 BSMTP_E_NOT_STUFFED, 5},
	{"dot_and_bare_cr_is_refused", "MAIL FROM:<>\nRCPT TO:<c>\nDATA\n.\rb\n.\n", "",
	 BSMTP_E_NOT_STUFFED, 4},
	{"end_inside_message_is_refused", "MAIL FROM:<>\nRCPT TO:<c>\nDATA\na\n", "a\n",
	 BSMTP_E_UNTERMINATED, 5},
	{"end_after_dot_without_line_end_is_refused", "MAIL FROM:<>\nRCPT TO:<c>\nDATA\na\n.",
	 "a\n", BSMTP_E_UNTERMINATED, 5},
	{"end_inside_transaction_is_refused", "MAIL FROM:<>\nRCPT TO:<c>\n", "",
	 BSMTP_E_UNTERMINATED, 3},
	{"end_inside_command_is_refused", "MAIL FROM:<>\nRCPT", "", BSMTP_E_UNTERMINATED, 2},
	{"quit_inside_transaction_is_refused", "MAIL FROM:<>\nQUIT\n", "", BSMTP_E_UNTERMINATED, 2},
	{"more_after_quit_is_refused", "QUIT\nHELO x\n", "", BSMTP_E_AFTER_QUIT, 2},
};

struct result {
	struct buffer raw;
	struct buffer messages;
	int error;
};

static void feed(struct bsmtp_reader *reader, struct bytes input, struct result *result)
{
	struct bsmtp_event event;

	while (result->error == 0 && input.size > 0) {
		result->error = bsmtp_reader_next(reader, &input, &event);
		if (result->error != 0)
			break;
		assert_int_equal(buffer_append(&result->raw, event.raw), 0);
		if (event.kind == BSMTP_TEXT)
			assert_int_equal(buffer_append(&result->messages, event.text), 0);
		if (event.kind == BSMTP_DATA_END)
			assert_int_equal(buffer_append_byte(&result->messages, '|'), 0);
	}
}

static void check_cut_at(const struct row *row, size_t cut)
{
	struct bytes input = bytes_of_string(row->input);
	struct bsmtp_reader reader;
	struct result result = {0};

	bsmtp_reader_init(&reader);
	feed(&reader, bytes_slice(input, 0, cut), &result);
	feed(&reader, bytes_skip(input, cut), &result);
	if (result.error == 0)
		result.error = bsmtp_reader_end(&reader);
	if (result.error != row->error ||
	    strcmp(buffer_string(&result.messages), row->messages) != 0)
		fail_msg("%s, cut at %zu: got error %d and '%s', want %d and '%s'", row->name, cut,
			 result.error, buffer_string(&result.messages), row->error, row->messages);
	if (row->error != 0)
		assert_int_equal(bsmtp_reader_line(&reader), row->error_line);
	else
		assert_true(bytes_equal(buffer_bytes(&result.raw), input));
	buffer_deinit(&result.raw);
	buffer_deinit(&result.messages);
}

static void every_row_holds_at_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		for (size_t cut = 0; cut <= strlen(rows[i].input); cut++)
			check_cut_at(&rows[i], cut);
	}
}

static void command_over_the_limit_is_refused(void **state)
{
	static uint8_t line[BSMTP_COMMAND_MAX + 2];
	struct bytes input = bytes_of(line, sizeof(line));
	struct bsmtp_reader reader;
	struct bsmtp_event event;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "MAIL ", 5);
	line[sizeof(line) - 1] = '\n';
	bsmtp_reader_init(&reader);
	assert_int_equal(bsmtp_reader_next(&reader, &input, &event), BSMTP_E_COMMAND_TOO_LONG);
}

static void every_error_has_words(void **state)
{
	(void)state;
	for (int error = BSMTP_E_UNKNOWN_COMMAND; error <= BSMTP_E_EMPTY; error++)
		assert_string_not_equal(bsmtp_error_text(error), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_holds_at_every_cut),
		cmocka_unit_test(command_over_the_limit_is_refused),
		cmocka_unit_test(every_error_has_words),
	};

	return cmocka_run_group_tests_name("bsmtp_reader", tests, NULL, NULL);
}
