/*
 * held_message - a message that is kept until it is known what becomes of it.
 *
 * Is:       bytes appended at the end, and sent to a descriptor once, in parts.
 * Units:    up to HELD_MESSAGE_MEMORY bytes stay in memory; a longer message goes to a file in TMPDIR
 *           (/tmp) that has no name, so nothing of it is left behind however the process ends.
 * Errors:   -errno of the file, or of the descriptor.
 * Owns:     its memory and its file. A struct of HELD_MESSAGE_NEW is an empty message.
 */
#ifndef SIGNER_CMD_HELD_MESSAGE_H
#define SIGNER_CMD_HELD_MESSAGE_H

#include "common/buffer.h"

#define HELD_MESSAGE_MEMORY ((size_t)4 << 20)

struct held_message {
	struct buffer memory;
	int fd; /* -1: all of it is in memory */
	uint64_t size;
};

#define HELD_MESSAGE_NEW ((struct held_message){.fd = -1})

void held_message_deinit(struct held_message *message);

MUST_CHECK int held_message_append(struct held_message *message, struct bytes bytes);

/* The bytes from `start` to before `end`. */
MUST_CHECK int held_message_send(const struct held_message *message, int fd, uint64_t start,
				 uint64_t end);

#endif
