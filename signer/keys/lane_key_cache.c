/*
 * How it works: a hash table from the address of a key to its place, under one lock. A clock hand goes
 * round the places (CLOCK): a look-up sets `is_used`; to make room, the hand clears it, and takes the first
 * place that had it clear and that nobody has borrowed. The place keeps the key, so the address cannot
 * become another key's.
 *
 * A key is brought into its form without the lock, and who asks for it meanwhile is told that it cannot be
 * had now: OpenSSL signs sooner than one can wait.
 *
 * Too small: of the last look-ups, half had to put another key out, or found all places borrowed. A cache that is
 * being filled does neither.
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
#define SWEEP_PLACES   256 /* at a time, */
#define SWEEP_LOCKED   64  /* so many of them under one lock */
#define PLACE_ALIGN    64  /* no two keys share a line of the cache */

enum place_state {
	PLACE_EMPTY,
	PLACE_FILLING, /* borrowed by who fills it */
	PLACE_READY,
	PLACE_REJECTED, /* OpenSSL signs with this key */
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
	size_t without_room; /* another key was put out for this one, or there was no place at all */
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
	size_t borrowed_count; /* places, however many have borrowed each */
	size_t hand;
	size_t sweep_at; /* the next place to look at */
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
		r = secret_memory_map(&cache->memory, keys_max * cache->place_size);
	if (r != 0) {
		lane_key_cache_free(cache);
		return r;
	}
	*cache_out = cache;
	return 0;
}

void lane_key_cache_lock(struct lane_key_cache *cache)
{
	(void)pthread_mutex_lock(&cache->lock);
	secret_memory_lock(&cache->memory);
	(void)pthread_mutex_unlock(&cache->lock);
}

void lane_key_cache_free(struct lane_key_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; cache->places != NULL && i < cache->keys_max; i++)
		key_let_go(cache->places[i].key);
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

/* Returns the key, which the caller lets go of. */
static struct key *place_empty(struct lane_key_cache *cache, struct place *place)
{
	struct key *key = place->key;
	struct place **at = bucket_of(cache, key);

	while (*at != place)
		at = &(*at)->next;
	*at = place->next;
	explicit_bzero(lane_key_of(cache, place), cache->place_size);
	*place = (struct place){0};
	return key;
}

static void place_take(struct lane_key_cache *cache, struct place *place, struct key *key)
{
	struct place **bucket = bucket_of(cache, key);

	*place = (struct place){
		.key = key_keep(key),
		.state = PLACE_FILLING,
		.is_used = true,
		.next = *bucket,
	};
	*bucket = place;
}

/* An empty place, or NULL: all are borrowed. Twice round, because the first time may only clear `is_used`. */
static struct place *make_room(struct lane_key_cache *cache)
{
	if (cache->borrowed_count == cache->keys_max)
		return NULL;
	for (;;) {
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
		cache->window.without_room++;
		key_let_go(place_empty(cache, place));
		return place;
	}
}

static void count_lookup(struct lane_key_cache *cache)
{
	struct window *window = &cache->window;
	size_t length = cache->keys_max < WINDOW_MIN / WINDOW_PER_KEY
				? WINDOW_MIN
				: cache->keys_max * WINDOW_PER_KEY;

	if (++window->lookups < length)
		return;
	if (cache->too_small.lookups == 0 && window->without_room >= window->lookups / 2)
		cache->too_small = *window;
	*window = (struct window){0};
}

static void place_lend(struct lane_key_cache *cache, struct place *place)
{
	if (place->borrowers++ == 0)
		cache->borrowed_count++;
}

static void place_take_back(struct lane_key_cache *cache, struct place *place)
{
	assert(place->borrowers > 0);
	if (--place->borrowers == 0)
		cache->borrowed_count--;
}

/* What one call borrows. */
struct loan {
	struct place *places[RSA_LANES]; /* NULL: the key cannot be had */
	bool fills[RSA_LANES];		 /* it was empty: once for each such place */
	size_t count;
};

static bool loan_has(const struct loan *loan, const struct place *place)
{
	for (size_t i = 0; i < loan->count; i++) {
		if (loan->places[i] == place)
			return true;
	}
	return false;
}

/* A place that is ready, or one that the loan has to fill, or NULL. */
static struct place *look_up(struct lane_key_cache *cache, struct loan *loan, struct key *key)
{
	struct place *place = find(cache, key);

	count_lookup(cache);
	if (place != NULL) {
		place->is_used = true;
		return place->state == PLACE_READY || loan_has(loan, place) ? place : NULL;
	}
	place = make_room(cache);
	if (place == NULL) {
		cache->window.without_room++;
		return NULL;
	}
	place_take(cache, place, key);
	loan->fills[loan->count] = true;
	return place;
}

static void look_up_all(struct lane_key_cache *cache, struct key *const *keys, size_t count,
			struct loan *loan)
{
	assert(count <= RSA_LANES);
	(void)pthread_mutex_lock(&cache->lock);
	for (; loan->count < count; loan->count++) {
		struct place *place = look_up(cache, loan, keys[loan->count]);

		loan->places[loan->count] = place;
		if (place != NULL)
			place_lend(cache, place);
	}
	(void)pthread_mutex_unlock(&cache->lock);
}

/* Returns what has become of the place. The key fits, so memory is all that can be missing. */
static enum place_state fill(struct lane_key_cache *cache, struct rsa_lanes_workspace *workspace,
			     const struct place *place)
{
	struct rsa_lane_key *lane_key = lane_key_of(cache, place);

	if (evp_lane_key_set(lane_key, key_evp(place->key)) != 0)
		return PLACE_EMPTY;
	cache->lanes->prepare(workspace, lane_key);
	return PLACE_READY;
}

/* Of a place that the loan filled. Without memory, it is free again and the key can be tried anew. */
static void settle(struct lane_key_cache *cache, struct loan *loan, struct place *place,
		   enum place_state state)
{
	(void)pthread_mutex_lock(&cache->lock);
	place->state = state;
	for (size_t i = 0; state != PLACE_READY && i < loan->count; i++) {
		if (loan->places[i] != place)
			continue;
		place_take_back(cache, place);
		loan->places[i] = NULL;
	}
	if (state == PLACE_EMPTY)
		key_let_go(place_empty(cache, place));
	(void)pthread_mutex_unlock(&cache->lock);
}

void lane_key_cache_borrow(struct lane_key_cache *cache, struct rsa_lanes_workspace *workspace,
			   struct key *const *keys, size_t count,
			   const struct rsa_lane_key **lane_keys_out)
{
	struct loan loan = {0};

	look_up_all(cache, keys, count, &loan);
	for (size_t i = 0; i < count; i++) {
		if (loan.fills[i])
			settle(cache, &loan, loan.places[i],
			       fill(cache, workspace, loan.places[i]));
	}
	for (size_t i = 0; i < count; i++)
		lane_keys_out[i] = loan.places[i] == NULL ? NULL
							  : lane_key_of(cache, loan.places[i]);
}

void lane_key_cache_return(struct lane_key_cache *cache,
			   const struct rsa_lane_key *const *lane_keys, size_t count)
{
	(void)pthread_mutex_lock(&cache->lock);
	for (size_t i = 0; i < count; i++)
		place_take_back(cache, place_of(cache, lane_keys[i]));
	(void)pthread_mutex_unlock(&cache->lock);
}

void lane_key_cache_reject(struct lane_key_cache *cache, const struct rsa_lane_key *lane_key)
{
	struct place *place = place_of(cache, lane_key);

	(void)pthread_mutex_lock(&cache->lock);
	assert(place->borrowers > 0);
	place->state = PLACE_REJECTED;
	(void)pthread_mutex_unlock(&cache->lock);
}

/* Of up to SWEEP_LOCKED places, empties those that keep a key for nobody. Returns how many. */
static size_t take_unused(struct lane_key_cache *cache, struct key *unused[SWEEP_LOCKED])
{
	size_t count = 0;

	(void)pthread_mutex_lock(&cache->lock);
	for (size_t i = 0; i < SWEEP_LOCKED && i < cache->keys_max; i++) {
		struct place *place = &cache->places[cache->sweep_at];

		cache->sweep_at = (cache->sweep_at + 1) % cache->keys_max;
		if (place->state != PLACE_EMPTY && place->borrowers == 0 &&
		    !key_is_used(place->key))
			unused[count++] = place_empty(cache, place);
	}
	(void)pthread_mutex_unlock(&cache->lock);
	return count;
}

void lane_key_cache_sweep(struct lane_key_cache *cache)
{
	for (size_t done = 0; done < SWEEP_PLACES && done < cache->keys_max; done += SWEEP_LOCKED) {
		struct key *unused[SWEEP_LOCKED];
		size_t count = take_unused(cache, unused);

		/* Without the lock: to free a key takes as long as to wipe many. */
		while (count > 0)
			key_let_go(unused[--count]);
	}
}

static bool take_too_small(struct lane_key_cache *cache, char text_out[LANE_KEY_CACHE_NOTICE_SIZE])
{
	if (cache->told_too_small || cache->too_small.lookups == 0)
		return false;
	cache->told_too_small = true;
	(void)snprintf(
		text_out, LANE_KEY_CACHE_NOTICE_SIZE,
		"LaneCacheSize %zu is too small: for %zu of %zu signatures there was no free "
		"place for the key",
		cache->keys_max, cache->too_small.without_room, cache->too_small.lookups);
	return true;
}

static bool take_unlocked(struct lane_key_cache *cache, char text_out[LANE_KEY_CACHE_NOTICE_SIZE])
{
	if (cache->told_unlocked || cache->memory.locked)
		return false;
	cache->told_unlocked = true;
	(void)snprintf(text_out, LANE_KEY_CACHE_NOTICE_SIZE,
		       "%zu of the %zu keys of LaneCacheSize are in memory that may be swapped to "
		       "disk: raise the limit of locked memory (LimitMEMLOCK=, ulimit -l)",
		       cache->keys_max - cache->memory.locked_size / cache->place_size,
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
