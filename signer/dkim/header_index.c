/*
 * How it works: an array of all fields, sorted by hash, name, and place in the header. Equal names
 * stand together as a group, which is found by bisection and taken from its end. A table of chains
 * would be simpler and could be made slow by names that collide on purpose.
 */
#include "signer/dkim/header_index.h"

#include "signer/dkim/field_name.h"

#include <errno.h>
#include <stdlib.h>

/* Below this, insertion is faster than anything clever; most headers are. */
#define INSERTION_COUNT_MAX 40

void header_index_deinit(struct header_index *index)
{
	free(index->entries);
	*index = (struct header_index){0};
}

static int name_compare(struct bytes a, struct bytes b)
{
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	for (size_t i = 0; i < a.size; i++) {
		int difference = ascii_lower(a.data[i]) - ascii_lower(b.data[i]);

		if (difference != 0)
			return difference;
	}
	return 0;
}

static int entry_compare_name(const struct header_index *index,
			      const struct header_index_entry *entry, uint64_t hash,
			      struct bytes name)
{
	if (entry->name_hash != hash)
		return entry->name_hash < hash ? -1 : 1;
	return name_compare(header_name(index->header, entry->field), name);
}

static bool entry_is_before(const struct header_index *index, const struct header_index_entry *a,
			    const struct header_index_entry *b)
{
	int order;

	if (a->name_hash != b->name_hash)
		return a->name_hash < b->name_hash;
	order = entry_compare_name(index, a, b->name_hash, header_name(index->header, b->field));
	return order != 0 ? order < 0 : a->field < b->field;
}

static void sort_by_insertion(struct header_index *index)
{
	for (size_t i = 1; i < index->count; i++) {
		struct header_index_entry entry = index->entries[i];
		size_t at = i;

		for (; at > 0 && entry_is_before(index, &entry, &index->entries[at - 1]); at--)
			index->entries[at] = index->entries[at - 1];
		index->entries[at] = entry;
	}
}

/* Moves the entry at `root` down to its place in the heap of the first `count` entries. */
static void sift_down(struct header_index *index, size_t root, size_t count)
{
	struct header_index_entry entry = index->entries[root];

	for (;;) {
		size_t child = root * 2 + 1;

		if (child >= count)
			break;
		if (child + 1 < count &&
		    entry_is_before(index, &index->entries[child], &index->entries[child + 1]))
			child++;
		if (!entry_is_before(index, &entry, &index->entries[child]))
			break;
		index->entries[root] = index->entries[child];
		root = child;
	}
	index->entries[root] = entry;
}

/* qsort() may allocate, and is quadratic at its worst. */
static void sort_by_heap(struct header_index *index)
{
	for (size_t root = index->count / 2; root > 0; root--)
		sift_down(index, root - 1, index->count);
	for (size_t count = index->count; count > 1; count--) {
		struct header_index_entry largest = index->entries[0];

		index->entries[0] = index->entries[count - 1];
		index->entries[count - 1] = largest;
		sift_down(index, 0, count - 1);
	}
}

static void count_groups(struct header_index *index)
{
	size_t first = 0;

	for (size_t i = 0; i < index->count; i++) {
		struct bytes name = header_name(index->header, index->entries[i].field);

		if (entry_compare_name(index, &index->entries[first], index->entries[i].name_hash,
				       name) != 0)
			first = i;
		index->entries[first].group_size++;
	}
}

int header_index_build(struct header_index *index, const struct header *header)
{
	size_t count = header_count(header);

	index->count = 0;
	if (count > index->capacity) {
		size_t capacity = count * 2;
		struct header_index_entry *entries = reallocarray(index->entries, capacity,
								  sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		index->entries = entries;
		index->capacity = capacity;
	}
	index->header = header;
	index->count = count;
	for (size_t i = 0; i < count; i++) {
		index->entries[i] = (struct header_index_entry){
			.name_hash = header_name_hash(header, i), .field = i};
	}
	if (count <= INSERTION_COUNT_MAX)
		sort_by_insertion(index);
	else
		sort_by_heap(index);
	count_groups(index);
	return 0;
}

void header_index_rewind(struct header_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		index->entries[i].group_taken = 0;
}

size_t header_index_take(struct header_index *index, struct bytes name)
{
	uint64_t hash = field_name_hash(name);
	struct header_index_entry *group;
	size_t low = 0;
	size_t high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entry_compare_name(index, &index->entries[middle], hash, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == index->count || entry_compare_name(index, &index->entries[low], hash, name) != 0)
		return HEADER_INDEX_NONE;
	group = &index->entries[low];
	if (group->group_taken == group->group_size)
		return HEADER_INDEX_NONE;
	group->group_taken++;
	return index->entries[low + group->group_size - group->group_taken].field;
}
