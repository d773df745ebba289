/*
 * batch - makes what a number of settled units came to count, all at once and so that a crash at any
 * moment leaves each message in one place.
 *
 * Is:       the steps of docs/architecture.md, "Commit of a batch": the manifest, one flush, the renames,
 *           the flush of the directories, the removal of the units from in/.
 * Is not:   the repeat of these steps after a crash (recovery.h).
 * Use:      batch_start(); `done` is called once. Each unit's outcome is then what really happened: a
 *           unit whose name is taken in out/ or failed/ has become UNIT_STAY.
 * Errors:   batch_error(): -errno if a step failed that must not be tried again or left out. The spool
 *           must then be closed: the next start finishes what the manifest says.
 * Owns:     a descriptor; nothing of the units but their `op`, `status` and `step`.
 * Threads:  the ring's.
 */
#ifndef SIGNER_SPOOL_BATCH_H
#define SIGNER_SPOOL_BATCH_H

#include "signer/spool/unit.h"

struct batch;

struct batch_setting {
	struct ring *ring;
	const struct spool_dir *dir;
	_Atomic uint64_t *next_number;
	_Atomic unsigned *flush_failures; /* of the whole spool, all threads */
	bool durable;			  /* SyncMode full: flush; none: leave it to the kernel */
};

MUST_CHECK int batch_new(const struct batch_setting *setting,
			 void (*done)(struct batch *batch, void *arg), void *arg,
			 struct batch **batch_out);

/* In any state, once its ring is gone. What it has begun the next start goes on with. */
void batch_free(struct batch *batch);

/* Takes a list of settled units, linked by `next`, with none that stays or is gone. */
void batch_start(struct batch *batch, struct unit *units);

/* The units, in the same order. */
struct unit *batch_units(const struct batch *batch);
int batch_error(const struct batch *batch);

/* What failed, for a person. */
const char *batch_error_text(const struct batch *batch);

#endif
