/*
 * spool_contest - one comparison: the same load for postseal and for what it is compared with.
 *
 * Is:       contenders with their arguments in one place, added one by one, then run in turns.
 * Is not:   a choice of what to compare (scenario_spool.c, spool_suite.c).
 * Errors:   as turns_run().
 * Owns:     copies of the loads and of what is added; setups and paths are borrowed. Do not move it once
 *           something was added.
 * Threads:  the main thread.
 *
 *	spool_contest_init(&contest);
 *	spool_contest_add_pipeline(&contest, "postseal_memory", "postseal in memory", &pipeline);
 *	spool_contest_add_openssl(&contest, &rate);
 *	r = spool_contest_run(&contest, rounds, status, failure);
 */
#ifndef BENCH_SPOOL_CONTEST_H
#define BENCH_SPOOL_CONTEST_H

#include "bench/openssl_rate.h"
#include "bench/other_signers.h"
#include "bench/pipeline.h"
#include "bench/raw_spool.h"
#include "bench/turns.h"

#define SPOOL_CONTEST_MAX 16

struct spool_contest_entry {
	char id[48];
	char title[80];
	struct spool_load load;
	union {
		struct pipeline pipeline;
		struct openssl_rate openssl;
		struct raw_spool raw;
		struct other_signer other;
	};
};

struct spool_contest {
	struct contender contenders[SPOOL_CONTEST_MAX];
	struct spool_contest_entry entries[SPOOL_CONTEST_MAX];
	size_t count;
};

void spool_contest_init(struct spool_contest *contest);

/* These return the place of what was added. */
size_t spool_contest_add_pipeline(struct spool_contest *contest, const char *id, const char *title,
				  const struct pipeline *pipeline);
size_t spool_contest_add_openssl(struct spool_contest *contest, const struct openssl_rate *rate);
size_t spool_contest_add_raw(struct spool_contest *contest, const struct raw_spool *raw);

/*
 * All raw methods for a load, with batches of 64, 256 and 1024 and with one thread and one a CPU; what
 * `raw` says of method, batch and threads does not count. Returns how many.
 */
size_t spool_contest_add_raws(struct spool_contest *contest, const struct raw_spool *raw,
			      unsigned cpus);
void spool_contest_add_others(struct spool_contest *contest, const struct other_signer *other);

MUST_CHECK int spool_contest_run(struct spool_contest *contest, unsigned rounds,
				 struct status_line *status, struct failure *failure);

#endif
