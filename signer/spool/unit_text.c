/*
 * How it works: the raw bytes of the unit go to an out_file as they come; beside that, the message text
 * goes to a message_signer. When the header is over, the DKIM-Signature fields are put in, with gaps
 * for what is not known yet; when the signatures are there, the complete fields go over them.
 *
 * Messages are kept in order, oldest first, until they are done. Bytes before the oldest that is not
 * done are final and may be written. A message larger than the window is written with its gaps,
 * and patched on disk.
 *
 * In a batch each message has a mode. It starts as SIGN. Where it turns out that the message must
 * pass unchanged or be refused, and its bytes were already copied as if it were signed, the unit
 * goes back to the start of that transaction, in the input and in the output, and takes it
 * again in the other mode. So a message is read twice at most.
 *
 *   SIGN --> SIGN, its fields put in
 *     +----> PASS:   copied to out/
 *     +----> REFUSE: copied to failed/
 */
#include "signer/spool/unit_text.h"

#include "common/clock.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Messages of one unit that wait for signatures at the same time. */
#define PENDING_MAX 512

/* Room for NAME and the number of the message in it. */
#define JOB_SIZE (NAME_MAX + 16)

struct unit_message {
	struct unit *unit;
	struct unit_message *next;
	struct message_signer *signer; /* NULL: its bytes are only copied */
	enum unit_message_mode mode;
	enum {
		UNIT_MESSAGE_ENVELOPE, /* MAIL and RCPT lines of a batch */
		UNIT_MESSAGE_READING,
		UNIT_MESSAGE_SIGNING,
		UNIT_MESSAGE_DONE,
	} state;
	bool patched;	     /* written with gaps: its fields go over them on disk */
	uint64_t raw_start;  /* of its transaction in the input */
	uint64_t line;	     /* of its transaction in a batch */
	uint64_t out_start;  /* of its transaction in `out` */
	uint64_t text_start; /* of its text in `out` */
	uint64_t insert_at;  /* of its fields in `out` */
	size_t fields_size;  /* 0: not put in */
	char job[JOB_SIZE];
};

static void message_woken(struct message_signer *signer, void *arg);

static struct unit_message *message_new(struct unit *unit)
{
	struct unit_message *message = unit->spare;

	if (message == NULL)
		message = malloc(sizeof(*message));
	else
		unit->spare = message->next;
	if (message == NULL)
		return NULL;
	message->unit = unit;
	message->next = NULL;
	message->signer = NULL;
	message->mode = unit->next_mode;
	message->state = UNIT_MESSAGE_ENVELOPE;
	message->patched = false;
	message->fields_size = 0;
	return message;
}

static void message_drop_signer(struct unit_message *message)
{
	signer_pool_give_back(message->unit->setting->signers, message->signer);
	message->signer = NULL;
}

static void message_recycle(struct unit_message *message)
{
	message_drop_signer(message);
	message->next = message->unit->spare;
	message->unit->spare = message;
}

static void unit_add_message(struct unit *unit, struct unit_message *message)
{
	unit->current = message;
	if (unit->last == NULL)
		unit->first = message;
	else
		unit->last->next = message;
	unit->last = message;
	unit->pending_count++;
}

/* Takes the newest message off the list: it is taken again, or was no message. */
static void unit_remove_current(struct unit *unit)
{
	struct unit_message *message = unit->current;
	struct unit_message *before = unit->first;

	assert(message == unit->last);
	if (before == message) {
		unit->first = NULL;
		unit->last = NULL;
	} else {
		while (before->next != message)
			before = before->next;
		before->next = NULL;
		unit->last = before;
	}
	unit->pending_count--;
	unit->current = NULL;
	message_recycle(message);
}

static void unit_drop_done(struct unit *unit)
{
	while (unit->first != NULL && unit->first->state == UNIT_MESSAGE_DONE) {
		struct unit_message *message = unit->first;

		unit->first = message->next;
		if (unit->first == NULL)
			unit->last = NULL;
		unit->pending_count--;
		message_recycle(message);
	}
}

/* The file that the bytes of the current transaction go to. */
static struct out_file *unit_sink(struct unit *unit)
{
	if (unit->current != NULL && unit->current->mode == UNIT_MESSAGE_REFUSE)
		return &unit->failed;
	return &unit->out;
}

static bool unit_copy(struct unit *unit, struct bytes raw)
{
	int r = out_file_append(unit_sink(unit), raw);

	if (r != 0)
		unit_settle(unit, UNIT_STAY, r, "out of memory");
	return r == 0;
}

static bool message_begin_transaction(struct unit *unit, uint64_t raw_start, uint64_t line)
{
	struct unit_message *message = message_new(unit);

	if (message == NULL) {
		unit_settle(unit, UNIT_STAY, -ENOMEM, "out of memory");
		return false;
	}
	unit->next_mode = UNIT_MESSAGE_SIGN;
	message->raw_start = raw_start;
	message->line = line;
	message->out_start = out_file_end(&unit->out);
	unit_add_message(unit, message);
	return true;
}

/* The text of the current message begins. */
static void message_begin_text(struct unit *unit)
{
	struct unit_message *message = unit->current;
	int r;

	unit->message_count++;
	message->state = UNIT_MESSAGE_READING;
	message->text_start = out_file_end(&unit->out);
	if (message->mode != UNIT_MESSAGE_SIGN)
		return;
	r = signer_pool_take(unit->setting->signers, &message->signer);
	if (r != 0) {
		unit_settle(unit, UNIT_STAY, r, "out of memory");
		return;
	}
	if (unit->is_batch)
		snprintf(message->job, sizeof(message->job), "%s:%u", unit->name,
			 unit->message_count);
	else
		snprintf(message->job, sizeof(message->job), "%s", unit->name);
	message_signer_start(message->signer, unit->context, message->job, clock_realtime_s(),
			     message_woken, message);
}

/* One line on why the current message of a batch was refused; all go on one line of the note. */
static void note_refusal(struct unit *unit, const char *reason)
{
	char place[64];
	int r;

	unit->note_count++;
	if (out_file_end(&unit->note) > UNIT_REASON_SIZE)
		return; /* a person has seen enough */
	snprintf(place, sizeof(place),
		 "%smessage %u (line %" PRIu64 "): ", unit->note_count > 1 ? "; " : "",
		 unit->message_count, unit->current->line);
	r = out_file_append(&unit->note, bytes_of_string(place));
	if (r == 0)
		r = out_file_append(&unit->note, bytes_of_string(reason));
	if (r != 0)
		unit_settle(unit, UNIT_STAY, r, "out of memory");
}

/* Once `out` is idle: back to the start of the transaction. */
static void unit_finish_rewind(struct unit *unit)
{
	struct unit_message *message = unit->current;

	if (out_file_busy(&unit->out) || out_file_has_patches(&unit->out))
		return;
	unit->rewinding = false;
	out_file_truncate(&unit->out, message->out_start);
	bsmtp_reader_rewind(unit->reader, message->line);
	unit_input_seek(&unit->input, message->raw_start);
	unit->rest_offset = message->raw_start;
	unit->rest = bytes_of(NULL, 0);
	unit->text = bytes_of(NULL, 0);
	unit->message_count--;
	unit_remove_current(unit);
}

static void unit_rewind(struct unit *unit, enum unit_message_mode mode)
{
	unit->next_mode = mode;
	unit->rewinding = true;
	message_drop_signer(unit->current);
	unit_finish_rewind(unit);
}

static void count_passed(struct unit *unit, const struct message_signer *signer)
{
	if (message_signer_verdict(signer) == MESSAGE_ALREADY_SIGNED)
		unit->counts.already_signed_count++;
	else
		unit->counts.passed_count++;
}

/* The current message of a batch is not signed. */
static void batch_message_over(struct unit *unit)
{
	struct unit_message *message = unit->current;

	switch (message_signer_verdict(message->signer)) {
	case MESSAGE_PASS:
	case MESSAGE_ALREADY_SIGNED:
		count_passed(unit, message->signer);
		if (message->fields_size > 0) {
			unit_rewind(unit, UNIT_MESSAGE_PASS);
			return;
		}
		/* Nothing was put in so far, and nothing will be. */
		message->mode = UNIT_MESSAGE_PASS;
		message_drop_signer(message);
		unit->text = bytes_of(NULL, 0);
		return;
	case MESSAGE_REFUSE:
		unit->counts.refused_count++;
		note_refusal(unit, message_signer_reason(message->signer));
		unit_rewind(unit, UNIT_MESSAGE_REFUSE);
		return;
	case MESSAGE_DEFER:
	case MESSAGE_SIGN:
	case MESSAGE_UNDECIDED: break;
	}
	unit_settle(unit, UNIT_STAY, 0, "message %u (line %" PRIu64 "): %s", unit->message_count,
		    message->line, message_signer_reason(message->signer));
}

/* The one message of a unit is not signed: then the whole file goes where it belongs. */
static void single_message_over(struct unit *unit)
{
	const struct message_signer *signer = unit->current->signer;
	const char *reason = message_signer_reason(signer);

	switch (message_signer_verdict(signer)) {
	case MESSAGE_PASS:
	case MESSAGE_ALREADY_SIGNED:
		count_passed(unit, signer);
		unit_settle(unit, UNIT_MOVE_OUT, 0, "%s", reason);
		return;
	case MESSAGE_REFUSE:
		unit->counts.refused_count++;
		unit_settle(unit, UNIT_MOVE_FAILED, 0, "%s", reason);
		return;
	case MESSAGE_DEFER:
	case MESSAGE_SIGN:
	case MESSAGE_UNDECIDED: break;
	}
	unit_settle(unit, UNIT_STAY, 0, "%s", reason);
}

static void message_over(struct unit *unit)
{
	if (unit->is_batch)
		batch_message_over(unit);
	else
		single_message_over(unit);
}

/* The header is over: the fields take their place. */
static void message_put_fields_in(struct unit *unit)
{
	struct unit_message *message = unit->current;
	struct bytes fields = message_signer_fields(message->signer);
	int r;

	message->insert_at = message->text_start + message_signer_insert_at(message->signer);
	r = out_file_insert(&unit->out, message->insert_at, fields);
	if (r != 0) {
		unit_settle(unit, UNIT_STAY, r, "out of memory");
		return;
	}
	message->fields_size = fields.size;
}

static void message_progress(struct unit *unit, enum message_progress progress)
{
	switch (progress) {
	case MESSAGE_MORE: break;
	case MESSAGE_WAIT: unit->waiting = true; break;
	case MESSAGE_DECIDED: message_put_fields_in(unit); break;
	case MESSAGE_OVER: message_over(unit); break;
	case MESSAGE_SIGNING:
		unit->current->state = UNIT_MESSAGE_SIGNING;
		unit->current = NULL;
		break;
	}
}

static void unit_push_text(struct unit *unit)
{
	if (unit->current->signer == NULL)
		unit->text = bytes_of(NULL, 0);
	else
		message_progress(unit, message_signer_push(unit->current->signer, &unit->text));
}

/* The text of the current message is over. May take several calls: keys, then signatures. */
static void message_end(struct unit *unit)
{
	struct unit_message *message = unit->current;

	if (message->signer == NULL) {
		message->state = UNIT_MESSAGE_DONE;
		unit->current = NULL;
		unit_drop_done(unit);
		return;
	}
	message_progress(unit, message_signer_end(message->signer));
}

static void message_signed(struct unit_message *message)
{
	struct unit *unit = message->unit;
	struct bytes fields = message_signer_fields(message->signer);
	int r;

	if (message_signer_verdict(message->signer) != MESSAGE_SIGN) {
		if (unit->is_batch)
			unit_settle(unit, UNIT_STAY, 0, "%s: %s", message->job,
				    message_signer_reason(message->signer));
		else {
			unit->current = message;
			single_message_over(unit);
		}
		return;
	}
	assert(fields.size == message->fields_size);
	r = out_file_overwrite(&unit->out, message->insert_at, fields);
	if (r != 0) {
		unit_settle(unit, UNIT_STAY, r, "out of memory");
		return;
	}
	unit->counts.signed_count++;
}

static void message_woken(struct message_signer *signer, void *arg)
{
	struct unit_message *message = arg;
	struct unit *unit = message->unit;

	(void)signer;
	if (message->state == UNIT_MESSAGE_SIGNING) {
		if (unit->state == UNIT_READING)
			message_signed(message);
		message->state = UNIT_MESSAGE_DONE;
		message_drop_signer(message);
		unit_drop_done(unit);
	} else {
		unit->waiting = false;
	}
	unit_proceed(unit);
}

static void batch_event(struct unit *unit, const struct bsmtp_event *event, uint64_t raw_start)
{
	switch (event->kind) {
	case BSMTP_NOTHING: return;
	case BSMTP_MAIL:
		if (!message_begin_transaction(unit, raw_start,
					       bsmtp_reader_line(unit->reader) - 1))
			return;
		(void)unit_copy(unit, event->raw);
		return;
	case BSMTP_SESSION:
		if (!unit_copy(unit, event->raw))
			return;
		/* RSET: the transaction was none. */
		if (unit->current != NULL && !bsmtp_reader_in_transaction(unit->reader))
			unit_remove_current(unit);
		return;
	case BSMTP_RCPT: (void)unit_copy(unit, event->raw); return;
	case BSMTP_DATA:
		if (unit_copy(unit, event->raw))
			message_begin_text(unit);
		return;
	case BSMTP_TEXT:
		if (unit_copy(unit, event->raw))
			unit->text = event->text;
		return;
	case BSMTP_DATA_END: unit->ending = unit_copy(unit, event->raw); return;
	}
}

/* Nothing in the file can be trusted then, so it goes to failed/ whole, whatever its messages were. */
static void batch_broken(struct unit *unit, int error)
{
	unit->counts = (struct unit_counts){0};
	unit_settle(unit, UNIT_MOVE_FAILED, 0, "line %" PRIu64 ": %s",
		    bsmtp_reader_line(unit->reader), bsmtp_error_text(error));
}

static void batch_next(struct unit *unit)
{
	struct bsmtp_event event;
	size_t before = unit->rest.size;
	int r = bsmtp_reader_next(unit->reader, &unit->rest, &event);

	if (r != 0) {
		batch_broken(unit, r);
		return;
	}
	unit->rest_offset += before - unit->rest.size;
	batch_event(unit, &event, unit->rest_offset - event.raw.size);
}

static void single_next(struct unit *unit)
{
	if (unit_copy(unit, unit->rest))
		unit->text = unit->rest;
	unit->rest_offset += unit->rest.size;
	unit->rest = bytes_of(NULL, 0);
}

/* The note on refused messages ends, with how many there are if it does not tell all. */
static bool close_note(struct unit *unit)
{
	char text[64] = "";
	int r;

	if (unit->note_count == 0)
		return true;
	if (out_file_end(&unit->note) > UNIT_REASON_SIZE)
		snprintf(text, sizeof(text), "; %u in all", unit->note_count);
	r = out_file_append(&unit->note, bytes_of_string(text));
	if (r != 0)
		unit_settle(unit, UNIT_STAY, r, "out of memory");
	return r == 0;
}

static void end_of_input(struct unit *unit)
{
	int r;

	if (!unit->is_batch) {
		message_end(unit);
		unit->input_done = unit->current == NULL;
		return;
	}
	r = bsmtp_reader_end(unit->reader);
	if (r != 0)
		batch_broken(unit, r);
	else
		unit->input_done = close_note(unit);
}

/* The bytes of `out` before this will not change any more. */
static uint64_t final_end(struct unit *unit)
{
	for (struct unit_message *message = unit->first; message != NULL; message = message->next) {
		bool settled = message->state == UNIT_MESSAGE_DONE || message->patched ||
			       message->mode != UNIT_MESSAGE_SIGN;

		if (!settled)
			return message->out_start;
	}
	return out_file_end(&unit->out);
}

/* A message that fills the window alone is written with its gaps. */
static void let_long_message_go(struct unit *unit)
{
	struct unit_message *message = unit->current;

	if (message == NULL || message != unit->first || message->state != UNIT_MESSAGE_READING)
		return;
	if (message->signer != NULL && message->fields_size == 0)
		return; /* the header is not over */
	if (out_file_end(&unit->out) - out_file_base(&unit->out) >= OUT_FILE_WINDOW)
		message->patched = true;
}

/* Too much is in memory already: what is under way must end first. */
static bool must_wait(const struct unit *unit)
{
	uint64_t in_memory = out_file_end(&unit->out) - out_file_base(&unit->out);
	bool relief_comes = out_file_busy(&unit->out) || unit->first != unit->current;

	return unit->pending_count >= PENDING_MAX ||
	       (in_memory >= 2 * OUT_FILE_WINDOW && relief_comes) ||
	       (out_file_end(&unit->failed) - out_file_base(&unit->failed) >= 2 * OUT_FILE_WINDOW &&
		out_file_busy(&unit->failed));
}

/* One step. Returns false when nothing can be done until something else moves. */
static bool pump_step(struct unit *unit)
{
	if (unit->waiting || unit_input_busy(&unit->input))
		return false;
	if (unit->rewinding) {
		unit_finish_rewind(unit);
		return !unit->rewinding;
	}
	if (unit->text.size > 0) {
		unit_push_text(unit);
	} else if (unit->ending) {
		message_end(unit);
		unit->ending = unit->current != NULL && !unit->rewinding;
	} else if (unit->rest.size > 0) {
		if (unit->is_batch)
			batch_next(unit);
		else
			single_next(unit);
	} else if (!unit_input_at_end(&unit->input)) {
		if (!must_wait(unit))
			unit_input_read(&unit->input);
		return false;
	} else if (!unit->input_done) {
		end_of_input(unit);
	} else {
		return false;
	}
	return true;
}

void unit_text_start(struct unit *unit)
{
	unit->is_batch = unit_name_is_batch(unit->name);
	if (!unit->is_batch) {
		if (message_begin_transaction(unit, 0, 1))
			message_begin_text(unit);
		return;
	}
	if (unit->reader == NULL)
		unit->reader = malloc(sizeof(*unit->reader));
	if (unit->reader == NULL)
		unit_settle(unit, UNIT_STAY, -ENOMEM, "out of memory");
	else
		bsmtp_reader_init(unit->reader);
}

/* What was just read, if it was. */
static void take_chunk(struct unit *unit)
{
	if (unit->rest.size > 0 || unit_input_busy(&unit->input))
		return;
	unit->rest = unit_input_take_chunk(&unit->input);
}

void unit_text_pump(struct unit *unit)
{
	take_chunk(unit);
	while (unit->state == UNIT_READING && pump_step(unit))
		;
	if (unit->state != UNIT_READING)
		return;
	let_long_message_go(unit);
	out_file_advance(&unit->out, final_end(unit));
	out_file_advance(&unit->failed, out_file_end(&unit->failed));
}

bool unit_text_done(const struct unit *unit)
{
	return unit->input_done && unit->first == NULL;
}

bool unit_text_idle(const struct unit *unit)
{
	for (const struct unit_message *message = unit->first; message != NULL;
	     message = message->next) {
		if (message->signer != NULL && message_signer_busy(message->signer))
			return false;
	}
	return true;
}

void unit_text_clear(struct unit *unit)
{
	while (unit->first != NULL) {
		struct unit_message *message = unit->first;

		unit->first = message->next;
		message_recycle(message);
	}
	unit->last = NULL;
	unit->current = NULL;
	unit->pending_count = 0;
}

void unit_text_deinit(struct unit *unit)
{
	while (unit->spare != NULL) {
		struct unit_message *message = unit->spare;

		unit->spare = message->next;
		free(message);
	}
	free(unit->reader);
	unit->reader = NULL;
}
