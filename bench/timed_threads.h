/*
 * timed_threads - threads that do one thing again and again for some time, and begin together.
 *
 * Is:       how much they did, the time from the first start to the last end, and their CPU time.
 * Units:    seconds. A thread ends with the first step that ends after them, so each does at least one.
 * Errors:   with a text; -errno, or that of a step: the first thread that has one.
 * Owns:     nothing.
 * Threads:  starts one for each struct and waits for them.
 */
#ifndef BENCH_TIMED_THREADS_H
#define BENCH_TIMED_THREADS_H

#include "bench/histogram.h"
#include "bench/turns.h"

#include <pthread.h>

struct timed_gate;

struct timed_thread {
	/* One step. What it did, in whatever is counted, goes to `work_out`. */
	int (*step)(void *arg, uint64_t *work_out, struct failure *failure);
	void *arg;
	struct histogram *step_ns; /* gets the time of each step; NULL: nobody wants to know */

	/* private */
	struct timed_gate *gate;
	double seconds;
	pthread_t thread;
	int error;
	struct failure failure;
	uint64_t work;
	int64_t start_ns;
	int64_t end_ns;
	double user_s;
	double system_s;
};

MUST_CHECK int timed_threads_run(struct timed_thread *threads, unsigned count, double seconds,
				 struct measure *measure_out, struct failure *failure);

#endif
