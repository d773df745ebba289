/*
 * progress - one line on a terminal that tells how far a long work is. In a pipe it is silent.
 */
#ifndef SIGNER_CMD_PROGRESS_H
#define SIGNER_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown; /* stderr is a terminal that can move its cursor */
	bool drawn;
	double start_s;
};

void progress_init(struct progress *progress);

/* Draws the line anew. `total` 0: not known. */
void progress_draw(struct progress *progress, const char *what, uint64_t done, uint64_t total);

/* Removes the line. */
void progress_end(struct progress *progress);

#endif
