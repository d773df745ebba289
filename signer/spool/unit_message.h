/*
 * unit_message - one message of a unit, and those that are free. Private to unit_text.c, but for the pool.
 *
 * Why:      many units wait for their batch, and each may have had hundreds of messages: what is free is
 *           kept once for all of them, and not more of it than is used again soon. It also counts those
 *           at work in all units, which one unit cannot know.
 * Threads:  one: a pool belongs to one I/O thread.
 */
#ifndef SIGNER_SPOOL_UNIT_MESSAGE_H
#define SIGNER_SPOOL_UNIT_MESSAGE_H

#include "signer/message/message_signer.h"
#include "signer/spool/unit.h"

/* Room for NAME and the number of the message in it. */
#define UNIT_MESSAGE_JOB_SIZE (NAME_MAX + 16)

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
	uint64_t *counter; /* of the unit: where it is counted in the end */
	bool patched;	   /* written with gaps: its fields go over them on disk */
	/* Where its transaction begins, in the input and in the outputs. */
	uint64_t raw_start;
	uint64_t line;
	uint64_t out_start;
	uint64_t failed_start;
	uint64_t note_start; /* what is behind this is about later messages */
	unsigned notes_before;
	unsigned number;
	uint64_t text_start; /* of its text in `out` */
	uint64_t insert_at;  /* of its fields in `out` */
	size_t fields_size;  /* 0: not put in */
	char job[UNIT_MESSAGE_JOB_SIZE];
};

/*
 * A message at work has a message_signer, and so takes 20 kB. With so many at work, a batch goes on to
 * its next message only when none of its own is at work.
 */
#define UNIT_MESSAGES_AT_WORK_MAX 1024

/* A struct of zeros is an empty pool. */
struct unit_message_pool {
	struct unit_message *first; /* that is free */
	unsigned free_count;
	unsigned at_work_count;
};

/* NULL: no memory. The content is whatever it was. */
struct unit_message *unit_message_take(struct unit_message_pool *pool);
void unit_message_give_back(struct unit_message_pool *pool, struct unit_message *message);
void unit_message_pool_deinit(struct unit_message_pool *pool);

#endif
