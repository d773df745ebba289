/*
 * signing_core - what all that sign in this process share: the context in force, and the signature service.
 *
 * Is:       a signing_context that can be replaced while it is in use, the engine for RSA, the pool of signing threads,
 *           and what these have to tell an operator.
 * Is not:   where mail comes from (signer/spool, signer/milter), or how a configuration is read (signer/cmd).
 * Errors:   -errno, SIGNING_CORE_E_LANE_CACHE: there is no room for the keys of LaneCacheSize.
 * Owns:     a reference to the context; engine and service.
 * Threads:  any, but for init and deinit.
 */
#ifndef SIGNER_MESSAGE_SIGNING_CORE_H
#define SIGNER_MESSAGE_SIGNING_CORE_H

#include "signer/keys/sign_engine_choice.h"
#include "signer/keys/sign_service.h"
#include "signer/message/signing_context.h"

#include <pthread.h>

enum {
	SIGNING_CORE_E_LANE_CACHE = 1,
};

struct signing_core {
	struct sign_engine_choice engine;
	struct sign_service *service;
	_Atomic unsigned context_number; /* moves with each new context */
	pthread_mutex_t mutex;		 /* guards the context */
	struct signing_context *context;
};

/* Takes a reference to the context. */
MUST_CHECK int signing_core_init(struct signing_core *core, struct signing_context *context,
				 unsigned sign_threads);
void signing_core_deinit(struct signing_core *core);

/* Locks the memory of keys: when all have their clients, whose memory comes first. */
void signing_core_lock_keys(struct signing_core *core);

/* A reference to the context in force. */
struct signing_context *signing_core_context(struct signing_core *core);

/* From now on this one is; takes the caller's reference over. */
void signing_core_set_context(struct signing_core *core, struct signing_context *context);

/* Says how RSA signatures are made. */
void signing_core_tell_engine(struct signing_core *core);

/*
 * About once a second: logs what key store and engine have to say, each once (too small, memory that could not be locked,
 * wrong results), and lets go of keys that were removed.
 */
void signing_core_look_after(struct signing_core *core);

/* In the end: what is told meanwhile is told at 1, 10, 100 of them. */
void signing_core_tell_faults(const struct signing_core *core);

/* RSA signatures. */
struct signing_core_counts {
	uint64_t in_lanes;   /* with others at once */
	uint64_t made_again; /* because they came out wrong */
};

struct signing_core_counts signing_core_counts(const struct signing_core *core);

#endif
