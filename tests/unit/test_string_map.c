/*
 * Goal:   a key gives its value, whatever else is in the map, and nothing else does.
 * Method: keys of every size around the word size of the hash; a hundred thousand of them; letters
 * at the edges of A..Z in every place of a word.
 */
#include "common/string_map.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>
#include <time.h>

static struct bytes text(const char *string)
{
	return bytes_of_string(string);
}

static void key_gives_its_value_until_the_end(void **state)
{
	struct string_map map;
	uint8_t key[40];

	(void)state;
	assert_int_equal(string_map_init(&map, STRING_MAP_CASEFUL), 0);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7);
	for (uint32_t size = 0; size < sizeof(key); size++)
		assert_int_equal(string_map_insert(&map, bytes_of(key, size), size, NULL), 0);
	for (uint32_t size = 0; size < sizeof(key); size++)
		assert_int_equal(*string_map_find(&map, bytes_of(key, size)), size);
	key[5]++;
	assert_non_null(string_map_find(&map, bytes_of(key, 5)));
	for (uint32_t size = 6; size < sizeof(key); size++)
		assert_null(string_map_find(&map, bytes_of(key, size)));
	string_map_deinit(&map);
}

static void search_for_what_is_not_there_ends_at_every_size(void **state)
{
	struct string_map map;

	(void)state;
	assert_int_equal(string_map_init(&map, STRING_MAP_CASEFUL), 0);
	for (uint32_t i = 0; i < 300; i++) {
		assert_null(string_map_find(&map, text("absent")));
		assert_int_equal(string_map_insert(&map, bytes_of(&i, sizeof(i)), i, NULL), 0);
	}
	string_map_deinit(&map);
}

static void empty_map_finds_nothing(void **state)
{
	struct string_map map;

	(void)state;
	assert_int_equal(string_map_init(&map, STRING_MAP_CASELESS), 0);
	assert_null(string_map_find(&map, text("a")));
	assert_null(string_map_find(&map, text("")));
	string_map_deinit(&map);
}

static void key_that_is_there_keeps_its_value_and_shows_it(void **state)
{
	struct string_map map;
	uint32_t *value = NULL;

	(void)state;
	assert_int_equal(string_map_init(&map, STRING_MAP_CASEFUL), 0);
	assert_int_equal(string_map_insert(&map, text("a"), 1, &value), 0);
	assert_int_equal(*value, 1);
	assert_int_equal(string_map_insert(&map, text("a"), 2, &value), STRING_MAP_E_EXISTS);
	assert_int_equal(*value, 1);
	*value = 3;
	assert_int_equal(*string_map_find(&map, text("a")), 3);
	string_map_deinit(&map);
}

static void caseless_folds_ascii_letters_and_nothing_else(void **state)
{
	struct string_map map;
	char key[24];

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		for (size_t place = 0; place < 23; place++) {
			bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';

			memset(key, '-', sizeof(key));
			key[place] = (char)byte;
			assert_int_equal(string_map_init(&map, STRING_MAP_CASELESS), 0);
			assert_int_equal(string_map_insert(&map, bytes_of(key, 23), 1, NULL), 0);
			assert_non_null(string_map_find(&map, bytes_of(key, 23)));
			key[place] = (char)(byte ^ 0x20);
			assert_true((string_map_find(&map, bytes_of(key, 23)) != NULL) ==
				    is_letter);
			string_map_deinit(&map);
		}
	}
}

static void caseful_map_tells_letters_apart(void **state)
{
	struct string_map map;

	(void)state;
	assert_int_equal(string_map_init(&map, STRING_MAP_CASEFUL), 0);
	assert_int_equal(string_map_insert(&map, text("Key"), 1, NULL), 0);
	assert_null(string_map_find(&map, text("key")));
	assert_int_equal(string_map_insert(&map, text("key"), 2, NULL), 0);
	assert_int_equal(*string_map_find(&map, text("Key")), 1);
	string_map_deinit(&map);
}

static void hundred_thousand_keys_are_all_found(void **state)
{
	enum { COUNT = 100000 };
	struct string_map map;
	struct timespec start;
	struct timespec end;
	char key[64];

	(void)state;
	assert_int_equal(string_map_init(&map, STRING_MAP_CASELESS), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (uint32_t i = 0; i < COUNT; i++) {
		int size = snprintf(key, sizeof(key), "@Customer-%u.example.com", i);

		assert_int_equal(string_map_insert(&map, bytes_of(key, (size_t)size), i, NULL), 0);
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		int size = snprintf(key, sizeof(key), "@customer-%u.EXAMPLE.com", i);

		assert_int_equal(*string_map_find(&map, bytes_of(key, (size_t)size)), i);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("%d keys in and looked up: %ld us\n", COUNT,
		      (long)((end.tv_sec - start.tv_sec) * 1000000 +
			     (end.tv_nsec - start.tv_nsec) / 1000));
	string_map_deinit(&map);
}

static void two_maps_do_not_share_their_order(void **state)
{
	struct string_map a;
	struct string_map b;

	(void)state;
	assert_int_equal(string_map_init(&a, STRING_MAP_CASEFUL), 0);
	assert_int_equal(string_map_init(&b, STRING_MAP_CASEFUL), 0);
	assert_true(a.hash_key[0] != b.hash_key[0] && a.hash_key[1] != b.hash_key[1]);
	string_map_deinit(&a);
	string_map_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_gives_its_value_until_the_end),
		cmocka_unit_test(search_for_what_is_not_there_ends_at_every_size),
		cmocka_unit_test(empty_map_finds_nothing),
		cmocka_unit_test(key_that_is_there_keeps_its_value_and_shows_it),
		cmocka_unit_test(caseless_folds_ascii_letters_and_nothing_else),
		cmocka_unit_test(caseful_map_tells_letters_apart),
		cmocka_unit_test(hundred_thousand_keys_are_all_found),
		cmocka_unit_test(two_maps_do_not_share_their_order),
	};

	return cmocka_run_group_tests_name("string_map", tests, NULL, NULL);
}
