/*
 * background - leaves the terminal, and still tells it whether the start went well.
 *
 * Is:       a child in a session of its own. The parent waits until the child is ready, and ends with
 *           status 0; or until the child has ended, and ends with the child's status. Until it is
 *           ready the child keeps stderr, so what is wrong shows where it was started.
 * Use:      background_start() returns in the child only; background_ready() once it works.
 * Errors:   -errno.
 * Threads:  before there are any.
 */
#ifndef SIGNER_CMD_BACKGROUND_H
#define SIGNER_CMD_BACKGROUND_H

#include "common/compiler.h"

struct background {
	int ready_fd; /* -1: in the foreground, or told already */
};

#define BACKGROUND_NONE ((struct background){-1})

MUST_CHECK int background_start(struct background *background);

/* Tells the parent, and lets go of stdin, stdout and stderr. Nothing in the foreground. */
void background_ready(struct background *background);

/* Lets go of the three, and leaves it to a child to be ready. Nothing in the foreground. */
void background_detach(const struct background *background);

#endif
