/*
 * How it works: a task is a short list of steps. A step that this unit has no use for is passed over.
 *
 * A rename that fails is not believed at once: an operation that was cancelled or interrupted may have
 * been done all the same, so the old name is looked for. If it is gone, the rename was done.
 */
#include "signer/spool/unit_steps.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum step {
	STEP_END,
	STEP_CHECK, /* is in/NAME still what was read? Then it may count. */
	STEP_PLACE_NOTE,
	STEP_PLACE_FAILED,
	STEP_PLACE_OUT,
	STEP_UNDO_FAILED, /* out/ did not take its file: failed/ gives its own back */
	STEP_UNDO_NOTE,	  /* the unit does not go to failed/ after all */
	STEP_FIND_ROOM,	  /* is its name free in failed/? */
	STEP_LOOK,	  /* is in/NAME still what was read? Then it may be removed. */
	STEP_MOVE,
	STEP_REMOVE,
	STEP_CLEAN_OUT,
	STEP_CLEAN_FAILED,
	STEP_CLEAN_NOTE,
};

/*
 * failed/ comes before out/: it has no consumer that would take a file before it could be undone. A note
 * replaces an older one, so it is placed only when what it is about has the name in failed/, or is
 * about to: before a move, which no manifest would repeat.
 */
static const uint8_t place_files[] = {STEP_CHECK, STEP_PLACE_FAILED, STEP_PLACE_OUT,
				      STEP_PLACE_NOTE, STEP_END};
static const uint8_t place_and_remove[] = {STEP_CHECK,	    STEP_PLACE_FAILED, STEP_PLACE_OUT,
					   STEP_PLACE_NOTE, STEP_REMOVE,       STEP_END};
static const uint8_t undo_files[] = {STEP_UNDO_FAILED, STEP_END};
static const uint8_t move_unit[] = {STEP_FIND_ROOM, STEP_PLACE_NOTE, STEP_CHECK, STEP_MOVE,
				    STEP_END};
static const uint8_t undo_move[] = {STEP_UNDO_NOTE, STEP_END};
static const uint8_t remove_unit[] = {STEP_LOOK, STEP_REMOVE, STEP_END};
static const uint8_t clean_files[] = {STEP_CLEAN_OUT, STEP_CLEAN_FAILED, STEP_CLEAN_NOTE, STEP_END};
static const uint8_t nothing[] = {STEP_END};

static void step_done(struct ring_op *op, int res);
static void old_name_looked_for(struct ring_op *op, int res);

static const uint8_t *steps_of(const struct unit *unit, enum unit_task task)
{
	bool release = unit->outcome == UNIT_RELEASE;
	bool at_once = !unit->steps_setting->durable;

	switch (task) {
	case UNIT_TASK_PLACE:
		if (!release)
			return move_unit;
		return at_once ? place_and_remove : place_files;
	case UNIT_TASK_REMOVE: return release && !at_once ? remove_unit : nothing;
	case UNIT_TASK_CLEAN: return unit_needs_batch(unit) ? nothing : clean_files;
	}
	return nothing;
}

static bool place(struct unit *unit, const struct out_file *file, int place_fd, const char *name,
		  unsigned flags)
{
	if (!out_file_created(file))
		return false;
	ring_renameat(unit->steps_setting->ring, &unit->op, unit->steps_setting->dir->tmp_fd,
		      file->name, place_fd, name, flags);
	return true;
}

static bool clean(struct unit *unit, const struct out_file *file)
{
	if (!out_file_created(file))
		return false;
	ring_unlinkat(unit->steps_setting->ring, &unit->op, unit->steps_setting->dir->tmp_fd,
		      file->name);
	return true;
}

static bool place_note(struct unit *unit)
{
	if (!out_file_created(&unit->note))
		return false;
	unit_reason_name(unit, unit->target);
	return place(unit, &unit->note, unit->steps_setting->dir->failed_fd, unit->target, 0);
}

static bool undo_note(struct unit *unit)
{
	if (!out_file_created(&unit->note))
		return false;
	unit_reason_name(unit, unit->target);
	ring_unlinkat(unit->steps_setting->ring, &unit->op, unit->steps_setting->dir->failed_fd,
		      unit->target);
	return true;
}

static bool undo_failed(struct unit *unit)
{
	const struct spool_dir *dir = unit->steps_setting->dir;

	if (!out_file_created(&unit->failed))
		return false;
	ring_renameat(unit->steps_setting->ring, &unit->op, dir->failed_fd, unit->name, dir->tmp_fd,
		      unit->failed.name, RENAME_NOREPLACE);
	return true;
}

static void look(struct unit *unit, int dir_fd, const char *name)
{
	ring_statx(unit->steps_setting->ring, &unit->op, dir_fd, name, AT_SYMLINK_NOFOLLOW,
		   STATX_INO | STATX_SIZE | STATX_MTIME, &unit->status);
}

static bool find_room(struct unit *unit)
{
	if (unit->outcome != UNIT_MOVE_FAILED)
		return false;
	look(unit, unit->steps_setting->dir->failed_fd, unit->name);
	return true;
}

/* Submits the step, if this unit has a use for it. */
static bool submit_step(struct unit *unit, enum step step)
{
	struct ring *ring = unit->steps_setting->ring;
	const struct spool_dir *dir = unit->steps_setting->dir;

	switch (step) {
	case STEP_CHECK:
	case STEP_LOOK: look(unit, dir->in_fd, unit->name); return true;
	case STEP_PLACE_NOTE: return place_note(unit);
	case STEP_PLACE_FAILED:
		return place(unit, &unit->failed, dir->failed_fd, unit->name, RENAME_NOREPLACE);
	case STEP_PLACE_OUT:
		return place(unit, &unit->out, dir->out_fd, unit->name, RENAME_NOREPLACE);
	case STEP_UNDO_FAILED: return undo_failed(unit);
	case STEP_UNDO_NOTE: return undo_note(unit);
	case STEP_FIND_ROOM: return find_room(unit);
	case STEP_MOVE:
		ring_renameat(ring, &unit->op, dir->in_fd, unit->name,
			      unit->outcome == UNIT_MOVE_OUT ? dir->out_fd : dir->failed_fd,
			      unit->name, RENAME_NOREPLACE);
		return true;
	case STEP_REMOVE: ring_unlinkat(ring, &unit->op, dir->in_fd, unit->name); return true;
	case STEP_CLEAN_OUT: return clean(unit, &unit->out);
	case STEP_CLEAN_FAILED: return clean(unit, &unit->failed);
	case STEP_CLEAN_NOTE: return clean(unit, &unit->note);
	case STEP_END: break;
	}
	assert(!"the end is no step");
	return false;
}

static void go_on(struct unit *unit)
{
	while (*unit->steps != STEP_END) {
		unit->op.done = step_done;
		if (submit_step(unit, (enum step) * unit->steps))
			return;
		unit->steps++;
	}
	unit->steps_setting->over(unit, 0, "");
}

static void stop(struct unit *unit, int error, const char *what)
{
	unit->steps_setting->over(unit, error, what);
}

void unit_steps_start(struct unit *unit, const struct unit_steps_setting *setting,
		      enum unit_task task)
{
	unit->steps_setting = setting;
	unit->steps = steps_of(unit, task);
	go_on(unit);
}

/* What has been placed of this unit by now is taken back. */
static const uint8_t *undo_of(const struct unit *unit)
{
	switch ((enum step) * unit->steps) {
	case STEP_PLACE_OUT: return undo_files;
	case STEP_CHECK: return unit->outcome == UNIT_RELEASE ? nothing : undo_move;
	case STEP_MOVE: return undo_move;
	case STEP_END:
	case STEP_LOOK:
	case STEP_PLACE_NOTE:
	case STEP_PLACE_FAILED:
	case STEP_UNDO_FAILED:
	case STEP_UNDO_NOTE:
	case STEP_FIND_ROOM:
	case STEP_REMOVE:
	case STEP_CLEAN_OUT:
	case STEP_CLEAN_FAILED:
	case STEP_CLEAN_NOTE: break;
	}
	return nothing;
}

/* The unit's names do not let it through: it stays. */
static void give_up(struct unit *unit, int error)
{
	const uint8_t *undo = undo_of(unit);
	bool to_out = *unit->steps == STEP_PLACE_OUT || unit->outcome == UNIT_MOVE_OUT;

	if (error == -EEXIST)
		unit_stays_after_all(unit, 0, "%s/%s exists already", to_out ? "out" : "failed",
				     unit->name);
	else
		unit_stays_after_all(unit, error, "it cannot be renamed into its place: %s",
				     strerror(-error));
	unit->steps = undo;
	go_on(unit);
}

/* The name that a rename step starts from. */
static void look_for_old_name(struct unit *unit)
{
	const struct spool_dir *dir = unit->steps_setting->dir;

	unit->op.done = old_name_looked_for;
	switch ((enum step) * unit->steps) {
	case STEP_PLACE_NOTE: look(unit, dir->tmp_fd, unit->note.name); return;
	case STEP_PLACE_FAILED: look(unit, dir->tmp_fd, unit->failed.name); return;
	case STEP_PLACE_OUT: look(unit, dir->tmp_fd, unit->out.name); return;
	case STEP_MOVE: look(unit, dir->in_fd, unit->name); return;
	case STEP_END:
	case STEP_CHECK:
	case STEP_UNDO_FAILED:
	case STEP_UNDO_NOTE:
	case STEP_FIND_ROOM:
	case STEP_LOOK:
	case STEP_REMOVE:
	case STEP_CLEAN_OUT:
	case STEP_CLEAN_FAILED:
	case STEP_CLEAN_NOTE: break;
	}
	assert(!"not a rename that may fail");
}

static void old_name_looked_for(struct ring_op *op, int res)
{
	struct unit *unit = CONTAINER_OF(op, struct unit, op);

	bool released = *unit->steps == STEP_PLACE_NOTE && unit->outcome == UNIT_RELEASE;

	if (res == -ENOENT || released) {
		/* Done; or only a note is missing of what was released, and it decides nothing. */
		unit->steps++;
		go_on(unit);
	} else if (res == 0) {
		give_up(unit, unit->step_error);
	} else {
		stop(unit, res, "cannot look for a file that was renamed");
	}
}

static bool is_what_was_read(const struct unit *unit)
{
	struct unit_identity now = unit_identity_of(&unit->status);

	return unit_identity_equal(&now, &unit->input.file.identity);
}

/* Nothing of the unit counts yet, so it may stay for any reason. */
static void looked_before_it_counts(struct unit *unit, int res)
{
	if (res == 0 && is_what_was_read(unit)) {
		unit->steps++;
		go_on(unit);
		return;
	}
	unit->steps = undo_of(unit);
	if (res == 0)
		unit_changed_after_all(unit);
	else if (res == -ENOENT)
		unit_gone_after_all(unit);
	else
		unit_stays_after_all(unit, res, "in: %s", strerror(-res));
	go_on(unit);
}

static void looked_before_removal(struct unit *unit, int res)
{
	if (res < 0 && res != -ENOENT) {
		stop(unit, res, "cannot look into in/");
		return;
	}
	/* It was taken away, or another one has its name: not ours to remove. */
	if (res == -ENOENT || !is_what_was_read(unit))
		unit->steps = nothing;
	else
		unit->steps++;
	go_on(unit);
}

static void looked_for_room(struct unit *unit, int res)
{
	if (res == -ENOENT) {
		unit->steps++;
		go_on(unit);
	} else {
		give_up(unit, res == 0 ? -EEXIST : res);
	}
}

static void step_failed(struct unit *unit, int error)
{
	switch ((enum step) * unit->steps) {
	case STEP_PLACE_NOTE:
	case STEP_PLACE_FAILED:
	case STEP_PLACE_OUT:
	case STEP_MOVE:
		unit->step_error = error;
		if (error == -EEXIST)
			give_up(unit, error);
		else
			look_for_old_name(unit);
		return;
	case STEP_UNDO_FAILED:
		/* Somebody has dealt with it already, as with any file in failed/. */
		if (error == -ENOENT)
			break;
		stop(unit, error, "cannot take a file back from failed/");
		return;
	case STEP_REMOVE:
		if (error == -ENOENT)
			break;
		stop(unit, error, "cannot remove a signed unit from in/");
		return;
	case STEP_UNDO_NOTE: break; /* a note too many does no harm */
	case STEP_CLEAN_OUT:
	case STEP_CLEAN_FAILED:
	case STEP_CLEAN_NOTE: break; /* the next start removes it */
	case STEP_CHECK:
	case STEP_FIND_ROOM:
	case STEP_LOOK:
	case STEP_END: assert(!"does not fail here");
	}
	unit->steps++;
	go_on(unit);
}

static void step_done(struct ring_op *op, int res)
{
	struct unit *unit = CONTAINER_OF(op, struct unit, op);

	if (*unit->steps == STEP_FIND_ROOM) {
		looked_for_room(unit, res);
	} else if (*unit->steps == STEP_CHECK) {
		looked_before_it_counts(unit, res);
	} else if (*unit->steps == STEP_LOOK) {
		looked_before_removal(unit, res);
	} else if (res < 0) {
		step_failed(unit, res);
	} else {
		unit->steps++;
		go_on(unit);
	}
}
