/*
 * spool_shared - what the I/O threads of one spool have in common. Private to signer/spool.
 *
 * Threads:  the parts lock for themselves; `mutex` guards what is named behind it.
 */
#ifndef SIGNER_SPOOL_SPOOL_SHARED_H
#define SIGNER_SPOOL_SPOOL_SHARED_H

#include "signer/message/signing_core.h"
#include "signer/spool/retry_table.h"
#include "signer/spool/spool.h"
#include "signer/spool/spool_dir.h"
#include "signer/spool/spool_limits.h"
#include "signer/spool/unit.h"
#include "signer/spool/unit_busy.h"
#include "signer/spool/unit_queue.h"

#include <pthread.h>
#include <stdatomic.h>

struct spool_shared {
	struct spool_options options;
	struct signing_core *core;
	struct signing_context *context; /* at the start: what no reload changes */
	struct spool_dir dir;
	struct unit_queue *queue;
	struct retry_table *retries;
	struct unit_busy *busy;
	struct spool_limits limits;
	struct out_file_rights rights;
	unsigned units_at_once_max; /* of one I/O thread: what the limit of descriptors allows */
	_Atomic uint64_t next_number;
	_Atomic unsigned flush_failures; /* see batch.c */
	_Atomic bool stopping;
	_Atomic bool short_of_something; /* with --once: the rest of the queue stays in this pass */
	_Atomic bool failed;		 /* result.error is set: nothing more may be committed */
	_Atomic unsigned at_work;	 /* units taken and not over */

	/* Wakes the first worker, whose thread also watches over all (spool_watch.h). */
	void (*wake_watch)(struct spool_shared *shared);
	void *wake_arg;

	pthread_mutex_t mutex;
	struct spool_result result;
};

/* No new units from now on. */
void spool_shared_stop(struct spool_shared *shared);

/* The spool must not be used any more by this process: says why, once, and stops. */
void spool_shared_fail(struct spool_shared *shared, int error, const char *text);

#endif
