/*
 * sign_engine_lanes - RSA signatures of one size together, in the lanes of vectors.
 *
 * Is:       an engine (sign_engine.h) with a cache of keys and what it has learnt: from how many signatures on
 *           lanes are faster. What the lanes cannot do, or not as fast, OpenSSL does.
 * Source:   signer/lanes/rsa_lanes.h. A signature that does not verify never leaves; OpenSSL makes another.
 * Errors:   -ENOMEM of new; of workers and jobs as sign_engine.h says.
 * Owns:     the cache. Free it after the service.
 * Threads:  any number, but for new and free.
 */
#ifndef SIGNER_KEYS_SIGN_ENGINE_LANES_H
#define SIGNER_KEYS_SIGN_ENGINE_LANES_H

#include "common/compiler.h"
#include "signer/keys/lane_key_cache.h"
#include "signer/keys/sign_engine.h"
#include "signer/lanes/rsa_lanes.h"

struct lanes_engine;

/* `keys_max`: LaneCacheSize. */
MUST_CHECK int lanes_engine_new(const struct rsa_lanes *lanes, size_t keys_max,
				struct lanes_engine **engine_out);
void lanes_engine_free(struct lanes_engine *engine);

/* Locks the memory of the keys: when the workers are made, whose memory comes first, and before they sign. */
void lanes_engine_lock_keys(struct lanes_engine *engine);

/* Lives as long as `engine`. */
const struct sign_engine *lanes_engine_as_engine(const struct lanes_engine *engine);

/* Tries all sizes at once, for who wants to show what comes of it. */
MUST_CHECK int lanes_engine_learn(const struct lanes_engine *engine);

/* Signatures that the lanes have made. */
uint64_t lanes_engine_signatures(const struct lanes_engine *engine);

/* Signatures that came out wrong of the lanes. */
uint64_t lanes_engine_faults(const struct lanes_engine *engine);

/* Lets go of keys that were removed or replaced: lane_key_cache_sweep(). */
void lanes_engine_sweep(struct lanes_engine *engine);

#define LANES_ENGINE_NOTICE_SIZE LANE_KEY_CACHE_NOTICE_SIZE

/* Of RSA keys of one size: from how many signatures on they are made in lanes. */
void lanes_engine_describe(const struct lanes_engine *engine, enum sign_task_kind kind,
			   char text_out[LANES_ENGINE_NOTICE_SIZE]);

/* The same, of what its workers have learnt, each once; false: nothing. */
bool lanes_engine_take_news(struct lanes_engine *engine, char text_out[LANES_ENGINE_NOTICE_SIZE]);

/* Something that the operator should hear of, each once, or at 1, 10, 100 of them; false: nothing. */
bool lanes_engine_take_notice(struct lanes_engine *engine, char text_out[LANES_ENGINE_NOTICE_SIZE]);

#endif
