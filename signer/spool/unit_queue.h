/*
 * unit_queue - names in in/ that wait for an I/O thread, oldest first.
 *
 * Is:       what a scan of the directory found, and what was announced since. At most
 *           UNIT_QUEUE_MAX names; unit_queue_has_more() tells that in/ holds others, which a scan
 *           finds when these are done. So memory does not grow with in/.
 * Is not:   a guard against taking one name twice: unit_busy.h.
 * Threads:  any; it locks.
 */
#ifndef SIGNER_SPOOL_UNIT_QUEUE_H
#define SIGNER_SPOOL_UNIT_QUEUE_H

#include "common/compiler.h"
#include "signer/spool/input_file.h"
#include "signer/spool/retry_table.h"
#include "signer/spool/spool_dir.h"

#include <limits.h>

#define UNIT_QUEUE_MAX	 65536
#define UNIT_QUEUE_EARLY 256

struct unit_queue;

MUST_CHECK int unit_queue_new(struct unit_queue **queue_out);
void unit_queue_free(struct unit_queue *queue);

struct unit_queue_scan {
	const struct spool_dir *dir;
	struct retry_table *retries;
	const _Atomic bool *stop;
	void (*some_found)(void *arg); /* or NULL */
	void *arg;
};

/*
 * Fills the queue anew with the oldest names in in/ that `retries` does not hold back, and what is pushed
 * meanwhile. So that work can begin, an empty queue gets the first UNIT_QUEUE_EARLY names that come up
 * at once, and `some_found` is called. Blocks on the directory, until `stop` gets true. One at a time.
 * Errors: -errno, -ECANCELED if it was stopped; what is queued then stays.
 */
MUST_CHECK int unit_queue_scan(struct unit_queue *queue, const struct unit_queue_scan *scan);

/* One more name at the end. When there is no room, a scan will find it. */
void unit_queue_push(struct unit_queue *queue, const char *name, const struct input_file *file);

/* The oldest, and what the file was when it was queued; false: none. */
bool unit_queue_pop(struct unit_queue *queue, char name_out[NAME_MAX + 1],
		    struct input_file *file_out);
size_t unit_queue_count(struct unit_queue *queue);

/* When a name was queued last, monotonic: all that were popped by now were in in/ by then. */
int64_t unit_queue_filled_ns(struct unit_queue *queue);

/* Leaves all of them for a later scan. Returns how many there were. */
size_t unit_queue_clear(struct unit_queue *queue);

/* The directory held more than was taken in. */
bool unit_queue_has_more(struct unit_queue *queue);

#endif
