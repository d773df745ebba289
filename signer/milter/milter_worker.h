/*
 * milter_worker - one I/O thread of the milter: its ring, its connections.
 *
 * Use:      new; in the thread that it belongs to run; free.
 * Threads:  one, but for milter_worker_wake().
 */
#ifndef SIGNER_MILTER_MILTER_WORKER_H
#define SIGNER_MILTER_MILTER_WORKER_H

#include "signer/message/signing_core.h"
#include "signer/milter/milter_address.h"
#include "signer/milter/milter_answer.h"

#include <stdatomic.h>

/* What the workers of one server share. */
struct milter_shared {
	struct signing_core *core;
	struct milter_addresses addresses;
	int listeners[MILTER_ADDRESSES_MAX];
	struct milter_counts counts;
	char host[256];
	size_t connections_max; /* of one worker */
	const struct ring_fault *fault;
	_Atomic bool is_stopping;
};

struct milter_worker;

MUST_CHECK int milter_worker_new(struct milter_shared *shared, struct milter_worker **worker_out);
void milter_worker_free(struct milter_worker *worker);

/* Makes the ring, in the thread that runs it. */
MUST_CHECK int milter_worker_open(struct milter_worker *worker);

/* Until the server stops; -errno: the ring is broken. */
MUST_CHECK int milter_worker_run(struct milter_worker *worker);

/* It is to look whether it is to stop, or there is a new context. */
void milter_worker_wake(struct milter_worker *worker);

const char *milter_worker_ring_reason(const struct milter_worker *worker);

#endif
