/*
 * How it works: submitting puts an operation on a list and nothing more. A turn takes that list:
 * inline operations run at once, the others are pushed to the engine until it is full. Then one
 * wait, which hands everything over in one system call, and then the callbacks of what had finished
 * by then, once each. What they submit is for the next turn.
 *
 * What the callback of an inline operation submits comes next, before all that waited behind it: what it
 * works with is in the cache. INLINE_MAX of them end a turn, so that a chain cannot starve the rest.
 * No callback is ever entered from another.
 */
#include "common/ring.h"

#include "common/clock.h"
#include "common/ring_engine.h"
#include "common/ring_workers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INLINE_MAX 256

struct ring {
	struct ring_engine *engine;
	struct ring_workers *workers;
	unsigned allowed;
	unsigned inline_ops;
	unsigned pending;
	struct ring_list submitted;
	struct ring_op *refused; /* the first of `submitted`, if a full engine sent it back */
	struct ring_list finished;
	int64_t now_ns;
	bool idle; /* the last turn ran nothing */
	struct ring_fault fault;
	char reason[96];
};

static int ring_start_engine(struct ring *ring, const struct ring_config *config)
{
	int r = -ENOSYS;

	if (config->engine != RING_ENGINE_THREADS) {
		r = ring_uring_new(config, ring->workers, &ring->engine);
		if (r == 0 || config->engine == RING_ENGINE_IO_URING) {
			snprintf(ring->reason, sizeof(ring->reason), "io_uring");
			return r;
		}
		snprintf(ring->reason, sizeof(ring->reason), "threads: no io_uring: %s",
			 strerror(-r));
	} else {
		snprintf(ring->reason, sizeof(ring->reason), "threads: as configured");
	}
	return ring_threads_new(ring->workers, &ring->engine);
}

int ring_new(const struct ring_config *config, struct ring **ring_out)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (ring == NULL)
		return -ENOMEM;
	ring->allowed = config->allowed;
	ring->inline_ops = config->inline_ops;
	ring->now_ns = clock_monotonic_ns();
	assert((ring->inline_ops & (RING_BIT(RING_POLL) | RING_BIT(RING_CALL))) == 0);
	r = ring_workers_new(config->workers, &ring->workers);
	if (r == 0)
		r = ring_start_engine(ring, config);
	if (r != 0) {
		ring_free(ring);
		return r;
	}
	*ring_out = ring;
	return 0;
}

void ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	/* The engine first: the kernel lets go of its operations. Then calls may finish. */
	if (ring->engine != NULL)
		ring->engine->vtable->free(ring->engine);
	ring_workers_free(ring->workers);
	free(ring);
}

const char *ring_engine_reason(const struct ring *ring)
{
	return ring->reason;
}

int64_t ring_now_ns(const struct ring *ring)
{
	return ring->now_ns;
}

unsigned ring_pending(const struct ring *ring)
{
	return ring->pending;
}

void ring_set_fault(struct ring *ring, const struct ring_fault *fault)
{
	ring->fault = *fault;
}

static void ring_submit(struct ring *ring, struct ring_op *op, enum ring_opcode opcode)
{
	assert((ring->allowed & RING_BIT(opcode)) != 0);
	op->opcode = opcode;
	ring->pending++;
	ring_list_push(&ring->submitted, op);
}

void ring_openat(struct ring *ring, struct ring_op *op, int dir_fd, const char *path, int flags,
		 mode_t mode)
{
	op->fd = dir_fd;
	op->path = path;
	op->flags = (unsigned)flags;
	op->mask = mode;
	ring_submit(ring, op, RING_OPENAT);
}

void ring_close(struct ring *ring, struct ring_op *op, int fd)
{
	op->fd = fd;
	ring_submit(ring, op, RING_CLOSE);
}

void ring_statx(struct ring *ring, struct ring_op *op, int dir_fd, const char *path, int flags,
		unsigned mask, struct statx *result)
{
	op->fd = dir_fd;
	op->path = path;
	op->flags = (unsigned)flags;
	op->mask = mask;
	op->data = result;
	ring_submit(ring, op, RING_STATX);
}

void ring_read(struct ring *ring, struct ring_op *op, int fd, void *buffer, size_t size,
	       uint64_t offset)
{
	op->fd = fd;
	op->data = buffer;
	op->size = size;
	op->offset = offset;
	ring_submit(ring, op, RING_READ);
}

void ring_write(struct ring *ring, struct ring_op *op, int fd, const void *buffer, size_t size,
		uint64_t offset)
{
	op->fd = fd;
	op->data = (void *)(uintptr_t)buffer; /* only read from; the field serves both ways */
	op->size = size;
	op->offset = offset;
	ring_submit(ring, op, RING_WRITE);
}

void ring_fsync(struct ring *ring, struct ring_op *op, int fd, bool data_only)
{
	op->fd = fd;
	op->flags = data_only;
	ring_submit(ring, op, RING_FSYNC);
}

void ring_renameat(struct ring *ring, struct ring_op *op, int old_dir_fd, const char *old_path,
		   int new_dir_fd, const char *new_path, unsigned flags)
{
	op->fd = old_dir_fd;
	op->path = old_path;
	op->new_fd = new_dir_fd;
	op->new_path = new_path;
	op->flags = flags;
	ring_submit(ring, op, RING_RENAMEAT);
}

void ring_unlinkat(struct ring *ring, struct ring_op *op, int dir_fd, const char *path)
{
	op->fd = dir_fd;
	op->path = path;
	op->flags = 0;
	ring_submit(ring, op, RING_UNLINKAT);
}

void ring_ftruncate(struct ring *ring, struct ring_op *op, int fd, uint64_t size)
{
	op->fd = fd;
	op->offset = size;
	ring_submit(ring, op, RING_FTRUNCATE);
}

void ring_fchown(struct ring *ring, struct ring_op *op, int fd, uid_t owner, gid_t group)
{
	op->fd = fd;
	op->flags = owner;
	op->mask = group;
	ring_submit(ring, op, RING_FCHOWN);
}

void ring_syncfs(struct ring *ring, struct ring_op *op, int fd)
{
	op->fd = fd;
	ring_submit(ring, op, RING_SYNCFS);
}

void ring_poll(struct ring *ring, struct ring_op *op, int fd, unsigned events)
{
	op->fd = fd;
	op->mask = events;
	ring_submit(ring, op, RING_POLL);
}

void ring_call(struct ring *ring, struct ring_op *op, int (*call)(void *arg), void *arg)
{
	op->call = call;
	op->data = arg;
	ring_submit(ring, op, RING_CALL);
}

/* Asked once an operation, however often it is offered to the engine. */
static int ring_fault_before(const struct ring *ring, struct ring_op *op)
{
	if (ring->fault.before == NULL || op == ring->refused)
		return 0;
	return ring->fault.before(ring->fault.arg, op);
}

static void ring_op_over(struct ring *ring, struct ring_op *op)
{
	int res = op->res;

	if (ring->fault.after != NULL)
		res = ring->fault.after(ring->fault.arg, op, res);
	ring->pending--;
	op->done(op, res);
}

/* What the callback submits comes next, before all that waited behind the operation. */
static void ring_run_inline(struct ring *ring, struct ring_op *op, int fault)
{
	struct ring_list rest = ring->submitted;

	ring->submitted = (struct ring_list){0};
	op->res = fault < 0 ? fault : ring_op_run(op);
	ring_op_over(ring, op);
	ring_list_move(&ring->submitted, &rest);
}

/*
 * What the engine does in passing is better left to it. A file that is to be made is not: the kernel opens
 * only what is there without a thread of its own.
 */
static bool runs_inline(const struct ring *ring, const struct ring_op *op)
{
	unsigned bit = RING_BIT(op->opcode);
	bool makes_file = op->opcode == RING_OPENAT && (op->flags & O_CREAT) != 0;

	return (ring->inline_ops & bit) != 0 &&
	       ((ring->engine->in_passing & bit) == 0 || makes_file);
}

/*
 * Hands over what was submitted; what the engine has no room for stays first in line. Returns how many
 * operations were run here. A chain that would make the turn too long goes on behind the others.
 */
static unsigned ring_hand_over(struct ring *ring)
{
	unsigned inline_count = 0;
	struct ring_op *op;

	while ((op = ring->submitted.first) != NULL && inline_count < INLINE_MAX) {
		int fault = ring_fault_before(ring, op);
		struct ring_list rest = ring->submitted;

		(void)ring_list_pop(&rest);
		ring->refused = NULL;
		if (fault < 0 || runs_inline(ring, op)) {
			ring->submitted = rest;
			ring_run_inline(ring, op, fault);
			inline_count++;
		} else if (ring->engine->vtable->push(ring->engine, op)) {
			ring->submitted = rest;
		} else {
			ring->refused = op;
			return inline_count;
		}
	}
	if (op != NULL)
		ring_list_push(&ring->submitted, ring_list_pop(&ring->submitted));
	return inline_count;
}

static void ring_run_finished(struct ring *ring)
{
	struct ring_list ready = ring->finished;
	struct ring_op *op;

	ring->finished = (struct ring_list){0};
	while ((op = ring_list_pop(&ready)) != NULL)
		ring_op_over(ring, op);
}

bool ring_is_idle(const struct ring *ring)
{
	return ring->idle &&
	       (ring->submitted.first == NULL || ring->submitted.first == ring->refused);
}

int ring_turn(struct ring *ring, int64_t wait_ns)
{
	int r;

	ring->idle = ring_hand_over(ring) == 0;
	/* What a callback has done may be all that its owner waits for. */
	if (!ring->idle)
		wait_ns = 0;
	r = ring->engine->vtable->wait(ring->engine, wait_ns, &ring->finished);
	if (r != 0)
		return r;
	ring->now_ns = clock_monotonic_ns();
	if (ring->finished.first != NULL)
		ring->idle = false;
	ring_run_finished(ring);
	return 0;
}
