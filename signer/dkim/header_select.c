/*
 * How it works: names without "*" are in one open table with a flag for each list that has them, so
 * a field costs one look-up; names with "*" are tried one after another, and there are few. The
 * table is filled once from the configuration, which nobody hostile writes.
 */
#include "signer/dkim/header_select.h"

#include "common/glob.h"
#include "signer/dkim/field_name.h"

#include <errno.h>
#include <stdlib.h>

#define SLOT_SIGN 1u
#define SLOT_OMIT 2u

#define DELTA BYTES_LITERAL("*")

struct slot {
	uint64_t hash;
	struct bytes name; /* no data: a free slot */
	unsigned int flags;
};

struct header_select {
	struct slot *slots;
	size_t slots_count; /* a power of two, at least twice the names */
	struct name_list sign_patterns;
	struct name_list omit_patterns;
	struct name_list oversign;
	struct buffer text; /* all names; never grows after it was reserved */
};

/* RFC 6376 5.4.1, in OpenDKIM's order. */
static const char *const sign_default[] = {
	"from",
	"reply-to",
	"subject",
	"date",
	"to",
	"cc",
	"resent-date",
	"resent-from",
	"resent-sender",
	"resent-to",
	"resent-cc",
	"in-reply-to",
	"references",
	"list-id",
	"list-help",
	"list-unsubscribe",
	"list-subscribe",
	"list-post",
	"list-owner",
	"list-archive",
};

static const char *const omit_default[] = {"return-path", "received", "comments", "keywords"};

static struct slot *find_slot(const struct header_select *select, struct bytes name, uint64_t hash)
{
	size_t mask = select->slots_count - 1;
	size_t i = (size_t)hash & mask;

	while (select->slots[i].name.data != NULL) {
		if (select->slots[i].hash == hash &&
		    bytes_equal_nocase(select->slots[i].name, name))
			break;
		i = (i + 1) & mask;
	}
	return &select->slots[i];
}

static bool is_field_name(struct bytes name)
{
	for (size_t i = 0; i < name.size; i++) {
		/* A ";" would end the h= tag. */
		if (!field_name_is_character(name.data[i]) || name.data[i] == ';')
			return false;
	}
	return name.size > 0;
}

static struct bytes copy_name(struct header_select *select, struct bytes name)
{
	uint8_t *data = select->text.data + select->text.size;

	memcpy(data, name.data, name.size);
	select->text.size += name.size;
	return bytes_of(data, name.size);
}

static int add_name(struct header_select *select, struct bytes name, unsigned int flag)
{
	uint64_t hash = field_name_hash(name);
	struct slot *slot;

	if (!is_field_name(name))
		return HEADER_SELECT_E_NAME;
	if (bytes_find(name, '*') < name.size) {
		return name_list_add(flag == SLOT_SIGN ? &select->sign_patterns
						       : &select->omit_patterns,
				     copy_name(select, name));
	}
	slot = find_slot(select, name, hash);
	if (slot->name.data == NULL)
		*slot = (struct slot){.hash = hash, .name = copy_name(select, name)};
	slot->flags |= flag;
	return 0;
}

static bool has_delta(const struct name_list *list, char sign, struct bytes name)
{
	for (size_t i = 0; i < list->count; i++) {
		struct bytes entry = list->names[i];

		if (entry.size > 0 && entry.data[0] == sign &&
		    bytes_equal_nocase(bytes_skip(entry, 1), name))
			return true;
	}
	return false;
}

static bool is_delta(const struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (bytes_equal(list->names[i], DELTA))
			return true;
	}
	return false;
}

static int add_defaults(struct header_select *select, const char *const *names, size_t count,
			const struct name_list *list, unsigned int flag)
{
	for (size_t i = 0; i < count; i++) {
		struct bytes name = bytes_of_string(names[i]);
		int r;

		if (list != NULL && has_delta(list, '-', name))
			continue;
		r = add_name(select, name, flag);
		if (r != 0)
			return r;
	}
	return 0;
}

static int add_entries(struct header_select *select, const struct name_list *list, bool delta,
		       unsigned int flag, struct bytes *wrong_out)
{
	for (size_t i = 0; i < list->count; i++) {
		struct bytes entry = list->names[i];
		bool added = entry.size > 0 && entry.data[0] == '+';
		bool removed = entry.size > 0 && entry.data[0] == '-';
		int r = 0;

		if (!delta)
			r = added || removed ? HEADER_SELECT_E_DELTA
					     : add_name(select, entry, flag);
		else if (added)
			r = add_name(select, bytes_skip(entry, 1), flag);
		if (r != 0) {
			*wrong_out = entry;
			return r;
		}
	}
	return 0;
}

static int add_list(struct header_select *select, const struct name_list *list,
		    const char *const *defaults, size_t defaults_count, unsigned int flag,
		    struct bytes *wrong_out)
{
	bool delta = list != NULL && is_delta(list);
	int r = 0;

	if (list == NULL || delta)
		r = add_defaults(select, defaults, defaults_count, list, flag);
	if (r == 0 && list != NULL)
		r = add_entries(select, list, delta, flag, wrong_out);
	return r;
}

static int add_oversign(struct header_select *select, const struct name_list *list,
			struct bytes *wrong_out)
{
	for (size_t i = 0; i < list->count; i++) {
		int r;

		*wrong_out = list->names[i];
		if (!is_field_name(list->names[i]))
			return HEADER_SELECT_E_NAME;
		/* From is listed besides. */
		if (select->oversign.count == HEADER_SELECT_NAMES_MAX - 1)
			return HEADER_SELECT_E_TOO_MANY;
		r = name_list_add(&select->oversign, copy_name(select, list->names[i]));
		if (r != 0)
			return r;
	}
	return 0;
}

/* Counts the names of a list, and the bytes in them. */
static void measure(const struct name_list *list, size_t *count, size_t *size)
{
	if (list == NULL)
		return;
	*count += list->count;
	for (size_t i = 0; i < list->count; i++)
		*size += list->names[i].size;
}

static int reserve(struct header_select *select, const struct header_select_lists *lists)
{
	size_t count = ARRAY_COUNT(sign_default) + ARRAY_COUNT(omit_default);
	size_t size = 0;

	for (size_t i = 0; i < ARRAY_COUNT(sign_default); i++)
		size += strlen(sign_default[i]);
	for (size_t i = 0; i < ARRAY_COUNT(omit_default); i++)
		size += strlen(omit_default[i]);
	measure(lists->sign, &count, &size);
	measure(lists->omit, &count, &size);
	measure(lists->oversign, &count, &size);

	select->slots_count = 1;
	while (select->slots_count < count * 2)
		select->slots_count *= 2;
	select->slots = calloc(select->slots_count, sizeof(*select->slots));
	if (select->slots == NULL)
		return -ENOMEM;
	return buffer_reserve(&select->text, size);
}

int header_select_new(const struct header_select_lists *lists, struct bytes *wrong_out,
		      struct header_select **select_out)
{
	struct header_select *select = calloc(1, sizeof(*select));
	int r;

	if (select == NULL)
		return -ENOMEM;
	r = reserve(select, lists);
	if (r == 0)
		r = add_list(select, lists->sign, sign_default, ARRAY_COUNT(sign_default),
			     SLOT_SIGN, wrong_out);
	if (r == 0)
		r = add_list(select, lists->omit, omit_default, ARRAY_COUNT(omit_default),
			     SLOT_OMIT, wrong_out);
	if (r == 0 && lists->oversign != NULL)
		r = add_oversign(select, lists->oversign, wrong_out);
	if (r != 0) {
		header_select_free(select);
		return r;
	}
	*select_out = select;
	return 0;
}

void header_select_free(struct header_select *select)
{
	if (select == NULL)
		return;
	free(select->slots);
	name_list_deinit(&select->sign_patterns);
	name_list_deinit(&select->omit_patterns);
	name_list_deinit(&select->oversign);
	buffer_deinit(&select->text);
	free(select);
}

static bool any_pattern_matches(const struct name_list *patterns, struct bytes name)
{
	for (size_t i = 0; i < patterns->count; i++) {
		if (glob_match(patterns->names[i], name, true))
			return true;
	}
	return false;
}

static enum header_select_verdict judge(const struct header_select *select, struct bytes name,
					uint64_t hash)
{
	unsigned int flags = find_slot(select, name, hash)->flags;

	if (bytes_equal_nocase(name, BYTES_LITERAL("from")))
		return HEADER_SELECT_SIGNED;
	if ((flags & SLOT_OMIT) != 0 || any_pattern_matches(&select->omit_patterns, name))
		return HEADER_SELECT_OMITTED;
	if ((flags & SLOT_SIGN) != 0)
		return HEADER_SELECT_SIGNED;
	if (any_pattern_matches(&select->sign_patterns, name) && is_field_name(name))
		return HEADER_SELECT_SIGNED;
	return HEADER_SELECT_NOT_LISTED;
}

enum header_select_verdict header_select_judge(const struct header_select *select,
					       struct bytes name)
{
	return judge(select, name, field_name_hash(name));
}

static int list_name(struct name_list *names, struct bytes name)
{
	if (names->count == HEADER_SELECT_NAMES_MAX)
		return HEADER_SELECT_E_TOO_MANY;
	return name_list_add(names, name);
}

int header_select_list(const struct header_select *select, const struct header *header,
		       struct name_list *names)
{
	int r;

	name_list_clear(names);
	for (size_t i = 0; i < header_count(header); i++) {
		struct bytes name = header_name(header, i);

		if (judge(select, name, header_name_hash(header, i)) != HEADER_SELECT_SIGNED)
			continue;
		r = list_name(names, name);
		if (r != 0)
			return r;
	}
	for (size_t i = 0; i < select->oversign.count; i++) {
		r = list_name(names, select->oversign.names[i]);
		if (r != 0)
			return r;
	}
	return 0;
}
