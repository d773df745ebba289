/*
 * How it works: a table of buckets with four places each. A name is its 64-bit hash: two names with one
 * hash would share their waiting time, which harms nobody.
 */
#include "signer/spool/retry_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define PLACES	4
#define BUCKETS (RETRY_NAMES_MAX / PLACES)

struct retry_entry {
	uint64_t hash; /* 0: free */
	int64_t due_ns;
	uint32_t tries;
};

struct retry_table {
	pthread_mutex_t mutex;
	size_t count;
	int64_t next_ns; /* nothing that has not been told gets due before */
	struct retry_entry entries[BUCKETS][PLACES];
};

/* FNV-1a. The names are our own directory's; nobody gains by making two collide. */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
	return hash == 0 ? 1 : hash;
}

int retry_table_new(struct retry_table **table_out)
{
	struct retry_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	pthread_mutex_init(&table->mutex, NULL);
	table->next_ns = INT64_MAX;
	*table_out = table;
	return 0;
}

void retry_table_free(struct retry_table *table)
{
	if (table == NULL)
		return;
	pthread_mutex_destroy(&table->mutex);
	free(table);
}

static struct retry_entry *find(struct retry_table *table, uint64_t hash)
{
	struct retry_entry *bucket = table->entries[hash % BUCKETS];

	for (size_t i = 0; i < PLACES; i++) {
		if (bucket[i].hash == hash)
			return &bucket[i];
	}
	return NULL;
}

/* The entry of this name: its own, a free one, or the one that would be due first. */
static struct retry_entry *take(struct retry_table *table, uint64_t hash)
{
	struct retry_entry *bucket = table->entries[hash % BUCKETS];
	struct retry_entry *entry = find(table, hash);

	if (entry != NULL)
		return entry;
	entry = &bucket[0];
	for (size_t i = 0; i < PLACES && entry->hash != 0; i++) {
		if (bucket[i].hash == 0 || bucket[i].due_ns < entry->due_ns)
			entry = &bucket[i];
	}
	table->count += entry->hash == 0;
	*entry = (struct retry_entry){.hash = hash};
	return entry;
}

static int64_t wait_ns(uint32_t tries)
{
	int64_t wait = RETRY_FIRST_NS;

	for (uint32_t i = 1; i < tries && wait < RETRY_MAX_NS; i++)
		wait *= 2;
	return wait < RETRY_MAX_NS ? wait : RETRY_MAX_NS;
}

int64_t retry_table_stays(struct retry_table *table, const char *name, int64_t now_ns)
{
	struct retry_entry *entry;
	int64_t due_ns;

	pthread_mutex_lock(&table->mutex);
	entry = take(table, hash_name(name));
	entry->tries++;
	entry->due_ns = now_ns + wait_ns(entry->tries);
	due_ns = entry->due_ns;
	if (due_ns < table->next_ns)
		table->next_ns = due_ns;
	pthread_mutex_unlock(&table->mutex);
	return due_ns;
}

bool retry_table_parks(struct retry_table *table, const char *name, int64_t now_ns)
{
	struct retry_entry *entry;
	bool first;

	pthread_mutex_lock(&table->mutex);
	entry = take(table, hash_name(name));
	first = entry->tries == 0;
	entry->tries = 1000; /* far up the doubling */
	entry->due_ns = now_ns + RETRY_MAX_NS;
	if (entry->due_ns < table->next_ns)
		table->next_ns = entry->due_ns;
	pthread_mutex_unlock(&table->mutex);
	return first;
}

void retry_table_forget(struct retry_table *table, const char *name)
{
	struct retry_entry *entry;

	pthread_mutex_lock(&table->mutex);
	entry = table->count == 0 ? NULL : find(table, hash_name(name));
	if (entry != NULL) {
		*entry = (struct retry_entry){0};
		table->count--;
	}
	pthread_mutex_unlock(&table->mutex);
}

bool retry_table_is_due(struct retry_table *table, const char *name, int64_t now_ns)
{
	struct retry_entry *entry;
	bool due;

	pthread_mutex_lock(&table->mutex);
	entry = table->count == 0 ? NULL : find(table, hash_name(name));
	due = entry == NULL || entry->due_ns <= now_ns;
	pthread_mutex_unlock(&table->mutex);
	return due;
}

int64_t retry_table_next_ns(struct retry_table *table)
{
	int64_t next_ns;

	pthread_mutex_lock(&table->mutex);
	next_ns = table->next_ns;
	pthread_mutex_unlock(&table->mutex);
	return next_ns;
}

/* Under the mutex. */
static void find_next(struct retry_table *table, int64_t now_ns)
{
	table->next_ns = INT64_MAX;
	for (size_t i = 0; i < BUCKETS * PLACES; i++) {
		struct retry_entry *entry = &table->entries[i / PLACES][i % PLACES];

		if (entry->hash == 0)
			continue;
		if (entry->due_ns + RETRY_MAX_NS < now_ns) {
			*entry = (struct retry_entry){0};
			table->count--;
		} else if (entry->due_ns > now_ns && entry->due_ns < table->next_ns) {
			table->next_ns = entry->due_ns;
		}
	}
}

bool retry_table_take_due(struct retry_table *table, int64_t now_ns)
{
	bool due;

	pthread_mutex_lock(&table->mutex);
	due = table->next_ns <= now_ns;
	if (due)
		find_next(table, now_ns);
	pthread_mutex_unlock(&table->mutex);
	return due;
}

void retry_table_all_due(struct retry_table *table)
{
	pthread_mutex_lock(&table->mutex);
	for (size_t i = 0; i < BUCKETS * PLACES; i++)
		table->entries[i / PLACES][i % PLACES].due_ns = 0;
	pthread_mutex_unlock(&table->mutex);
}
