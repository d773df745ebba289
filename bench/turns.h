/*
 * turns - contenders that are measured in turns: A B C, C B A, A B C, ...
 *
 * Is:       the rounds and what each contender reached in them. In turns, because a machine that is
 *           slower for a while is then slower for all of them. Every other round goes backwards, so that of two
 *           neighbours none is always the first.
 * Is not:   a judge: what is compared with what is the scenario's business.
 * Units:    seconds of wall clock and of CPU; `work` is messages or signatures, as the contender says.
 * Errors:   BENCH_E_SKIPPED of a contender is noted, and the others go on without it. Any other error of
 *           one ends the run.
 * Owns:     nothing: a contender borrows its texts and its argument.
 * Threads:  one; a contender may use as many as it likes.
 */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include "bench/failure.h"
#include "bench/samples.h"
#include "bench/status_line.h"
#include "common/compiler.h"
#include "common/json_stream.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TURNS_ROUNDS_MAX SAMPLES_MAX

/* One turn of one contender. */
struct measure {
	double seconds;
	uint64_t work;
	double user_s;
	double system_s;
	double first_s;		 /* until the first piece of work was done; 0: not known */
	unsigned round;		 /* in which it was; turns_run() sets it */
	uint64_t peak_rss_bytes; /* 0: it has no process of its own */
};

struct contender {
	const char *id;	      /* for machines: lower case, no spaces */
	const char *title;    /* for people */
	const char *work;     /* what is counted, in the plural */
	const char *includes; /* what the time is made of */
	int (*run)(void *arg, struct measure *measure_out, struct failure *failure);
	void *arg;
	unsigned every; /* it has a turn in one round of so many; 0: in all */

	struct measure measures[TURNS_ROUNDS_MAX];
	size_t count;
	struct failure skipped; /* an empty text: it was not */
};

/* How many turns that will be. */
unsigned turns_count(const struct contender *contenders, size_t count, unsigned rounds);

MUST_CHECK int turns_run(struct contender *contenders, size_t count, unsigned rounds,
			 struct status_line *status, struct failure *failure);

bool contender_was_skipped(const struct contender *contender);

/* Figures of each round. */
void contender_rates(const struct contender *contender, struct samples *per_second_out);
void contender_cpu_us(const struct contender *contender, struct samples *us_per_work_out);

/*
 * The rate of `a` in units of the rate of `b`, in each round that both had a turn in. What slows the machine down
 * for a while slows both down, so this says more than a ratio of two medians.
 */
void contenders_ratio(const struct contender *a, const struct contender *b,
		      struct samples *ratio_out);

double contender_rate(const struct contender *contender);	/* the median */
double contender_user_us(const struct contender *contender);	/* median per piece of work */
double contender_system_us(const struct contender *contender);	/* median per piece of work */
uint64_t contender_peak_rss(const struct contender *contender); /* the largest */

/* The one with the highest median rate among those that were not skipped; NULL: none. */
const struct contender *contender_best(const struct contender *contenders, size_t count);

/* One object with all that is known. */
void contender_write_json(const struct contender *contender, struct json_stream *json);

/* The table of contenders, and below it what each includes. */
MUST_CHECK int contenders_print(const struct contender *contenders, size_t count, FILE *file);

#endif
