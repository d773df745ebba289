/*
 * How it works: one hash table from the fingerprint of a reference (name_hash.h) to an entry,
 * under one lock that look-ups share. An entry has a key, or says why there is none:
 *
 *	keys       in a ring that a clock hand goes round (CLOCK): a look-up sets `is_used`; to make
 *	           room, the hand clears it, and puts out the first entry that had it clear.
 *	failures   in a queue, oldest first, FAILURES_MAX of them, so that a sender who has many
 *	           domains without a key does not push keys out.
 *
 * A second table leads from the identity of a file to an entry, for references that share a file.
 *
 * A file that was changed within TICK_NS before it was read may be changed again within the same
 * tick of its clock, and then look the same. Such a key is read once more when the tick is over.
 *
 * Too small: fingerprints of keys that were put out stay in `ghosts`, each in one place, until
 * another takes it; there are GHOSTS_PER_KEY times as many places as keys, to notice when several
 * times keys_max are in use. If half of the last keys_max loads find theirs, and those took less
 * than THRASH_NS, keys are put out only to be read again.
 */
#include "signer/keys/key_store.h"

#include "common/clock.h"
#include "signer/keys/key_file.h"
#include "signer/keys/name_hash.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FAILURE_NS	NS_PER_S
#define FAILURES_MAX	1024
#define TICK_NS		(2 * NS_PER_S) /* the coarsest file systems keep times of 2 s (FAT) */
#define GROUP_AGE_NS	(60 * NS_PER_S)
#define GHOSTS_MIN	((size_t)4096)
#define GHOSTS_MAX	((size_t)1 << 20)
#define GHOSTS_PER_KEY	16
#define THRASH_NS	(60 * NS_PER_S)
#define THRASH_LOADS	((size_t)16) /* fewer would be chance */
#define BUCKETS_MAX	((size_t)1 << 24)
#define NOTICE_SMALL	1u
#define NOTICE_UNLOCKED 2u

/* A place in one bucket of a table. */
struct key_link {
	struct key_entry *next;
	struct key_entry **at; /* what points to us; NULL: in no bucket */
};

struct key_entry {
	struct name_hash name;
	struct key_link by_name;
	struct key_link by_file;
	struct key_entry *next; /* in the ring, or in the queue */
	struct key_entry *previous;
	struct key *key;  /* NULL: a failure */
	int outcome;	  /* of a failure */
	char *text;	  /* of a failure */
	int64_t until_ns; /* monotonic; good until then; 0: for ever */
	struct key_file_stamp stamp;
	_Atomic int64_t asked_ns; /* when the file still had this stamp */
	atomic_bool is_used;
};

/* A circular list. */
struct key_list {
	struct key_entry *first; /* the clock hand; or the oldest */
	size_t count;
};

struct key_store {
	struct key_store_config config;
	struct safe_path *safe;
	struct name_hash_secret secret;
	atomic_uint notices; /* NOTICE_*: raised, for ever */
	atomic_uint notices_taken;
	pthread_rwlock_t lock; /* guards what follows */
	struct key_entry **names;
	struct key_entry **files;
	size_t bucket_mask;
	struct key_list keys;
	struct key_list failures;
	uint64_t *ghosts;
	size_t ghost_mask;
	struct key_store_stats stats;
	size_t window_loads; /* see "too small" above */
	size_t window_reloads;
	int64_t window_start_ns;
	size_t notice_loads; /* what NOTICE_SMALL says; constant once it is raised */
	size_t notice_reloads;
};

/* What a look-up takes out of an entry. */
struct key_answer {
	struct key *key; /* a reference, or NULL */
	int outcome;
	int64_t until_ns;
	int64_t asked_ns;
	struct key_file_stamp stamp;
};

static size_t power_of_two_from(size_t count)
{
	size_t power = 16;

	while (power < count)
		power *= 2;
	return power;
}

static size_t ghost_count_for(size_t keys_max)
{
	if (keys_max >= GHOSTS_MAX / GHOSTS_PER_KEY)
		return GHOSTS_MAX;
	return power_of_two_from(
		keys_max * GHOSTS_PER_KEY < GHOSTS_MIN ? GHOSTS_MIN : keys_max * GHOSTS_PER_KEY);
}

int key_store_new(const struct key_store_config *config, struct key_store **store_out)
{
	size_t bucket_count = config->keys_max < BUCKETS_MAX
				      ? power_of_two_from(config->keys_max + FAILURES_MAX)
				      : BUCKETS_MAX;
	size_t ghost_count = ghost_count_for(config->keys_max);
	struct key_store *store = calloc(1, sizeof(*store));
	int r;

	assert(config->keys_max > 0);
	if (store == NULL)
		return -ENOMEM;
	r = pthread_rwlock_init(&store->lock, NULL);
	if (r != 0) {
		free(store);
		return -r;
	}
	store->config = *config;
	store->bucket_mask = bucket_count - 1;
	store->ghost_mask = ghost_count - 1;
	store->names = calloc(bucket_count, sizeof(struct key_entry *));
	store->files = calloc(bucket_count, sizeof(struct key_entry *));
	store->ghosts = calloc(ghost_count, sizeof(*store->ghosts));
	if (store->names == NULL || store->files == NULL || store->ghosts == NULL)
		r = -ENOMEM;
	else if (getrandom(&store->secret, sizeof(store->secret), 0) !=
		 (ssize_t)sizeof(store->secret))
		r = -EIO;
	else
		r = safe_path_new(config->user, GROUP_AGE_NS, &store->safe);
	if (r != 0) {
		key_store_free(store);
		return r;
	}
	*store_out = store;
	return 0;
}

static void entry_free(struct key_entry *entry)
{
	if (entry == NULL)
		return;
	key_unref(entry->key);
	free(entry->text);
	free(entry);
}

static void link_into(struct key_link *link, struct key_entry *entry, struct key_entry **bucket,
		      size_t link_offset)
{
	link->next = *bucket;
	link->at = bucket;
	if (*bucket != NULL) {
		struct key_link *other = (void *)((char *)*bucket + link_offset);

		other->at = &link->next;
	}
	*bucket = entry;
}

static void unlink_from(struct key_link *link, size_t link_offset)
{
	if (link->at == NULL)
		return;
	*link->at = link->next;
	if (link->next != NULL) {
		struct key_link *other = (void *)((char *)link->next + link_offset);

		other->at = link->at;
	}
	link->at = NULL;
}

/* Puts an entry last: behind all others, just before the hand. */
static void list_add(struct key_list *list, struct key_entry *entry)
{
	if (list->first == NULL) {
		list->first = entry;
		entry->next = entry;
		entry->previous = entry;
	} else {
		entry->next = list->first;
		entry->previous = list->first->previous;
		entry->previous->next = entry;
		entry->next->previous = entry;
	}
	list->count++;
}

static void list_remove(struct key_list *list, struct key_entry *entry)
{
	list->count--;
	entry->previous->next = entry->next;
	entry->next->previous = entry->previous;
	if (list->first == entry)
		list->first = list->count == 0 ? NULL : entry->next;
}

static struct key_entry **name_bucket(struct key_store *store, struct name_hash name)
{
	return &store->names[name.words[0] & store->bucket_mask];
}

static struct key_entry **file_bucket(struct key_store *store, const struct key_file_stamp *stamp)
{
	uint64_t mixed = (stamp->inode ^ stamp->device << 32) * 0x9e3779b97f4a7c15;

	return &store->files[(mixed >> 24) & store->bucket_mask];
}

static struct key_list *list_of(struct key_store *store, const struct key_entry *entry)
{
	return entry->key != NULL ? &store->keys : &store->failures;
}

static struct key_entry *store_find(struct key_store *store, struct name_hash name)
{
	struct key_entry *entry = *name_bucket(store, name);

	while (entry != NULL && !name_hash_equal(entry->name, name))
		entry = entry->by_name.next;
	return entry;
}

static void store_add(struct key_store *store, struct key_entry *entry)
{
	link_into(&entry->by_name, entry, name_bucket(store, entry->name),
		  offsetof(struct key_entry, by_name));
	if (entry->key != NULL && entry->stamp.inode != 0)
		link_into(&entry->by_file, entry, file_bucket(store, &entry->stamp),
			  offsetof(struct key_entry, by_file));
	list_add(list_of(store, entry), entry);
}

static void store_remove(struct key_store *store, struct key_entry *entry)
{
	unlink_from(&entry->by_name, offsetof(struct key_entry, by_name));
	unlink_from(&entry->by_file, offsetof(struct key_entry, by_file));
	list_remove(list_of(store, entry), entry);
	entry_free(entry);
}

void key_store_free(struct key_store *store)
{
	if (store == NULL)
		return;
	while (store->keys.first != NULL)
		store_remove(store, store->keys.first);
	while (store->failures.first != NULL)
		store_remove(store, store->failures.first);
	(void)pthread_rwlock_destroy(&store->lock);
	safe_path_free(store->safe);
	free(store->names);
	free(store->files);
	free(store->ghosts);
	free(store);
}

bool key_store_is_path(const char *reference)
{
	return reference[0] == '/' || strncmp(reference, "./", 2) == 0 ||
	       strncmp(reference, "../", 3) == 0;
}

/* Asks the table; false: nothing is known. */
static bool store_ask(struct key_store *store, struct name_hash name, struct key_answer *answer_out,
		      struct key_problem *problem)
{
	struct key_entry *entry;

	(void)pthread_rwlock_rdlock(&store->lock);
	entry = store_find(store, name);
	if (entry != NULL) {
		*answer_out = (struct key_answer){
			.key = entry->key == NULL ? NULL : key_ref(entry->key),
			.outcome = entry->outcome,
			.until_ns = entry->until_ns,
			.asked_ns = atomic_load_explicit(&entry->asked_ns, memory_order_relaxed),
			.stamp = entry->stamp,
		};
		if (entry->text != NULL)
			(void)key_problem_set(problem, 0, "%s", entry->text);
		/* Written only when it changes, so that look-ups share the cache line. */
		if (!atomic_load_explicit(&entry->is_used, memory_order_relaxed))
			atomic_store_explicit(&entry->is_used, true, memory_order_relaxed);
	}
	(void)pthread_rwlock_unlock(&store->lock);
	return entry != NULL;
}

/* The entry that gave `answer`, if it is still there, need not be asked for a while. */
static void store_was_asked(struct key_store *store, struct name_hash name,
			    const struct key_answer *answer, int64_t asked_ns)
{
	struct key_entry *entry;

	(void)pthread_rwlock_rdlock(&store->lock);
	entry = store_find(store, name);
	if (entry != NULL && key_file_stamp_equal(&entry->stamp, &answer->stamp))
		atomic_store_explicit(&entry->asked_ns, asked_ns, memory_order_relaxed);
	(void)pthread_rwlock_unlock(&store->lock);
}

static bool answer_is_current(struct key_store *store, struct name_hash name,
			      const struct key_answer *answer, const char *reference,
			      int64_t since_ns)
{
	struct key_file_stamp stamp;
	int64_t now_ns;

	if (answer->until_ns != 0 && clock_monotonic_ns() >= answer->until_ns)
		return false;
	if (!key_store_is_path(reference) || answer->asked_ns >= since_ns)
		return true;
	now_ns = clock_monotonic_ns();
	stamp = key_file_stamp(reference);
	if (!key_file_stamp_equal(&stamp, &answer->stamp))
		return false;
	if (since_ns != KEY_STORE_ASK)
		store_was_asked(store, name, answer, now_ns);
	return true;
}

static int store_peek(struct key_store *store, struct name_hash name, const char *reference,
		      int64_t since_ns, struct key **key_out, struct key_problem *problem)
{
	struct key_answer answer;

	problem->text[0] = '\0';
	if (!store_ask(store, name, &answer, problem))
		return KEY_STORE_E_NOT_LOADED;
	if (!answer_is_current(store, name, &answer, reference, since_ns)) {
		key_unref(answer.key);
		problem->text[0] = '\0';
		return KEY_STORE_E_NOT_LOADED;
	}
	if (answer.key == NULL)
		return answer.outcome;
	*key_out = answer.key;
	return 0;
}

int key_store_peek(struct key_store *store, const char *reference, int64_t since_ns,
		   struct key **key_out, struct key_problem *problem)
{
	struct name_hash name = name_hash(&store->secret, bytes_of_string(reference));

	return store_peek(store, name, reference, since_ns, key_out, problem);
}

static void notice(struct key_store *store, unsigned which)
{
	(void)atomic_fetch_or_explicit(&store->notices, which, memory_order_release);
}

/* A key from this very file, read under another name. */
static struct key *store_find_file(struct key_store *store, const struct key_file_stamp *stamp)
{
	struct key_entry *entry;
	struct key *key = NULL;

	(void)pthread_rwlock_rdlock(&store->lock);
	for (entry = *file_bucket(store, stamp); entry != NULL; entry = entry->by_file.next) {
		if (entry->until_ns == 0 && key_file_stamp_equal(&entry->stamp, stamp)) {
			key = key_ref(entry->key);
			break;
		}
	}
	(void)pthread_rwlock_unlock(&store->lock);
	return key;
}

/* Fills `entry` with the key of the file. */
static int load_file(struct key_store *store, const char *path, struct key_entry *entry,
		     bool *was_read_out, struct key_problem *problem)
{
	int64_t now_ns = clock_realtime_ns();
	struct key_file file;
	int r = key_file_open(&file, store->safe, path,
			      store->config.require_safe ? SAFE_PATH_REFUSE : SAFE_PATH_REPORT,
			      problem);

	if (r != 0) {
		entry->stamp = key_file_stamp(path);
		return r;
	}
	entry->stamp = file.stamp;
	entry->key = store_find_file(store, &file.stamp);
	if (entry->key == NULL) {
		r = key_file_read(&file, store->config.rsa_bits_min, &entry->key, problem);
		*was_read_out = true;
		if (r == 0 && !file.locked)
			notice(store, NOTICE_UNLOCKED);
	}
	if (file.stamp.changed_ns + TICK_NS > now_ns)
		entry->until_ns = clock_monotonic_ns() + TICK_NS;
	key_file_close(&file);
	return r;
}

static int load_inline(struct key_store *store, const char *text, struct key_entry *entry,
		       struct key_problem *problem)
{
	int r = key_new("the key in the table", bytes_of_string(text), store->config.rsa_bits_min,
			&entry->key, problem);

	/* Most likely somebody wrote a path in a way that does not look like one. */
	if (r == KEY_E_MALFORMED)
		return key_problem_set(problem, r,
				       "the key in the table is neither a private key nor a path; "
				       "a path begins with /, ./ or ../");
	return r;
}

static int load(struct key_store *store, const char *reference, struct key_entry *entry,
		bool *was_read_out, struct key_problem *problem)
{
	if (key_store_is_path(reference))
		return load_file(store, reference, entry, was_read_out, problem);
	*was_read_out = true;
	return load_inline(store, reference, entry, problem);
}

static int entry_set_failure(struct key_entry *entry, int outcome,
			     const struct key_problem *problem)
{
	entry->outcome = outcome;
	entry->until_ns = clock_monotonic_ns() + FAILURE_NS;
	entry->text = strdup(problem->text);
	return entry->text == NULL ? -ENOMEM : 0;
}

/* Keeps the books that tell whether the store is too small. */
static void window_count(struct key_store *store, struct name_hash name)
{
	size_t loads_max = store->config.keys_max > THRASH_LOADS ? store->config.keys_max
								 : THRASH_LOADS;
	uint64_t *ghost = &store->ghosts[name.words[1] & store->ghost_mask];
	int64_t now_ns = clock_monotonic_ns();

	if (store->window_loads == 0)
		store->window_start_ns = now_ns;
	store->window_loads++;
	if (*ghost == name.words[0]) {
		*ghost = 0;
		store->window_reloads++;
		store->stats.reloads++;
	}
	if (store->window_loads < loads_max)
		return;
	if (store->window_reloads * 2 >= store->window_loads &&
	    now_ns - store->window_start_ns < THRASH_NS &&
	    (atomic_load_explicit(&store->notices, memory_order_relaxed) & NOTICE_SMALL) == 0) {
		store->notice_loads = store->window_loads;
		store->notice_reloads = store->window_reloads;
		notice(store, NOTICE_SMALL);
	}
	store->window_loads = 0;
	store->window_reloads = 0;
}

static void evict(struct key_store *store)
{
	struct key_entry *hand = store->keys.first;

	/* Ends after one round, which has cleared all. */
	while (atomic_exchange_explicit(&hand->is_used, false, memory_order_relaxed))
		hand = hand->next;
	store->keys.first = hand;
	store->ghosts[hand->name.words[1] & store->ghost_mask] = hand->name.words[0];
	store->stats.evictions++;
	store_remove(store, hand);
}

/* Takes `entry` over. Returns the key that is in the store afterwards, with a reference. */
static struct key *store_put(struct key_store *store, struct key_entry *entry, bool was_read)
{
	struct key_entry *known;
	struct key *key = NULL;

	(void)pthread_rwlock_wrlock(&store->lock);
	store->stats.loads += was_read;
	known = store_find(store, entry->name);
	if (known != NULL && known->key != NULL && entry->key != NULL && known->until_ns == 0 &&
	    key_file_stamp_equal(&known->stamp, &entry->stamp)) {
		/* Another thread was faster. */
		key = key_ref(known->key);
		entry_free(entry);
	} else {
		if (known != NULL)
			store_remove(store, known);
		else if (entry->key != NULL)
			window_count(store, entry->name);
		if (entry->key != NULL && store->keys.count >= store->config.keys_max)
			evict(store);
		if (entry->key == NULL && store->failures.count >= FAILURES_MAX)
			store_remove(store, store->failures.first);
		store_add(store, entry);
		if (entry->key != NULL)
			key = key_ref(entry->key);
	}
	(void)pthread_rwlock_unlock(&store->lock);
	return key;
}

int key_store_load(struct key_store *store, const char *reference, struct key **key_out,
		   struct key_problem *problem)
{
	struct name_hash name = name_hash(&store->secret, bytes_of_string(reference));
	struct key_entry *entry;
	bool was_read = false;
	struct key *key;
	int r = store_peek(store, name, reference, KEY_STORE_ASK, key_out, problem);

	if (r != KEY_STORE_E_NOT_LOADED)
		return r;
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return -ENOMEM;
	entry->name = name;
	atomic_init(&entry->asked_ns, 0);
	atomic_init(&entry->is_used, false);
	r = load(store, reference, entry, &was_read, problem);
	if (r < 0 || (r > 0 && entry_set_failure(entry, r, problem) != 0)) {
		entry_free(entry);
		return r;
	}
	key = store_put(store, entry, was_read);
	if (r == 0)
		*key_out = key;
	return r;
}

bool key_store_take_notice(struct key_store *store, char text_out[KEY_STORE_NOTICE_SIZE])
{
	unsigned due = atomic_load_explicit(&store->notices, memory_order_acquire) &
		       ~atomic_load_explicit(&store->notices_taken, memory_order_relaxed);
	unsigned which = (due & NOTICE_SMALL) != 0 ? NOTICE_SMALL : due;

	/* Of two threads that see it, one takes it. */
	if (due == 0 || (atomic_fetch_or(&store->notices_taken, which) & which) != 0)
		return false;
	if (which == NOTICE_SMALL)
		(void)snprintf(text_out, KEY_STORE_NOTICE_SIZE,
			       "KeyCacheSize %zu is too small: of the last %zu keys loaded, %zu "
			       "had been put out of the cache before",
			       store->config.keys_max, store->notice_loads, store->notice_reloads);
	else
		(void)snprintf(text_out, KEY_STORE_NOTICE_SIZE,
			       "private keys were read into memory that may be swapped to disk: "
			       "RLIMIT_MEMLOCK is too small");
	return true;
}

void key_store_stats(struct key_store *store, struct key_store_stats *stats_out)
{
	(void)pthread_rwlock_rdlock(&store->lock);
	*stats_out = store->stats;
	stats_out->keys = store->keys.count;
	stats_out->failures = store->failures.count;
	(void)pthread_rwlock_unlock(&store->lock);
}
