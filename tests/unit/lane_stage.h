/*
 * lane_stage - a back-end of a test before a real one, and a clock and memory that the test rules.
 *
 * Is:       it counts batches, puts faults into one lane, and in a trial (lane_trial.h) computes nothing, but takes
 *           as long as the test says. The clock goes on a little each time that it is read, for each thread by
 *           itself: so what an engine learns does not depend on the machine.
 * Use:      lane_stage_on() or lane_stage_engine_new(), then set what is wanted, before there are threads.
 */
#ifndef TESTS_UNIT_LANE_STAGE_H
#define TESTS_UNIT_LANE_STAGE_H

#include "signer/keys/sign_engine_lanes.h"
#include "tests/unit/lane_samples.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lane_stage {
	const struct rsa_lanes *real;
	int64_t trial_ns[LANE_SAMPLE_SIZES]; /* see lane_stage_trial_ns() */
	unsigned slow_trials;		     /* the first so many take a second longer */
	bool waits;			     /* a trial: it says `entered`, and waits at the gate */
	sem_t entered;
	sem_t gate;
	int bad_lane;	     /* -1: none */
	size_t fault_offset; /* of the byte of its key that is changed; 0: its signature is called wrong */
	atomic_bool no_pages; /* mmap() fails: memory that failing_memory.h does not see */

	atomic_uint trials;
	atomic_uint batches;
	atomic_uint batches_of[LANE_SAMPLE_SIZES];
	atomic_uint lanes_filled; /* in the last one */
};

/* One back-end has no argument for it. */
extern struct lane_stage lane_stage;

/* Sets all back to nothing, before that back-end. */
const struct rsa_lanes *lane_stage_on(const struct rsa_lanes *real);

/* So long that lanes are faster from so many signatures on; 0: never. */
int64_t lane_stage_trial_ns(unsigned group_min);

/* Puts the clock of this thread forward. */
void lane_stage_wait(int64_t ns);

/* An engine that has learnt that lanes are faster from so many signatures on, of so many sizes, the smallest
 * first. */
struct lanes_engine *lane_stage_engine_new(const struct rsa_lanes *real, size_t keys_max,
					   unsigned group_min, unsigned sizes);

/* Of the keys of 1024 * (size + 1) bits. */
unsigned lane_stage_group_min(const struct lanes_engine *engine, unsigned size);

/* Says so if there is no fast back-end. */
bool lane_stage_skips_without_fast(void);

#endif
