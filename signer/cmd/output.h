/*
 * output - what commands write for people, and whether it arrived.
 *
 * Why:      a report that a full disk cut short must not end with status 0. SIGPIPE is ignored by
 *           main.c, so a reader that went away shows up here, too. And text of a message must not
 *           reach a terminal as it is: it could hold what moves a cursor or forges a line.
 */
#ifndef SIGNER_CMD_OUTPUT_H
#define SIGNER_CMD_OUTPUT_H

#include "common/bytes.h"

#include <stdio.h>

/* Control characters as \xNN; the rest, UTF-8 too, as it is. */
void output_text(FILE *file, struct bytes text);

/* At the end: `status`, or EX_IOERR, which is said on stderr unless nobody read any more. */
int output_end(int status);

#endif
