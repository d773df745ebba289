/*
 * ring_engine - what ring.c asks of an engine. Private to the ring.
 *
 * An engine takes operations and gives them back finished, with `res` set, on a list. Blocking
 * calls always run in the worker pool (ring_workers.h), whose eventfd wakes either engine.
 */
#ifndef COMMON_RING_ENGINE_H
#define COMMON_RING_ENGINE_H

#include "common/ring.h"

/* A first-in, first-out list of operations, linked through op->next. */
struct ring_list {
	struct ring_op *first;
	struct ring_op *last;
};

static inline void ring_list_push(struct ring_list *list, struct ring_op *op)
{
	op->next = NULL;
	if (list->last == NULL)
		list->first = op;
	else
		list->last->next = op;
	list->last = op;
}

static inline struct ring_op *ring_list_pop(struct ring_list *list)
{
	struct ring_op *op = list->first;

	if (op == NULL)
		return NULL;
	list->first = op->next;
	if (list->first == NULL)
		list->last = NULL;
	return op;
}

/* Moves all of `from` behind `to`. */
static inline void ring_list_move(struct ring_list *to, struct ring_list *from)
{
	if (from->first == NULL)
		return;
	if (to->last == NULL)
		to->first = from->first;
	else
		to->last->next = from->first;
	to->last = from->last;
	*from = (struct ring_list){0};
}

struct ring_workers;

struct ring_engine {
	const struct ring_engine_vtable *vtable;
	struct ring_workers *workers; /* borrowed from the ring */
	/* Opcodes that it does at once when they are handed over, without a system call for each. */
	unsigned in_passing;
};

struct ring_engine_vtable {
	void (*free)(struct ring_engine *engine);
	/* Takes the op, or returns false: full, offer it again after a wait. */
	bool (*push)(struct ring_engine *engine, struct ring_op *op);
	/* Submits what was pushed, waits up to `wait_ns` (0: not at all), collects. */
	int (*wait)(struct ring_engine *engine, int64_t wait_ns, struct ring_list *finished);
};

MUST_CHECK int ring_uring_new(const struct ring_config *config, struct ring_workers *workers,
			      struct ring_engine **engine_out);
MUST_CHECK int ring_threads_new(struct ring_workers *workers, struct ring_engine **engine_out);

/* Runs the op as the plain system call that it stands for, and returns its result. */
int ring_op_run(const struct ring_op *op);

#endif
