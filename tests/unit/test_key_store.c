/*
 * Goal:   a key is parsed once while its file stays the same, and a changed file is noticed by the
 *         next look-up; the bound holds; threads agree.
 * Method: real files, changed as people change them; the counters of the store.
 */
#include "signer/keys/key_store.h"

#include "common/clock.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit_test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_COUNT 8

static struct temp_dir dir;
static struct key_store *store;
static struct key_problem problem;
static struct buffer pems[KEY_COUNT]; /* Ed25519, because they are quick */

/* As a loop would do it: looks, and loads if it must. */
static int look_up(const char *reference, struct key **key_out)
{
	int r = key_store_peek(store, reference, KEY_STORE_ASK, key_out, &problem);

	if (r == KEY_STORE_E_NOT_LOADED)
		r = key_store_load(store, reference, key_out, &problem);
	return r;
}

static struct key *must_find(const char *name)
{
	struct key *key;

	assert_int_equal(look_up(temp_dir_name(&dir, name), &key), 0);
	return key;
}

static int outcome_of(const char *reference)
{
	struct key *key = NULL;
	int r = look_up(reference, &key);

	key_unref(key);
	return r;
}

static struct key_store_stats stats(void)
{
	struct key_store_stats now;

	key_store_stats(store, &now);
	return now;
}

static void write_key(const char *name, size_t which)
{
	temp_dir_write(&dir, name, buffer_bytes(&pems[which]), 0600);
}

/* Makes the file look as if it had not been touched for long, so that the store trusts it. */
static void wait_until_old(void)
{
	const struct timespec pause = {2, 100000000};

	(void)nanosleep(&pause, NULL);
}

static bool is_key(const struct key *key, size_t which)
{
	struct key *want;
	bool is_it;

	assert_int_equal(key_new("NAME", buffer_bytes(&pems[which]), 0, &want, &problem), 0);
	is_it = bytes_equal(key_public(key), key_public(want));
	key_unref(want);
	return is_it;
}

static void first_look_up_loads_and_second_finds(void **state)
{
	struct key *first;
	struct key *second;

	(void)state;
	write_key("k", 0);
	assert_int_equal(
		key_store_peek(store, temp_dir_name(&dir, "k"), KEY_STORE_ASK, &first, &problem),
		KEY_STORE_E_NOT_LOADED);
	assert_int_equal(key_store_load(store, temp_dir_name(&dir, "k"), &first, &problem), 0);
	assert_string_equal(problem.text, "");
	for (int i = 0; i < 100; i++) {
		assert_int_equal(key_store_peek(store, temp_dir_name(&dir, "k"), KEY_STORE_ASK,
						&second, &problem),
				 0);
		assert_ptr_equal(second, first);
		key_unref(second);
	}
	assert_int_equal(key_store_load(store, temp_dir_name(&dir, "k"), &second, &problem), 0);
	assert_ptr_equal(second, first);
	key_unref(second);
	key_unref(first);
	assert_int_equal(stats().loads, 1);
	assert_int_equal(stats().keys, 1);
}

/* One question to the file serves all messages that came before it was asked. */
static void file_is_not_asked_again_for_what_came_before(void **state)
{
	struct key *key;
	int64_t before_ns;

	(void)state;
	write_key("k", 0);
	wait_until_old();
	assert_int_equal(key_store_load(store, temp_dir_name(&dir, "k"), &key, &problem), 0);
	key_unref(key);
	before_ns = clock_monotonic_ns();
	assert_int_equal(key_store_peek(store, temp_dir_name(&dir, "k"), before_ns, &key, &problem),
			 0);
	key_unref(key);
	write_key("k", 1);
	assert_int_equal(key_store_peek(store, temp_dir_name(&dir, "k"), before_ns, &key, &problem),
			 0);
	assert_true(is_key(key, 0));
	key_unref(key);
	assert_int_equal(key_store_peek(store, temp_dir_name(&dir, "k"), clock_monotonic_ns(), &key,
					&problem),
			 KEY_STORE_E_NOT_LOADED);
	assert_int_equal(
		key_store_peek(store, temp_dir_name(&dir, "k"), KEY_STORE_ASK, &key, &problem),
		KEY_STORE_E_NOT_LOADED);
}

static void replaced_file_is_used_at_once(void **state)
{
	struct key *key;

	(void)state;
	write_key("k", 0);
	key = must_find("k");
	assert_true(is_key(key, 0));
	key_unref(key);
	temp_dir_replace(&dir, "k", buffer_bytes(&pems[1]), 0600);
	key = must_find("k");
	assert_true(is_key(key, 1));
	key_unref(key);
	assert_int_equal(stats().keys, 1);
}

static void file_rewritten_in_place_is_used_at_once(void **state)
{
	struct buffer longer = {0};
	struct key *key;

	(void)state;
	assert_int_equal(buffer_append(&longer, buffer_bytes(&pems[1])), 0);
	assert_int_equal(buffer_append_string(&longer, "more\n"), 0);
	write_key("k", 0);
	key_unref(must_find("k"));
	temp_dir_write(&dir, "k", buffer_bytes(&longer), 0600);
	key = must_find("k");
	assert_true(is_key(key, 1));
	key_unref(key);
	buffer_deinit(&longer);
}

/* Within one tick of the file system's clock a second write may leave no trace in the times. */
static void fresh_file_is_read_once_more_and_then_trusted(void **state)
{
	(void)state;
	write_key("k", 0);
	key_unref(must_find("k"));
	wait_until_old();
	key_unref(must_find("k"));
	assert_int_equal(stats().loads, 2);
	key_unref(must_find("k"));
	assert_int_equal(stats().loads, 2);
}

static void removed_file_is_not_used_any_more(void **state)
{
	(void)state;
	write_key("k", 0);
	key_unref(must_find("k"));
	assert_int_equal(unlink(temp_dir_name(&dir, "k")), 0);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), KEY_E_MISSING);
	assert_int_equal(stats().keys, 0);
	write_key("k", 1);
	key_unref(must_find("k"));
}

static void mode_changed_to_unsafe_is_noticed(void **state)
{
	(void)state;
	write_key("k", 0);
	key_unref(must_find("k"));
	assert_int_equal(chmod(temp_dir_name(&dir, "k"), 0644), 0);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), KEY_E_UNSAFE);
	assert_int_equal(chmod(temp_dir_name(&dir, "k"), 0600), 0);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), 0);
}

static void broken_key_is_parsed_once_and_the_repair_noticed(void **state)
{
	char text[KEY_PROBLEM_TEXT_SIZE];

	(void)state;
	temp_dir_write(&dir, "k", bytes_of(pems[0].data, 60), 0600);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), KEY_E_MALFORMED);
	memcpy(text, problem.text, sizeof(text));
	assert_memory_equal(text, dir.path, strlen(dir.path));
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), KEY_E_MALFORMED);
		assert_string_equal(problem.text, text);
	}
	assert_true(stats().loads <= 3); /* a slow machine may take longer than a second */
	write_key("k", 0);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), 0);
	assert_string_equal(problem.text, "");
}

static void failure_is_forgotten_after_a_second(void **state)
{
	const struct timespec pause = {1, 100000000};

	(void)state;
	temp_dir_write(&dir, "k", bytes_of(pems[0].data, 60), 0600);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), KEY_E_MALFORMED);
	(void)nanosleep(&pause, NULL);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), KEY_E_MALFORMED);
	assert_int_equal(stats().loads, 2);
}

/* More failures than are remembered leave the keys alone. */
static void many_failures_put_no_key_out(void **state)
{
	char name[32];

	(void)state;
	write_key("k", 0);
	key_unref(must_find("k"));
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "missing-%d", i);
		assert_int_equal(outcome_of(temp_dir_name(&dir, name)), KEY_E_MISSING);
	}
	assert_int_equal(stats().keys, 1);
	assert_int_equal(stats().evictions, 0);
	assert_true(stats().failures <= 1024);
}

static void inline_keys_are_found_by_their_text(void **state)
{
	const char *pem = buffer_string(&pems[0]);
	struct key *first;
	struct key *second;

	(void)state;
	assert_false(key_store_is_path(pem));
	assert_true(key_store_is_path("/k"));
	assert_true(key_store_is_path("./k"));
	assert_true(key_store_is_path("../k"));
	assert_int_equal(look_up(pem, &first), 0);
	assert_int_equal(look_up(pem, &second), 0);
	assert_ptr_equal(first, second);
	assert_true(is_key(first, 0));
	assert_int_equal(stats().loads, 1);
	key_unref(first);
	key_unref(second);
	assert_int_equal(outcome_of("MIIBVgIBADANBg"), KEY_E_MALFORMED);
	assert_null(strstr(problem.text, "MIIB"));
	assert_int_equal(outcome_of("keys/s1.pem"), KEY_E_MALFORMED);
	assert_non_null(strstr(problem.text, "a path begins with /, ./ or ../"));
}

static void names_of_one_file_share_one_key(void **state)
{
	struct key *first;
	struct key *second;

	(void)state;
	write_key("k", 0);
	assert_int_equal(symlink("k", temp_dir_name(&dir, "l")), 0);
	wait_until_old();
	first = must_find("k");
	second = must_find("l");
	assert_ptr_equal(first, second);
	assert_int_equal(stats().loads, 1);
	assert_int_equal(stats().keys, 2);
	key_unref(first);
	key_unref(second);
	temp_dir_replace(&dir, "k", buffer_bytes(&pems[1]), 0600);
	first = must_find("l");
	assert_true(is_key(first, 1));
	key_unref(first);
}

static const char *numbered(size_t i)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "k%zu", i);
	return temp_dir_name(&dir, name);
}

static void remake_store(size_t keys_max, bool require_safe, unsigned bits_min)
{
	const struct key_store_config config = {
		.keys_max = keys_max,
		.rsa_bits_min = bits_min,
		.require_safe = require_safe,
		.user = geteuid(),
	};

	key_store_free(store);
	assert_int_equal(key_store_new(&config, &store), 0);
}

static void least_used_keys_are_put_out(void **state)
{
	struct key *held;
	struct key *again;

	(void)state;
	remake_store(4, true, 0);
	for (size_t i = 0; i < KEY_COUNT; i++)
		temp_dir_write(&dir, numbered(i) + strlen(dir.path) + 1, buffer_bytes(&pems[i]),
			       0600);
	assert_int_equal(look_up(numbered(0), &held), 0);
	for (size_t i = 1; i < KEY_COUNT; i++) {
		assert_int_equal(outcome_of(numbered(i)), 0);
		/* used all the time: stays */
		assert_int_equal(
			key_store_peek(store, numbered(0), KEY_STORE_ASK, &again, &problem), 0);
		assert_ptr_equal(again, held);
		key_unref(again);
	}
	assert_int_equal(stats().keys, 4);
	assert_int_equal(stats().evictions, KEY_COUNT - 4);
	assert_int_equal(key_store_peek(store, numbered(1), KEY_STORE_ASK, &again, &problem),
			 KEY_STORE_E_NOT_LOADED);
	assert_true(is_key(held, 0));
	key_unref(held);
}

static void too_small_store_says_so_once(void **state)
{
	char text[KEY_STORE_NOTICE_SIZE];

	(void)state;
	remake_store(2, true, 0);
	assert_false(key_store_take_notice(store, text));
	for (size_t i = 0; i < 4; i++)
		temp_dir_write(&dir, numbered(i) + strlen(dir.path) + 1, buffer_bytes(&pems[i]),
			       0600);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(outcome_of(numbered(i % 4)), 0);
	assert_true(key_store_take_notice(store, text));
	assert_non_null(strstr(text, "KeyCacheSize 2 is too small"));
	assert_false(key_store_take_notice(store, text));
	assert_true(stats().reloads >= 40); /* two ghosts may meet in one place */
}

static void store_as_large_as_needed_says_nothing(void **state)
{
	char text[KEY_STORE_NOTICE_SIZE];

	(void)state;
	remake_store(4, true, 0);
	for (size_t i = 0; i < 4; i++)
		temp_dir_write(&dir, numbered(i) + strlen(dir.path) + 1, buffer_bytes(&pems[i]),
			       0600);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(outcome_of(numbered(i % 4)), 0);
	assert_false(key_store_take_notice(store, text));
	assert_int_equal(stats().loads, 4);
}

/* Each key once is no reason for a larger store. */
static void keys_that_do_not_come_back_say_nothing(void **state)
{
	char text[KEY_STORE_NOTICE_SIZE];

	(void)state;
	remake_store(2, true, 0);
	for (size_t i = 0; i < 100; i++) {
		temp_dir_write(&dir, numbered(i) + strlen(dir.path) + 1, buffer_bytes(&pems[0]),
			       0600);
		assert_int_equal(outcome_of(numbered(i)), 0);
	}
	assert_false(key_store_take_notice(store, text));
	assert_int_equal(stats().evictions, 98);
}

static void unsafe_is_only_said_if_not_required(void **state)
{
	struct key *key;

	(void)state;
	remake_store(4, false, 0);
	temp_dir_write(&dir, "k", buffer_bytes(&pems[0]), 0644);
	assert_int_equal(key_store_load(store, temp_dir_name(&dir, "k"), &key, &problem), 0);
	assert_non_null(strstr(problem.text, "/k can be read or written by other users"));
	key_unref(key);
	/* once a load, not once a message */
	assert_int_equal(
		key_store_peek(store, temp_dir_name(&dir, "k"), KEY_STORE_ASK, &key, &problem), 0);
	assert_string_equal(problem.text, "");
	key_unref(key);
}

static void small_key_is_refused_by_minimum_key_bits(void **state)
{
	struct buffer pem = sample_pem(1024);

	(void)state;
	remake_store(4, true, 2048);
	temp_dir_write(&dir, "k", buffer_bytes(&pem), 0600);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k")), KEY_E_TOO_SMALL);
	assert_non_null(
		strstr(problem.text, "/k: private key too small (1024 bits, need at least 2048)"));
	buffer_deinit(&pem);
}

struct reader {
	pthread_t thread;
	unsigned seed;
	size_t found;
};

/* Errors are counted, because cmocka's assertions belong to the main thread. */
static void *look_up_many(void *argument)
{
	struct reader *reader = argument;
	const size_t count = 1500 / stride_of(15);

	for (size_t i = 0; i < count; i++) {
		struct key_problem *own = malloc(sizeof(*own));
		struct key *key = NULL;
		char path[128];
		int r;

		reader->seed = reader->seed * 1103515245 + 12345;
		(void)snprintf(path, sizeof(path), "%s/k%u", dir.path,
			       (reader->seed >> 16) % KEY_COUNT);
		r = key_store_peek(store, path, KEY_STORE_ASK, &key, own);
		if (r == KEY_STORE_E_NOT_LOADED)
			r = key_store_load(store, path, &key, own);
		reader->found += r == 0 && key_type(key) == KEY_ED25519;
		if (r == 0)
			key_unref(key);
		free(own);
	}
	return reader->found == count ? NULL : reader;
}

static void threads_share_a_store_that_is_too_small(void **state)
{
	struct reader readers[4] = {{.seed = 1}, {.seed = 2}, {.seed = 3}, {.seed = 4}};

	(void)state;
	remake_store(3, true, 0);
	for (size_t i = 0; i < KEY_COUNT; i++)
		temp_dir_write(&dir, numbered(i) + strlen(dir.path) + 1, buffer_bytes(&pems[i]),
			       0600);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
			pthread_create(&readers[i].thread, NULL, look_up_many, &readers[i]), 0);
	for (int i = 0; i < 50; i++)
		temp_dir_replace(&dir, "k0", buffer_bytes(&pems[i % 2]), 0600);
	for (size_t i = 0; i < 4; i++) {
		void *failed;

		assert_int_equal(pthread_join(readers[i].thread, &failed), 0);
		assert_null(failed);
	}
	assert_true(stats().keys <= 3);
}

static int set_up(void **state)
{
	(void)state;
	temp_dir_make(&dir);
	remake_store(100, true, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(&dir);
	return 0;
}

static int set_up_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEY_COUNT; i++)
		pems[i] = sample_pem(0);
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	key_store_free(store);
	for (size_t i = 0; i < KEY_COUNT; i++)
		buffer_deinit(&pems[i]);
	return 0;
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(first_look_up_loads_and_second_finds),
		TEST(file_is_not_asked_again_for_what_came_before),
		TEST(replaced_file_is_used_at_once),
		TEST(file_rewritten_in_place_is_used_at_once),
		TEST(fresh_file_is_read_once_more_and_then_trusted),
		TEST(removed_file_is_not_used_any_more),
		TEST(mode_changed_to_unsafe_is_noticed),
		TEST(broken_key_is_parsed_once_and_the_repair_noticed),
		TEST(failure_is_forgotten_after_a_second),
		TEST(many_failures_put_no_key_out),
		TEST(inline_keys_are_found_by_their_text),
		TEST(names_of_one_file_share_one_key),
		TEST(least_used_keys_are_put_out),
		TEST(too_small_store_says_so_once),
		TEST(store_as_large_as_needed_says_nothing),
		TEST(keys_that_do_not_come_back_say_nothing),
		TEST(unsafe_is_only_said_if_not_required),
		TEST(small_key_is_refused_by_minimum_key_bits),
		TEST(threads_share_a_store_that_is_too_small),
	};

	return cmocka_run_group_tests_name("key_store", tests, set_up_group, tear_down_group);
}
