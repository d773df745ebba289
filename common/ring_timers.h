/*
 * ring_timers - the timers of one ring, soonest first. Private to the ring.
 */
#ifndef COMMON_RING_TIMERS_H
#define COMMON_RING_TIMERS_H

#include "common/ring.h"

struct ring_timers {
	struct ring_timer **heap; /* heap[0] is due first */
	size_t count;
	size_t capacity;
};

void ring_timers_deinit(struct ring_timers *timers);
MUST_CHECK int ring_timers_set(struct ring_timers *timers, struct ring_timer *timer,
			       int64_t deadline_ns);
void ring_timers_cancel(struct ring_timers *timers, struct ring_timer *timer);

/* The next deadline; INT64_MAX when no timer is set. */
int64_t ring_timers_next_ns(const struct ring_timers *timers);

/* Takes out a timer whose deadline is not after `now_ns`; NULL: none is due. */
struct ring_timer *ring_timers_pop(struct ring_timers *timers, int64_t now_ns);

#endif
