/*
 * field_name - the name of a header field: which characters, which hash.
 *
 * Source:   RFC 5322 2.2 and 3.6.8 (ftext). Names are compared without regard to case:
 *           bytes_equal_nocase().
 */
#ifndef SIGNER_DKIM_FIELD_NAME_H
#define SIGNER_DKIM_FIELD_NAME_H

#include "common/bytes.h"

/* RFC 5322 3.6.8 ftext: printable ASCII but ":". */
static inline bool field_name_is_character(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && byte != ':';
}

/*
 * Names that are equal without regard to case have the same hash. It spreads well over tables,
 * but whoever wants collisions can make them, so callers must stay fast when all are equal.
 */
static inline uint64_t field_name_hash(struct bytes name)
{
	const uint64_t prime = 0x9e3779b97f4a7c15;
	const uint64_t case_bits = 0x2020202020202020;
	uint64_t hash = name.size;
	uint64_t word;

	while (name.size >= sizeof(word)) {
		memcpy(&word, name.data, sizeof(word));
		hash = (hash ^ (word | case_bits)) * prime;
		hash ^= hash >> 32;
		name = bytes_skip(name, sizeof(word));
	}
	word = 0;
	for (size_t i = 0; i < name.size; i++)
		word = word << 8 | (name.data[i] | 0x20);
	hash = (hash ^ word) * prime;
	return hash ^ hash >> 32;
}

#endif
