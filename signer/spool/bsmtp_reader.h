/*
 * bsmtp_reader - batch SMTP, as a push parser: which bytes are envelope, which are message.
 *
 * Is:       the dialogue that a client would speak, in a file: HELO, MAIL, RCPT, DATA, the message
 *           dot-stuffed, a line with one dot, and so on to the end or QUIT.
 * Is not:   a reader of messages (signer/dkim/message_reader.h), or a checker of addresses: only the
 *           order of commands matters here.
 * Source:   RFC 2442; commands RFC 5321 4.1.1; transparency RFC 5321 4.5.2. Lines end in LF, with or
 *           without a CR before it.
 * Use:      while (input.size > 0) {
 *                   r = bsmtp_reader_next(reader, &input, &event);
 *                   ...
 *           }
 *           r = bsmtp_reader_end(reader);
 * Errors:   BSMTP_E_*: the structure cannot be trusted from here on; bsmtp_reader_line() says where.
 * Owns:     nothing; an event's bytes live until the next call, or as long as the input.
 * Threads:  one thread per object.
 */
#ifndef SIGNER_SPOOL_BSMTP_READER_H
#define SIGNER_SPOOL_BSMTP_READER_H

#include "common/bytes.h"
#include "common/compiler.h"

/* RFC 5321 4.5.3.1.4 asks for 512 octets in a command line; extensions add more. */
#define BSMTP_COMMAND_MAX 4096

enum {
	BSMTP_E_UNKNOWN_COMMAND = 1,
	BSMTP_E_COMMAND_TOO_LONG,
	BSMTP_E_ORDER_MAIL,   /* MAIL inside a transaction */
	BSMTP_E_ORDER_RCPT,   /* RCPT without MAIL */
	BSMTP_E_ORDER_DATA,   /* DATA without RCPT */
	BSMTP_E_NOT_STUFFED,  /* a dot at the start of a line that is not doubled */
	BSMTP_E_AFTER_QUIT,   /* something after QUIT */
	BSMTP_E_UNTERMINATED, /* the end inside a message or a transaction */
	BSMTP_E_EMPTY,	      /* no command at all */
};

enum bsmtp_event_kind {
	BSMTP_NOTHING, /* the input ended inside a line; `raw` is empty */
	BSMTP_SESSION, /* HELO, NOOP, RSET, QUIT and the like; it may have ended a transaction */
	BSMTP_MAIL,    /* a transaction begins */
	BSMTP_RCPT,
	BSMTP_DATA,	/* the message begins behind this line */
	BSMTP_TEXT,	/* message bytes: `text` is what was meant, `raw` how it stands there */
	BSMTP_DATA_END, /* the line with one dot: message and transaction are complete */
};

struct bsmtp_event {
	enum bsmtp_event_kind kind;
	struct bytes raw;
	struct bytes text;
};

/* Private: shown so that owners embed it. */
struct bsmtp_reader {
	enum bsmtp_state {
		BSMTP_STATE_IDLE,
		BSMTP_STATE_MAIL, /* MAIL seen */
		BSMTP_STATE_RCPT, /* at least one RCPT seen */
		BSMTP_STATE_DATA, /* inside the message */
		BSMTP_STATE_QUIT,
	} state;
	bool line_start; /* DATA: the next byte begins a line */
	bool any;	 /* a command was seen */
	uint64_t line;	 /* complete lines so far */
	/* A command line, or the start of a line with a dot, that the last input cut off. */
	size_t carry_size;
	uint8_t carry[BSMTP_COMMAND_MAX];
};

void bsmtp_reader_init(struct bsmtp_reader *reader);

/* Takes one event from the front of `input`. */
MUST_CHECK int bsmtp_reader_next(struct bsmtp_reader *reader, struct bytes *input,
				 struct bsmtp_event *event_out);

/* The input is over. */
MUST_CHECK int bsmtp_reader_end(const struct bsmtp_reader *reader);

/* Goes back to just before a MAIL command, which stood on `line`: the input comes again from there.
 */
void bsmtp_reader_rewind(struct bsmtp_reader *reader, uint64_t line);

/* Between MAIL and the end of the message, or RSET. */
bool bsmtp_reader_in_transaction(const struct bsmtp_reader *reader);

/* The number of the line that comes next; after an error, of the one that is wrong. From 1. */
uint64_t bsmtp_reader_line(const struct bsmtp_reader *reader);

/* What is wrong, in words. */
const char *bsmtp_error_text(int error);

#endif
