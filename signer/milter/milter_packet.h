/*
 * milter_packet - the wire form of the milter protocol.
 *
 * Is:       a decoder that cuts a stream of bytes, in any split, into packets, and functions that add one packet
 *           each to a buffer of answers. Chunks of a body are handed out in the pieces that they come in, so that
 *           nothing of them is held.
 * Is not:   what a packet asks for or when one may come (milter_session.h).
 * Source:   the protocol of Sendmail's libmilter, versions 2 to 6 (include/libmilter/mfdef.h; Postfix
 *           src/milter/milter8.c). A packet is a size of four bytes, big endian, that counts what follows it: one byte
 *           of command, and its data.
 * Units:    bytes.
 * Errors:   -ENOMEM, MILTER_PACKET_E_*. After an error the decoder takes nothing more.
 * Owns:     the decoder owns the part of a packet that has come. A packet is borrowed from the input, or from the
 *           decoder, until the next call.
 * Threads:  one at a time.
 */
#ifndef SIGNER_MILTER_MILTER_PACKET_H
#define SIGNER_MILTER_MILTER_PACKET_H

#include "common/buffer.h"

enum {
	MILTER_PACKET_E_EMPTY = 1, /* not even a command */
	MILTER_PACKET_E_TOO_LARGE,
};

/* The largest packet that is taken. MTAs send chunks of a body of 64 KiB - 1, or up to 1 MiB if that was negotiated. */
#define MILTER_PACKET_SIZE_MAX ((size_t)1024 * 1024 + 64)

/* SMFIC_*: what MTAs send. */
enum milter_command {
	MILTER_ABORT = 'A',
	MILTER_BODY = 'B',
	MILTER_CONNECT = 'C',
	MILTER_MACRO = 'D',
	MILTER_END_OF_BODY = 'E',
	MILTER_HELO = 'H',
	MILTER_QUIT_NEW_CONNECTION = 'K',
	MILTER_HEADER = 'L',
	MILTER_MAIL = 'M',
	MILTER_END_OF_HEADER = 'N',
	MILTER_NEGOTIATE = 'O',
	MILTER_QUIT = 'Q',
	MILTER_RCPT = 'R',
	MILTER_DATA = 'T',
	MILTER_UNKNOWN = 'U',
};

/* SMFIR_*: what filters answer. */
enum milter_answer {
	MILTER_ACCEPT = 'a',
	MILTER_CONTINUE = 'c',
	MILTER_DISCARD = 'd',
	MILTER_CHANGE_HEADER = 'm',
	MILTER_INSERT_HEADER = 'i',
	MILTER_OPTIONS = 'O',
	MILTER_QUARANTINE = 'q',
	MILTER_REJECT = 'r',
	MILTER_REPLY_CODE = 'y',
	MILTER_SKIP = 's',
	MILTER_TEMPFAIL = 't',
};

/* SMFIF_*: what a filter may do to a message. */
enum {
	MILTER_ACTION_ADD_HEADERS = 0x01,
	MILTER_ACTION_CHANGE_HEADERS = 0x10,
	MILTER_ACTION_QUARANTINE = 0x20,
	MILTER_ACTION_SET_MACROS = 0x100,
};

/* SMFIP_*: steps that an MTA leaves out (NO_), or waits for no answer to (NR_), and how it sends things. */
enum {
	MILTER_NO_CONNECT = 0x01,
	MILTER_NO_HELO = 0x02,
	MILTER_NO_MAIL = 0x04,
	MILTER_NO_RCPT = 0x08,
	MILTER_NO_BODY = 0x10,
	MILTER_NO_HEADERS = 0x20,
	MILTER_NO_END_OF_HEADER = 0x40,
	MILTER_NR_HEADER = 0x80,
	MILTER_NO_UNKNOWN = 0x100,
	MILTER_NO_DATA = 0x200,
	MILTER_SKIPS = 0x400,
	MILTER_NR_CONNECT = 0x1000,
	MILTER_NR_HELO = 0x2000,
	MILTER_NR_MAIL = 0x4000,
	MILTER_NR_RCPT = 0x8000,
	MILTER_NR_DATA = 0x10000,
	MILTER_NR_UNKNOWN = 0x20000,
	MILTER_NR_END_OF_HEADER = 0x40000,
	MILTER_NR_BODY = 0x80000,
	MILTER_LEADING_SPACE = 0x100000,
};

/* SMFIM_*: the steps that a filter may ask for macros at. */
enum milter_macro_step {
	MILTER_MACROS_CONNECT,
	MILTER_MACROS_HELO,
	MILTER_MACROS_MAIL,
	MILTER_MACROS_RCPT,
	MILTER_MACROS_DATA,
	MILTER_MACROS_END_OF_MESSAGE,
	MILTER_MACROS_END_OF_HEADER,
	MILTER_MACRO_STEPS,
};

#define MILTER_VERSION_MIN 2
#define MILTER_VERSION_MAX 6

struct milter_packet {
	uint8_t command;
	bool is_whole; /* false: a piece of a chunk of the body, and the rest of it is not here yet */
	struct bytes data;
};

/* Private. A struct of zeros is at the start of a stream. */
struct milter_decoder {
	struct buffer part;
	size_t body_left; /* bytes of a chunk that are to come */
	bool in_body;
};

/* Gives its memory back; between two packets it may go on after that. */
void milter_decoder_deinit(struct milter_decoder *decoder);

/* Bytes that came of a packet that is not complete yet. */
static inline size_t milter_decoder_held(const struct milter_decoder *decoder)
{
	return decoder->part.size;
}

/* Bytes that are allocated. */
static inline size_t milter_decoder_memory(const struct milter_decoder *decoder)
{
	return decoder->part.capacity;
}

/*
 * Takes the next packet off the front of `input`. Sets `*has_packet_out`; false: all of the input was taken, and more
 * is needed.
 */
MUST_CHECK int milter_decoder_next(struct milter_decoder *decoder, struct bytes *input,
				   struct milter_packet *packet_out, bool *has_packet_out);

/* Why, for a person. */
const char *milter_packet_reason(int error);

/* The string at the front of the data, without its NUL; false: there is none that ends. */
bool milter_take_string(struct bytes *data, struct bytes *string_out);
bool milter_take_number(struct bytes *data, uint32_t *number_out);

/* An answer without data, or with these bytes. */
MUST_CHECK int milter_put(struct buffer *answers, enum milter_answer answer, struct bytes data);

/* `macros` are the lists of macros that are asked for, by step; an empty one is not asked for. */
MUST_CHECK int milter_put_options(struct buffer *answers, uint32_t version, uint32_t actions,
				  uint32_t steps, const struct bytes macros[MILTER_MACRO_STEPS]);

/* The field goes before the one at `index`, from 0; the value may be folded by LFs. */
MUST_CHECK int milter_put_insert_header(struct buffer *answers, uint32_t index, struct bytes name,
					struct bytes value);

/* The `index`th field of that name, from 1; an empty value removes it. */
MUST_CHECK int milter_put_change_header(struct buffer *answers, uint32_t index, struct bytes name,
					struct bytes value);

/* `text` is "451 4.7.0 words", without percent signs. */
MUST_CHECK int milter_put_reply(struct buffer *answers, const char *text);
MUST_CHECK int milter_put_quarantine(struct buffer *answers, const char *reason);

#endif
