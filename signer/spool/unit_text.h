/*
 * unit_text - what is in a unit: its messages, found, signed and copied. The parsing half of unit.h.
 *
 * Use:      unit_text_start() when the file is open; unit_text_pump() whenever something moved.
 * Threads:  the unit's.
 */
#ifndef SIGNER_SPOOL_UNIT_TEXT_H
#define SIGNER_SPOOL_UNIT_TEXT_H

#include "signer/spool/unit.h"

void unit_text_start(struct unit *unit);

/* Goes as far as it can: takes what was read, asks for more, hands out what is final. */
void unit_text_pump(struct unit *unit);

/* The whole unit has been read, and every message in it is done. */
bool unit_text_done(const struct unit *unit);

/* No message is with the signature service or waits for a key. */
bool unit_text_idle(const struct unit *unit);

/* Drops all messages, and all that parsing took. Idle units only. */
void unit_text_clear(struct unit *unit);

#endif
