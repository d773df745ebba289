/*
 * unit - one file of in/ on its way to its outcome.
 *
 * Is:       reading, parsing, signing and writing of one unit: a message, or a batch of them
 *           (NAME.bsmtp). It ends settled: with files in tmp/ that are to be released, with a whole
 *           file that is to be moved, or with nothing changed.
 * Is not:   the step that makes it count (batch.h), or the choice of what comes next.
 * Use:      unit_assign(), unit_start(); `settled` is called once; then the batch takes it, and
 *           unit_finish().
 * Outcomes: docs/architecture.md, "What becomes of a unit".
 * Owns:     everything that it needs, until it is settled: many wait for their batch.
 * Threads:  its ring's.
 */
#ifndef SIGNER_SPOOL_UNIT_H
#define SIGNER_SPOOL_UNIT_H

#include "signer/message/message_signer.h"
#include "signer/message/signer_pool.h"
#include "signer/spool/bsmtp_reader.h"
#include "signer/spool/out_file.h"
#include "signer/spool/spool_dir.h"
#include "signer/spool/unit_input.h"

#include <limits.h>

#define UNIT_REASON_SIZE 512

enum unit_outcome {
	UNIT_RELEASE,	  /* the files in tmp/ take its place */
	UNIT_MOVE_OUT,	  /* the file itself goes to out/, unchanged */
	UNIT_MOVE_FAILED, /* the file itself goes to failed/ */
	UNIT_STAY,	  /* it stays in in/, to be tried again */
	UNIT_GONE,	  /* somebody took it away: not ours any more */
	UNIT_AGAIN,	  /* it is not what was found: it stays, to be tried anew at once */
};

/* What became of the messages of one or many units. */
struct unit_counts {
	uint64_t signed_count;
	uint64_t passed_count;
	uint64_t already_signed_count;
	uint64_t refused_count;
};

void unit_counts_add(struct unit_counts *sum, const struct unit_counts *more);

struct unit_message_pool;

/* What all units of one I/O thread work with. */
struct unit_setting {
	struct ring *ring;
	const struct spool_dir *dir;
	struct signing_context *context;
	struct signer_pool *signers;
	struct unit_message_pool *messages;
	_Atomic uint64_t *next_number;	  /* for names in tmp/ */
	_Atomic unsigned *flush_failures; /* see batch.c */
	uint64_t unit_bytes_max;	  /* 0: no limit */
	struct out_file_rights rights;	  /* mode (mode_t)-1, owner and group -1: the input's */
	uid_t own_uid;
	gid_t own_gid;
};

struct unit_message;

/* Shown so that the batch may look into it; only unit.c and unit_text.c change it. */
struct unit {
	const struct unit_setting *setting;
	void (*settled)(struct unit *unit, void *arg);
	void *settled_arg;
	uint64_t memory_bytes;	/* the owner's account of what it may take */
	struct unit *next;	/* of the list that the owner keeps it on */
	struct unit *busy_next; /* this and the next are of unit_busy.h */
	bool busy_asked_for;

	enum unit_state {
		UNIT_FREE,
		UNIT_OPENING,
		UNIT_READING,
		UNIT_CLOSING,
		UNIT_CLEANING,
		UNIT_SETTLED,
	} state;
	enum unit_outcome outcome;
	int error; /* -errno behind UNIT_STAY, 0 if it was something else */
	char name[NAME_MAX + 1];
	char reason[UNIT_REASON_SIZE];
	struct unit_counts counts;
	struct signing_context *context;
	unsigned flush_failures; /* that there had been when it started */
	struct unit_input input;
	struct out_file out;	/* signed and passed messages */
	struct out_file failed; /* refused messages of a batch */
	struct out_file note;	/* why: failed/NAME.reason */

	/* Parsing: see unit_text.c. */
	bool is_batch;
	bool input_done;
	bool waiting;	 /* for keys: the rest of `text` comes later */
	bool one_by_one; /* a signature failed: a message waits for the one before */
	bool ending;	 /* the text of the current message of a batch is over */
	struct bytes rest;
	struct bytes text;
	struct bsmtp_reader *reader; /* of a batch */
	uint64_t rest_offset;	     /* of `rest` in the input */
	unsigned message_count;
	unsigned note_count;
	enum unit_message_mode {
		UNIT_MESSAGE_SIGN,
		UNIT_MESSAGE_PASS,
		UNIT_MESSAGE_REFUSE,
	} next_mode; /* of the transaction that begins next */
	uint64_t *next_counter;
	struct unit_message *rewind_to; /* to be taken again when nothing is under way; or NULL */
	struct unit_message *current;
	struct unit_message *first; /* oldest that is not done */
	struct unit_message *last;
	unsigned pending_count;

	/* Once settled, these are the batch's: see unit_steps.c. */
	struct ring_op op;
	struct statx status;
	struct batch *batch;
	const struct unit_steps_setting *steps_setting;
	const uint8_t *steps;
	int step_error;
	char target[NAME_MAX + 1];
};

void unit_init(struct unit *unit, const struct unit_setting *setting,
	       void (*settled)(struct unit *unit, void *arg), void *arg);

/*
 * Takes a unit in any state once its ring is gone and no message of it is with the signature service. What it
 * has in tmp/ the next start removes.
 */
void unit_deinit(struct unit *unit);

/* Which file of in/ it is about; copied. Free units only. */
void unit_assign(struct unit *unit, const char *name);

/* `file` is what it was when it was found. */
void unit_start(struct unit *unit, const struct input_file *file);

/* Something is to be put in place or moved. Settled units only. */
bool unit_needs_batch(const struct unit *unit);

/* Drops the content, so that the object may be started again. Settled units only. */
void unit_finish(struct unit *unit);

/* How much memory a unit of that size may take at most while it is at work. */
uint64_t unit_memory_bytes(uint64_t size);

/* Settled as something to release or move, it stays in in/ after all. */
PRINTF_LIKE(3, 4) void unit_stays_after_all(struct unit *unit, int error, const char *format, ...);

/* The same; the file in in/ is not what was read any more, or somebody took it away. */
void unit_changed_after_all(struct unit *unit);
void unit_gone_after_all(struct unit *unit);

/* failed/NAME.reason, cut where the name would get too long. */
void unit_reason_name(const struct unit *unit, char name[NAME_MAX + 1]);

/* A batch of messages, by its name. */
bool unit_name_is_batch(const char *name);

/* For unit_text.c: something moved. */
void unit_proceed(struct unit *unit);

/* For unit_text.c: the end of the story. Only the first call counts. */
PRINTF_LIKE(4, 5)
void unit_settle(struct unit *unit, enum unit_outcome outcome, int error, const char *format, ...);

#endif
