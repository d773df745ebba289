/*
 * raw_spool - durable files by plain system calls, as contenders: what the disk allows.
 *
 * Is:       does with a load what postseal must do with files, and nothing else: reads each unit, writes it with
 *           as many bytes more as a signature takes, makes it durable in out/, and removes it from in/.
 *           Whatever the method, a unit is removed only when its copy would survive a power cut.
 * Is not:   a spool: no look for what is there (the names are known), no manifest, no signature, no answer to
 *           an error but to give up.
 * Units:    the rate is messages a second. `seconds_max` ends a slow method early, behind a whole batch.
 * Errors:   with a text; -errno.
 * Owns:     nothing.
 * Threads:  starts its own and waits for them; each takes every n-th batch.
 *
 *	struct raw_spool raw = {.method = RAW_SPOOL_SYNCFS, .batch = 256, .threads = 1, ...};
 *	struct contender contender = {.run = raw_spool_run, .arg = &raw, ...};
 */
#ifndef BENCH_RAW_SPOOL_H
#define BENCH_RAW_SPOOL_H

#include "bench/spool_load.h"
#include "bench/turns.h"

enum raw_spool_method {
	RAW_SPOOL_FSYNC_EACH, /* each unit: write, fsync, rename, fsync the directory */
	RAW_SPOOL_SYNCFS,     /* a batch: write all, syncfs, rename all, fsync the directory */
	RAW_SPOOL_APPEND,     /* a batch: append all to one file, fdatasync */
};

struct raw_spool {
	enum raw_spool_method method;
	unsigned batch; /* units; 1 for FSYNC_EACH */
	unsigned threads;
	const struct spool_load *load;
	const char *spool_path;
	size_t growth; /* bytes that a message has more when it is signed */
	double seconds_max;
};

/* `arg` is a struct raw_spool. */
int raw_spool_run(void *arg, struct measure *measure_out, struct failure *failure);

#endif
