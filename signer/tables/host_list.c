/*
 * How it works: names are in a hash map, networks in two prefix trees, each with a mark for "is in"
 * and one for "is not in"; patterns, of which there are few, are tried in turn.
 *
 * IPv4 has a tree of its own, so that ::/0 is no IPv4 client's. An IPv4-mapped client is looked for
 * there first and then in the IPv6 tree, where only networks shorter than /96 can have it: what is
 * found first is the longer one.
 */
#include "signer/tables/host_list.h"

#include "common/glob.h"
#include "common/string_map.h"
#include "signer/tables/data_set.h"
#include "signer/tables/host_entry.h"
#include "signer/tables/prefix_tree.h"

#include <errno.h>
#include <stdlib.h>

enum {
	MARK_IN = 1 << 0,
	MARK_OUT = 1 << 1, /* wins over the other one */
};

struct host_pattern {
	struct bytes glob;
	uint8_t mark;
};

struct host_list {
	struct data_set *set; /* NULL: nothing borrows from it */
	struct string_map names;
	struct prefix_tree ipv4;
	struct prefix_tree ipv6;
	struct host_pattern *patterns;
	size_t pattern_count;
	size_t pattern_capacity;
};

static uint64_t word_load(const uint8_t bytes[8])
{
	uint64_t word = 0;

	for (size_t i = 0; i < sizeof(word); i++)
		word = word << 8 | bytes[i];
	return word;
}

static struct prefix_key ipv6_key(const struct ip_address *address)
{
	return (struct prefix_key){word_load(address->bytes), word_load(address->bytes + 8)};
}

/* The last four bytes, at the top of the key. */
static struct prefix_key ipv4_key(const struct ip_address *address)
{
	return (struct prefix_key){.high = word_load(address->bytes + 8) << 32};
}

static int name_add(struct host_list *list, struct bytes name, uint8_t mark)
{
	uint32_t *marks;
	int r = string_map_insert(&list->names, name, mark, &marks);

	if (r == STRING_MAP_E_EXISTS) {
		*marks |= mark;
		r = 0;
	}
	return r;
}

static int pattern_add(struct host_list *list, struct bytes glob, uint8_t mark)
{
	if (list->pattern_count == list->pattern_capacity) {
		size_t capacity = list->pattern_capacity == 0 ? 8 : list->pattern_capacity * 2;
		struct host_pattern *patterns = reallocarray(list->patterns, capacity,
							     sizeof(*patterns));

		if (patterns == NULL)
			return -ENOMEM;
		list->patterns = patterns;
		list->pattern_capacity = capacity;
	}
	list->patterns[list->pattern_count++] = (struct host_pattern){glob, mark};
	return 0;
}

static int entry_add(struct host_list *list, const struct host_entry *entry)
{
	uint8_t mark = entry->is_excluded ? MARK_OUT : MARK_IN;

	switch (entry->kind) {
	case HOST_ENTRY_NAME: return name_add(list, entry->name, mark);
	case HOST_ENTRY_PATTERN: return pattern_add(list, entry->name, mark);
	case HOST_ENTRY_NETWORK: break;
	}
	if (entry->address.is_ipv4)
		return prefix_tree_insert(&list->ipv4, ipv4_key(&entry->address), entry->bits,
					  mark);
	return prefix_tree_insert(&list->ipv6, ipv6_key(&entry->address), entry->bits, mark);
}

/*
 * The words behind a key are a remark, as in OpenDKIM, unless the entry has its blank there:
 * "! 10.0.0.1", "10.0.0.0 /8" or "10.0.0.0/ 8". Both lie in one line, so they are still together.
 */
static struct bytes row_text(const struct data_row *row)
{
	struct bytes key = row->key;
	struct bytes value = row->value;
	bool is_open = key.size > 0 &&
		       (key.data[key.size - 1] == '/' || bytes_equal(key, BYTES_LITERAL("!")));

	if (value.size == 0 || !(is_open || value.data[0] == '/'))
		return key;
	return bytes_of(key.data, (size_t)(value.data + value.size - key.data));
}

static int row_add(struct host_list *list, size_t row, struct problems *problems)
{
	bool is_list = data_set_kind(list->set) == DATA_SET_LIST;
	const struct data_row *data = data_set_row(list->set, row);
	struct bytes text = is_list ? data->key : row_text(data);
	struct host_entry entry;
	int r = host_entry_parse(text, data_set_kind(list->set) == DATA_SET_PATTERN_FILE, &entry);

	if (r == 0)
		return entry_add(list, &entry);
	problems_warning(problems, data_set_place(list->set, row), "\"%.*s\" matches nobody: %s",
			 BYTES_PRINTF(text), host_entry_fault(r));
	return 0;
}

/* Is it nothing but "-"? */
static bool set_is_none(const struct data_set *set)
{
	return data_set_count(set) == 1 &&
	       bytes_equal(data_set_row(set, 0)->key, BYTES_LITERAL("-"));
}

static int list_fill(struct host_list *list, struct problems *problems)
{
	int r = 0;

	for (size_t row = 0; r == 0 && row < data_set_count(list->set); row++)
		r = row_add(list, row, problems);
	return r;
}

int host_list_load(const char *text, const char *base_directory, struct problem_place place,
		   struct problems *problems, struct host_list **list_out)
{
	struct host_list *list = calloc(1, sizeof(*list));
	int r;

	if (list == NULL)
		return -ENOMEM;
	r = string_map_init(&list->names, STRING_MAP_CASELESS);
	if (r == 0 && text != NULL)
		r = data_set_load(text, base_directory, place, problems, &list->set);
	if (r == DATA_SET_E_REFUSED)
		r = HOST_LIST_E_REFUSED;
	if (r == 0 && list->set != NULL && !set_is_none(list->set))
		r = list_fill(list, problems);
	if (r != 0) {
		host_list_free(list);
		return r;
	}
	if (list->pattern_count == 0) {
		data_set_free(list->set);
		list->set = NULL;
	}
	*list_out = list;
	return 0;
}

void host_list_free(struct host_list *list)
{
	if (list == NULL)
		return;
	string_map_deinit(&list->names);
	prefix_tree_deinit(&list->ipv4);
	prefix_tree_deinit(&list->ipv6);
	free(list->patterns);
	data_set_free(list->set);
	free(list);
}

bool host_list_is_empty(const struct host_list *list)
{
	return list->names.count == 0 && list->pattern_count == 0 && list->ipv4.count == 0 &&
	       list->ipv6.count == 0;
}

/* What the list says of a name, or of .DOMAIN, as it stands. */
static uint8_t name_marks(const struct host_list *list, struct bytes name)
{
	const uint32_t *found = string_map_find(&list->names, name);
	uint8_t marks = found == NULL ? 0 : (uint8_t)*found;

	for (size_t i = 0; i < list->pattern_count; i++) {
		if (glob_match(list->patterns[i].glob, name, true))
			marks |= list->patterns[i].mark;
	}
	return marks;
}

static bool marks_are_in(uint8_t marks)
{
	return (marks & MARK_OUT) == 0 && (marks & MARK_IN) != 0;
}

bool host_list_has_name(const struct host_list *list, struct bytes name)
{
	uint8_t marks = 0;
	size_t start = 0;

	if (name.size > 0 && name.data[name.size - 1] == '.')
		name.size--;
	if (name.size == 0 || name.size > HOST_ENTRY_NAME_SIZE_MAX || name.data[0] == '[')
		return false;
	while (marks == 0 && start < name.size) {
		marks = name_marks(list, bytes_skip(name, start));
		start++;
		start += bytes_find(bytes_skip(name, start), '.');
	}
	return marks_are_in(marks);
}

bool host_list_has_address(const struct host_list *list, const struct ip_address *address)
{
	uint8_t marks = 0;

	if (ip_address_is_mapped(address))
		marks = prefix_tree_find(&list->ipv4, ipv4_key(address));
	if (marks == 0 && !address->is_ipv4)
		marks = prefix_tree_find(&list->ipv6, ipv6_key(address));
	return marks_are_in(marks);
}

bool host_list_has(const struct host_list *list, struct bytes name,
		   const struct ip_address *address)
{
	return host_list_has_name(list, name) ||
	       (address != NULL && host_list_has_address(list, address));
}
