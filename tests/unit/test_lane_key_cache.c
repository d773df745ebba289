/*
 * Goal:   the cache gives out the right key in a place that stays as it is until it is given back, wipes what it
 *         puts out, and says once when it is too small or not locked.
 * Method: a back-end that counts what it prepares shows which keys were in; then what a key is in lane form
 *         is known, and threads compare it as long as they have it. One test signs with the portable
 *         back-end.
 */
#include "signer/keys/lane_key_cache.h"

#include "signer/keys/evp_lane_key.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/lane_samples.h"
#include "tests/unit/memory_lock.h"
#include "tests/unit/rsa_pool.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define KEYS	5
#define THREADS 4

static struct lane_sample samples[KEYS];

/* A back-end to which nothing is missing in a key. */
static atomic_size_t prepared;

static void count_prepare(struct rsa_lanes_workspace *workspace, struct rsa_lane_key *key)
{
	(void)workspace;
	(void)key;
	(void)atomic_fetch_add(&prepared, 1);
}

static const struct rsa_lanes counting_lanes = {.name = "counting", .prepare = count_prepare};

/* The linker puts this in the place of the real one. */
static atomic_size_t locked;

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	(void)atomic_fetch_add(&locked, 1);
	return __real_pthread_mutex_lock(mutex);
}

static struct lane_key_cache *new_cache(size_t keys_max)
{
	struct lane_key_cache *cache;

	assert_int_equal(lane_key_cache_new(&counting_lanes, keys_max, &cache), 0);
	return cache;
}

static const struct rsa_lane_key *borrow_key(struct lane_key_cache *cache, struct key *key)
{
	const struct rsa_lane_key *lane_key;

	lane_key_cache_borrow(cache, NULL, &key, 1, &lane_key);
	return lane_key;
}

static const struct rsa_lane_key *borrow(struct lane_key_cache *cache, size_t which)
{
	return borrow_key(cache, samples[which].key);
}

static void give_back(struct lane_key_cache *cache, const struct rsa_lane_key *lane_key)
{
	lane_key_cache_return(cache, &lane_key, 1);
}

static void reject(struct lane_key_cache *cache, const struct rsa_lane_key *lane_key)
{
	lane_key_cache_reject(cache, lane_key);
	give_back(cache, lane_key);
}

/* Borrows and returns. */
static void use(struct lane_key_cache *cache, size_t which)
{
	const struct rsa_lane_key *lane_key = borrow(cache, which);

	assert_non_null(lane_key);
	give_back(cache, lane_key);
}

/* Whether it had to be prepared for that. */
static bool use_prepares(struct lane_key_cache *cache, size_t which)
{
	size_t before = atomic_load(&prepared);

	use(cache, which);
	return atomic_load(&prepared) != before;
}

static void borrowed_key_signs_as_openssl(void **state)
{
	static const uint8_t digest[DIGEST_SIZE] = {7};
	struct rsa_lanes_workspace *workspace = lane_workspace_new(&rsa_lanes_portable);
	struct key *const keys[2] = {samples[0].key, samples[1].key};
	const struct rsa_lane_key *lane_keys[2];
	struct rsa_lane_job jobs[2];
	struct lane_key_cache *cache;
	uint8_t signatures[2][SIGNATURE_SIZE_MAX];
	uint8_t want[SIGNATURE_SIZE_MAX];

	(void)state;
	assert_int_equal(lane_key_cache_new(&rsa_lanes_portable, 2, &cache), 0);
	lane_key_cache_borrow(cache, workspace, keys, 2, lane_keys);
	for (size_t i = 0; i < 2; i++) {
		jobs[i] = (struct rsa_lane_job){
			.key = lane_keys[i],
			.digest = digest,
			.signature = signatures[i],
		};
		assert_non_null(jobs[i].key);
	}
	rsa_lanes_portable.sign(workspace, jobs, 2);
	for (size_t i = 0; i < 2; i++) {
		size_t size = lane_sample_sign(&samples[i], digest, want);

		assert_false(jobs[i].has_failed);
		assert_memory_equal(signatures[i], want, size);
	}
	lane_key_cache_return(cache, lane_keys, 2);
	lane_key_cache_free(cache);
	free(workspace);
}

static void same_key_has_one_place(void **state)
{
	struct lane_key_cache *cache = new_cache(3);
	const struct rsa_lane_key *first = borrow(cache, 0);
	const struct rsa_lane_key *other = borrow(cache, 1);

	(void)state;
	assert_non_null(first);
	assert_non_null(other);
	assert_ptr_not_equal(first, other);
	assert_ptr_equal(borrow(cache, 0), first); /* for two at once */
	give_back(cache, first);
	give_back(cache, first);
	give_back(cache, other);
	assert_ptr_equal(borrow(cache, 0), first);
	give_back(cache, first);
	assert_false(use_prepares(cache, 0));
	assert_false(use_prepares(cache, 1));
	lane_key_cache_free(cache);
}

static void key_that_was_not_used_since_makes_room(void **state)
{
	struct lane_key_cache *cache = new_cache(3);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_true(use_prepares(cache, i));
	assert_true(use_prepares(cache, 3)); /* for 0: all were used, and it came first */
	assert_false(use_prepares(cache, 1));
	assert_true(use_prepares(cache, 4)); /* for 2 */
	assert_false(use_prepares(cache, 3));
	assert_false(use_prepares(cache, 1));
	assert_false(use_prepares(cache, 4));
	assert_true(use_prepares(cache, 2));
	assert_true(use_prepares(cache, 0));
	lane_key_cache_free(cache);
}

static void borrowed_keys_make_no_room(void **state)
{
	struct lane_key_cache *cache = new_cache(2);
	const struct rsa_lane_key *first = borrow(cache, 0);
	const struct rsa_lane_key *second = borrow(cache, 1);

	(void)state;
	assert_ptr_equal(borrow(cache, 1), second);
	assert_null(borrow(cache, 2));
	give_back(cache, second); /* there is another who has it */
	assert_null(borrow(cache, 2));
	give_back(cache, second);
	assert_ptr_equal(borrow(cache, 2), second);
	assert_null(borrow(cache, 1));
	assert_false(use_prepares(cache, 0));
	give_back(cache, first);
	assert_ptr_equal(borrow(cache, 1), first);
	give_back(cache, first);
	give_back(cache, second);
	lane_key_cache_free(cache);
}

/* The keys of a group, all at once; returns how many there were. */
static size_t borrow_group(struct lane_key_cache *cache, struct key *const *keys, size_t count,
			   const struct rsa_lane_key **lane_keys)
{
	size_t had = 0;

	lane_key_cache_borrow(cache, NULL, keys, count, lane_keys);
	for (size_t i = 0; i < count; i++)
		had += lane_keys[i] != NULL;
	return had;
}

static void key_that_comes_twice_in_a_group_is_prepared_once(void **state)
{
	struct key *const keys[] = {samples[0].key, samples[1].key, samples[0].key, samples[0].key};
	const struct rsa_lane_key *lane_keys[ARRAY_COUNT(keys)];
	struct lane_key_cache *cache = new_cache(2);
	size_t before = atomic_load(&prepared);

	(void)state;
	assert_int_equal(borrow_group(cache, keys, 4, lane_keys), 4);
	assert_int_equal(atomic_load(&prepared), before + 2);
	assert_ptr_equal(lane_keys[2], lane_keys[0]);
	assert_ptr_equal(lane_keys[3], lane_keys[0]);
	assert_ptr_not_equal(lane_keys[1], lane_keys[0]);
	/* It is free when it came back three times. */
	lane_key_cache_return(cache, lane_keys, 3);
	assert_non_null(borrow(cache, 2)); /* in place of the other */
	assert_null(borrow(cache, 3));
	give_back(cache, lane_keys[3]);
	assert_ptr_equal(borrow(cache, 3), lane_keys[0]);
	give_back(cache, lane_keys[0]);
	give_back(cache, lane_keys[1]);
	lane_key_cache_free(cache);
}

/* A group costs what one key would: all workers meet at that lock. */
static void group_is_borrowed_and_returned_under_one_lock_each(void **state)
{
	struct key *const keys[] = {samples[0].key, samples[1].key, samples[2].key};
	const struct rsa_lane_key *lane_keys[ARRAY_COUNT(keys)];
	struct lane_key_cache *cache = new_cache(3);
	size_t before;

	(void)state;
	assert_int_equal(borrow_group(cache, keys, 3, lane_keys), 3);
	lane_key_cache_return(cache, lane_keys, 3);
	before = atomic_load(&locked);
	assert_int_equal(borrow_group(cache, keys, 3, lane_keys), 3);
	assert_int_equal(atomic_load(&locked), before + 1);
	lane_key_cache_return(cache, lane_keys, 3);
	assert_int_equal(atomic_load(&locked), before + 2);
	lane_key_cache_free(cache);
}

static void key_in_the_cache_outlives_its_owner(void **state)
{
	struct lane_key_cache *cache = new_cache(2);
	struct lane_sample sample;

	(void)state;
	lane_sample_init_rsa(&sample, 1024, KEYS);
	give_back(cache, borrow_key(cache, sample.key));
	lane_sample_deinit(&sample);
	use(cache, 0);
	use(cache, 1);
	use(cache, 2);
	lane_key_cache_free(cache);
}

static void rejected_key_is_not_given_out_again(void **state)
{
	struct lane_key_cache *cache = new_cache(2);
	const struct rsa_lane_key *first = borrow(cache, 0);

	(void)state;
	assert_ptr_equal(borrow(cache, 0), first);
	use(cache, 1);
	reject(cache, first);
	assert_null(borrow(cache, 0));
	assert_false(use_prepares(cache, 1));
	give_back(cache, first); /* that it was good for another changes nothing */
	assert_null(borrow(cache, 0));
	use(cache, 2);
	use(cache, 3);
	use(cache, 4);
	assert_true(use_prepares(cache, 0)); /* it was put out, and may be tried anew */
	lane_key_cache_free(cache);
}

static void place_that_makes_room_is_wiped(void **state)
{
	struct lane_key_cache *cache = new_cache(1);
	const size_t small = rsa_lane_key_size(1024);
	const size_t large = rsa_lane_key_size(2048);
	struct lane_sample sample;
	const uint8_t *place;
	uint8_t sum = 0;

	(void)state;
	lane_sample_init_rsa(&sample, 2048, 0);
	place = (const uint8_t *)borrow_key(cache, sample.key);
	give_back(cache, (const struct rsa_lane_key *)(const void *)place);
	use(cache, 0);
	/* What the smaller key did not write over. */
	for (size_t i = small; i < large; i++)
		sum |= place[i];
	assert_int_equal(sum, 0);
	lane_sample_deinit(&sample);
	lane_key_cache_free(cache);
}

static bool is_empty(const struct rsa_lane_key *place)
{
	const uint8_t *bytes = (const uint8_t *)place;
	const size_t size = rsa_lane_key_size(1024);
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum |= bytes[i];
	return sum == 0;
}

static void key_that_nobody_uses_any_more_is_wiped(void **state)
{
	struct lane_key_cache *cache = new_cache(3);
	const struct rsa_lane_key *place;
	const struct rsa_lane_key *rejected;
	struct lane_sample replaced;
	struct lane_sample bad;

	(void)state;
	lane_sample_init_rsa(&replaced, 1024, KEYS);
	lane_sample_init_rsa(&bad, 1024, KEYS + 1);
	use(cache, 0);
	place = borrow_key(cache, replaced.key);
	give_back(cache, place);
	rejected = borrow_key(cache, bad.key);
	reject(cache, rejected);
	lane_key_cache_sweep(cache);
	assert_false(is_empty(place));
	assert_ptr_equal(borrow_key(cache, replaced.key), place);
	lane_sample_deinit(&replaced);
	lane_sample_deinit(&bad);
	lane_key_cache_sweep(cache); /* a lane is still signing with it */
	assert_false(is_empty(place));
	assert_true(is_empty(rejected));
	give_back(cache, place);
	lane_key_cache_sweep(cache);
	assert_true(is_empty(place));
	assert_false(use_prepares(cache, 0));
	assert_true(use_prepares(cache, 1));
	assert_true(use_prepares(cache, 2));
	assert_false(use_prepares(cache, 0)); /* there was room for both */
	lane_key_cache_free(cache);
}

/* However many places there are, each is looked at in the end. */
static void sweep_comes_round_all_places(void **state)
{
	enum { PLACES = 300 };
	const struct rsa_lane_key *places[PLACES];
	struct lane_key_cache *cache = new_cache(PLACES);
	struct key *keys[PLACES];
	size_t empty = 0;

	(void)state;
	for (size_t i = 0; i < PLACES; i++) {
		struct lane_sample sample;

		lane_sample_init_rsa(&sample, 1024, (unsigned)i % RSA_POOL_KEYS);
		keys[i] = key_ref(sample.key);
		places[i] = borrow_key(cache, keys[i]);
		give_back(cache, places[i]);
		lane_sample_deinit(&sample);
	}
	for (size_t i = 0; i < PLACES; i++)
		key_unref(keys[i]);
	lane_key_cache_sweep(cache);
	lane_key_cache_sweep(cache);
	for (size_t i = 0; i < PLACES; i++)
		empty += is_empty(places[i]);
	assert_int_equal(empty, PLACES);
	lane_key_cache_free(cache);
}

/* Whether the cache is said to be too small. Where these tests run, memory may be unlocked. */
static bool says_too_small(struct lane_key_cache *cache, char text[LANE_KEY_CACHE_NOTICE_SIZE])
{
	while (lane_key_cache_take_notice(cache, text)) {
		if (strstr(text, "too small: for") != NULL)
			return true;
	}
	return false;
}

/* Each key `repeats` times in turn. */
static void look_up(struct lane_key_cache *cache, size_t keys, size_t repeats, size_t lookups)
{
	for (size_t i = 0; i < lookups; i++)
		use(cache, i / repeats % keys);
}

static void cache_that_is_too_small_says_so_once(void **state)
{
	struct lane_key_cache *cache = new_cache(2);
	char text[LANE_KEY_CACHE_NOTICE_SIZE];

	(void)state;
	look_up(cache, 3, 1, 1023);
	assert_false(says_too_small(cache, text));
	look_up(cache, 3, 1, 1);
	assert_true(says_too_small(cache, text));
	assert_string_equal(text, "LaneCacheSize 2 is too small: for 1021 of 1024 signatures there "
				  "was no free place for the key");
	look_up(cache, 3, 1, 4096);
	assert_false(says_too_small(cache, text));
	lane_key_cache_free(cache);
}

/* Half of each group is put out by nobody: it finds all places borrowed by the group itself. */
static void cache_that_is_smaller_than_a_group_is_too_small(void **state)
{
	struct key *const keys[] = {samples[0].key, samples[1].key, samples[2].key, samples[3].key,
				    samples[4].key};
	const struct rsa_lane_key *lane_keys[ARRAY_COUNT(keys)];
	struct lane_key_cache *cache = new_cache(2);
	char text[LANE_KEY_CACHE_NOTICE_SIZE];

	(void)state;
	for (size_t i = 0; i < 1025 / ARRAY_COUNT(keys); i++) {
		assert_int_equal(borrow_group(cache, keys, ARRAY_COUNT(keys), lane_keys), 2);
		assert_null(lane_keys[2]);
		lane_key_cache_return(cache, lane_keys, 2);
	}
	assert_true(says_too_small(cache, text));
	/* The last of 1024, which is not judged yet, is the fourth of a group. */
	assert_string_equal(text, "LaneCacheSize 2 is too small: for 613 of 1024 signatures there "
				  "was no free place for the key");
	lane_key_cache_free(cache);
}

/* Many workers with a key each. */
static void cache_whose_places_are_all_borrowed_is_too_small(void **state)
{
	struct lane_key_cache *cache = new_cache(1);
	const struct rsa_lane_key *held = borrow(cache, 0);
	char text[LANE_KEY_CACHE_NOTICE_SIZE];

	(void)state;
	for (size_t i = 0; i < 1024; i++)
		assert_null(borrow(cache, 1));
	assert_true(says_too_small(cache, text));
	give_back(cache, held);
	lane_key_cache_free(cache);
}

static void half_of_the_signatures_is_too_small(void **state)
{
	struct lane_key_cache *cache = new_cache(1);
	char text[LANE_KEY_CACHE_NOTICE_SIZE];

	(void)state;
	look_up(cache, 2, 2, 1024); /* the first of them filled it */
	assert_false(says_too_small(cache, text));
	look_up(cache, 2, 2, 1024);
	assert_true(says_too_small(cache, text));
	assert_non_null(strstr(text, "for 512 of 1024 signatures"));
	lane_key_cache_free(cache);
}

static void cache_that_is_large_enough_says_nothing(void **state)
{
	struct lane_key_cache *cache = new_cache(KEYS);
	struct lane_key_cache *seldom = new_cache(1);
	char text[LANE_KEY_CACHE_NOTICE_SIZE];

	(void)state;
	look_up(cache, KEYS, 1, 5000);
	assert_false(says_too_small(cache, text));
	look_up(seldom, 2, 3, 5000); /* for each third signature */
	assert_false(says_too_small(seldom, text));
	lane_key_cache_free(cache);
	lane_key_cache_free(seldom);
}

/* The more keys a cache has, the more look-ups it is judged by: not by the few in which all keys change. */
static void cache_whose_keys_all_change_at_once_says_nothing(void **state)
{
	enum { PLACES = 130 };
	struct lane_key_cache *cache = new_cache(PLACES);
	char text[LANE_KEY_CACHE_NOTICE_SIZE];
	struct lane_sample many[2 * PLACES];

	(void)state;
	for (size_t i = 0; i < 2 * PLACES; i++) {
		lane_sample_init_rsa(&many[i], 1024, (unsigned)i % RSA_POOL_KEYS);
		give_back(cache, borrow_key(cache, many[i].key));
	}
	look_up(cache, 1, 1, 8 * PLACES);
	assert_false(says_too_small(cache, text));
	for (size_t i = 0; i < 2 * PLACES; i++)
		lane_sample_deinit(&many[i]);
	lane_key_cache_free(cache);
}

/* Returns what is wrong, 0 if nothing. */
static int use_unlocked_cache(void)
{
	char text[LANE_KEY_CACHE_NOTICE_SIZE];
	struct lane_key_cache *cache;
	const struct rsa_lane_key *lane_key;

	if (!memory_lock_forbid())
		return 1;
	if (lane_key_cache_new(&counting_lanes, 17, &cache) != 0)
		return 2;
	lane_key_cache_lock(cache);
	if (!lane_key_cache_take_notice(cache, text))
		return 3;
	if (strcmp(text, "17 of the 17 keys of LaneCacheSize are in memory that may be swapped to "
			 "disk: raise the limit of locked memory (LimitMEMLOCK=, ulimit -l)") != 0)
		return 4;
	if (lane_key_cache_take_notice(cache, text))
		return 5;
	lane_key = borrow(cache, 0);
	if (lane_key == NULL)
		return 6;
	give_back(cache, lane_key);
	lane_key_cache_free(cache);
	return 0;
}

static void cache_that_is_not_locked_says_so_once(void **state)
{
	(void)state;
	assert_true(memory_lock_child(use_unlocked_cache));
}

/* Of one that is too large for the limit, so many keys are locked as fit, and the first go there. */
static int use_partly_locked_cache(void)
{
	char text[LANE_KEY_CACHE_NOTICE_SIZE];
	struct lane_key_cache *cache;

	if (!memory_lock_limit((size_t)3 << 20))
		return 1;
	if (lane_key_cache_new(&counting_lanes, 1000, &cache) != 0)
		return 2;
	lane_key_cache_lock(cache);
	if (!lane_key_cache_take_notice(cache, text))
		return 3;
	if (strstr(text, "472 of the 1000 keys of LaneCacheSize are in memory that may be ") !=
	    text)
		return 4;
	lane_key_cache_free(cache);
	return 0;
}

static void cache_that_is_locked_in_part_says_how_much(void **state)
{
	(void)state;
	assert_true(memory_lock_child(use_partly_locked_cache));
}

struct user {
	pthread_t thread;
	struct lane_key_cache *cache;
	uint32_t random;
	size_t borrowed;
};

/* What each key is in lane form. */
static struct rsa_lane_key *forms[KEYS];

static bool is_form(const struct rsa_lane_key *lane_key, size_t which)
{
	return memcmp(lane_key, forms[which], rsa_lane_key_size(1024)) == 0;
}

static bool borrow_for_a_moment(struct user *user, unsigned action)
{
	const size_t which = action % KEYS;
	const struct rsa_lane_key *lane_key = borrow(user->cache, which);
	bool is_right;

	if (lane_key == NULL)
		return true;
	user->borrowed++;
	is_right = is_form(lane_key, which);
	if (action % 3 == 0) {
		(void)sched_yield();
		is_right = is_right && is_form(lane_key, which);
	}
	if (action % 31 == 0)
		reject(user->cache, lane_key);
	else
		give_back(user->cache, lane_key);
	return is_right;
}

/* Returns NULL, or itself: a key was not what it should be. */
static void *run_user(void *argument)
{
	struct user *user = argument;
	char text[LANE_KEY_CACHE_NOTICE_SIZE];

	for (unsigned i = 0; i < rounds_of(4000); i++) {
		user->random = user->random * 1664525 + 1013904223;
		if ((user->random >> 16) % 50 == 0)
			lane_key_cache_sweep(user->cache);
		if (!borrow_for_a_moment(user, user->random >> 16))
			return user;
		(void)lane_key_cache_take_notice(user->cache, text);
	}
	return NULL;
}

static void key_stays_as_it_is_while_threads_have_it(void **state)
{
	struct lane_key_cache *cache = new_cache(3);
	struct key *unused = samples[KEYS - 1].key;
	struct user users[THREADS];

	(void)state;
	/* One that each sweep puts out. */
	(void)key_keep(unused);
	key_unref(unused);
	for (uint32_t i = 0; i < THREADS; i++) {
		users[i] = (struct user){.cache = cache, .random = i};
		assert_int_equal(pthread_create(&users[i].thread, NULL, run_user, &users[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *failed;

		assert_int_equal(pthread_join(users[i].thread, &failed), 0);
		assert_null(failed);
		assert_true(users[i].borrowed > 0);
	}
	(void)key_ref(unused);
	key_let_go(unused);
	lane_key_cache_free(cache);
}

/* What fails is tried again with memory: nothing is lost by it. */
static int use_a_cache(size_t fail_at, bool *has_failed_out)
{
	struct key *const twice[] = {samples[0].key, samples[0].key};
	const struct rsa_lane_key *lane_keys[2];
	struct lane_key_cache *cache = NULL;
	int r;

	failing_memory_arm(fail_at);
	r = lane_key_cache_new(&counting_lanes, 2, &cache);
	if (r != 0) {
		*has_failed_out = failing_memory_disarm();
		return r;
	}
	lane_key_cache_borrow(cache, NULL, twice, 2, lane_keys);
	*has_failed_out = failing_memory_disarm();
	assert_ptr_equal(lane_keys[0], lane_keys[1]);
	assert_true(lane_keys[0] != NULL || *has_failed_out);
	if (lane_keys[0] == NULL)
		lane_key_cache_borrow(cache, NULL, twice, 2, lane_keys);
	assert_non_null(lane_keys[0]);
	assert_true(is_form(lane_keys[0], 0));
	lane_key_cache_return(cache, lane_keys, 2);
	/* All places are free. */
	use(cache, 1);
	use(cache, 2);
	use(cache, 3);
	lane_key_cache_free(cache);
	return 0;
}

static void every_allocation_may_fail(void **state)
{
	bool has_failed = true;
	size_t nth = 1;

	(void)state;
	for (; has_failed; nth++) {
		int r = use_a_cache(nth, &has_failed);

		assert_true(r == 0 || (has_failed && r == -ENOMEM));
	}
	assert_true(nth > 4);
	lane_key_cache_free(NULL);
}

static int set_up_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++) {
		lane_sample_init_rsa(&samples[i], 1024, (unsigned)i);
		forms[i] = malloc(rsa_lane_key_size(1024));
		assert_non_null(forms[i]);
		assert_int_equal(evp_lane_key_set(forms[i], samples[i].evp), 0);
	}
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++) {
		lane_sample_deinit(&samples[i]);
		free(forms[i]);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borrowed_key_signs_as_openssl),
		cmocka_unit_test(same_key_has_one_place),
		cmocka_unit_test(key_that_was_not_used_since_makes_room),
		cmocka_unit_test(borrowed_keys_make_no_room),
		cmocka_unit_test(key_that_comes_twice_in_a_group_is_prepared_once),
		cmocka_unit_test(group_is_borrowed_and_returned_under_one_lock_each),
		cmocka_unit_test(key_in_the_cache_outlives_its_owner),
		cmocka_unit_test(rejected_key_is_not_given_out_again),
		cmocka_unit_test(place_that_makes_room_is_wiped),
		cmocka_unit_test(key_that_nobody_uses_any_more_is_wiped),
		cmocka_unit_test(sweep_comes_round_all_places),
		cmocka_unit_test(cache_that_is_too_small_says_so_once),
		cmocka_unit_test(cache_that_is_smaller_than_a_group_is_too_small),
		cmocka_unit_test(cache_whose_places_are_all_borrowed_is_too_small),
		cmocka_unit_test(half_of_the_signatures_is_too_small),
		cmocka_unit_test(cache_that_is_large_enough_says_nothing),
		cmocka_unit_test(cache_whose_keys_all_change_at_once_says_nothing),
		cmocka_unit_test(cache_that_is_not_locked_says_so_once),
		cmocka_unit_test(cache_that_is_locked_in_part_says_how_much),
		cmocka_unit_test(key_stays_as_it_is_while_threads_have_it),
		cmocka_unit_test(every_allocation_may_fail),
	};

	failing_memory_hook_openssl();
	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
