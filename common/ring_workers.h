/*
 * ring_workers - a pool of threads that run operations as blocking calls. Private to the ring.
 *
 * Use:      ring_workers_push() hands over; the eventfd becomes readable when results wait;
 *           ring_workers_collect() takes them.
 * Threads:  push and collect belong to the ring's thread. Threads start when there is work that
 *           no idle one can take, up to the maximum, so a ring that never blocks has none.
 */
#ifndef COMMON_RING_WORKERS_H
#define COMMON_RING_WORKERS_H

#include "common/ring_engine.h"

MUST_CHECK int ring_workers_new(unsigned threads_max, struct ring_workers **workers_out);

/* Waits for calls that run; those that only wait are dropped. */
void ring_workers_free(struct ring_workers *workers);

int ring_workers_fd(const struct ring_workers *workers);
void ring_workers_push(struct ring_workers *workers, struct ring_op *op);
void ring_workers_collect(struct ring_workers *workers, struct ring_list *finished);

#endif
