/*
 * unit_busy - the names that are being worked on, so that none is taken twice.
 *
 * Threads:  any; it locks.
 */
#ifndef SIGNER_SPOOL_UNIT_BUSY_H
#define SIGNER_SPOOL_UNIT_BUSY_H

#include "signer/spool/unit.h"

struct unit_busy;

MUST_CHECK int unit_busy_new(struct unit_busy **busy_out);
void unit_busy_free(struct unit_busy *busy);

/* Enters the unit under its name; false: the name is busy already, and leave() will tell of it. */
bool unit_busy_enter(struct unit_busy *busy, struct unit *unit);

/* Returns whether somebody tried to enter the name meanwhile: there may be a new file behind it. */
bool unit_busy_leave(struct unit_busy *busy, struct unit *unit);

#endif
