/*
 * How it works: the rows are gone through first, and each key that they name is entered once. Threads
 * then take the keys one by one.
 */
#include "signer/cmd/checked_keys.h"

#include "common/clock.h"
#include "common/cpus.h"
#include "signer/cmd/key_reference.h"
#include "signer/keys/key_file.h"
#include "signer/keys/key_store.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX	 16
#define GROUP_AGE_NS	 (60 * NS_PER_S)
#define PROGRESS_STEP_NS (100 * NS_PER_MS)

static struct checked_key *add_key(struct checked_keys *all)
{
	size_t capacity = all->capacity == 0 ? 64 : 2 * all->capacity;
	struct checked_key *keys;

	if (all->count == all->capacity) {
		keys = reallocarray(all->keys, capacity, sizeof(*keys));
		if (keys == NULL)
			return NULL;
		all->keys = keys;
		all->capacity = capacity;
	}
	all->keys[all->count] = (struct checked_key){0};
	return &all->keys[all->count++];
}

/* Takes `reference` over. */
static int enter(struct checked_keys *all, char *reference, bool is_path,
		 struct problem_place place, uint32_t *index_out)
{
	struct checked_key *key;
	uint32_t *known;
	int r;

	if (reference == NULL)
		return -ENOMEM;
	r = string_map_insert(&all->references, bytes_of_string(reference), (uint32_t)all->count,
			      &known);
	if (r == STRING_MAP_E_EXISTS) {
		free(reference);
		all->keys[*known].row_count++;
		*index_out = *known;
		return 0;
	}
	key = r == 0 ? add_key(all) : NULL;
	if (key == NULL) {
		free(reference);
		return -ENOMEM;
	}
	key->reference = reference;
	key->is_path = is_path;
	key->place = place;
	key->row_count = 1;
	*index_out = (uint32_t)(all->count - 1);
	return 0;
}

static int enter_row(struct checked_keys *all, size_t row_number)
{
	const struct key_row *row = key_table_row(all->table, row_number);
	bool is_by_sender = bytes_equal(row->domain, BYTES_LITERAL("%")) && row->key_is_path &&
			    row->key.data[0] == '/' && bytes_find(row->key, '%') < row->key.size;

	all->key_of_row[row_number] = CHECKED_KEYS_NONE;
	if (row->fault != NULL)
		return 0; /* the tables have told that */
	if (is_by_sender) {
		all->by_sender_count++;
		return 0;
	}
	return enter(all,
		     row->key_is_path ? key_reference_path(row->key, row->domain, all->config)
				      : strndup((const char *)row->key.data, row->key.size),
		     row->key_is_path, key_table_place(all->table, row_number),
		     &all->key_of_row[row_number]);
}

static int enter_all(struct checked_keys *all)
{
	size_t rows = all->table == NULL ? 0 : key_table_count(all->table);
	uint32_t index;
	int r = 0;

	if (all->table == NULL)
		return enter(all, strdup(all->config->key_file), true,
			     signer_config_place(all->config, "KeyFile"), &index);
	all->key_of_row = calloc(rows + 1, sizeof(*all->key_of_row));
	if (all->key_of_row == NULL)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < rows; i++)
		r = enter_row(all, i);
	return r;
}

static int read_file(const struct checked_keys *all, struct checked_key *checked,
		     struct key **key_out, struct key_problem *problem)
{
	enum safe_path_policy policy = all->config->require_safe_keys ? SAFE_PATH_REFUSE
								      : SAFE_PATH_REPORT;
	struct key_problem unsafe;
	struct key_file file;
	int r = key_file_open(&file, all->safe, checked->reference, policy, problem);

	if (r != 0)
		return r;
	unsafe = *problem;
	r = key_file_read(&file, (unsigned)all->config->minimum_key_bits, key_out, problem);
	checked->is_swappable = !file.locked;
	key_file_close(&file);
	if (r == 0)
		*problem = unsafe;
	return r;
}

static void try_key(const struct checked_keys *all, struct checked_key *checked)
{
	struct key_problem problem = {.text = ""};
	struct key *key;

	if (checked->is_path)
		checked->outcome = read_file(all, checked, &key, &problem);
	else
		checked->outcome = key_new("the key in the table",
					   bytes_of_string(checked->reference),
					   (unsigned)all->config->minimum_key_bits, &key, &problem);
	if (problem.text[0] != '\0')
		checked->text = strdup(problem.text);
	if (checked->outcome != 0)
		return;
	checked->type = key_type(key);
	checked->bits = key_bits(key);
	checked->fits_lanes = key_fits_lanes(key);
	key_unref(key);
}

static void *thread_main(void *arg)
{
	struct checked_keys *all = arg;

	for (;;) {
		size_t index = atomic_fetch_add(&all->next, 1);

		if (index >= all->count)
			return NULL;
		try_key(all, &all->keys[index]);
		atomic_fetch_add(&all->done_count, 1);
	}
}

/* Waits for a thread, and shows how far all of them are. */
static void join(struct checked_keys *all, pthread_t thread, struct progress *progress)
{
	for (;;) {
		struct timespec until;

		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += PROGRESS_STEP_NS;
		if (until.tv_nsec >= NS_PER_S) {
			until.tv_nsec -= NS_PER_S;
			until.tv_sec++;
		}
		if (pthread_timedjoin_np(thread, NULL, &until) != ETIMEDOUT)
			return;
		progress_draw(progress, "keys", atomic_load(&all->done_count), all->count);
	}
}

void checked_keys_try(struct checked_keys *all, struct progress *progress)
{
	pthread_t threads[THREADS_MAX];
	size_t wanted = cpus_allowed();
	size_t count = 0;

	if (wanted > THREADS_MAX)
		wanted = THREADS_MAX;
	if (wanted > all->count)
		wanted = all->count;
	while (count < wanted && pthread_create(&threads[count], NULL, thread_main, all) == 0)
		count++;
	if (count == 0)
		(void)thread_main(all);
	for (size_t i = 0; i < count; i++)
		join(all, threads[i], progress);
	progress_end(progress);
}

int checked_keys_find(struct checked_keys *all, const struct signing_context *context)
{
	int r;

	*all = (struct checked_keys){
		.config = context->config,
		.table = signing_rules_key_table(context->rules),
	};
	if (all->table == NULL && all->config->key_file == NULL)
		return 0;
	r = safe_path_new(geteuid(), GROUP_AGE_NS, &all->safe);
	if (r == 0)
		r = string_map_init(&all->references, STRING_MAP_CASEFUL);
	return r == 0 ? enter_all(all) : r;
}

void checked_keys_deinit(struct checked_keys *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(all->keys[i].reference);
		free(all->keys[i].text);
	}
	free(all->keys);
	free(all->key_of_row);
	string_map_deinit(&all->references);
	safe_path_free(all->safe);
}
