/*
 * How it works: an array that doubles.
 */
#include "signer/dkim/name_list.h"

#include <errno.h>
#include <stdlib.h>

#define NAME_LIST_CAPACITY_MIN 32

void name_list_deinit(struct name_list *list)
{
	free(list->names);
	*list = (struct name_list){0};
}

int name_list_add(struct name_list *list, struct bytes name)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? NAME_LIST_CAPACITY_MIN : list->capacity * 2;
		struct bytes *names = reallocarray(list->names, capacity, sizeof(*names));

		if (names == NULL)
			return -ENOMEM;
		list->names = names;
		list->capacity = capacity;
	}
	list->names[list->count++] = name;
	return 0;
}
