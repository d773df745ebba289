/*
 * Goal:   the tree finds what trying every prefix would find, and goes through no more nodes than it must.
 * Method: named cases for the ways in which two prefixes can lie to each other; then random prefixes of
 *         few different bits, so that many meet, held against a list that is tried one by one. The
 *         random numbers are the same in every run.
 */
#include "signer/tables/prefix_tree.h"

#include "tests/unit/unit_test.h"

#define PREFIX_COUNT 300

struct listed {
	struct prefix_key key;
	unsigned bits;
	uint8_t marks;
};

static struct prefix_key high(uint64_t word)
{
	return (struct prefix_key){.high = word};
}

static void insert(struct prefix_tree *tree, struct prefix_key key, unsigned bits, uint8_t marks)
{
	assert_int_equal(prefix_tree_insert(tree, key, bits, marks), 0);
}

static void empty_tree_has_nothing(void **state)
{
	struct prefix_tree tree = {0};

	(void)state;
	assert_int_equal(prefix_tree_find(&tree, high(0)), 0);
	prefix_tree_deinit(&tree);
}

static void longest_prefix_is_found(void **state)
{
	const uint64_t net_10 = 0x0a00000000000000;
	struct prefix_tree tree = {0};

	(void)state;
	insert(&tree, high(net_10 | 0x0001020000000000), 24, 1);
	insert(&tree, high(net_10), 8, 2);
	insert(&tree, high(net_10), 16, 4);
	assert_int_equal(prefix_tree_find(&tree, high(net_10 | 0x0001020300000000)), 1);
	assert_int_equal(prefix_tree_find(&tree, high(net_10 | 0x0001030000000000)), 2);
	assert_int_equal(prefix_tree_find(&tree, high(net_10 | 0x0000ff0000000000)), 4);
	assert_int_equal(prefix_tree_find(&tree, high(0x0b00000000000000)), 0);
	insert(&tree, high(~(uint64_t)0), 0, 8);
	assert_int_equal(prefix_tree_find(&tree, high(0x0b00000000000000)), 8);
	prefix_tree_deinit(&tree);
}

static void marks_of_a_prefix_come_together(void **state)
{
	struct prefix_tree tree = {0};

	(void)state;
	insert(&tree, high(1), 64, 1);
	insert(&tree, high(1), 64, 2);
	assert_int_equal(prefix_tree_find(&tree, high(1)), 3);
	prefix_tree_deinit(&tree);
}

static void all_128_bits_count(void **state)
{
	struct prefix_tree tree = {0};

	(void)state;
	insert(&tree, (struct prefix_key){7, 6}, 128, 1);
	insert(&tree, (struct prefix_key){7, 7}, 128, 2);
	insert(&tree, (struct prefix_key){7, 0xff}, 65, 4);
	insert(&tree, (struct prefix_key){7, 0xff}, 64, 8);
	assert_int_equal(prefix_tree_find(&tree, (struct prefix_key){7, 6}), 1);
	assert_int_equal(prefix_tree_find(&tree, (struct prefix_key){7, 7}), 2);
	assert_int_equal(prefix_tree_find(&tree, (struct prefix_key){7, 8}), 4);
	assert_int_equal(prefix_tree_find(&tree, (struct prefix_key){7, (uint64_t)1 << 63}), 8);
	assert_int_equal(prefix_tree_find(&tree, (struct prefix_key){6, 7}), 0);
	prefix_tree_deinit(&tree);
}

/* xorshift64: the same numbers in every run. */
static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Mostly the same bits, so that prefixes are within each other and part late. */
static struct prefix_key random_key(uint64_t *seed)
{
	struct prefix_key key = {0x20010db800000000, 0};

	for (unsigned i = 0; i < 3; i++) {
		unsigned bit = (unsigned)(random_next(seed) >> 32) % 128;

		if (bit < 64)
			key.high ^= (uint64_t)1 << bit;
		else
			key.low ^= (uint64_t)1 << (bit - 64);
	}
	return key;
}

static bool begins_with(struct prefix_key key, const struct listed *prefix)
{
	for (unsigned i = 0; i < prefix->bits; i++) {
		uint64_t differ = i < 64 ? key.high ^ prefix->key.high : key.low ^ prefix->key.low;

		if ((differ >> (63 - i % 64) & 1) != 0)
			return false;
	}
	return true;
}

static uint8_t scan(const struct listed *listed, size_t count, struct prefix_key key)
{
	unsigned bits = 0;
	uint8_t marks = 0;

	for (size_t i = 0; i < count; i++) {
		if (!begins_with(key, &listed[i]) || (marks != 0 && listed[i].bits < bits))
			continue;
		marks = listed[i].bits == bits ? marks | listed[i].marks : listed[i].marks;
		bits = listed[i].bits;
	}
	return marks;
}

static void tree_answers_as_a_scan_does(void **state)
{
	uint64_t seed = 88172645463325252;

	(void)state;
	for (unsigned round = 0; round < rounds_of(40); round++) {
		struct prefix_tree tree = {0};
		struct listed listed[PREFIX_COUNT];
		size_t count = 1 + (size_t)(random_next(&seed) >> 32) % PREFIX_COUNT;

		for (size_t i = 0; i < count; i++) {
			listed[i].key = random_key(&seed);
			listed[i].bits = (unsigned)(random_next(&seed) >> 32) % 129;
			listed[i].marks = (uint8_t)(1 << (random_next(&seed) >> 32) % 8);
			insert(&tree, listed[i].key, listed[i].bits, listed[i].marks);
		}
		for (size_t i = 0; i < 200; i++) {
			struct prefix_key key = random_key(&seed);

			assert_int_equal(prefix_tree_find(&tree, key), scan(listed, count, key));
		}
		assert_true(tree.count <= 2 * count + 1);
		prefix_tree_deinit(&tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_has_nothing),
		cmocka_unit_test(longest_prefix_is_found),
		cmocka_unit_test(marks_of_a_prefix_come_together),
		cmocka_unit_test(all_128_bits_count),
		cmocka_unit_test(tree_answers_as_a_scan_does),
	};

	return cmocka_run_group_tests_name("prefix_tree", tests, NULL, NULL);
}
