/*
 * milter_macros - what an MTA has said of a connection and its message, by name.
 *
 * Is:       the macros of each step, as they came. A later step wins over an earlier one.
 * Names:    "i" and "{auth_type}": braces make no difference.
 * Errors:   -ENOMEM.
 * Owns:     copies. A value is borrowed until the next call that changes anything.
 * Threads:  one at a time.
 */
#ifndef SIGNER_MILTER_MILTER_MACROS_H
#define SIGNER_MILTER_MILTER_MACROS_H

#include "common/buffer.h"

/* In the order in which an MTA goes through them. */
enum milter_step {
	MILTER_STEP_CONNECT,
	MILTER_STEP_HELO,
	MILTER_STEP_MAIL,
	MILTER_STEP_RCPT,
	MILTER_STEP_DATA,
	MILTER_STEP_HEADER,
	MILTER_STEP_END_OF_HEADER,
	MILTER_STEP_BODY,
	MILTER_STEP_END_OF_MESSAGE,
	MILTER_STEPS,
};

/* A struct of zeros has none. */
struct milter_macros {
	struct buffer texts[MILTER_STEPS]; /* name, NUL, value, NUL and so on */
};

void milter_macros_deinit(struct milter_macros *macros);

/* What was said at that step, in place of what was said there before. A value that does not end is left out. */
MUST_CHECK int milter_macros_set(struct milter_macros *macros, enum milter_step step,
				 struct bytes data);

/* Forgets the steps from this one on. */
void milter_macros_clear_from(struct milter_macros *macros, enum milter_step step);

bool milter_macros_get(const struct milter_macros *macros, struct bytes name,
		       struct bytes *value_out);

#endif
