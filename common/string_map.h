/*
 * string_map - from bytes to a number, by a hash that outsiders cannot predict.
 *
 * Is:       a hash map that grows and never forgets; a caller keeps its objects in an array and
 *           their index here.
 * Is not:   ordered, or able to remove.
 * Units:    all keys together are less than 4 GiB.
 * Errors:   -ENOMEM, -EOVERFLOW (4 GiB), -errno of getrandom() from init, or STRING_MAP_E_EXISTS.
 *           After an error the map is what it was.
 * Owns:     a copy of each key.
 * Case:     STRING_MAP_CASELESS folds ASCII letters, of keys and of what is looked up.
 * Threads:  any number may find while none inserts.
 *
 *	r = string_map_init(&map, STRING_MAP_CASELESS);
 *	r = string_map_insert(&map, key, index, NULL);
 *	found = string_map_find(&map, key);   NULL: not there
 */
#ifndef COMMON_STRING_MAP_H
#define COMMON_STRING_MAP_H

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/compiler.h"

enum {
	STRING_MAP_E_EXISTS = 1,
};

enum string_map_case {
	STRING_MAP_CASEFUL,
	STRING_MAP_CASELESS,
};

struct string_map_slot;

struct string_map {
	/* private */
	uint64_t hash_key[2];
	enum string_map_case letters;
	struct string_map_slot *slots;
	size_t capacity; /* slots: 0, or a power of two */
	size_t count;
	struct buffer keys;
};

MUST_CHECK int string_map_init(struct string_map *map, enum string_map_case letters);
void string_map_deinit(struct string_map *map);

/*
 * STRING_MAP_E_EXISTS: the key was there and keeps its value. value_out (may be NULL) is where the
 * value of the key now is, in both cases; it is good until the next insert.
 */
MUST_CHECK int string_map_insert(struct string_map *map, struct bytes key, uint32_t value,
				 uint32_t **value_out);

const uint32_t *string_map_find(const struct string_map *map, struct bytes key);

#endif
