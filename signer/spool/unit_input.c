/*
 * How it works: a file is opened without following a link and without waiting for a FIFO's writer. Its
 * size when it was found says where the end is: there is no read that only finds the end. Whether what was
 * read is what was found (not another file under this name, or one that grew) is asked once, before it counts
 * (unit_steps.c). So nothing needs to be asked before the first read, but where a scan saw something
 * else than a file, or nothing.
 *
 *   CLOSED -> OPENING -----------> IDLE <-> READING
 *                |                 ^  |
 *                +-> CHECKING -----+  +-> CLOSING -> CLOSED
 */
#include "signer/spool/unit_input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void unit_input_done(struct ring_op *op, int res);

static void unit_input_enter(struct unit_input *input, enum unit_input_state next)
{
	input->state = next;
}

void unit_input_init(struct unit_input *input, struct ring *ring, int in_fd, const char *name,
		     const struct input_file *file, void (*moved)(struct unit_input *input))
{
	*input = (struct unit_input){
		.op.done = unit_input_done,
		.ring = ring,
		.moved = moved,
		.name = name,
		.in_fd = in_fd,
		.fd = -1,
		.file = *file,
		.found = S_ISREG(file->mode),
		.chunk_taken = true,
	};
}

void unit_input_lost_ring(struct unit_input *input)
{
	unit_input_enter(input, UNIT_INPUT_CLOSED);
}

void unit_input_deinit(struct unit_input *input)
{
	assert(!unit_input_busy(input));
	if (input->fd >= 0)
		close(input->fd);
	input->fd = -1;
	buffer_deinit(&input->chunk);
}

bool unit_input_busy(const struct unit_input *input)
{
	return input->state != UNIT_INPUT_CLOSED && input->state != UNIT_INPUT_IDLE;
}

int unit_input_error(const struct unit_input *input)
{
	return input->error;
}

bool unit_input_at_end(const struct unit_input *input)
{
	return input->offset >= input->file.identity.size;
}

uint64_t unit_input_size(const struct unit_input *input)
{
	return input->file.identity.size;
}

struct bytes unit_input_take_chunk(struct unit_input *input)
{
	struct bytes chunk = input->chunk_taken ? bytes_of(NULL, 0) : buffer_bytes(&input->chunk);

	input->chunk_taken = true;
	return chunk;
}

void unit_input_open(struct unit_input *input)
{
	unit_input_enter(input, UNIT_INPUT_OPENING);
	ring_openat(input->ring, &input->op, input->in_fd, input->name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
}

void unit_input_read(struct unit_input *input)
{
	uint64_t left = input->file.identity.size - input->offset;
	size_t size = left < UNIT_INPUT_CHUNK ? (size_t)left : UNIT_INPUT_CHUNK;

	assert(left > 0);
	buffer_clear(&input->chunk);
	input->error = buffer_reserve(&input->chunk, size);
	if (input->error != 0)
		size = 0; /* reads nothing, and the error is found when that is done */
	unit_input_enter(input, UNIT_INPUT_READING);
	ring_read(input->ring, &input->op, input->fd, input->chunk.data, size, input->offset);
}

void unit_input_seek(struct unit_input *input, uint64_t offset)
{
	assert(!unit_input_busy(input));
	input->chunk_taken = true;
	input->offset = offset;
}

void unit_input_close(struct unit_input *input)
{
	int fd = input->fd;

	input->fd = -1;
	unit_input_enter(input, UNIT_INPUT_CLOSING);
	ring_close(input->ring, &input->op, fd);
}

static void opening_done(struct unit_input *input, int fd)
{
	input->fd = fd;
	if (input->found) {
		unit_input_enter(input, UNIT_INPUT_IDLE);
		input->moved(input);
	} else {
		unit_input_enter(input, UNIT_INPUT_CHECKING);
		ring_statx(input->ring, &input->op, input->fd, "", AT_EMPTY_PATH, INPUT_FILE_STATX,
			   &input->status);
	}
}

static void checking_done(struct unit_input *input)
{
	unit_input_enter(input, UNIT_INPUT_IDLE);
	input->file = input_file_of(&input->status);
	if (!S_ISREG(input->file.mode))
		input->error = UNIT_INPUT_E_NOT_A_FILE;
}

static void reading_done(struct unit_input *input, int res)
{
	unit_input_enter(input, UNIT_INPUT_IDLE);
	input->chunk.size = (size_t)res;
	input->chunk_taken = false;
	input->offset += (uint64_t)res;
	/* The end comes before the size that the file had: it was cut. */
	if (res == 0 && input->error == 0)
		input->error = input->found ? UNIT_INPUT_E_OUTDATED : UNIT_INPUT_E_CHANGED;
}

static void unit_input_failed(struct unit_input *input, int error)
{
	/* ELOOP is O_NOFOLLOW's answer to a link, ENXIO open's to a socket. */
	if (input->state == UNIT_INPUT_OPENING && (error == -ELOOP || error == -ENXIO))
		error = UNIT_INPUT_E_NOT_A_FILE;
	if (input->error == 0)
		input->error = error;
	unit_input_enter(input, input->fd >= 0 ? UNIT_INPUT_IDLE : UNIT_INPUT_CLOSED);
}

static void unit_input_done(struct ring_op *op, int res)
{
	struct unit_input *input = CONTAINER_OF(op, struct unit_input, op);

	if (res < 0) {
		unit_input_failed(input, res);
		input->moved(input);
		return;
	}
	switch (input->state) {
	case UNIT_INPUT_OPENING: opening_done(input, res); return;
	case UNIT_INPUT_CHECKING: checking_done(input); break;
	case UNIT_INPUT_READING: reading_done(input, res); break;
	case UNIT_INPUT_CLOSING: unit_input_enter(input, UNIT_INPUT_CLOSED); break;
	case UNIT_INPUT_CLOSED:
	case UNIT_INPUT_IDLE: assert(!"no operation was under way");
	}
	input->moved(input);
}
