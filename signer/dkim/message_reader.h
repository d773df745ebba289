/*
 * message_reader - finds the header of a message, as a push parser.
 *
 * Is:       raw message bytes in, in any split; header fields out, and where header and body begin.
 * Is not:   the body: what message_reader_push() did not take is the caller's to hand on.
 * Use:      message_reader_init() once; per message message_reader_start(), then
 *           message_reader_push() until message_reader_is_done(), or message_reader_finish() when
 *           the input ends before that: a message without an empty line has no body.
 * Lines:    every LF ends a line, with or without a CR before it. A CR without LF is an error, or,
 *           with fix_crlf, ends a line too. The message's line end is that of its first header
 *           line.
 * Envelope: lines "X-Sender:" and "X-Receiver:" at the very top (a pickup directory's), or one
 *           line "From " (mbox), are counted, not part of the header.
 * Source:   RFC 5322 2.1 and 2.2; RFC 4155 for the "From " line.
 * Units:    offsets and sizes are bytes of input, from its start.
 * Errors:   -ENOMEM and MESSAGE_E_*. After an error the object takes nothing but a new start.
 * Owns:     memory for a line that was cut by the input. The header is borrowed from start on.
 * Threads:  one thread per object.
 */
#ifndef SIGNER_DKIM_MESSAGE_READER_H
#define SIGNER_DKIM_MESSAGE_READER_H

#include "signer/dkim/header.h"

enum {
	MESSAGE_E_BARE_CR = 1,
	MESSAGE_E_NUL,
	MESSAGE_E_TOO_LARGE, /* more than the header's size_max */
	MESSAGE_E_NOT_A_FIELD,
	MESSAGE_E_CONTINUATION_FIRST,
	MESSAGE_E_NO_HEADER, /* nothing at all, or an empty line first */
};

enum message_line_end {
	MESSAGE_LINE_END_LF,
	MESSAGE_LINE_END_CRLF,
};

/* Private. */
enum message_reader_state {
	MESSAGE_READER_START,
	MESSAGE_READER_ENVELOPE,
	MESSAGE_READER_MBOX,
	MESSAGE_READER_FIELDS,
	MESSAGE_READER_DONE,
};

/* Private. */
struct message_reader {
	struct header *header;
	struct buffer partial; /* a line whose end has not come yet */
	enum message_reader_state state;
	enum message_line_end line_end;
	bool fix_crlf;
	bool is_cut;
	uint64_t envelope_size;
	uint64_t taken_size; /* bytes in whole lines */
	uint64_t lines;
};

void message_reader_init(struct message_reader *reader);
void message_reader_deinit(struct message_reader *reader);

/* Clears the header, and fills it from then on. */
void message_reader_start(struct message_reader *reader, struct header *header, bool fix_crlf);

/* As start, where the caller fills the header himself, with fields whose lines end so: it is done from the beginning. */
void message_reader_start_done(struct message_reader *reader, struct header *header,
			       enum message_line_end line_end);

/*
 * Takes all of the input, or as much as belongs to the header with the empty line behind it.
 * `consumed_out` says how much that was; it is less than all only when the reader is done.
 */
MUST_CHECK int message_reader_push(struct message_reader *reader, struct bytes input,
				   size_t *consumed_out);

/* The input is at its end. Need not be called for a reader that is done, but may be. */
MUST_CHECK int message_reader_finish(struct message_reader *reader);

/* True when the empty line after the header has been taken. */
static inline bool message_reader_is_done(const struct message_reader *reader)
{
	return reader->state == MESSAGE_READER_DONE;
}

/* True when the input ended inside a line of the header: the rest of that line is not known. */
static inline bool message_reader_is_cut(const struct message_reader *reader)
{
	return reader->is_cut;
}

/* Bytes allocated, without the header. */
static inline size_t message_reader_memory(const struct message_reader *reader)
{
	return reader->partial.capacity;
}

/* Where the header begins, and so where a DKIM-Signature goes. */
static inline uint64_t message_reader_envelope_size(const struct message_reader *reader)
{
	return reader->envelope_size;
}

/* Where the body begins, behind the empty line. Valid when done or finished. */
static inline uint64_t message_reader_body_offset(const struct message_reader *reader)
{
	return reader->taken_size;
}

static inline enum message_line_end message_reader_line_end(const struct message_reader *reader)
{
	return reader->line_end;
}

/* Lines taken so far; after an error the number of the line that is wrong, from 1. */
static inline uint64_t message_reader_lines(const struct message_reader *reader)
{
	return reader->lines;
}

/* What a MESSAGE_E_* means, for a person; "line N: ..." fits before it. */
const char *message_reader_reason(int outcome);

#endif
