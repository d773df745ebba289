/*
 * input - stdin or a file, in pieces.
 *
 * Use:      input_open(&input, operand); input_read() until it gives an empty piece; input_close(),
 *           also after an error; it takes a struct of zeros, too.
 * Errors:   -errno; `name` is there to be told with it.
 * Owns:     the descriptor, and the piece, until the next read. The operand is borrowed.
 * Threads:  one.
 */
#ifndef SIGNER_CMD_INPUT_H
#define SIGNER_CMD_INPUT_H

#include "common/bytes.h"
#include "common/compiler.h"

struct input {
	const char *name; /* for people: the operand, or "stdin" */

	/* Private. */
	int fd;
	uint8_t *piece;
};

/* NULL and "-" are stdin. */
MUST_CHECK int input_open(struct input *input, const char *operand);

/* An empty piece is the end. */
MUST_CHECK int input_read(struct input *input, struct bytes *piece_out);

void input_close(struct input *input);

#endif
