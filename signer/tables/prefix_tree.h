/*
 * prefix_tree - marks on prefixes of bits, and which is the longest one that an address begins with.
 *
 * Is:       a binary tree in which only forks and marked prefixes are nodes: at most two a prefix,
 *           and a look-up goes through no more of them than the address has bits.
 * Is not:   about IP: the caller makes keys of its addresses, the first bit highest in `high`.
 * Units:    bits, 0 to 128.
 * Errors:   -ENOMEM, and the tree is what it was.
 * Owns:     its nodes, 32 bytes each. A struct of zeros is an empty tree.
 * Threads:  any number may find while none inserts.
 */
#ifndef SIGNER_TABLES_PREFIX_TREE_H
#define SIGNER_TABLES_PREFIX_TREE_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PREFIX_BITS_MAX 128

struct prefix_key {
	uint64_t high;
	uint64_t low;
};

struct prefix_node;

struct prefix_tree {
	/* private */
	struct prefix_node *nodes;
	size_t count;
	size_t capacity;
};

void prefix_tree_deinit(struct prefix_tree *tree);

/* Adds `marks` (not 0) to those that the prefix has. Only the first `bits` of the key count. */
MUST_CHECK int prefix_tree_insert(struct prefix_tree *tree, struct prefix_key key, unsigned bits,
				  uint8_t marks);

/* The marks of the longest prefix that the key begins with, or 0. */
uint8_t prefix_tree_find(const struct prefix_tree *tree, struct prefix_key key);

#endif
