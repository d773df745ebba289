/*
 * clock - the two clocks that the project reads.
 *
 * Is:       monotonic nanoseconds for deadlines and ages, and seconds since 1970 (UTC) for what is
 *           written down (t= and x= of a signature, names of files).
 * Is not:   cached: a caller that handles many events reads the clock once a turn and passes the
 *           value down.
 * Units:    signed, so that a difference of two times may be taken in either order.
 * Errors:   none: both clocks exist on every kernel that we run on.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

static inline int64_t clock_ns_of(struct timespec time)
{
	return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* Never jumps, means nothing to another process. */
static inline int64_t clock_monotonic_ns(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return clock_ns_of(time);
}

static inline int64_t clock_realtime_s(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec;
}

/* For comparing with the times of files; a stepped clock steps it, too. */
static inline int64_t clock_realtime_ns(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_REALTIME, &time);
	return clock_ns_of(time);
}

#endif
