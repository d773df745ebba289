/*
 * unit_steps - what a batch does with one unit: put its files in their places, remove it from in/, clean
 * up behind one that stays.
 *
 * Is:       one rename, look or unlink after the other for one unit. What goes wrong with its names only
 *           changes its outcome; what may not be passed over is handed to the batch.
 * Use:      unit_steps_start(); `over` comes when the task is done, maybe before start returns. Its
 *           `error` is 0, or -errno with what could not be done: then this process must not go on.
 * Threads:  the ring's.
 */
#ifndef SIGNER_SPOOL_UNIT_STEPS_H
#define SIGNER_SPOOL_UNIT_STEPS_H

#include "signer/spool/unit.h"

struct unit_steps_setting {
	struct ring *ring;
	const struct spool_dir *dir;
	bool durable; /* placed files are made durable before units are removed */
	void (*over)(struct unit *unit, int error, const char *what);
};

enum unit_task {
	UNIT_TASK_PLACE, /* files from tmp/ to their places, or the unit itself from in/ */
	UNIT_TASK_REMOVE, /* the unit from in/, if its files were placed; not durable: it is gone already */
	UNIT_TASK_CLEAN, /* files in tmp/ of a unit that stays after all */
};

void unit_steps_start(struct unit *unit, const struct unit_steps_setting *setting,
		      enum unit_task task);

#endif
