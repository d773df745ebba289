/*
 * ring - submit an operation, get its completion: the one way to files and descriptors that a loop
 * has.
 *
 * Is:       a queue of operations and the turn that runs them, on one of two engines: io_uring, or
 *           threads (a worker pool and epoll) where io_uring is off. Both behave the same.
 * Is not:   a scheduler: what follows on what is the owner's business.
 * Use:      struct reader { struct ring_op op; ... };
 *           reader->op.done = reader_got;
 *           ring_read(ring, &reader->op, fd, buffer, size, 0);
 *           while (...) ring_turn(ring, RING_WAIT_FOREVER);
 * Results:  `res` is what the system call would return, or -errno. A short count is a result, not
 *           an error. Callbacks run from ring_turn() only, never from the call that submits, and
 *           may submit more, the same op too.
 * Owns:     an op belongs to the ring from the submitting call to the start of its done(). Paths,
 *           buffers and the op itself must stay where they are until then.
 * Bounds:   any number of ops may be submitted; what does not fit the kernel's queues waits in
 *           order. The completion queue holds all that can be armed, so it cannot overflow.
 * Inline:   operations named in `inline_ops` never wait, for they are on a file system in memory. They
 *           run inside the turn, as plain system calls where a hand-over would cost more
 *           (docs/performance.md).
 * Threads:  a ring belongs to one thread, which made it; ring_call()s run in its workers.
 */
#ifndef COMMON_RING_H
#define COMMON_RING_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

enum ring_opcode {
	RING_OPENAT,
	RING_CLOSE,
	RING_STATX,
	RING_READ,
	RING_WRITE,
	RING_FSYNC,
	RING_RENAMEAT,
	RING_UNLINKAT,
	RING_FTRUNCATE,
	RING_FCHOWN,
	RING_SYNCFS,
	RING_POLL,
	RING_CALL,
	RING_OPCODE_COUNT,
};

/* A set of opcodes. */
#define RING_BIT(opcode) (1u << (opcode))
#define RING_FILE_OPS                                                                              \
	(RING_BIT(RING_OPENAT) | RING_BIT(RING_CLOSE) | RING_BIT(RING_STATX) |                     \
	 RING_BIT(RING_READ) | RING_BIT(RING_WRITE) | RING_BIT(RING_FSYNC) |                       \
	 RING_BIT(RING_RENAMEAT) | RING_BIT(RING_UNLINKAT) | RING_BIT(RING_FTRUNCATE) |            \
	 RING_BIT(RING_FCHOWN) | RING_BIT(RING_SYNCFS))

#define RING_WAIT_FOREVER INT64_MAX

/* An offset that means "where the descriptor stands". */
#define RING_OFFSET_CURRENT UINT64_MAX

enum ring_engine_kind {
	RING_ENGINE_AUTO, /* io_uring where the kernel allows it, else threads */
	RING_ENGINE_IO_URING,
	RING_ENGINE_THREADS,
};

struct ring;
struct ring_op;

struct ring_op {
	void (*done)(struct ring_op *op, int res);

	/* Private to the ring and its engines. */
	enum ring_opcode opcode;
	int fd; /* the descriptor, or the directory that `path` starts from */
	int res;
	int new_fd;	/* RENAMEAT: the directory that `new_path` starts from */
	unsigned flags; /* as the system call has them; FSYNC: data only; FCHOWN: the owner */
	unsigned mask;	/* STATX: what is wanted; OPENAT: the mode; POLL: events; FCHOWN: group */
	const char *path;
	const char *new_path;
	void *data; /* READ, WRITE: the buffer; STATX: where the result goes; CALL: the argument */
	size_t size;
	uint64_t offset; /* READ, WRITE: where; FTRUNCATE: the size */
	int (*call)(void *arg);
	struct ring_op *next;
};

struct ring_config {
	enum ring_engine_kind engine;
	unsigned entries;    /* operations in the kernel at once; a power of two, 8 to 4096 */
	unsigned workers;    /* threads for blocking work; at least 1 */
	unsigned allowed;    /* the opcodes this ring may ever submit: the kernel refuses others */
	unsigned inline_ops; /* see "Inline" above */
};

/* Errors: -errno. RING_ENGINE_AUTO falls back to threads; asked for by name, io_uring does not. */
MUST_CHECK int ring_new(const struct ring_config *config, struct ring **ring_out);

/* Drops what is still submitted without calling done(); waits for workers inside a call. */
void ring_free(struct ring *ring);

/* Why this engine: "io_uring", or "threads: io_uring_setup: Operation not permitted". */
const char *ring_engine_reason(const struct ring *ring);

void ring_openat(struct ring *ring, struct ring_op *op, int dir_fd, const char *path, int flags,
		 mode_t mode);
void ring_close(struct ring *ring, struct ring_op *op, int fd);
void ring_statx(struct ring *ring, struct ring_op *op, int dir_fd, const char *path, int flags,
		unsigned mask, struct statx *result);
void ring_read(struct ring *ring, struct ring_op *op, int fd, void *buffer, size_t size,
	       uint64_t offset);
void ring_write(struct ring *ring, struct ring_op *op, int fd, const void *buffer, size_t size,
		uint64_t offset);
void ring_fsync(struct ring *ring, struct ring_op *op, int fd, bool data_only);
void ring_renameat(struct ring *ring, struct ring_op *op, int old_dir_fd, const char *old_path,
		   int new_dir_fd, const char *new_path, unsigned flags);
void ring_unlinkat(struct ring *ring, struct ring_op *op, int dir_fd, const char *path);

/* No io_uring opcodes: a worker runs these three on either engine. */
void ring_ftruncate(struct ring *ring, struct ring_op *op, int fd, uint64_t size);
void ring_fchown(struct ring *ring, struct ring_op *op, int fd, uid_t owner, gid_t group);
/* Makes all of the file system that `fd` is on durable. */
void ring_syncfs(struct ring *ring, struct ring_op *op, int fd);

/* Completes once, with the poll(2) events that are ready. At most one poll a descriptor. */
void ring_poll(struct ring *ring, struct ring_op *op, int fd, unsigned events);

/* Runs call(arg) in a worker thread; its value is the result. */
void ring_call(struct ring *ring, struct ring_op *op, int (*call)(void *arg), void *arg);

/* The monotonic time at which this turn began: the clock is read once a turn. */
int64_t ring_now_ns(const struct ring *ring);

/*
 * One turn: hands over what was submitted, waits up to `wait_ns` for a completion (not at
 * all while something is ready), and runs each callback that is ready once. Returns 0, or
 * -errno when the engine itself is broken.
 */
MUST_CHECK int ring_turn(struct ring *ring, int64_t wait_ns);

/* The last turn ran nothing, and there is nothing that could be handed over: the next one waits. */
bool ring_is_idle(const struct ring *ring);

/* Operations submitted and not yet done. */
unsigned ring_pending(const struct ring *ring);

/*
 * For tests: makes operations fail. `before` may return a negative result, and the operation is
 * not run; `after` may replace the result of one that was.
 */
struct ring_fault {
	int (*before)(void *arg, struct ring_op *op);
	int (*after)(void *arg, const struct ring_op *op, int res);
	void *arg;
};
void ring_set_fault(struct ring *ring, const struct ring_fault *fault);

#endif
