/*
 * progress - one line on a terminal that tells how far a long work is. In a pipe it is silent.
 */
#ifndef SIGNER_CMD_PROGRESS_H
#define SIGNER_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Takes the line away, and goes to where it began: for what others write to the terminal meanwhile. */
#define PROGRESS_ERASE "\r\033[K"

struct progress {
	bool shown; /* stderr is a terminal that can move its cursor, and wide enough */
	bool drawn;
	double start_s;
};

void progress_init(struct progress *progress);

/* Draws the line anew. `total` 0: nothing is known yet, and nothing is drawn. */
void progress_draw(struct progress *progress, const char *what, uint64_t done, uint64_t total);

/* Removes the line. */
void progress_end(struct progress *progress);

#endif
