/*
 * How it works: the input and up to three output files move at the same time, each one operation at a time;
 * whatever moves calls unit_proceed(), which asks what can be done now.
 *
 *   FREE -> OPENING -> READING -> CLOSING -> SETTLED
 *              |          |          |          ^
 *              |          |          +-> CLEANING  (files in tmp/ that will not be used)
 *              +----------+-- an outcome other than RELEASE: CLOSING, and nothing more is written
 *
 * Nothing is given up while an operation, a key or a signature is under way: CLOSING waits for all.
 */
#include "signer/spool/unit.h"

#include "signer/spool/unit_text.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_SUFFIX ".reason"

static void input_moved(struct unit_input *input)
{
	unit_proceed(CONTAINER_OF(input, struct unit, input));
}

static void out_moved(struct out_file *file)
{
	unit_proceed(CONTAINER_OF(file, struct unit, out));
}

static void failed_moved(struct out_file *file)
{
	unit_proceed(CONTAINER_OF(file, struct unit, failed));
}

static void note_moved(struct out_file *file)
{
	unit_proceed(CONTAINER_OF(file, struct unit, note));
}

static void unit_enter(struct unit *unit, enum unit_state next)
{
	unit->state = next;
}

void unit_counts_add(struct unit_counts *sum, const struct unit_counts *more)
{
	sum->signed_count += more->signed_count;
	sum->passed_count += more->passed_count;
	sum->already_signed_count += more->already_signed_count;
	sum->refused_count += more->refused_count;
}

static bool name_ends_with(const char *name, const char *suffix)
{
	size_t size = strlen(name);
	size_t suffix_size = strlen(suffix);

	return size > suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

bool unit_name_is_batch(const char *name)
{
	return name_ends_with(name, ".bsmtp");
}

void unit_init(struct unit *unit, const struct unit_setting *setting,
	       void (*settled)(struct unit *unit, void *arg), void *arg)
{
	*unit = (struct unit){
		.setting = setting,
		.settled = settled,
		.settled_arg = arg,
		.state = UNIT_FREE,
	};
}

/* What a unit needs no more once it is settled. */
static void drop_content(struct unit *unit)
{
	out_file_deinit(&unit->out);
	out_file_deinit(&unit->failed);
	out_file_deinit(&unit->note);
	unit_input_deinit(&unit->input);
	signing_context_unref(unit->context);
	unit->context = NULL;
}

void unit_deinit(struct unit *unit)
{
	if (unit->state == UNIT_FREE || unit->state == UNIT_SETTLED)
		return;
	unit_text_clear(unit);
	out_file_lost_ring(&unit->out);
	out_file_lost_ring(&unit->failed);
	out_file_lost_ring(&unit->note);
	unit_input_lost_ring(&unit->input);
	drop_content(unit);
}

static void init_out_file(struct unit *unit, struct out_file *file,
			  void (*moved)(struct out_file *file))
{
	const struct unit_setting *setting = unit->setting;

	out_file_init(file, setting->ring, setting->dir->tmp_fd,
		      atomic_fetch_add_explicit(setting->next_number, 1, memory_order_relaxed),
		      moved);
}

void unit_assign(struct unit *unit, const char *name)
{
	assert(unit->state == UNIT_FREE);
	snprintf(unit->name, sizeof(unit->name), "%s", name);
}

void unit_start(struct unit *unit, const struct input_file *file)
{
	assert(unit->state == UNIT_FREE);
	unit->outcome = UNIT_RELEASE;
	unit->error = 0;
	unit->reason[0] = '\0';
	unit->counts = (struct unit_counts){0};
	unit->context = signing_context_ref(unit->setting->context);
	unit->flush_failures = atomic_load(unit->setting->flush_failures);
	unit->input_done = false;
	unit->waiting = false;
	unit->one_by_one = false;
	unit->rewind_to = NULL;
	unit->ending = false;
	unit->rest = bytes_of(NULL, 0);
	unit->text = bytes_of(NULL, 0);
	unit->rest_offset = 0;
	unit->message_count = 0;
	unit->note_count = 0;
	unit->next_mode = UNIT_MESSAGE_SIGN;
	unit->next_counter = NULL;
	init_out_file(unit, &unit->out, out_moved);
	init_out_file(unit, &unit->failed, failed_moved);
	init_out_file(unit, &unit->note, note_moved);
	unit_input_init(&unit->input, unit->setting->ring, unit->setting->dir->in_fd, unit->name,
			file, input_moved);
	unit_enter(unit, UNIT_OPENING);
	unit_input_open(&unit->input);
}

void unit_finish(struct unit *unit)
{
	assert(unit->state == UNIT_SETTLED);
	unit_enter(unit, UNIT_FREE);
}

uint64_t unit_memory_bytes(uint64_t size)
{
	/* What was read, what is to be written, and what is being written. */
	const uint64_t most = UNIT_INPUT_CHUNK + 3 * OUT_FILE_WINDOW;

	return 3 * size < most ? 3 * size : most;
}

/* failed/NAME.reason of a unit that goes there whole. */
static int write_note(struct unit *unit)
{
	int r;

	out_file_truncate(&unit->note, 0); /* what was noted for single messages */
	r = out_file_append(&unit->note, bytes_of_string(unit->reason));
	return r == 0 ? out_file_append(&unit->note, BYTES_LITERAL("\n")) : r;
}

bool unit_needs_batch(const struct unit *unit)
{
	switch (unit->outcome) {
	case UNIT_RELEASE:
	case UNIT_MOVE_OUT:
	case UNIT_MOVE_FAILED: return true;
	case UNIT_STAY:
	case UNIT_GONE:
	case UNIT_AGAIN: return false;
	}
	return false;
}

void unit_settle(struct unit *unit, enum unit_outcome outcome, int error, const char *format, ...)
{
	va_list args;

	if (unit->state != UNIT_OPENING && unit->state != UNIT_READING)
		return;
	unit->outcome = outcome;
	unit->error = error;
	va_start(args, format);
	vsnprintf(unit->reason, sizeof(unit->reason), format, args);
	va_end(args);
	unit_enter(unit, UNIT_CLOSING);
	/* The note on another unit would replace it there. */
	if (outcome == UNIT_MOVE_FAILED && name_ends_with(unit->name, REASON_SUFFIX))
		unit_stays_after_all(unit, 0, "nothing in failed/ can have this name");
	else if (outcome == UNIT_MOVE_FAILED && write_note(unit) != 0)
		unit_stays_after_all(unit, -ENOMEM, "out of memory");
	else if (!unit_needs_batch(unit))
		unit->counts = (struct unit_counts){0};
}

void unit_stays_after_all(struct unit *unit, int error, const char *format, ...)
{
	va_list args;

	unit->outcome = UNIT_STAY;
	unit->error = error;
	unit->counts = (struct unit_counts){0};
	va_start(args, format);
	vsnprintf(unit->reason, sizeof(unit->reason), format, args);
	va_end(args);
}

/* Since it was found, it may have become whole; one that was opened just now is being written. */
static enum unit_outcome changed_outcome(const struct unit *unit)
{
	return unit->input.found ? UNIT_AGAIN : UNIT_STAY;
}

static const char *changed_text(const struct unit *unit)
{
	return unit->input.found ? "it is not what was found" : "it changed while it was read";
}

void unit_changed_after_all(struct unit *unit)
{
	unit_stays_after_all(unit, 0, "%s", changed_text(unit));
	unit->outcome = changed_outcome(unit);
}

void unit_gone_after_all(struct unit *unit)
{
	unit_stays_after_all(unit, 0, "it is not there any more");
	unit->outcome = UNIT_GONE;
}

void unit_reason_name(const struct unit *unit, char name[NAME_MAX + 1])
{
	const int room = NAME_MAX - (int)(sizeof(REASON_SUFFIX) - 1);

	snprintf(name, NAME_MAX + 1, "%.*s" REASON_SUFFIX, room, unit->name);
}

/* What the input said went wrong. */
static void settle_input_error(struct unit *unit)
{
	int error = unit_input_error(&unit->input);

	switch (error) {
	case UNIT_INPUT_E_NOT_A_FILE:
		unit_settle(unit, UNIT_STAY, 0, "this is not a regular file");
		return;
	case UNIT_INPUT_E_CHANGED:
	case UNIT_INPUT_E_OUTDATED:
		unit_settle(unit, changed_outcome(unit), 0, "%s", changed_text(unit));
		return;
	case -ENOENT: unit_settle(unit, UNIT_GONE, 0, "it is not there any more"); return;
	default: unit_settle(unit, UNIT_STAY, error, "in: %s", strerror(-error)); return;
	}
}

/* The rights that files of this unit get: as configured, or as the input has them. */
static void set_rights(struct unit *unit)
{
	const struct unit_setting *setting = unit->setting;
	struct out_file_rights rights = setting->rights;

	if (rights.mode == (mode_t)-1)
		rights.mode = unit->input.file.mode & 0777;
	if (rights.owner == (uid_t)-1)
		rights.owner = unit->input.file.owner;
	if (rights.group == (gid_t)-1)
		rights.group = unit->input.file.group;
	if (rights.owner == setting->own_uid)
		rights.owner = (uid_t)-1;
	if (rights.group == setting->own_gid)
		rights.group = (gid_t)-1;
	out_file_set_rights(&unit->out, &rights);
	out_file_set_rights(&unit->failed, &rights);
	out_file_set_rights(&unit->note, &rights);
}

static void opening_proceed(struct unit *unit)
{
	uint64_t size_max = unit->setting->unit_bytes_max;

	if (unit_input_busy(&unit->input))
		return;
	if (unit_input_error(&unit->input) != 0) {
		settle_input_error(unit);
		return;
	}
	set_rights(unit);
	if (size_max != 0 && unit_input_size(&unit->input) > size_max) {
		unit_settle(unit, UNIT_MOVE_FAILED, 0, "it is larger than SpoolMaxUnit allows");
		return;
	}
	unit_enter(unit, UNIT_READING);
	unit_text_start(unit);
}

/* The note on single messages becomes a line. */
static void release(struct unit *unit)
{
	int r = unit->note_count == 0 ? 0 : out_file_append(&unit->note, BYTES_LITERAL("\n"));

	if (r != 0)
		unit_settle(unit, UNIT_STAY, r, "out of memory");
	else
		unit_settle(unit, UNIT_RELEASE, 0, "signed");
}

static void reading_done(struct unit *unit)
{
	const struct unit_counts *counts = &unit->counts;

	if (counts->signed_count == 0 && counts->refused_count == 0)
		unit_settle(unit, UNIT_MOVE_OUT, 0, "not to be signed");
	else if (counts->signed_count + counts->passed_count + counts->already_signed_count == 0)
		unit_settle(unit, UNIT_MOVE_FAILED, 0, "%.*s", (int)unit->note.tail.size,
			    (const char *)unit->note.tail.data);
	else
		release(unit);
}

static void reading_proceed(struct unit *unit)
{
	int out_error = out_file_error(&unit->out) != 0 ? out_file_error(&unit->out)
							: out_file_error(&unit->failed);

	if (unit_input_error(&unit->input) != 0) {
		settle_input_error(unit);
		return;
	}
	if (out_error != 0) {
		unit_settle(unit, UNIT_STAY, out_error, "tmp: %s", strerror(-out_error));
		return;
	}
	unit_text_pump(unit);
	if (unit->state == UNIT_READING && unit_text_done(unit))
		reading_done(unit);
}

/* It may have been begun and emptied again: see unit_text.c on what is taken again. */
static bool wants_failed(const struct unit *unit)
{
	return unit->outcome == UNIT_RELEASE && unit->counts.refused_count > 0;
}

static bool wants_note(const struct unit *unit)
{
	return unit->outcome == UNIT_MOVE_FAILED || wants_failed(unit);
}

static void end_out_file(struct out_file *file, bool wanted)
{
	if (wanted)
		out_file_finish(file);
	else
		out_file_abandon(file);
}

/* Ends what can be ended now; each call is harmless for what is ending or over already. */
static void end_files(struct unit *unit)
{
	bool release = unit->outcome == UNIT_RELEASE;

	end_out_file(&unit->out, release);
	end_out_file(&unit->failed, wants_failed(unit));
	end_out_file(&unit->note, wants_note(unit));
	if (unit->input.state == UNIT_INPUT_IDLE)
		unit_input_close(&unit->input);
}

static bool files_are_over(const struct unit *unit)
{
	return unit->out.state == OUT_FILE_CLOSED && unit->failed.state == OUT_FILE_CLOSED &&
	       unit->note.state == OUT_FILE_CLOSED && unit->input.state == UNIT_INPUT_CLOSED;
}

/* An error that came while all was closed: then the unit stays after all. */
static void look_for_late_errors(struct unit *unit)
{
	int error = wants_note(unit) ? out_file_error(&unit->note) : 0;

	if (unit->outcome == UNIT_RELEASE) {
		if (error == 0)
			error = out_file_error(&unit->out);
		if (error == 0 && wants_failed(unit))
			error = out_file_error(&unit->failed);
		if (error == 0)
			error = unit_input_error(&unit->input);
	}
	if (error != 0)
		unit_stays_after_all(unit, error, "%s", strerror(-error));
}

static bool remove_file(struct unit *unit, struct out_file *file, bool wanted)
{
	if (wanted || !out_file_created(file))
		return false;
	file->created = false;
	ring_unlinkat(unit->setting->ring, &unit->op, unit->setting->dir->tmp_fd, file->name);
	return true;
}

/* Removes the next file in tmp/ that nobody wants. What cannot be removed, the next start does. */
static void cleaning_proceed(struct unit *unit)
{
	bool release = unit->outcome == UNIT_RELEASE;

	if (remove_file(unit, &unit->out, release) ||
	    remove_file(unit, &unit->failed, wants_failed(unit)) ||
	    remove_file(unit, &unit->note, wants_note(unit)))
		return;
	drop_content(unit); /* many may wait for their batch */
	unit_enter(unit, UNIT_SETTLED);
	unit->settled(unit, unit->settled_arg);
}

static void cleaned_one(struct ring_op *op, int res)
{
	(void)res;
	cleaning_proceed(CONTAINER_OF(op, struct unit, op));
}

static void closing_proceed(struct unit *unit)
{
	if (!unit_text_idle(unit))
		return;
	unit_text_clear(unit);
	end_files(unit);
	if (!files_are_over(unit))
		return;
	look_for_late_errors(unit);
	unit_enter(unit, UNIT_CLEANING);
	unit->op.done = cleaned_one;
	cleaning_proceed(unit);
}

void unit_proceed(struct unit *unit)
{
	/* The three may follow one another without anything else moving. */
	if (unit->state == UNIT_OPENING)
		opening_proceed(unit);
	if (unit->state == UNIT_READING)
		reading_proceed(unit);
	if (unit->state == UNIT_CLOSING)
		closing_proceed(unit);
}
