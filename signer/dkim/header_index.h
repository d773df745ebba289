/*
 * header_index - hands out the fields of a header by name, the last one first.
 *
 * Is:       the order in which a name that h= lists several times takes its fields.
 * Use:      header_index_build() per header; per h= list header_index_rewind(), then
 *           header_index_take() for each name in it.
 * Source:   RFC 6376 5.4.2.
 * Cost:     O(n log n) to build and O(log n) to take, also when all names are equal or collide.
 * Errors:   -ENOMEM.
 * Owns:     its memory, which it keeps between headers; the header must stay unchanged meanwhile.
 *           A struct of zeros is an index of nothing.
 */
#ifndef SIGNER_DKIM_HEADER_INDEX_H
#define SIGNER_DKIM_HEADER_INDEX_H

#include "signer/dkim/header.h"

#define HEADER_INDEX_NONE SIZE_MAX

/* Private. */
struct header_index_entry {
	uint64_t name_hash;
	size_t field;
	size_t group_size;  /* in the first entry of a name: how many entries have it */
	size_t group_taken; /* likewise: how many of them were taken */
};

/* Private. */
struct header_index {
	const struct header *header;
	struct header_index_entry *entries;
	size_t count;
	size_t capacity; /* entries */
};

void header_index_deinit(struct header_index *index);
MUST_CHECK int header_index_build(struct header_index *index, const struct header *header);

/* All fields can be taken again. */
void header_index_rewind(struct header_index *index);

/* The last field of that name that was not yet taken, or HEADER_INDEX_NONE. */
size_t header_index_take(struct header_index *index, struct bytes name);

#endif
