/*
 * spool_limits - whether SpoolMinFree and SpoolMaxOut allow more units to be taken.
 *
 * Use:      count the unit in `at_work`, then spool_limits_take(). If it says TAKE and there is no unit
 *           to be taken after all, spool_limits_give_back().
 * Cost:     free space is looked at ten times a second. out/ is counted when as many units were taken as
 *           it had room for the last time, and that may take a twentieth of one thread's time, however
 *           large out/ is. Both once for all I/O threads.
 * Bound:    units that are at work count as if they were in out/, so it never has more than SpoolMaxOut.
 * Threads:  any.
 */
#ifndef SIGNER_SPOOL_SPOOL_LIMITS_H
#define SIGNER_SPOOL_SPOOL_LIMITS_H

#include "signer/spool/spool_dir.h"
#include "signer/tables/signer_config.h"

#include <pthread.h>

enum spool_limits_answer {
	SPOOL_LIMITS_TAKE,
	SPOOL_LIMITS_WAIT,  /* for what is at work: then there may be room */
	SPOOL_LIMITS_SHORT, /* of space, or of room in out/: a warning was logged */
};

/* Private. */
struct spool_limits {
	const struct spool_dir *dir;
	const char *path;
	uint64_t free_bytes_min;
	uint64_t out_max; /* 0: no limit */
	const _Atomic unsigned *at_work;
	pthread_mutex_t mutex;
	int64_t space_due_ns; /* when to look again */
	bool has_space;
	int64_t count_due_ns;
	bool is_out_full;
	uint64_t out_room; /* units that may be taken before out/ is counted again */
};

/*
 * `dir`, `path` and `at_work` are borrowed. At work is a unit until it is where it goes; and the one that is
 * to be taken.
 */
void spool_limits_init(struct spool_limits *limits, const struct spool_dir *dir, const char *path,
		       const struct signer_config *config, const _Atomic unsigned *at_work);
void spool_limits_deinit(struct spool_limits *limits);

enum spool_limits_answer spool_limits_take(struct spool_limits *limits, int64_t now_ns);
void spool_limits_give_back(struct spool_limits *limits);

#endif
