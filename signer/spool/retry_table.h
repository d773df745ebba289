/*
 * retry_table - units that stay in in/, and when each is tried again.
 *
 * Is:       a name's number of tries so far, and the time before which it is left alone. The wait
 *           doubles from RETRY_FIRST_NS to RETRY_MAX_NS.
 * Bounds:   RETRY_NAMES_MAX names. Beyond that a new one takes the place of another, which is then tried
 *           early: no unit is ever forgotten, because in/ itself is the list of what is to do.
 * Threads:  any; it locks.
 */
#ifndef SIGNER_SPOOL_RETRY_TABLE_H
#define SIGNER_SPOOL_RETRY_TABLE_H

#include "common/clock.h"
#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define RETRY_NAMES_MAX 65536
#define RETRY_FIRST_NS	(1 * NS_PER_S)
#define RETRY_MAX_NS	(300 * NS_PER_S)

struct retry_table;

MUST_CHECK int retry_table_new(struct retry_table **table_out);
void retry_table_free(struct retry_table *table);

/* The unit stays once more. Returns when it is due again. */
int64_t retry_table_stays(struct retry_table *table, const char *name, int64_t now_ns);

/* Stays for a reason that only somebody's hand can change: tried again after RETRY_MAX_NS.
 * Returns true the first time. */
bool retry_table_parks(struct retry_table *table, const char *name, int64_t now_ns);

/* It has left in/, one way or the other. */
void retry_table_forget(struct retry_table *table, const char *name);

/* Nothing stands against trying it now. */
bool retry_table_is_due(struct retry_table *table, const char *name, int64_t now_ns);

/* The next time at which something gets due, or sooner; INT64_MAX if nothing waits. Cheap. */
int64_t retry_table_next_ns(struct retry_table *table);

/* Whether something has got due since this last said so. Names that are due for long and did not stay
 * again are forgotten on the way. */
bool retry_table_take_due(struct retry_table *table, int64_t now_ns);

/* Everything is due now, as after a reload that may have mended the cause. */
void retry_table_all_due(struct retry_table *table);

#endif
