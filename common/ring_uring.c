/*
 * How it works: an operation becomes one submission queue entry, never linked to another, so a
 * short count or an error stops nothing else. Operations in the kernel are counted, and no more
 * are pushed than the completion queue holds: it cannot overflow, which is asserted.
 *
 * The ring starts disabled, is told which opcodes its owner uses, and is then enabled: seccomp
 * does not see ring operations, so this is the only fence that binds them. Entries carry no
 * flags, and the restriction allows none.
 *
 * Blocking calls, and the system calls that have no opcode, go to the worker pool. Its eventfd is
 * polled by an entry of our own, the one whose user_data is not an operation.
 *
 * Kernels differ in the set-up flags that they know (SINGLE_ISSUER 6.0, DEFER_TASKRUN 6.1); they
 * are offered from the best set down.
 */
#include "common/ring_engine.h"
#include "common/ring_workers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>

#define SQ_ENTRIES_MAX 256
#define CANCEL_WAIT_S  2

struct ring_uring {
	struct ring_engine engine;
	struct io_uring uring;
	bool deferred;	    /* completions are made only inside io_uring_enter() */
	bool wake_armed;    /* the poll of the pool's eventfd is in the kernel */
	unsigned in_kernel; /* operations pushed and not yet collected, without that poll */
	unsigned in_kernel_max;
};

/* The kernel has no such opcode: the worker pool runs it. */
#define NO_OPCODE 0xff

static const uint8_t uring_opcodes[RING_OPCODE_COUNT] = {
	[RING_OPENAT] = IORING_OP_OPENAT,
	[RING_CLOSE] = IORING_OP_CLOSE,
	[RING_STATX] = IORING_OP_STATX,
	[RING_READ] = IORING_OP_READ,
	[RING_WRITE] = IORING_OP_WRITE,
	[RING_FSYNC] = IORING_OP_FSYNC,
	[RING_RENAMEAT] = IORING_OP_RENAMEAT,
	[RING_UNLINKAT] = IORING_OP_UNLINKAT,
	[RING_FTRUNCATE] = NO_OPCODE,
	[RING_FCHOWN] = NO_OPCODE,
	[RING_SYNCFS] = NO_OPCODE,
	[RING_POLL] = IORING_OP_POLL_ADD,
	[RING_CALL] = NO_OPCODE,
};

/*
 * To close a ring does not wait for what is in it, and a read that ends later writes into a buffer that may
 * be somebody else's by then. Kernels before 6.0 do not know this, and then nothing can be done.
 */
static void uring_cancel(struct ring_uring *uring)
{
	struct io_uring_sync_cancel_reg all = {
		.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL,
		.timeout = {.tv_sec = CANCEL_WAIT_S},
	};

	(void)io_uring_register((unsigned)uring->uring.ring_fd, IORING_REGISTER_SYNC_CANCEL, &all,
				1);
}

static void uring_free(struct ring_engine *engine)
{
	struct ring_uring *uring = (struct ring_uring *)engine;

	if (uring->in_kernel > 0)
		uring_cancel(uring);
	io_uring_queue_exit(&uring->uring);
	free(uring);
}

static void uring_prepare(struct io_uring_sqe *sqe, const struct ring_op *op)
{
	switch (op->opcode) {
	case RING_OPENAT:
		io_uring_prep_openat(sqe, op->fd, op->path, (int)op->flags, op->mask);
		break;
	case RING_CLOSE: io_uring_prep_close(sqe, op->fd); break;
	case RING_STATX:
		io_uring_prep_statx(sqe, op->fd, op->path, (int)op->flags, op->mask, op->data);
		break;
	case RING_READ:
		io_uring_prep_read(sqe, op->fd, op->data, (unsigned)op->size, op->offset);
		break;
	case RING_WRITE:
		io_uring_prep_write(sqe, op->fd, op->data, (unsigned)op->size, op->offset);
		break;
	case RING_FSYNC:
		io_uring_prep_fsync(sqe, op->fd, op->flags != 0 ? IORING_FSYNC_DATASYNC : 0);
		break;
	case RING_RENAMEAT:
		io_uring_prep_renameat(sqe, op->fd, op->path, op->new_fd, op->new_path, op->flags);
		break;
	case RING_UNLINKAT: io_uring_prep_unlinkat(sqe, op->fd, op->path, 0); break;
	case RING_POLL: io_uring_prep_poll_add(sqe, op->fd, op->mask); break;
	case RING_FTRUNCATE:
	case RING_FCHOWN:
	case RING_SYNCFS:
	case RING_CALL:
	case RING_OPCODE_COUNT: assert(!"not for the kernel");
	}
}

/* An entry, after making room if the submission queue is full. NULL: the kernel takes none now. */
static struct io_uring_sqe *uring_entry(struct ring_uring *uring)
{
	if (io_uring_sq_space_left(&uring->uring) == 0)
		(void)io_uring_submit(&uring->uring);
	return io_uring_get_sqe(&uring->uring);
}

static bool uring_push(struct ring_engine *engine, struct ring_op *op)
{
	struct ring_uring *uring = (struct ring_uring *)engine;
	struct io_uring_sqe *sqe;

	if (uring_opcodes[op->opcode] == NO_OPCODE) {
		ring_workers_push(engine->workers, op);
		return true;
	}
	if (uring->in_kernel == uring->in_kernel_max)
		return false;
	sqe = uring_entry(uring);
	if (sqe == NULL)
		return false;
	uring_prepare(sqe, op);
	io_uring_sqe_set_data(sqe, op);
	uring->in_kernel++;
	return true;
}

static void uring_arm_wake(struct ring_uring *uring)
{
	struct io_uring_sqe *sqe;

	if (uring->wake_armed)
		return;
	sqe = uring_entry(uring);
	if (sqe == NULL)
		return; /* the next wait tries again */
	io_uring_prep_poll_add(sqe, ring_workers_fd(uring->engine.workers), POLLIN);
	io_uring_sqe_set_data(sqe, uring);
	uring->wake_armed = true;
}

static int uring_enter(struct ring_uring *uring, int64_t wait_ns)
{
	struct io_uring_cqe *cqe;
	struct __kernel_timespec timeout = {.tv_sec = wait_ns / 1000000000,
					    .tv_nsec = wait_ns % 1000000000};
	int r;

	if (wait_ns > 0)
		r = io_uring_submit_and_wait_timeout(&uring->uring, &cqe, 1, &timeout, NULL);
	else if (uring->deferred)
		r = io_uring_submit_and_get_events(&uring->uring);
	else
		r = io_uring_submit(&uring->uring);
	/* Busy or out of memory for the moment: what was not taken stays in the queue. */
	if (r >= 0 || r == -ETIME || r == -EINTR || r == -EAGAIN || r == -EBUSY)
		return 0;
	return r;
}

static int uring_wait(struct ring_engine *engine, int64_t wait_ns, struct ring_list *finished)
{
	struct ring_uring *uring = (struct ring_uring *)engine;
	struct io_uring_cqe *cqe;
	unsigned head;
	unsigned count = 0;
	int r;

	uring_arm_wake(uring);
	r = uring_enter(uring, wait_ns);
	if (r != 0)
		return r;
	io_uring_for_each_cqe(&uring->uring, head, cqe)
	{
		void *data = io_uring_cqe_get_data(cqe);

		count++;
		if (data == uring) {
			uring->wake_armed = false;
			ring_workers_collect(engine->workers, finished);
			continue;
		}
		((struct ring_op *)data)->res = cqe->res;
		ring_list_push(finished, data);
		uring->in_kernel--;
	}
	io_uring_cq_advance(&uring->uring, count);
	assert(!io_uring_cq_has_overflow(&uring->uring));
	return 0;
}

static const struct ring_engine_vtable uring_vtable = {
	.free = uring_free,
	.push = uring_push,
	.wait = uring_wait,
};

static int uring_set_up(struct ring_uring *uring, unsigned entries)
{
	static const unsigned flag_sets[] = {
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN,
		0,
	};
	int r = -EINVAL;

	for (size_t i = 0; r == -EINVAL && i < ARRAY_COUNT(flag_sets); i++) {
		struct io_uring_params params = {
			.flags = flag_sets[i] | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE,
			.cq_entries = 2 * entries,
		};
		unsigned sq_entries = entries < SQ_ENTRIES_MAX ? entries : SQ_ENTRIES_MAX;

		r = io_uring_queue_init_params(sq_entries, &uring->uring, &params);
		uring->deferred = (flag_sets[i] & IORING_SETUP_DEFER_TASKRUN) != 0;
	}
	return r;
}

/* The kernel must know every opcode that the owner uses, or the threads engine serves better. */
static int uring_check_opcodes(struct ring_uring *uring, unsigned allowed)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(&uring->uring);
	int r = probe == NULL ? -EOPNOTSUPP : 0;

	for (unsigned i = 0; r == 0 && i < RING_OPCODE_COUNT; i++) {
		if ((allowed & RING_BIT(i)) != 0 && uring_opcodes[i] != NO_OPCODE &&
		    !io_uring_opcode_supported(probe, uring_opcodes[i]))
			r = -EOPNOTSUPP;
	}
	io_uring_free_probe(probe);
	return r;
}

static int uring_restrict(struct ring_uring *uring, unsigned allowed)
{
	struct io_uring_restriction rules[RING_OPCODE_COUNT + 1];
	unsigned count = 0;
	int r;

	for (unsigned i = 0; i < RING_OPCODE_COUNT; i++) {
		if ((allowed & RING_BIT(i)) == 0 || uring_opcodes[i] == NO_OPCODE)
			continue;
		rules[count++] = (struct io_uring_restriction){
			.opcode = IORING_RESTRICTION_SQE_OP,
			.sqe_op = uring_opcodes[i],
		};
	}
	rules[count++] = (struct io_uring_restriction){
		.opcode = IORING_RESTRICTION_REGISTER_OP,
		.register_op = IORING_REGISTER_SYNC_CANCEL,
	};
	/* liburing 2.3 declares the two wrappers for this, but its shared library lacks them. */
	r = io_uring_register((unsigned)uring->uring.ring_fd, IORING_REGISTER_RESTRICTIONS, rules,
			      count);
	if (r == -EINVAL) /* it does not know the last one, see uring_cancel() */
		r = io_uring_register((unsigned)uring->uring.ring_fd, IORING_REGISTER_RESTRICTIONS,
				      rules, count - 1);
	if (r != 0)
		return r;
	return io_uring_register((unsigned)uring->uring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL,
				 0);
}

int ring_uring_new(const struct ring_config *config, struct ring_workers *workers,
		   struct ring_engine **engine_out)
{
	const unsigned allowed = config->allowed | RING_BIT(RING_POLL);
	struct ring_uring *uring = calloc(1, sizeof(*uring));
	int r;

	if (uring == NULL)
		return -ENOMEM;
	uring->engine = (struct ring_engine){
		.vtable = &uring_vtable,
		.workers = workers,
		.in_passing = RING_BIT(RING_OPENAT) | RING_BIT(RING_READ) | RING_BIT(RING_CLOSE),
	};
	uring->in_kernel_max = config->entries;
	r = uring_set_up(uring, config->entries);
	if (r != 0) {
		free(uring);
		return r;
	}
	r = uring_check_opcodes(uring, allowed);
	if (r == 0)
		r = uring_restrict(uring, allowed);
	if (r != 0) {
		uring_free(&uring->engine);
		return r;
	}
	*engine_out = &uring->engine;
	return 0;
}
