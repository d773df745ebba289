/*
 * How it works: the rows are gone through first, and each key that they name is entered once. Threads
 * then take the keys one by one. What they found is reported at the end, in the order of the table.
 */
#include "signer/cmd/check_keys.h"

#include "common/clock.h"
#include "common/cpus.h"
#include "common/string_map.h"
#include "signer/keys/key_file.h"
#include "signer/keys/key_store.h"
#include "signer/tables/data_set.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX	 16
#define RSA_BITS_ADVISED 2048 /* RFC 8301 3.2: signers SHOULD use at least that */
#define GROUP_AGE_NS	 (60 * NS_PER_S)
#define PROGRESS_STEP_NS (100 * NS_PER_MS)
#define NO_KEY		 UINT32_MAX

struct checked_key {
	char *reference; /* a path, or the key itself */
	bool is_path;
	struct problem_place place; /* of the first row that names it */
	size_t row_count;

	/* What a thread found. */
	int outcome; /* 0, enum key_outcome or -errno */
	enum key_type type;
	unsigned bits;
	bool is_swappable;
	char *text; /* what is wrong, or not safe; NULL: nothing */
};

struct key_check {
	const struct signer_config *config;
	const struct key_table *table; /* NULL: there is only KeyFile */
	struct check_report *report;
	struct progress *progress;
	struct safe_path *safe;
	struct string_map references;
	struct checked_key *keys;
	size_t count;
	size_t capacity;
	uint32_t *key_of_row; /* by the row of the table; NO_KEY */
	size_t by_sender_count;
	_Atomic size_t next;
	_Atomic size_t done_count;
};

static struct checked_key *add_key(struct key_check *check)
{
	size_t capacity = check->capacity == 0 ? 64 : 2 * check->capacity;
	struct checked_key *keys;

	if (check->count == check->capacity) {
		keys = reallocarray(check->keys, capacity, sizeof(*keys));
		if (keys == NULL)
			return NULL;
		check->keys = keys;
		check->capacity = capacity;
	}
	check->keys[check->count] = (struct checked_key){0};
	return &check->keys[check->count++];
}

/* Takes `reference` over. */
static int enter(struct key_check *check, char *reference, bool is_path, struct problem_place place,
		 uint32_t *index_out)
{
	struct checked_key *key;
	uint32_t *known;
	int r;

	if (reference == NULL)
		return -ENOMEM;
	r = string_map_insert(&check->references, bytes_of_string(reference),
			      (uint32_t)check->count, &known);
	if (r == STRING_MAP_E_EXISTS) {
		free(reference);
		check->keys[*known].row_count++;
		*index_out = *known;
		return 0;
	}
	key = r == 0 ? add_key(check) : NULL;
	if (key == NULL) {
		free(reference);
		return -ENOMEM;
	}
	key->reference = reference;
	key->is_path = is_path;
	key->place = place;
	key->row_count = 1;
	*index_out = (uint32_t)(check->count - 1);
	return 0;
}

/* The path with the row's domain for each %; only what starts with / has them filled in. */
static char *fill(struct bytes path, struct bytes domain)
{
	struct buffer text = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < path.size; i++) {
		if (path.data[i] == '%' && path.data[0] == '/')
			r = buffer_append(&text, domain);
		else
			r = buffer_append_byte(&text, path.data[i]);
	}
	if (r != 0 || buffer_string(&text) == NULL) {
		buffer_deinit(&text);
		return NULL;
	}
	return (char *)text.data;
}

static char *path_of(const struct key_check *check, const struct key_row *row)
{
	char *filled = fill(row->key, row->domain);
	char *path = filled == NULL ? NULL
				    : data_set_path_resolve(filled, check->config->base_directory);

	free(filled);
	return path;
}

static int enter_row(struct key_check *check, size_t row_number)
{
	const struct key_row *row = key_table_row(check->table, row_number);
	bool is_by_sender = bytes_equal(row->domain, BYTES_LITERAL("%")) && row->key_is_path &&
			    row->key.data[0] == '/' && bytes_find(row->key, '%') < row->key.size;

	check->key_of_row[row_number] = NO_KEY;
	if (row->fault != NULL)
		return 0; /* the tables have told that */
	if (is_by_sender) {
		check->by_sender_count++;
		return 0;
	}
	return enter(check,
		     row->key_is_path ? path_of(check, row)
				      : strndup((const char *)row->key.data, row->key.size),
		     row->key_is_path, key_table_place(check->table, row_number),
		     &check->key_of_row[row_number]);
}

static int enter_all(struct key_check *check)
{
	size_t rows = check->table == NULL ? 0 : key_table_count(check->table);
	uint32_t index;
	int r = 0;

	if (check->table == NULL)
		return enter(check, strdup(check->config->key_file), true,
			     signer_config_place(check->config, "KeyFile"), &index);
	check->key_of_row = calloc(rows + 1, sizeof(*check->key_of_row));
	if (check->key_of_row == NULL)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < rows; i++)
		r = enter_row(check, i);
	return r;
}

static int read_file(const struct key_check *check, struct checked_key *checked,
		     struct key **key_out, struct key_problem *problem)
{
	enum safe_path_policy policy = check->config->require_safe_keys ? SAFE_PATH_REFUSE
									: SAFE_PATH_REPORT;
	struct key_problem unsafe;
	struct key_file file;
	int r = key_file_open(&file, check->safe, checked->reference, policy, problem);

	if (r != 0)
		return r;
	unsafe = *problem;
	r = key_file_read(&file, (unsigned)check->config->minimum_key_bits, key_out, problem);
	checked->is_swappable = !file.locked;
	key_file_close(&file);
	if (r == 0)
		*problem = unsafe;
	return r;
}

static void try_key(const struct key_check *check, struct checked_key *checked)
{
	struct key_problem problem = {.text = ""};
	struct key *key;

	if (checked->is_path)
		checked->outcome = read_file(check, checked, &key, &problem);
	else
		checked->outcome = key_new(
			"the key in the table", bytes_of_string(checked->reference),
			(unsigned)check->config->minimum_key_bits, &key, &problem);
	if (problem.text[0] != '\0')
		checked->text = strdup(problem.text);
	if (checked->outcome != 0)
		return;
	checked->type = key_type(key);
	checked->bits = key_bits(key);
	key_unref(key);
}

static void *thread_main(void *arg)
{
	struct key_check *check = arg;

	for (;;) {
		size_t index = atomic_fetch_add(&check->next, 1);

		if (index >= check->count)
			return NULL;
		try_key(check, &check->keys[index]);
		atomic_fetch_add(&check->done_count, 1);
	}
}

/* Waits for a thread, and shows how far all of them are. */
static void join(struct key_check *check, pthread_t thread)
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
		progress_draw(check->progress, "keys", atomic_load(&check->done_count),
			      check->count);
	}
}

static void try_all(struct key_check *check)
{
	pthread_t threads[THREADS_MAX];
	size_t wanted = cpus_allowed();
	size_t count = 0;

	if (wanted > THREADS_MAX)
		wanted = THREADS_MAX;
	if (wanted > check->count)
		wanted = check->count;
	while (count < wanted && pthread_create(&threads[count], NULL, thread_main, check) == 0)
		count++;
	if (count == 0)
		(void)thread_main(check);
	for (size_t i = 0; i < count; i++)
		join(check, threads[i]);
	progress_end(check->progress);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void report_rows(const struct checked_key *key, char *text, size_t size)
{
	text[0] = '\0';
	if (key->row_count > 1)
		(void)snprintf(text, size, " (%zu rows name it)", key->row_count);
}

static void report_broken(struct key_check *check)
{
	size_t errors = 0;
	size_t unsafe = 0;

	for (size_t i = 0; i < check->count; i++) {
		const struct checked_key *key = &check->keys[i];
		char rows[64];

		report_rows(key, rows, sizeof(rows));
		if (key->outcome != 0)
			check_report_many(check->report, &errors, CHECK_ERROR, key->place, "%s%s",
					  key->text != NULL  ? key->text
					  : key->outcome < 0 ? strerror(-key->outcome)
							     : "out of memory",
					  rows);
		else if (key->text != NULL)
			check_report_many(check->report, &unsafe, CHECK_WARNING, key->place, "%s%s",
					  key->text, rows);
	}
	check_report_rest(check->report, errors, CHECK_ERROR, "keys that cannot be used");
	check_report_rest(check->report, unsafe, CHECK_WARNING, "keys that are not safe");
}

static void report_small(struct key_check *check)
{
	size_t small = 0;

	for (size_t i = 0; i < check->count; i++) {
		const struct checked_key *key = &check->keys[i];

		if (key->outcome == 0 && key->type == KEY_RSA && key->bits < RSA_BITS_ADVISED)
			check_report_many(check->report, &small, CHECK_WARNING, key->place,
					  "%s: an RSA key of %u bits is weak, 2048 are advised "
					  "(RFC 8301)",
					  key->is_path ? key->reference : "the key in the table",
					  key->bits);
	}
	check_report_rest(check->report, small, CHECK_WARNING, "keys of less than 2048 bits");
}

static const char *algorithm_name(enum signer_algorithm algorithm)
{
	return algorithm == SIGNER_ALGORITHM_ED25519_SHA256 ? "ed25519-sha256" : "rsa-sha256";
}

/* The algorithm that a row, or SignatureAlgorithm, wants, beside the one that the key is for. */
static void report_algorithm(struct key_check *check, size_t *count, const struct checked_key *key,
			     enum signer_algorithm row_algorithm, struct problem_place place)
{
	enum signer_algorithm wanted = row_algorithm != SIGNER_ALGORITHM_BY_KEY
					       ? row_algorithm
					       : check->config->signature_algorithm;
	enum signer_algorithm actual = key->type == KEY_ED25519 ? SIGNER_ALGORITHM_ED25519_SHA256
								: SIGNER_ALGORITHM_RSA_SHA256;

	if (key->outcome != 0 || wanted == SIGNER_ALGORITHM_BY_KEY || wanted == actual)
		return;
	check_report_many(
		check->report, count, CHECK_ERROR, place, "%s: the key is for %s, but %s says %s",
		key->is_path ? key->reference : "the key in the table", algorithm_name(actual),
		row_algorithm != SIGNER_ALGORITHM_BY_KEY ? "the row" : "SignatureAlgorithm",
		algorithm_name(wanted));
}

static void report_algorithms(struct key_check *check)
{
	size_t count = 0;

	if (check->table == NULL)
		report_algorithm(check, &count, &check->keys[0], SIGNER_ALGORITHM_BY_KEY,
				 check->keys[0].place);
	for (size_t i = 0; check->table != NULL && i < key_table_count(check->table); i++) {
		if (check->key_of_row[i] != NO_KEY)
			report_algorithm(check, &count, &check->keys[check->key_of_row[i]],
					 key_table_row(check->table, i)->algorithm,
					 key_table_place(check->table, i));
	}
	check_report_rest(check->report, count, CHECK_ERROR, "rows of another algorithm");
}

static void report_whole(struct key_check *check)
{
	const struct problem_place nowhere = {0};
	size_t rsa = 0;
	size_t ed25519 = 0;
	size_t swappable = 0;

	for (size_t i = 0; i < check->count; i++) {
		if (check->keys[i].outcome == 0 && check->keys[i].type == KEY_RSA)
			rsa++;
		if (check->keys[i].outcome == 0 && check->keys[i].type == KEY_ED25519)
			ed25519++;
		swappable += check->keys[i].is_swappable;
	}
	if (rsa + ed25519 > 0)
		check_report_add(check->report, CHECK_OK, nowhere,
				 "%zu key%s can sign: %zu RSA, %zu Ed25519", rsa + ed25519,
				 plural(rsa + ed25519), rsa, ed25519);
	if (check->by_sender_count > 0)
		check_report_add(
			check->report, CHECK_WARNING, nowhere,
			"%zu row%s of the KeyTable take%s the sender's domain into the path of "
			"the key (%%): such keys are only tried when mail comes",
			check->by_sender_count, plural(check->by_sender_count),
			check->by_sender_count == 1 ? "s" : "");
	if (swappable > 0)
		check_report_add(
			check->report, CHECK_WARNING, nowhere,
			"the text of private keys cannot be kept out of swap: raise the limit "
			"of locked memory (LimitMEMLOCK=, ulimit -l)");
	if (check->count > (size_t)check->config->key_cache_size)
		check_report_add(check->report, CHECK_WARNING,
				 signer_config_place(check->config, "KeyCacheSize"),
				 "%" PRId64
				 " is less than the %zu keys: keys will be read from disk "
				 "again and again",
				 check->config->key_cache_size, check->count);
}

static void check_deinit(struct key_check *check)
{
	for (size_t i = 0; i < check->count; i++) {
		free(check->keys[i].reference);
		free(check->keys[i].text);
	}
	free(check->keys);
	free(check->key_of_row);
	string_map_deinit(&check->references);
	safe_path_free(check->safe);
}

int check_keys(const struct signing_context *context, struct check_report *report,
	       struct progress *progress)
{
	struct key_check check = {
		.config = context->config,
		.table = signing_rules_key_table(context->rules),
		.report = report,
		.progress = progress,
	};
	int r;

	if (check.table == NULL && context->config->key_file == NULL)
		return 0;
	r = safe_path_new(geteuid(), GROUP_AGE_NS, &check.safe);
	if (r == 0)
		r = string_map_init(&check.references, STRING_MAP_CASEFUL);
	if (r == 0)
		r = enter_all(&check);
	if (r == 0) {
		try_all(&check);
		report_broken(&check);
		report_algorithms(&check);
		report_small(&check);
		report_whole(&check);
	}
	check_deinit(&check);
	return r;
}
