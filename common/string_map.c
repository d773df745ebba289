/*
 * How it works: open addressing with linear probing over slots of 16 bytes, at most three quarters
 * full. The keys lie one behind the other in one buffer, already folded in a caseless map, so that
 * a look-up folds only what it was given. A slot keeps 32 bits of the hash: they pick the place,
 * let most wrong keys go without a look at their bytes, and make growing cheap.
 *
 * The hash is SipHash-1-3 (Aumasson and Bernstein, 2012) under a random key, because keys come from
 * outside and must not be able to aim at one slot. Words are taken in the machine's byte order: the
 * hash never leaves the process.
 */
#include "common/string_map.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define CAPACITY_MIN 16
#define SLOT_FREE    UINT32_MAX

struct string_map_slot {
	uint32_t hash;
	uint32_t key_offset; /* SLOT_FREE: nothing here */
	uint32_t key_size;
	uint32_t value;
};

/* Lower case for the eight bytes of a word at once: bit 5 set where a byte is in A..Z. */
static uint64_t word_fold(uint64_t word)
{
	const uint64_t high_bits = 0x8080808080808080;
	uint64_t low = word & ~high_bits;
	uint64_t from_a = low + 0x3f3f3f3f3f3f3f3f;   /* high bit: at least 'A' */
	uint64_t beyond_z = low + 0x2525252525252525; /* high bit: more than 'Z' */

	return word | ((from_a & ~beyond_z & ~word & high_bits) >> 2);
}

static uint64_t word_load(const uint8_t *data, size_t size, enum string_map_case letters)
{
	uint64_t word = 0;

	memcpy(&word, data, size);
	return letters == STRING_MAP_CASELESS ? word_fold(word) : word;
}

static uint64_t rotate(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static uint32_t key_hash(const struct string_map *map, struct bytes key)
{
	uint64_t v[4] = {
		map->hash_key[0] ^ 0x736f6d6570736575,
		map->hash_key[1] ^ 0x646f72616e646f6d,
		map->hash_key[0] ^ 0x6c7967656e657261,
		map->hash_key[1] ^ 0x7465646279746573,
	};
	size_t offset = 0;
	uint64_t last = (uint64_t)key.size << 56;

	for (; key.size - offset >= sizeof(uint64_t); offset += sizeof(uint64_t)) {
		uint64_t word = word_load(key.data + offset, sizeof(uint64_t), map->letters);

		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	if (offset < key.size)
		last |= word_load(key.data + offset, key.size - offset, map->letters);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* Is `key` what the buffer of keys has at `stored`? */
static bool key_equal(const struct string_map *map, const uint8_t *stored, struct bytes key)
{
	size_t offset = 0;

	if (map->letters == STRING_MAP_CASEFUL)
		return key.size == 0 || memcmp(stored, key.data, key.size) == 0;
	for (; key.size - offset >= sizeof(uint64_t); offset += sizeof(uint64_t)) {
		if (word_load(stored + offset, sizeof(uint64_t), STRING_MAP_CASEFUL) !=
		    word_load(key.data + offset, sizeof(uint64_t), STRING_MAP_CASELESS))
			return false;
	}
	for (; offset < key.size; offset++) {
		if (stored[offset] != ascii_lower(key.data[offset]))
			return false;
	}
	return true;
}

/* The slot that has the key, or the free one where it belongs. There is always a free one. */
static struct string_map_slot *slot_find(const struct string_map *map, struct bytes key,
					 uint32_t hash)
{
	size_t mask = map->capacity - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct string_map_slot *slot = &map->slots[i];

		if (slot->key_offset == SLOT_FREE)
			return slot;
		if (slot->hash == hash && slot->key_size == key.size &&
		    key_equal(map, map->keys.data + slot->key_offset, key))
			return slot;
	}
}

int string_map_init(struct string_map *map, enum string_map_case letters)
{
	ssize_t size;

	*map = (struct string_map){.letters = letters};
	do
		size = getrandom(map->hash_key, sizeof(map->hash_key), 0);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	assert(size == sizeof(map->hash_key)); /* up to 256 bytes come whole: getrandom(2) */
	return 0;
}

void string_map_deinit(struct string_map *map)
{
	free(map->slots);
	buffer_deinit(&map->keys);
	*map = (struct string_map){0};
}

static int slots_grow(struct string_map *map)
{
	size_t capacity = map->capacity == 0 ? CAPACITY_MIN : map->capacity * 2;
	struct string_map_slot *slots;

	slots = capacity > UINT32_MAX / 2 ? NULL : malloc(capacity * sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < capacity; i++)
		slots[i].key_offset = SLOT_FREE;
	for (size_t i = 0; i < map->capacity; i++) {
		const struct string_map_slot *old = &map->slots[i];
		size_t place = old->hash & (capacity - 1);

		if (old->key_offset == SLOT_FREE)
			continue;
		while (slots[place].key_offset != SLOT_FREE)
			place = (place + 1) & (capacity - 1);
		slots[place] = *old;
	}
	free(map->slots);
	map->slots = slots;
	map->capacity = capacity;
	return 0;
}

static int key_store(struct string_map *map, struct bytes key)
{
	size_t offset = map->keys.size;
	int r;

	if (key.size >= UINT32_MAX - offset)
		return -EOVERFLOW;
	r = buffer_append(&map->keys, key);
	if (r != 0 || map->letters == STRING_MAP_CASEFUL)
		return r;
	for (size_t i = offset; i < map->keys.size; i++)
		map->keys.data[i] = ascii_lower(map->keys.data[i]);
	return 0;
}

int string_map_insert(struct string_map *map, struct bytes key, uint32_t value,
		      uint32_t **value_out)
{
	uint32_t hash = key_hash(map, key);
	size_t offset = map->keys.size;
	struct string_map_slot *slot;
	int r = 0;

	if (map->count >= map->capacity / 4 * 3)
		r = slots_grow(map);
	if (r != 0)
		return r;
	slot = slot_find(map, key, hash);
	if (slot->key_offset != SLOT_FREE) {
		r = STRING_MAP_E_EXISTS;
	} else {
		r = key_store(map, key);
		if (r != 0)
			return r;
		*slot = (struct string_map_slot){
			.hash = hash,
			.key_offset = (uint32_t)offset,
			.key_size = (uint32_t)key.size,
			.value = value,
		};
		map->count++;
	}
	if (value_out != NULL)
		*value_out = &slot->value;
	return r;
}

const uint32_t *string_map_find(const struct string_map *map, struct bytes key)
{
	const struct string_map_slot *slot;

	if (map->count == 0)
		return NULL;
	slot = slot_find(map, key, key_hash(map, key));
	return slot->key_offset == SLOT_FREE ? NULL : &slot->value;
}
