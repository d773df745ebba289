/*
 * secret_memory - pages for the text of a private key.
 *
 * Is:       memory of its own pages that is kept out of swap and of core dumps, and is wiped
 *           before it is given back.
 * Is not:   where OpenSSL keeps its parsed keys (its own heap, which it wipes), or memory for many
 *           small things: each object costs at least a page.
 * Units:    bytes.
 * Errors:   -ENOMEM. That the pages could not be locked (RLIMIT_MEMLOCK) is no error: `locked` and
 *           `locked_size` say it, and the owner tells the operator once.
 * Owns:     the pages. A struct of zeros is an empty object, and deinit takes it.
 * Threads:  one at a time.
 */
#ifndef SIGNER_KEYS_SECRET_MEMORY_H
#define SIGNER_KEYS_SECRET_MEMORY_H

#include "common/bytes.h"
#include "common/compiler.h"

struct secret_memory {
	uint8_t *data;	    /* zeros at first */
	size_t size;	    /* bytes in use: init sets it to all, the owner may lower it */
	bool locked;	    /* all of it */
	size_t locked_size; /* so much, from the start on */
	size_t mapped_size; /* private */
};

MUST_CHECK int secret_memory_init(struct secret_memory *memory, size_t size);

/*
 * For memory that is large, and may take what others leave of the limit: map is init without the lock, and lock
 * locks as much as it can, once, before there are secrets. Something is left for what comes later.
 */
MUST_CHECK int secret_memory_map(struct secret_memory *memory, size_t size);
void secret_memory_lock(struct secret_memory *memory);

void secret_memory_deinit(struct secret_memory *memory);

static inline struct bytes secret_memory_bytes(const struct secret_memory *memory)
{
	return bytes_of(memory->data, memory->size);
}

#endif
