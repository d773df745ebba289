/*
 * lane_key_cache - the RSA keys in use, in the form that the lanes take.
 *
 * Is:       a bounded number of places in secret memory. A key gets one when it first signs; when all are taken,
 *           one that was not used for long makes room.
 * Is not:   a store of keys: each place keeps a key that key_store.h gave out.
 * Units:    keys_max counts places; each is as large as a key of 4096 bits, 4 KB.
 * Errors:   -ENOMEM of new. That a key cannot be had is no error: OpenSSL signs then.
 * Owns:     the memory, and keeps each key in it. A place is wiped when its key makes room or is not used any more,
 *           and in the end.
 * Threads:  any number.
 *
 *	lane_key_cache_borrow(cache, workspace, keys, 8, lane_keys);
 *	...sign with those that are there, take note of those that were wrong...
 *	lane_key_cache_reject(cache, wrong);
 *	lane_key_cache_return(cache, those_that_are_there, count);
 */
#ifndef SIGNER_KEYS_LANE_KEY_CACHE_H
#define SIGNER_KEYS_LANE_KEY_CACHE_H

#include "common/compiler.h"
#include "signer/keys/key.h"
#include "signer/lanes/rsa_lanes.h"

#include <stdbool.h>
#include <stddef.h>

struct lane_key_cache;

MUST_CHECK int lane_key_cache_new(const struct rsa_lanes *lanes, size_t keys_max,
				  struct lane_key_cache **cache_out);
void lane_key_cache_free(struct lane_key_cache *cache);

/* Locks the places, as far as the limit allows, before the first is used. */
void lane_key_cache_lock(struct lane_key_cache *cache);

/*
 * Of up to RSA_LANES keys at once, all of which fit the lanes (key.h); they may be the same. Sets the form of
 * each; NULL: the lanes cannot sign with this key now. The workspace is the calling thread's.
 */
void lane_key_cache_borrow(struct lane_key_cache *cache, struct rsa_lanes_workspace *workspace,
			   struct key *const *keys, size_t count,
			   const struct rsa_lane_key **lane_keys_out);

/* Each as often as it was borrowed. */
void lane_key_cache_return(struct lane_key_cache *cache,
			   const struct rsa_lane_key *const *lane_keys, size_t count);

/* Before the return of one whose signature was wrong: nobody gets it again while it is in here. */
void lane_key_cache_reject(struct lane_key_cache *cache, const struct rsa_lane_key *lane_key);

/*
 * Lets go of keys that nobody uses any more, as after they were removed or replaced. To be called now and then: it
 * looks at some places each time.
 */
void lane_key_cache_sweep(struct lane_key_cache *cache);

/* Something that the operator should hear of, each once in the life of the cache; false: nothing. */
#define LANE_KEY_CACHE_NOTICE_SIZE 256
bool lane_key_cache_take_notice(struct lane_key_cache *cache,
				char text_out[LANE_KEY_CACHE_NOTICE_SIZE]);

#endif
