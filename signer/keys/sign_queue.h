/*
 * sign_queue - jobs that wait for a worker, and which of them are taken next.
 *
 * Is:       a list for each kind of job (sign_job.h), and a line in which the kinds wait for their turn. A kind
 *           joins the line with its first job; after a group of it was taken, it goes to the end if it has more. So
 *           a job that is among the next of its kind waits for one group of each other kind at most,
 *           and jobs of one kind keep their order.
 * Is not:   a lock, or a bound.
 * Owns:     nothing. A struct of zeros is an empty queue.
 * Threads:  one at a time.
 */
#ifndef SIGNER_KEYS_SIGN_QUEUE_H
#define SIGNER_KEYS_SIGN_QUEUE_H

#include "signer/keys/sign_engine.h"
#include "signer/keys/task_list.h"

struct sign_queue {
	struct task_list tasks[SIGN_TASK_KINDS];
	enum sign_task_kind line[SIGN_TASK_KINDS]; /* kinds that have tasks; next is the first */
	unsigned line_length;
	size_t count; /* of all tasks */
};

/* How much one worker takes. */
struct sign_sharing {
	const struct sign_engine *engine;
	unsigned workers; /* that could take the rest */
	bool loads_keys;  /* a worker that does not passes over SIGN_TASK_LOAD_KEY */
};

void sign_queue_add(struct sign_queue *queue, struct sign_task *task);

/* Moves all of `from` behind what `queue` has. */
void sign_queue_append(struct sign_queue *queue, struct sign_queue *from);

/*
 * Takes a group: tasks of one kind, 0 to SIGN_GROUP_MAX of them, the number is returned. A group that the
 * engine signs together is as large as it can be; else a worker takes its share.
 */
size_t sign_queue_take(struct sign_queue *queue, const struct sign_sharing *sharing,
		       struct sign_task *tasks[SIGN_GROUP_MAX]);

#endif
