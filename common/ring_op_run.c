/*
 * The plain system call behind each opcode: what the worker pool and the inline path run. io_uring
 * gives the same results for the same operations; tests/unit/test_ring.c holds the two together.
 */
#include "common/ring_engine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static ssize_t op_read(const struct ring_op *op)
{
	if (op->offset == RING_OFFSET_CURRENT)
		return read(op->fd, op->data, op->size);
	return pread(op->fd, op->data, op->size, (off_t)op->offset);
}

static ssize_t op_write(const struct ring_op *op)
{
	if (op->offset == RING_OFFSET_CURRENT)
		return write(op->fd, op->data, op->size);
	return pwrite(op->fd, op->data, op->size, (off_t)op->offset);
}

static ssize_t op_system_call(const struct ring_op *op)
{
	switch (op->opcode) {
	case RING_OPENAT: return openat(op->fd, op->path, (int)op->flags, op->mask);
	case RING_CLOSE: return close(op->fd);
	case RING_STATX: return statx(op->fd, op->path, (int)op->flags, op->mask, op->data);
	case RING_READ: return op_read(op);
	case RING_WRITE: return op_write(op);
	case RING_FSYNC: return op->flags != 0 ? fdatasync(op->fd) : fsync(op->fd);
	case RING_RENAMEAT: return renameat2(op->fd, op->path, op->new_fd, op->new_path, op->flags);
	case RING_UNLINKAT: return unlinkat(op->fd, op->path, 0);
	case RING_FTRUNCATE: return ftruncate(op->fd, (off_t)op->offset);
	case RING_FCHOWN: return fchown(op->fd, op->flags, op->mask);
	case RING_SYNCFS: return syncfs(op->fd);
	case RING_POLL:
	case RING_CALL:
	case RING_OPCODE_COUNT: break;
	}
	assert(!"not a system call");
	return -1;
}

int ring_op_run(const struct ring_op *op)
{
	ssize_t value;

	if (op->opcode == RING_CALL)
		return op->call(op->data);
	do {
		value = op_system_call(op);
	} while (value < 0 && errno == EINTR && op->opcode != RING_CLOSE);
	return value < 0 ? -errno : (int)value;
}
