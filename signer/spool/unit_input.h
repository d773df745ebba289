/*
 * unit_input - reads one file in in/, through the ring.
 *
 * Use:      open; then read, take the chunk, read...; close. `moved` is called after each step.
 * Errors:   unit_input_error(): 0, -errno, or UNIT_INPUT_E_*.
 * Owns:     the descriptor and the chunk, which lives until the next read.
 * Threads:  the ring's.
 */
#ifndef SIGNER_SPOOL_UNIT_INPUT_H
#define SIGNER_SPOOL_UNIT_INPUT_H

#include "common/buffer.h"
#include "common/ring.h"
#include "signer/spool/input_file.h"

#define UNIT_INPUT_CHUNK ((size_t)256 * 1024)

enum {
	UNIT_INPUT_E_NOT_A_FILE = 1, /* a directory, FIFO, socket, device or link */
	UNIT_INPUT_E_CHANGED,	     /* it was cut while it was read */
	UNIT_INPUT_E_OUTDATED,	     /* or since it was found: it may be whole now */
};

/* Private: shown so that owners embed it. */
struct unit_input {
	enum unit_input_state {
		UNIT_INPUT_CLOSED,
		UNIT_INPUT_OPENING,
		UNIT_INPUT_CHECKING,
		UNIT_INPUT_IDLE,
		UNIT_INPUT_READING,
		UNIT_INPUT_CLOSING,
	} state;
	struct ring_op op;
	struct ring *ring;
	void (*moved)(struct unit_input *input);
	const char *name;
	int in_fd;
	int fd;
	int error;
	struct input_file file; /* what it was when it was found, or opened */
	bool found;		/* when it was found */
	struct statx status;
	uint64_t offset; /* of the next byte to read */
	struct buffer chunk;
	bool chunk_taken;
};

/* `file` is what the one who found it saw; if that was nothing, it is looked at once it is open. */
void unit_input_init(struct unit_input *input, struct ring *ring, int in_fd, const char *name,
		     const struct input_file *file, void (*moved)(struct unit_input *input));
void unit_input_deinit(struct unit_input *input); /* not while busy */

/* The ring is gone, and what was under way with it. */
void unit_input_lost_ring(struct unit_input *input);

void unit_input_open(struct unit_input *input);

/* Reads the next chunk. Not at the end. */
void unit_input_read(struct unit_input *input);

/* What was read, once; it lives until the next read. Empty if it was taken already. */
struct bytes unit_input_take_chunk(struct unit_input *input);

/* Everything that the file had when it was found has been read. */
bool unit_input_at_end(const struct unit_input *input);
uint64_t unit_input_size(const struct unit_input *input);

/* The next read starts here. Not while busy. */
void unit_input_seek(struct unit_input *input, uint64_t offset);

void unit_input_close(struct unit_input *input);

bool unit_input_busy(const struct unit_input *input);
int unit_input_error(const struct unit_input *input);

#endif
