/*
 * spool_worker - one I/O thread: its ring, its units, its batches.
 *
 * Use:      new; in the thread that it belongs to open (which makes its ring) and run; free.
 * Threads:  one, but for spool_worker_wake().
 */
#ifndef SIGNER_SPOOL_SPOOL_WORKER_H
#define SIGNER_SPOOL_SPOOL_WORKER_H

#include "signer/spool/spool_shared.h"

struct spool_worker;

MUST_CHECK int spool_worker_new(struct spool_shared *shared, struct spool_worker **worker_out);
void spool_worker_free(struct spool_worker *worker);

MUST_CHECK int spool_worker_open(struct spool_worker *worker);

/*
 * Until the spool stops and nothing is at work any more. Errors go to spool_shared_fail().
 * `each_turn` is called before each turn of the ring, and says how long it may wait; NULL: nothing is.
 */
void spool_worker_run(struct spool_worker *worker, int64_t (*each_turn)(void *arg), void *arg);

/* Instead of run, where open failed: the spool stops, and says why. */
void spool_worker_give_up(struct spool_worker *worker, int error);

/* There may be something to do. Any thread may call it. */
void spool_worker_wake(struct spool_worker *worker);

/* The ring, for the watch, which shares the thread of the first worker. */
struct ring *spool_worker_ring(struct spool_worker *worker);

#endif
