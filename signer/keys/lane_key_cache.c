/*
 * How it works: a hash table from the address of a key to its place, under one lock. A clock hand goes
 * round the places (CLOCK): a look-up sets `is_used`; to make room, the hand clears it, and takes the first
 * place that had it clear and that nobody has borrowed. The place holds a reference, so the address cannot
 * become another key's.
 *
 * A key is brought into its form without the lock, and who asks for it meanwhile is told that it cannot be
 * had now: OpenSSL signs sooner than one can wait.
 *
 * Too small: of the last look-ups, half had to put another key out. A cache that is being filled does not.
 */
#include "signer/keys/lane_key_cache.h"

#include "signer/keys/evp_lane_key.h"
#include "signer/keys/secret_memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_PER_KEY 8
#define WINDOW_MIN     1024
#define PLACE_ALIGN    64 /* no two keys share a line of the cache */

enum place_state {
	PLACE_EMPTY,
	PLACE_FILLING, /* borrowed by who fills it */
	PLACE_READY,
	PLACE_UNFIT, /* OpenSSL signs with this key */
};

struct place {
	struct key *key; /* NULL: empty */
	enum place_state state;
	bool is_used;
	unsigned borrowers;
	struct place *next; /* in the chain of a bucket */
};

/* Of the last look-ups. */
struct window {
	size_t lookups;
	size_t put_out;
};

struct lane_key_cache {
	const struct rsa_lanes *lanes;
	size_t keys_max;
	size_t place_size;
	struct secret_memory memory;
	pthread_mutex_t
		lock; /* guards what follows, but for the memory of a place that is FILLING */
	struct place *places;
	struct place **buckets;
	size_t bucket_mask;
	size_t hand;
	struct window window;
	struct window too_small; /* the first that was; no look-ups: none */
	bool told_too_small;
	bool told_unlocked;
};

int lane_key_cache_new(const struct rsa_lanes *lanes, size_t keys_max,
		       struct lane_key_cache **cache_out)
{
	struct lane_key_cache *cache = calloc(1, sizeof(*cache));
	size_t bucket_count = 1;
	int r = -ENOMEM;

	if (cache == NULL)
		return -ENOMEM;
	while (bucket_count < keys_max)
		bucket_count *= 2;
	cache->lanes = lanes;
	cache->keys_max = keys_max;
	cache->place_size = (rsa_lane_key_size(RSA_LANE_BITS_MAX) + PLACE_ALIGN - 1) / PLACE_ALIGN *
			    PLACE_ALIGN;
	cache->bucket_mask = bucket_count - 1;
	cache->places = calloc(keys_max, sizeof(*cache->places));
	cache->buckets = calloc(bucket_count, sizeof(struct place *));
	(void)pthread_mutex_init(&cache->lock, NULL);
	if (cache->places != NULL && cache->buckets != NULL &&
	    keys_max <= SIZE_MAX / cache->place_size)
		r = secret_memory_init(&cache->memory, keys_max * cache->place_size);
	if (r != 0) {
		lane_key_cache_free(cache);
		return r;
	}
	*cache_out = cache;
	return 0;
}

void lane_key_cache_free(struct lane_key_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; cache->places != NULL && i < cache->keys_max; i++)
		key_unref(cache->places[i].key);
	secret_memory_deinit(&cache->memory);
	(void)pthread_mutex_destroy(&cache->lock);
	free(cache->buckets);
	free(cache->places);
	free(cache);
}

static struct rsa_lane_key *lane_key_of(struct lane_key_cache *cache, const struct place *place)
{
	size_t at = (size_t)(place - cache->places);

	return (struct rsa_lane_key *)(void *)(cache->memory.data + at * cache->place_size);
}

static struct place *place_of(struct lane_key_cache *cache, const struct rsa_lane_key *lane_key)
{
	size_t offset = (size_t)((const uint8_t *)lane_key - cache->memory.data);

	assert(offset % cache->place_size == 0 && offset < cache->memory.size);
	return &cache->places[offset / cache->place_size];
}

static struct place **bucket_of(struct lane_key_cache *cache, const struct key *key)
{
	uint64_t mixed = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15;

	return &cache->buckets[mixed >> 32 & cache->bucket_mask];
}

static struct place *find(struct lane_key_cache *cache, const struct key *key)
{
	struct place *place = *bucket_of(cache, key);

	while (place != NULL && place->key != key)
		place = place->next;
	return place;
}

static void place_empty(struct lane_key_cache *cache, struct place *place)
{
	struct place **at = bucket_of(cache, place->key);

	while (*at != place)
		at = &(*at)->next;
	*at = place->next;
	explicit_bzero(lane_key_of(cache, place), cache->place_size);
	key_unref(place->key);
	*place = (struct place){0};
}

static void place_take(struct lane_key_cache *cache, struct place *place, struct key *key)
{
	struct place **bucket = bucket_of(cache, key);

	*place = (struct place){
		.key = key_ref(key),
		.state = PLACE_FILLING,
		.is_used = true,
		.next = *bucket,
	};
	*bucket = place;
}

/* An empty place, or NULL: all are borrowed. Twice round, because the first time may only clear `is_used`. */
static struct place *make_room(struct lane_key_cache *cache)
{
	for (size_t steps = 2 * cache->keys_max; steps > 0; steps--) {
		struct place *place = &cache->places[cache->hand];
		bool was_used = place->is_used;

		cache->hand = (cache->hand + 1) % cache->keys_max;
		if (place->state == PLACE_EMPTY)
			return place;
		if (place->borrowers > 0)
			continue;
		place->is_used = false;
		if (was_used)
			continue;
		cache->window.put_out++;
		place_empty(cache, place);
		return place;
	}
	return NULL;
}

static void count_lookup(struct lane_key_cache *cache)
{
	struct window *window = &cache->window;
	size_t length = cache->keys_max < WINDOW_MIN / WINDOW_PER_KEY
				? WINDOW_MIN
				: cache->keys_max * WINDOW_PER_KEY;

	if (++window->lookups < length)
		return;
	if (cache->too_small.lookups == 0 && window->put_out >= window->lookups / 2)
		cache->too_small = *window;
	*window = (struct window){0};
}

/* A place that is ready, or one that the caller has to fill, or NULL. */
static struct place *look_up(struct lane_key_cache *cache, struct key *key)
{
	struct place *place = find(cache, key);

	count_lookup(cache);
	if (place != NULL) {
		place->is_used = true;
		if (place->state != PLACE_READY)
			return NULL;
	} else {
		place = make_room(cache);
		if (place == NULL)
			return NULL;
		place_take(cache, place, key);
	}
	place->borrowers++;
	return place;
}

/* Returns what has become of the place. */
static enum place_state fill(struct lane_key_cache *cache, struct rsa_lanes_workspace *workspace,
			     struct rsa_lane_key *lane_key, const struct key *key)
{
	int r = evp_lane_key_set(lane_key, key_evp(key));

	if (r == 0)
		cache->lanes->prepare(workspace, lane_key);
	if (r == 0)
		return PLACE_READY;
	return r == EVP_LANE_KEY_E_UNFIT ? PLACE_UNFIT : PLACE_EMPTY;
}

/* Without memory, the place is free again and the key can be tried anew. */
static bool place_settle(struct lane_key_cache *cache, struct place *place, enum place_state state)
{
	(void)pthread_mutex_lock(&cache->lock);
	place->state = state;
	if (state != PLACE_READY)
		place->borrowers--;
	if (state == PLACE_EMPTY)
		place_empty(cache, place);
	(void)pthread_mutex_unlock(&cache->lock);
	return state == PLACE_READY;
}

const struct rsa_lane_key *lane_key_cache_borrow(struct lane_key_cache *cache,
						 struct rsa_lanes_workspace *workspace,
						 struct key *key)
{
	struct rsa_lane_key *lane_key;
	struct place *place;
	bool is_ready;

	(void)pthread_mutex_lock(&cache->lock);
	place = look_up(cache, key);
	is_ready = place != NULL && place->state == PLACE_READY;
	(void)pthread_mutex_unlock(&cache->lock);
	if (place == NULL)
		return NULL;
	lane_key = lane_key_of(cache, place);
	if (!is_ready && !place_settle(cache, place, fill(cache, workspace, lane_key, key)))
		return NULL;
	return lane_key;
}

static void give_back(struct lane_key_cache *cache, const struct rsa_lane_key *lane_key,
		      bool is_rejected)
{
	struct place *place = place_of(cache, lane_key);

	(void)pthread_mutex_lock(&cache->lock);
	assert(place->borrowers > 0);
	place->borrowers--;
	if (is_rejected)
		place->state = PLACE_UNFIT;
	(void)pthread_mutex_unlock(&cache->lock);
}

void lane_key_cache_return(struct lane_key_cache *cache, const struct rsa_lane_key *lane_key)
{
	give_back(cache, lane_key, false);
}

void lane_key_cache_reject(struct lane_key_cache *cache, const struct rsa_lane_key *lane_key)
{
	give_back(cache, lane_key, true);
}

static bool take_too_small(struct lane_key_cache *cache, char text_out[LANE_KEY_CACHE_NOTICE_SIZE])
{
	if (cache->told_too_small || cache->too_small.lookups == 0)
		return false;
	cache->told_too_small = true;
	(void)snprintf(text_out, LANE_KEY_CACHE_NOTICE_SIZE,
		       "LaneCacheSize %zu is too small: for %zu of %zu signatures a key had to be "
		       "put out of the cache to make room for another",
		       cache->keys_max, cache->too_small.put_out, cache->too_small.lookups);
	return true;
}

static bool take_unlocked(struct lane_key_cache *cache, char text_out[LANE_KEY_CACHE_NOTICE_SIZE])
{
	if (cache->told_unlocked || cache->memory.locked)
		return false;
	cache->told_unlocked = true;
	(void)snprintf(text_out, LANE_KEY_CACHE_NOTICE_SIZE,
		       "the keys of LaneCacheSize %zu are in memory that may be swapped to disk: "
		       "RLIMIT_MEMLOCK is too small",
		       cache->keys_max);
	return true;
}

bool lane_key_cache_take_notice(struct lane_key_cache *cache,
				char text_out[LANE_KEY_CACHE_NOTICE_SIZE])
{
	bool is_due;

	(void)pthread_mutex_lock(&cache->lock);
	is_due = take_too_small(cache, text_out) || take_unlocked(cache, text_out);
	(void)pthread_mutex_unlock(&cache->lock);
	return is_due;
}
