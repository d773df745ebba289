/*
 * sign_engine - how a worker of the signature service computes signatures.
 *
 * Is:       a table of functions, one table per engine. A worker thread makes one state for itself
 *           and passes it to each call.
 * Is not:   threads and queues (sign_service.h).
 * Errors:   worker_new: -errno. sign: in the `error` of each job.
 * Threads:  a state belongs to one thread; states of one engine never meet.
 */
#ifndef SIGNER_KEYS_SIGN_ENGINE_H
#define SIGNER_KEYS_SIGN_ENGINE_H

#include "common/compiler.h"
#include "signer/keys/sign_job.h"

#define SIGN_GROUP_MAX 8

struct sign_engine {
	size_t group_max; /* RSA jobs in one call of sign() that pay; 1 to SIGN_GROUP_MAX */
	int (*worker_new)(void **worker_out);
	void (*worker_free)(void *worker);
	/* Sets error, signature and signature_size of every job; at most SIGN_GROUP_MAX. */
	void (*sign)(void *worker, struct sign_job *const *jobs, size_t count);
};

/* OpenSSL, one signature at a time. */
extern const struct sign_engine sign_engine_openssl;

#endif
