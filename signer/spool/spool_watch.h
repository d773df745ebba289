/*
 * spool_watch - decides what is looked for in in/, and when the work is over.
 *
 * Is:       the first scan and all later ones, the announcements of new units (inotify), progress. It lives in the thread of the first worker, on its ring.
 * Use:      spool_watch_new(); spool_watch_turn() before each turn; spool_watch_free() when the ring is
 *           gone, because a worker of the ring may be in the middle of a scan.
 * Threads:  that one.
 */
#ifndef SIGNER_SPOOL_SPOOL_WATCH_H
#define SIGNER_SPOOL_SPOOL_WATCH_H

#include "signer/spool/spool_shared.h"

struct spool_watch;

/* `wake_all` tells the workers that there is something to do. */
MUST_CHECK int spool_watch_new(struct spool_shared *shared, struct ring *ring,
			       void (*wake_all)(struct spool_shared *shared),
			       struct spool_watch **watch_out);
void spool_watch_free(struct spool_watch *watch);

/* Returns for how long nothing needs to be looked at, in nanoseconds. */
int64_t spool_watch_turn(void *watch);

#endif
