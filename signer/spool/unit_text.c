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
 * goes back to the start of that transaction, in the input and in all outputs, and takes it again in
 * the other mode, and with it what came behind.
 *
 *   SIGN --> SIGN, its fields put in
 *     +----> PASS:   copied to out/
 *     +----> REFUSE: copied to failed/
 *
 * That is the message being read, as a rule, so that it is read twice at most. Only a signature that
 * fails is found out when others have been read meanwhile. Then, from there to the end of the unit, a
 * message waits for the one before it: else each failure would cost a window of signatures.
 *
 * A message is counted when it leaves the list, in order: what may be taken again is not counted yet.
 */
#include "signer/spool/unit_text.h"

#include "common/clock.h"
#include "signer/spool/unit_message.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Messages of one unit that wait for signatures at the same time. */
#define PENDING_MAX 512

static void message_woken(struct message_signer *signer, void *arg);

static struct unit_message *message_new(struct unit *unit)
{
	struct unit_message *message = unit_message_take(unit->setting->messages);

	if (message == NULL)
		return NULL;
	message->unit = unit;
	message->next = NULL;
	message->signer = NULL;
	message->mode = unit->next_mode;
	message->counter = unit->next_counter;
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
	unit_message_give_back(message->unit->setting->messages, message);
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

/* Takes a message and all behind it off the list: they are taken again, or it was none. */
static void unit_remove_from(struct unit *unit, struct unit_message *message)
{
	struct unit_message **link = &unit->first;
	struct unit_message *before = NULL;

	while (*link != message) {
		before = *link;
		link = &before->next;
	}
	*link = NULL;
	unit->last = before;
	unit->current = NULL;
	while (message != NULL) {
		struct unit_message *next = message->next;

		unit->pending_count--;
		message_recycle(message);
		message = next;
	}
}

static void unit_drop_done(struct unit *unit)
{
	while (unit->first != NULL && unit->first->state == UNIT_MESSAGE_DONE) {
		struct unit_message *message = unit->first;

		unit->first = message->next;
		if (unit->first == NULL)
			unit->last = NULL;
		unit->pending_count--;
		if (message->counter != NULL)
			(*message->counter)++;
		message_recycle(message);
	}
}

static void message_done(struct unit_message *message)
{
	message->state = UNIT_MESSAGE_DONE;
	message_drop_signer(message);
	unit_drop_done(message->unit);
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
	unit->next_counter = NULL;
	message->raw_start = raw_start;
	message->line = line;
	message->out_start = out_file_end(&unit->out);
	message->failed_start = out_file_end(&unit->failed);
	message->note_start = out_file_end(&unit->note);
	message->notes_before = unit->note_count;
	message->number = unit->message_count + 1;
	unit_add_message(unit, message);
	return true;
}

/* The text of the current message begins. */
static void message_begin_text(struct unit *unit)
{
	struct unit_message *message = unit->current;
	int r;

	unit->message_count = message->number;
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
		snprintf(message->job, sizeof(message->job), "%s:%u", unit->name, message->number);
	else
		snprintf(message->job, sizeof(message->job), "%s", unit->name);
	message_signer_start(message->signer, unit->context, message->job, clock_realtime_s(),
			     message_woken, message);
}

/* Why a message of a batch was refused; all go on one line of the note. */
static void note_refusal(struct unit *unit, struct unit_message *message, const char *reason)
{
	bool is_enough = message->note_start > UNIT_REASON_SIZE; /* for a person */
	char place[64];
	int r = 0;

	/* Of those behind it, which are taken again. */
	out_file_truncate(&unit->note, message->note_start);
	unit->note_count = message->notes_before + 1;
	snprintf(place, sizeof(place),
		 "%smessage %u (line %" PRIu64 "): ", unit->note_count > 1 ? "; " : "",
		 message->number, message->line);
	if (!is_enough)
		r = out_file_append(&unit->note, bytes_of_string(place));
	if (r == 0 && !is_enough)
		r = out_file_append(&unit->note, bytes_of_string(reason));
	if (r != 0)
		unit_settle(unit, UNIT_STAY, r, "out of memory");
	message->note_start = out_file_end(&unit->note);
	message->notes_before = unit->note_count;
}

static bool messages_idle(const struct unit_message *message)
{
	for (; message != NULL; message = message->next) {
		if (message->signer != NULL && message_signer_busy(message->signer))
			return false;
	}
	return true;
}

/* Once nothing of it is under way: back to the start of that transaction. */
static void unit_finish_rewind(struct unit *unit)
{
	struct unit_message *message = unit->rewind_to;

	if (!messages_idle(message) || out_file_busy(&unit->out) ||
	    out_file_has_patches(&unit->out) || out_file_busy(&unit->failed))
		return;
	unit->rewind_to = NULL;
	out_file_truncate(&unit->out, message->out_start);
	out_file_truncate(&unit->failed, message->failed_start);
	out_file_truncate(&unit->note, message->note_start);
	unit->note_count = message->notes_before;
	unit->message_count = message->number - 1;
	bsmtp_reader_rewind(unit->reader, message->line);
	unit_input_seek(&unit->input, message->raw_start);
	unit->rest_offset = message->raw_start;
	unit->rest = bytes_of(NULL, 0);
	unit->text = bytes_of(NULL, 0);
	unit->ending = false;
	unit->input_done = false;
	unit_remove_from(unit, message);
}

/* The message is to be taken again, and what is behind it. Of two such the earlier one counts. */
static void unit_rewind(struct unit *unit, struct unit_message *message,
			enum unit_message_mode mode, uint64_t *counter)
{
	unit->rewind_to = message;
	unit->next_mode = mode;
	unit->next_counter = counter;
}

static bool is_taken_again(const struct unit_message *message)
{
	const struct unit_message *rewind_to = message->unit->rewind_to;

	return rewind_to != NULL && message->raw_start >= rewind_to->raw_start;
}

static uint64_t *passed_counter(struct unit *unit, const struct message_signer *signer)
{
	return message_signer_verdict(signer) == MESSAGE_ALREADY_SIGNED
		       ? &unit->counts.already_signed_count
		       : &unit->counts.passed_count;
}

/* Nothing was put into the message so far, and nothing will be. */
static void message_pass_on(struct unit_message *message, uint64_t *counter)
{
	message->mode = UNIT_MESSAGE_PASS;
	message->counter = counter;
	message_drop_signer(message);
	message->unit->text = bytes_of(NULL, 0);
}

/* A message of a batch is not signed. */
static void batch_message_over(struct unit_message *message)
{
	struct unit *unit = message->unit;
	uint64_t *counter;

	switch (message_signer_verdict(message->signer)) {
	case MESSAGE_PASS:
	case MESSAGE_ALREADY_SIGNED:
		counter = passed_counter(unit, message->signer);
		if (message->fields_size > 0)
			unit_rewind(unit, message, UNIT_MESSAGE_PASS, counter);
		else
			message_pass_on(message, counter);
		return;
	case MESSAGE_REFUSE:
		note_refusal(unit, message, message_signer_reason(message->signer));
		unit_rewind(unit, message, UNIT_MESSAGE_REFUSE, &unit->counts.refused_count);
		return;
	case MESSAGE_DEFER:
	case MESSAGE_SIGN:
	case MESSAGE_UNDECIDED: break;
	}
	unit_settle(unit, UNIT_STAY, 0, "message %u (line %" PRIu64 "): %s", message->number,
		    message->line, message_signer_reason(message->signer));
}

/* The one message of a unit is not signed: then the whole file goes where it belongs. */
static void single_message_over(struct unit_message *message)
{
	struct unit *unit = message->unit;
	const char *reason = message_signer_reason(message->signer);

	switch (message_signer_verdict(message->signer)) {
	case MESSAGE_PASS:
	case MESSAGE_ALREADY_SIGNED:
		(*passed_counter(unit, message->signer))++;
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

static void message_over(struct unit_message *message)
{
	if (message->unit->is_batch)
		batch_message_over(message);
	else
		single_message_over(message);
}

/*
 * Where in `out` the byte of the message's text is, from a place that is known. In a batch, a line that
 * begins with a dot has one more there: it belongs to the line, not to what stands before it.
 */
struct text_place {
	uint64_t text; /* bytes of text before it */
	uint64_t raw;  /* bytes in `out` before it, from the start of the text */
	bool line_start;
};

static void place_advance(struct text_place *place, struct bytes raw, uint64_t text, bool is_batch)
{
	while (place->text < text) {
		if (is_batch && place->line_start && raw.data[place->raw] == '.')
			place->raw++;
		place->line_start = raw.data[place->raw] == '\n';
		place->raw++;
		place->text++;
	}
}

/* What does not go out with the message is taken out of `out`, where all of its header still is. */
static int message_cut_out(struct unit *unit)
{
	const struct unit_message *message = unit->current;
	struct bytes raw = out_file_tail(&unit->out, message->text_start);
	size_t count = message_signer_cut_count(message->signer);
	struct text_place place = {.line_start = true};
	struct out_cut *cuts;

	if (count == 0)
		return 0;
	cuts = calloc(count, sizeof(cuts[0]));
	if (cuts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct message_cut cut = message_signer_cut_at(message->signer, i);

		place_advance(&place, raw, cut.start, unit->is_batch);
		cuts[i].start = message->text_start + place.raw;
		place_advance(&place, raw, cut.end, unit->is_batch);
		cuts[i].end = message->text_start + place.raw;
	}
	out_file_cut(&unit->out, cuts, count);
	free(cuts);
	return 0;
}

/* The header is over: the fields take their place. */
static void message_put_fields_in(struct unit *unit)
{
	struct unit_message *message = unit->current;
	struct bytes fields = message_signer_fields(message->signer);
	int r;

	message->insert_at = message->text_start + message_signer_insert_at(message->signer);
	r = message_cut_out(unit);
	if (r == 0)
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
	case MESSAGE_OVER: message_over(unit->current); break;
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
		unit->current = NULL;
		message_done(message);
		return;
	}
	message_progress(unit, message_signer_end(message->signer));
}

/* Its signatures are there, or could not be made. */
static void message_signed(struct unit_message *message)
{
	struct unit *unit = message->unit;
	struct bytes fields = message_signer_fields(message->signer);
	int r;

	if (message_signer_verdict(message->signer) != MESSAGE_SIGN) {
		unit->one_by_one = true;
		message_over(message);
		return;
	}
	assert(fields.size == message->fields_size);
	r = out_file_overwrite(&unit->out, message->insert_at, fields);
	if (r != 0) {
		unit_settle(unit, UNIT_STAY, r, "out of memory");
		return;
	}
	message->counter = &unit->counts.signed_count;
	message_done(message);
}

static void message_woken(struct message_signer *signer, void *arg)
{
	struct unit_message *message = arg;
	struct unit *unit = message->unit;

	(void)signer;
	if (message->state != UNIT_MESSAGE_SIGNING)
		unit->waiting = false;
	else if (unit->state == UNIT_READING && !is_taken_again(message))
		message_signed(message);
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
			unit_remove_from(unit, unit->current);
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

		if (!settled || message == unit->rewind_to)
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

/* The next message of a batch may not begin before the one before it is done. */
static bool must_pause(const struct unit *unit)
{
	bool many = unit->setting->messages->at_work_count >= UNIT_MESSAGES_AT_WORK_MAX;

	return unit->current == NULL && unit->first != NULL && (unit->one_by_one || many);
}

/* One step. Returns false when nothing can be done until something else moves. */
static bool pump_step(struct unit *unit)
{
	if (unit->waiting || unit_input_busy(&unit->input))
		return false;
	if (unit->rewind_to != NULL) {
		unit_finish_rewind(unit);
		return unit->rewind_to == NULL;
	}
	if (unit->text.size > 0) {
		unit_push_text(unit);
	} else if (unit->ending) {
		message_end(unit);
		unit->ending = unit->current != NULL;
	} else if (must_pause(unit)) {
		return false;
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
	return messages_idle(unit->first);
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
	free(unit->reader);
	unit->reader = NULL;
}
