/*
 * sign_engine - how a worker of the signature service computes signatures.
 *
 * Is:       a table of functions, one table per engine. A worker thread makes one state for itself
 *           and passes it to each call.
 * Is not:   threads and queues (sign_service.h).
 * Errors:   worker_new: -errno. sign: in the `error` of each job.
 * Threads:  a state belongs to one thread at a time; states of one engine may work side by side.
 */
#ifndef SIGNER_KEYS_SIGN_ENGINE_H
#define SIGNER_KEYS_SIGN_ENGINE_H

#include "common/compiler.h"
#include "signer/keys/sign_job.h"

#include <stdbool.h>

#define SIGN_GROUP_MAX 8

struct sign_engine {
	/* See sign_engine_group_min(). NULL: always 0. */
	unsigned (*group_min)(const struct sign_engine *engine, enum sign_task_kind kind);

	int (*worker_new)(const struct sign_engine *engine, void **worker_out);
	void (*worker_free)(void *worker);

	/* Finds out whether it pays to sign jobs of a kind together: some milliseconds, once for each kind. A worker
	 * calls it when more of them wait than it takes; the others sign meanwhile. True: this worker need not call
	 * again for that kind. NULL: nothing to find out. */
	bool (*learn)(void *worker, enum sign_task_kind kind);

	/* Sets error, signature and signature_size of every job: 1 to SIGN_GROUP_MAX of one kind. */
	void (*sign)(void *worker, struct sign_job *const *jobs, size_t count);
};

/* From how many jobs of a kind on the engine signs them together, in the time of fewer; 0: it signs each
 * alone. Changes when the engine learns. */
static inline unsigned sign_engine_group_min(const struct sign_engine *engine,
					     enum sign_task_kind kind)
{
	return engine->group_min == NULL ? 0 : engine->group_min(engine, kind);
}

/* OpenSSL, one signature at a time. */
extern const struct sign_engine sign_engine_openssl;

#endif
