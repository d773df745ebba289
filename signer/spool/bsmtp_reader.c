/*
 * How it works: commands are taken line by line. Message text is taken in runs as long as the input
 * allows: a run ends where a line begins with a dot, which is looked at on its own. Only a command
 * line or a dot that the input cuts off is carried over to the next call, so the text of a message
 * is never copied.
 *
 *   IDLE --MAIL--> MAIL --RCPT--> RCPT --DATA--> DATA --.--> IDLE
 *    |              |              |
 *    |              +-----RSET-----+--> IDLE     (HELO and EHLO do what RSET does)
 *    +--QUIT--> QUIT
 */
#include "signer/spool/bsmtp_reader.h"

#include <assert.h>

struct command {
	const char *verb;
	enum bsmtp_event_kind kind;
};

/* RFC 5321 4.1.1; the others of its list need a dialogue and make no sense in a batch. */
static const struct command commands[] = {
	{"MAIL", BSMTP_MAIL},	 {"RCPT", BSMTP_RCPT},	  {"DATA", BSMTP_DATA},
	{"HELO", BSMTP_SESSION}, {"EHLO", BSMTP_SESSION}, {"RSET", BSMTP_SESSION},
	{"NOOP", BSMTP_SESSION}, {"QUIT", BSMTP_SESSION}, {"VRFY", BSMTP_SESSION},
	{"EXPN", BSMTP_SESSION}, {"HELP", BSMTP_SESSION}, {"ETRN", BSMTP_SESSION},
};

void bsmtp_reader_init(struct bsmtp_reader *reader)
{
	reader->state = BSMTP_STATE_IDLE;
	reader->line_start = true;
	reader->any = false;
	reader->line = 0;
	reader->carry_size = 0;
}

void bsmtp_reader_rewind(struct bsmtp_reader *reader, uint64_t line)
{
	bsmtp_reader_init(reader);
	reader->any = true;
	reader->line = line - 1;
}

bool bsmtp_reader_in_transaction(const struct bsmtp_reader *reader)
{
	return reader->state != BSMTP_STATE_IDLE && reader->state != BSMTP_STATE_QUIT;
}

uint64_t bsmtp_reader_line(const struct bsmtp_reader *reader)
{
	return reader->line + 1;
}

static const struct command *command_of(struct bytes line)
{
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		struct bytes verb = bytes_of_string(commands[i].verb);

		if (bytes_start_with_nocase(line, verb) &&
		    (line.size == verb.size || ascii_is_space(line.data[verb.size])))
			return &commands[i];
	}
	return NULL;
}

/* RFC 5321 4.1.4: a greeting in the middle of a session does what RSET does. */
static bool is_reset(const struct command *command)
{
	return strcmp(command->verb, "RSET") == 0 || strcmp(command->verb, "HELO") == 0 ||
	       strcmp(command->verb, "EHLO") == 0;
}

static int session_command(struct bsmtp_reader *reader, const struct command *command)
{
	if (strcmp(command->verb, "QUIT") == 0) {
		if (reader->state != BSMTP_STATE_IDLE)
			return BSMTP_E_UNTERMINATED;
		reader->state = BSMTP_STATE_QUIT;
	} else if (is_reset(command)) {
		reader->state = BSMTP_STATE_IDLE;
	}
	return 0;
}

/* The one place that moves from state to state outside a message. */
static int command_enter(struct bsmtp_reader *reader, const struct command *command)
{
	if (reader->state == BSMTP_STATE_QUIT)
		return BSMTP_E_AFTER_QUIT;
	switch (command->kind) {
	case BSMTP_MAIL:
		if (reader->state != BSMTP_STATE_IDLE)
			return BSMTP_E_ORDER_MAIL;
		reader->state = BSMTP_STATE_MAIL;
		return 0;
	case BSMTP_RCPT:
		if (reader->state == BSMTP_STATE_IDLE)
			return BSMTP_E_ORDER_RCPT;
		reader->state = BSMTP_STATE_RCPT;
		return 0;
	case BSMTP_DATA:
		if (reader->state != BSMTP_STATE_RCPT)
			return BSMTP_E_ORDER_DATA;
		reader->state = BSMTP_STATE_DATA;
		reader->line_start = true;
		return 0;
	case BSMTP_SESSION: return session_command(reader, command);
	case BSMTP_NOTHING:
	case BSMTP_TEXT:
	case BSMTP_DATA_END: break;
	}
	assert(!"not a command");
	return 0;
}

/*
 * Takes a line with its LF, joined with what was carried over. Returns false if the input ended
 * first (all of it is then carried) or the line is longer than the carry.
 */
static bool take_line(struct bsmtp_reader *reader, struct bytes *input, struct bytes *line_out,
		      bool *too_long_out)
{
	size_t end = bytes_find(*input, '\n');
	bool complete = end < input->size;
	size_t size = complete ? end + 1 : input->size;

	*too_long_out = reader->carry_size + size > BSMTP_COMMAND_MAX;
	if (*too_long_out)
		return false;
	if (complete && reader->carry_size == 0) {
		*line_out = bytes_slice(*input, 0, size);
		*input = bytes_skip(*input, size);
		return true;
	}
	memcpy(reader->carry + reader->carry_size, input->data, size);
	reader->carry_size += size;
	*input = bytes_skip(*input, size);
	if (!complete)
		return false;
	*line_out = bytes_of(reader->carry, reader->carry_size);
	reader->carry_size = 0;
	return true;
}

static int next_command(struct bsmtp_reader *reader, struct bytes *input, struct bsmtp_event *event)
{
	const struct command *command;
	struct bytes line;
	bool too_long;
	int r;

	if (!take_line(reader, input, &line, &too_long))
		return too_long ? BSMTP_E_COMMAND_TOO_LONG : 0;
	command = command_of(line);
	if (command == NULL)
		return reader->state == BSMTP_STATE_QUIT ? BSMTP_E_AFTER_QUIT
							 : BSMTP_E_UNKNOWN_COMMAND;
	r = command_enter(reader, command);
	if (r != 0)
		return r;
	reader->any = true;
	reader->line++;
	event->kind = command->kind;
	event->raw = line;
	return 0;
}

/*
 * A line that begins with a dot: ".." is a dot, "." alone ends the message, all else was not
 * stuffed. Three bytes at most tell which, so that is all that is ever carried here.
 */
static int next_dot(struct bsmtp_reader *reader, struct bytes *input, struct bsmtp_event *event)
{
	struct bytes seen;

	while (input->size > 0 && reader->carry_size < 3) {
		reader->carry[reader->carry_size++] = input->data[0];
		*input = bytes_skip(*input, 1);
		seen = bytes_of(reader->carry, reader->carry_size);
		if (bytes_equal(seen, BYTES_LITERAL("."))) {
			continue;
		} else if (bytes_equal(seen, BYTES_LITERAL(".."))) {
			event->kind = BSMTP_TEXT;
			event->text = bytes_skip(seen, 1);
			reader->line_start = false;
		} else if (bytes_equal(seen, BYTES_LITERAL(".\n")) ||
			   bytes_equal(seen, BYTES_LITERAL(".\r\n"))) {
			event->kind = BSMTP_DATA_END;
			reader->state = BSMTP_STATE_IDLE;
			reader->line++;
		} else if (bytes_equal(seen, BYTES_LITERAL(".\r"))) {
			continue;
		} else {
			return BSMTP_E_NOT_STUFFED;
		}
		event->raw = seen;
		reader->carry_size = 0;
		return 0;
	}
	return 0;
}

/* The bytes up to the next line that begins with a dot. */
static size_t text_run(struct bsmtp_reader *reader, struct bytes input)
{
	size_t size = 0;

	while (size < input.size) {
		if (reader->line_start && input.data[size] == '.')
			break;
		size += bytes_find(bytes_skip(input, size), '\n');
		reader->line_start = size < input.size;
		if (reader->line_start) {
			reader->line++;
			size++;
		}
	}
	return size;
}

static int next_text(struct bsmtp_reader *reader, struct bytes *input, struct bsmtp_event *event)
{
	size_t size;

	if (reader->carry_size > 0 || (reader->line_start && input->data[0] == '.'))
		return next_dot(reader, input, event);
	size = text_run(reader, *input);
	event->kind = BSMTP_TEXT;
	event->raw = bytes_slice(*input, 0, size);
	event->text = event->raw;
	*input = bytes_skip(*input, size);
	return 0;
}

int bsmtp_reader_next(struct bsmtp_reader *reader, struct bytes *input,
		      struct bsmtp_event *event_out)
{
	*event_out = (struct bsmtp_event){.kind = BSMTP_NOTHING};
	if (input->size == 0)
		return 0;
	if (reader->state == BSMTP_STATE_DATA)
		return next_text(reader, input, event_out);
	return next_command(reader, input, event_out);
}

int bsmtp_reader_end(const struct bsmtp_reader *reader)
{
	if (reader->carry_size > 0)
		return BSMTP_E_UNTERMINATED;
	if (bsmtp_reader_in_transaction(reader))
		return BSMTP_E_UNTERMINATED;
	return reader->any ? 0 : BSMTP_E_EMPTY;
}

const char *bsmtp_error_text(int error)
{
	switch (error) {
	case BSMTP_E_UNKNOWN_COMMAND: return "this is not an SMTP command";
	case BSMTP_E_COMMAND_TOO_LONG: return "the command line is too long";
	case BSMTP_E_ORDER_MAIL: return "MAIL inside a transaction that is still open";
	case BSMTP_E_ORDER_RCPT: return "RCPT without MAIL before it";
	case BSMTP_E_ORDER_DATA: return "DATA without RCPT before it";
	case BSMTP_E_NOT_STUFFED: return "a dot at the start of a line is not doubled";
	case BSMTP_E_AFTER_QUIT: return "there is more after QUIT";
	case BSMTP_E_UNTERMINATED: return "the file ends inside a message or a transaction";
	case BSMTP_E_EMPTY: return "the file holds no SMTP command";
	}
	return "unknown";
}
