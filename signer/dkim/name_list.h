/*
 * name_list - a list of borrowed names, in order; what h= says.
 *
 * Errors:   -ENOMEM, and the list is what it was.
 * Owns:     the array, not the names. A struct of zeros is an empty list; clear keeps the memory.
 * Threads:  one at a time.
 */
#ifndef SIGNER_DKIM_NAME_LIST_H
#define SIGNER_DKIM_NAME_LIST_H

#include "common/bytes.h"
#include "common/compiler.h"

struct name_list {
	struct bytes *names;
	size_t count;
	size_t capacity; /* names */
};

void name_list_deinit(struct name_list *list);
MUST_CHECK int name_list_add(struct name_list *list, struct bytes name);

static inline void name_list_clear(struct name_list *list)
{
	list->count = 0;
}

#endif
