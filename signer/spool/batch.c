/*
 * How it works: one state for the batch; in PLACING and REMOVING all units go through their own steps side
 * by side, and the batch goes on when the last is through.
 *
 *   IDLE -> CREATING -> WRITING -> CLOSING -> FLUSHING -> MARKING -> SYNCING_MARK
 *                                                                         |
 *                        SYNCING_FAILED <- SYNCING_OUT <- PLACING <-------+
 *                              |
 *                              +-> REMOVING -> UNMARKING -> CLEANING -> IDLE
 *
 * The manifest is written under a name that does not count (NUMBER.part). It gets the one that does
 * (NUMBER.manifest) when the flush has returned, and the first rename comes after that. So: if the
 * manifest counts, all files that it names were complete and durable, and one that is gone from tmp/ was
 * put in its place. Where renames are ordered on disk (spool_dir.h) the marking needs no flush of its own.
 *
 * Up to MARKING, trouble costs nothing: the units stay, and their files are thrown away and written anew.
 * From the first rename on, trouble with one unit's name is that unit's; any other is the end of this
 * batch, and the next start goes on with it.
 *
 * A flush that failed is not believed when it is repeated: the kernel tells each descriptor once, and
 * counts pages that it lost as clean. So each batch flushes through a descriptor of its own, and a flush
 * that fails spoils all files that were begun before, in whatever batch they are: `flush_failures`
 * has then moved on from what their units saw when they started.
 *
 * A file in tmp/ of a unit that stays after all is removed only when the manifest is gone: before that, its
 * absence would mean that it was released.
 */
#include "signer/spool/batch.h"

#include "signer/spool/manifest.h"
#include "signer/spool/unit_steps.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct batch {
	const struct batch_setting *setting;
	void (*done)(struct batch *batch, void *arg);
	void *done_arg;
	enum batch_state {
		BATCH_IDLE,
		BATCH_CREATING,
		BATCH_WRITING,
		BATCH_CLOSING,
		BATCH_FLUSHING,
		BATCH_MARKING,
		BATCH_SYNCING_MARK,
		BATCH_PLACING,
		BATCH_SYNCING_OUT,
		BATCH_SYNCING_FAILED,
		BATCH_REMOVING,
		BATCH_UNMARKING,
		BATCH_CLEANING,
	} state;
	struct unit_steps_setting steps_setting;
	struct unit *units;
	unsigned under_way; /* units that are not through with this state */
	bool has_manifest;
	bool may_be_marked; /* marking was begun */
	bool marked;	    /* the manifest counts */
	bool uses_out;
	bool uses_failed;
	int aborted; /* -errno of a step up to MARKING: all units stay */
	int error;   /* -errno of a step after it */
	char error_text[256];
	struct ring_op op;
	struct buffer manifest;
	size_t written;
	int manifest_fd;
	int flush_fd; /* tmp/, for this batch alone */
	char part_name[32];
	char manifest_name[32];
};

static void batch_done_op(struct ring_op *op, int res);
static void batch_enter(struct batch *batch, enum batch_state next);
static void unit_steps_over(struct unit *unit, int error, const char *what);

int batch_new(const struct batch_setting *setting, void (*done)(struct batch *batch, void *arg),
	      void *arg, struct batch **batch_out)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int r;

	if (batch == NULL)
		return -ENOMEM;
	batch->setting = setting;
	batch->done = done;
	batch->done_arg = arg;
	batch->op.done = batch_done_op;
	batch->steps_setting = (struct unit_steps_setting){
		.ring = setting->ring,
		.dir = setting->dir,
		.durable = setting->durable,
		.over = unit_steps_over,
	};
	batch->manifest_fd = -1;
	batch->flush_fd = openat(setting->dir->tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (batch->flush_fd < 0) {
		r = -errno;
		free(batch);
		return r;
	}
	*batch_out = batch;
	return 0;
}

void batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	if (batch->manifest_fd >= 0)
		close(batch->manifest_fd);
	close(batch->flush_fd);
	buffer_deinit(&batch->manifest);
	free(batch);
}

struct unit *batch_units(const struct batch *batch)
{
	return batch->units;
}

int batch_error(const struct batch *batch)
{
	return batch->error;
}

const char *batch_error_text(const struct batch *batch)
{
	return batch->error_text;
}

static int add_note(struct batch *batch, const struct unit *unit)
{
	char name[NAME_MAX + 1];

	unit_reason_name(unit, name);
	return manifest_add_file(&batch->manifest, unit->note.name, SPOOL_NOTE, name);
}

static int add_unit(struct batch *batch, const struct unit *unit)
{
	int r = manifest_add_unit(&batch->manifest, &unit->input.file.identity, unit->name);

	if (r == 0 && out_file_created(&unit->note))
		r = add_note(batch, unit);
	if (r == 0 && out_file_created(&unit->failed))
		r = manifest_add_file(&batch->manifest, unit->failed.name, SPOOL_FAILED,
				      unit->name);
	if (r == 0 && out_file_created(&unit->out))
		r = manifest_add_file(&batch->manifest, unit->out.name, SPOOL_OUT, unit->name);
	return r;
}

/* Writes down what is to happen. Units that only move need no manifest: one rename does it. */
static int make_manifest(struct batch *batch)
{
	int r = manifest_begin(&batch->manifest);

	for (struct unit *unit = batch->units; r == 0 && unit != NULL; unit = unit->next) {
		bool release = unit->outcome == UNIT_RELEASE;

		batch->uses_out |= release || unit->outcome == UNIT_MOVE_OUT;
		batch->uses_failed |= unit->outcome == UNIT_MOVE_FAILED ||
				      out_file_created(&unit->failed);
		batch->has_manifest |= release;
		if (release)
			r = add_unit(batch, unit);
	}
	return r == 0 ? manifest_end(&batch->manifest) : r;
}

/* Nothing after this may be done by this process. The units are left as they are. */
static void batch_fail(struct batch *batch, int error, const char *what)
{
	if (batch->error == 0) {
		batch->error = error;
		snprintf(batch->error_text, sizeof(batch->error_text), "%s: %s", what,
			 strerror(-error));
	}
}

/* One unit is through; the last one moves the batch on. */
static void unit_through(struct batch *batch)
{
	assert(batch->under_way > 0);
	if (--batch->under_way > 0)
		return;
	if (batch->error != 0) {
		batch->done(batch, batch->done_arg);
		return;
	}
	switch (batch->state) {
	case BATCH_PLACING: batch_enter(batch, BATCH_SYNCING_OUT); return;
	case BATCH_REMOVING: batch_enter(batch, BATCH_UNMARKING); return;
	case BATCH_CLEANING:
		batch_enter(batch, BATCH_IDLE);
		batch->done(batch, batch->done_arg);
		return;
	case BATCH_IDLE:
	case BATCH_CREATING:
	case BATCH_WRITING:
	case BATCH_CLOSING:
	case BATCH_FLUSHING:
	case BATCH_MARKING:
	case BATCH_SYNCING_MARK:
	case BATCH_SYNCING_OUT:
	case BATCH_SYNCING_FAILED:
	case BATCH_UNMARKING: break;
	}
	assert(!"units do nothing in this state");
}

static void unit_steps_over(struct unit *unit, int error, const char *what)
{
	struct batch *batch = unit->batch;

	if (error != 0)
		batch_fail(batch, error, what);
	unit_through(batch);
}

static enum unit_task task_in(enum batch_state state)
{
	if (state == BATCH_PLACING)
		return UNIT_TASK_PLACE;
	return state == BATCH_REMOVING ? UNIT_TASK_REMOVE : UNIT_TASK_CLEAN;
}

/* All units go through this state. One more is counted, so that it cannot end in the loop. */
static void start_units(struct batch *batch)
{
	struct unit *next;

	batch->under_way = 1;
	for (struct unit *unit = batch->units; unit != NULL; unit = unit->next)
		batch->under_way++;
	for (struct unit *unit = batch->units; unit != NULL; unit = next) {
		next = unit->next;
		unit_steps_start(unit, &batch->steps_setting, task_in(batch->state));
	}
	unit_through(batch);
}

/* Before anything counts: all units stay, and what was written is thrown away. */
static void batch_abort(struct batch *batch, int error)
{
	batch->aborted = error;
	for (struct unit *unit = batch->units; unit != NULL; unit = unit->next)
		unit_stays_after_all(unit, error, "the batch could not be made durable: %s",
				     strerror(-error));
	batch_enter(batch, batch->has_manifest ? BATCH_UNMARKING : BATCH_CLEANING);
}

void batch_start(struct batch *batch, struct unit *units)
{
	uint64_t number = atomic_fetch_add_explicit(batch->setting->next_number, 1,
						    memory_order_relaxed);
	int r;

	assert(batch->state == BATCH_IDLE);
	batch->units = units;
	batch->has_manifest = false;
	batch->may_be_marked = false;
	batch->marked = false;
	batch->uses_out = false;
	batch->uses_failed = false;
	batch->aborted = 0;
	batch->written = 0;
	snprintf(batch->part_name, sizeof(batch->part_name), "%" PRIx64 ".part", number);
	snprintf(batch->manifest_name, sizeof(batch->manifest_name), "%" PRIx64 ".manifest",
		 number);
	for (struct unit *unit = units; unit != NULL; unit = unit->next) {
		assert(unit_needs_batch(unit));
		unit->batch = batch;
	}
	r = make_manifest(batch);
	if (r != 0) {
		batch->has_manifest = false; /* not on disk */
		batch_abort(batch, r);
	} else {
		batch_enter(batch, batch->has_manifest ? BATCH_CREATING : BATCH_FLUSHING);
	}
}

static void start_write(struct batch *batch)
{
	ring_write(batch->setting->ring, &batch->op, batch->manifest_fd,
		   batch->manifest.data + batch->written, batch->manifest.size - batch->written,
		   batch->written);
}

static void batch_enter(struct batch *batch, enum batch_state next)
{
	const struct batch_setting *setting = batch->setting;
	int fd = batch->manifest_fd;

	batch->state = next;
	switch (next) {
	case BATCH_IDLE: return;
	case BATCH_CREATING:
		ring_openat(setting->ring, &batch->op, setting->dir->tmp_fd, batch->part_name,
			    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		return;
	case BATCH_WRITING: start_write(batch); return;
	case BATCH_CLOSING:
		batch->manifest_fd = -1;
		ring_close(setting->ring, &batch->op, fd);
		return;
	case BATCH_FLUSHING:
		if (setting->durable)
			ring_syncfs(setting->ring, &batch->op, batch->flush_fd);
		else
			batch_enter(batch, batch->has_manifest ? BATCH_MARKING : BATCH_PLACING);
		return;
	case BATCH_MARKING:
		batch->may_be_marked = true;
		ring_renameat(setting->ring, &batch->op, setting->dir->tmp_fd, batch->part_name,
			      setting->dir->tmp_fd, batch->manifest_name, 0);
		return;
	case BATCH_SYNCING_MARK:
		if (setting->durable && !setting->dir->ordered_renames)
			ring_syncfs(setting->ring, &batch->op, batch->flush_fd);
		else
			batch_enter(batch, BATCH_PLACING);
		return;
	case BATCH_PLACING: start_units(batch); return;
	case BATCH_SYNCING_OUT:
		if (setting->durable && !setting->dir->ordered_renames)
			ring_syncfs(setting->ring, &batch->op, batch->flush_fd);
		else if (setting->durable && batch->uses_out)
			ring_fsync(setting->ring, &batch->op, setting->dir->out_fd, false);
		else
			batch_enter(batch, BATCH_SYNCING_FAILED);
		return;
	case BATCH_SYNCING_FAILED:
		if (setting->durable && setting->dir->ordered_renames && batch->uses_failed)
			ring_fsync(setting->ring, &batch->op, setting->dir->failed_fd, false);
		else
			batch_enter(batch, BATCH_REMOVING);
		return;
	case BATCH_REMOVING: start_units(batch); return;
	case BATCH_UNMARKING:
		if (batch->has_manifest)
			ring_unlinkat(setting->ring, &batch->op, setting->dir->tmp_fd,
				      batch->marked ? batch->manifest_name : batch->part_name);
		else
			batch_enter(batch, BATCH_CLEANING);
		return;
	case BATCH_CLEANING: start_units(batch); return;
	}
}

/*
 * The manifest cannot be removed. That is the end of the batch if it counts, or may count, because the files
 * of its units would then be missed; one that does not may stay behind.
 */
static bool unmarking_failed(struct batch *batch, int error)
{
	if (batch->marked || (batch->may_be_marked && error != -ENOENT)) {
		batch_fail(batch, error, "cannot remove the manifest in tmp/");
		return true;
	}
	/* Marking failed with an unclear answer, and yet it was done. */
	batch->marked = batch->may_be_marked;
	batch_enter(batch, batch->marked ? BATCH_UNMARKING : BATCH_CLEANING);
	return false;
}

/* A flush failed since files of this batch were begun, so that they may have been lost unnoticed. */
static bool is_spoilt(const struct batch *batch)
{
	unsigned failures = atomic_load(batch->setting->flush_failures);

	for (const struct unit *unit = batch->units; unit != NULL; unit = unit->next) {
		if (unit->flush_failures != failures)
			return true;
	}
	return false;
}

static void flushing_done(struct batch *batch)
{
	if (is_spoilt(batch))
		batch_abort(batch, -EIO);
	else
		batch_enter(batch, batch->has_manifest ? BATCH_MARKING : BATCH_PLACING);
}

static void batch_op_failed(struct batch *batch, int error)
{
	switch (batch->state) {
	case BATCH_CREATING:
		batch->has_manifest = false; /* there is none to remove */
		batch_abort(batch, error);
		return;
	case BATCH_WRITING:
		/* Closed on the way; what closing says does not matter any more. */
		batch->aborted = error;
		batch_enter(batch, BATCH_CLOSING);
		return;
	case BATCH_FLUSHING:
	case BATCH_SYNCING_MARK:
		atomic_fetch_add(batch->setting->flush_failures, 1);
		batch_abort(batch, error);
		return;
	case BATCH_CLOSING:
	case BATCH_MARKING: batch_abort(batch, error); return;
	case BATCH_SYNCING_OUT: batch_fail(batch, error, "cannot make out/ durable"); break;
	case BATCH_SYNCING_FAILED: batch_fail(batch, error, "cannot make failed/ durable"); break;
	case BATCH_UNMARKING:
		if (!unmarking_failed(batch, error))
			return;
		break;
	case BATCH_IDLE:
	case BATCH_PLACING:
	case BATCH_REMOVING:
	case BATCH_CLEANING: assert(!"no operation of the batch was under way");
	}
	batch->done(batch, batch->done_arg);
}

static void writing_done(struct batch *batch, int res)
{
	batch->written += (size_t)res;
	if (res == 0)
		batch_op_failed(batch, -EIO);
	else if (batch->written < batch->manifest.size)
		start_write(batch);
	else
		batch_enter(batch, BATCH_CLOSING);
}

static void batch_done_op(struct ring_op *op, int res)
{
	struct batch *batch = CONTAINER_OF(op, struct batch, op);

	if (res < 0) {
		batch_op_failed(batch, res);
		return;
	}
	switch (batch->state) {
	case BATCH_CREATING:
		batch->manifest_fd = res;
		batch_enter(batch, BATCH_WRITING);
		return;
	case BATCH_WRITING: writing_done(batch, res); return;
	case BATCH_CLOSING:
		if (batch->aborted != 0)
			batch_abort(batch, batch->aborted);
		else
			batch_enter(batch, BATCH_FLUSHING);
		return;
	case BATCH_FLUSHING: flushing_done(batch); return;
	case BATCH_MARKING:
		batch->marked = true;
		batch_enter(batch, BATCH_SYNCING_MARK);
		return;
	case BATCH_SYNCING_MARK: batch_enter(batch, BATCH_PLACING); return;
	case BATCH_SYNCING_OUT: batch_enter(batch, BATCH_SYNCING_FAILED); return;
	case BATCH_SYNCING_FAILED: batch_enter(batch, BATCH_REMOVING); return;
	case BATCH_UNMARKING: batch_enter(batch, BATCH_CLEANING); return;
	case BATCH_IDLE:
	case BATCH_PLACING:
	case BATCH_REMOVING:
	case BATCH_CLEANING: assert(!"no operation of the batch was under way");
	}
}
