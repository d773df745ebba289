/*
 * How it works: nodes lie in one array and know each other by their index. Node 0 is the root, the
 * prefix of no bits. It is nobody's child, so 0 also says that there is no child. What a node stands for
 * begins with what its parent does; its children are longer and differ in the bit behind it:
 *
 *	/0 --- 10/8 --- 10.0/15 --- 10.0/16     marked: 10/8, 10.0/16, 10.1.2/24
 *	                       \--- 10.1.2/24    a fork: 10.0/15
 */
#include "signer/tables/prefix_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define ROOT	 0
#define NO_CHILD 0

struct prefix_node {
	struct prefix_key key; /* only its first `bits` count */
	uint32_t children[2];
	uint8_t bits;
	uint8_t marks; /* 0: only a fork */
};

void prefix_tree_deinit(struct prefix_tree *tree)
{
	free(tree->nodes);
	*tree = (struct prefix_tree){0};
}

static unsigned bit_at(struct prefix_key key, unsigned offset)
{
	uint64_t word = offset < 64 ? key.high : key.low;

	return word >> (63 - offset % 64) & 1;
}

/* How many bits, from the first on, are the same. */
static unsigned common_bits(struct prefix_key a, struct prefix_key b)
{
	uint64_t high = a.high ^ b.high;
	uint64_t low = a.low ^ b.low;

	if (high != 0)
		return (unsigned)__builtin_clzll(high);
	return low != 0 ? 64 + (unsigned)__builtin_clzll(low) : PREFIX_BITS_MAX;
}

/* An insert adds two nodes at most, and the first one the root. */
static int nodes_reserve(struct prefix_tree *tree)
{
	size_t capacity = tree->capacity == 0 ? 16 : tree->capacity * 2;
	struct prefix_node *nodes = NULL;

	if (tree->capacity - tree->count >= 3)
		return 0;
	if (capacity <= UINT32_MAX)
		nodes = reallocarray(tree->nodes, capacity, sizeof(*nodes));
	if (nodes == NULL)
		return -ENOMEM;
	tree->nodes = nodes;
	tree->capacity = capacity;
	if (tree->count == 0)
		tree->nodes[tree->count++] = (struct prefix_node){.bits = 0};
	return 0;
}

static uint32_t node_add(struct prefix_tree *tree, struct prefix_key key, unsigned bits,
			 uint8_t marks)
{
	assert(tree->count < tree->capacity);
	tree->nodes[tree->count] = (struct prefix_node){
		.key = key,
		.bits = (uint8_t)bits,
		.marks = marks,
	};
	return (uint32_t)tree->count++;
}

static void child_set(struct prefix_tree *tree, uint32_t parent, uint32_t child)
{
	unsigned side = bit_at(tree->nodes[child].key, tree->nodes[parent].bits);

	tree->nodes[parent].children[side] = child;
}

/* The child of `parent` parts from the key after `common` bits: a node there, between the two. */
static void node_split(struct prefix_tree *tree, uint32_t parent, uint32_t child, unsigned common,
		       struct prefix_key key, unsigned bits, uint8_t marks)
{
	uint32_t middle = node_add(tree, key, common, common == bits ? marks : 0);

	child_set(tree, parent, middle);
	child_set(tree, middle, child);
	if (common < bits)
		child_set(tree, middle, node_add(tree, key, bits, marks));
}

int prefix_tree_insert(struct prefix_tree *tree, struct prefix_key key, unsigned bits,
		       uint8_t marks)
{
	uint32_t at = ROOT;
	int r = nodes_reserve(tree);

	assert(bits <= PREFIX_BITS_MAX && marks != 0);
	if (r != 0)
		return r;
	/* What `at` stands for is always a beginning of the prefix. */
	while (tree->nodes[at].bits < bits) {
		uint32_t child = tree->nodes[at].children[bit_at(key, tree->nodes[at].bits)];
		unsigned common;

		if (child == NO_CHILD) {
			child_set(tree, at, node_add(tree, key, bits, marks));
			return 0;
		}
		common = common_bits(tree->nodes[child].key, key);
		if (common > bits)
			common = bits;
		if (common < tree->nodes[child].bits) {
			node_split(tree, at, child, common, key, bits, marks);
			return 0;
		}
		at = child;
	}
	tree->nodes[at].marks |= marks;
	return 0;
}

uint8_t prefix_tree_find(const struct prefix_tree *tree, struct prefix_key key)
{
	uint32_t at = ROOT;
	uint8_t marks = 0;

	if (tree->count == 0)
		return 0;
	do {
		const struct prefix_node *node = &tree->nodes[at];

		if (common_bits(node->key, key) < node->bits)
			break;
		if (node->marks != 0)
			marks = node->marks;
		at = node->bits == PREFIX_BITS_MAX ? NO_CHILD
						   : node->children[bit_at(key, node->bits)];
	} while (at != NO_CHILD);
	return marks;
}
