/*
 * tag_list - the NAME=VALUE;... lists of DKIM-Signature fields and key records.
 *
 * Source:   RFC 6376 3.2. Names are case-sensitive. Values may hold UTF-8 (RFC 8616).
 * Units:    `raw` is all between "=" and ";", `value` the same without white space at its ends.
 * Errors:   TAG_LIST_E_*; the list is then empty.
 * Owns:     nothing: names and values point into the text.
 */
#ifndef SIGNER_DKIM_TAG_LIST_H
#define SIGNER_DKIM_TAG_LIST_H

#include "common/bytes.h"
#include "common/compiler.h"

/* About three times what all RFCs together define; a longer list is refused. */
#define TAG_LIST_COUNT_MAX 64

enum {
	TAG_LIST_E_SYNTAX = 1,
	TAG_LIST_E_DUPLICATE,
	TAG_LIST_E_TOO_MANY,
};

struct tag {
	struct bytes name;
	struct bytes value;
	struct bytes raw;
};

struct tag_list {
	struct tag tags[TAG_LIST_COUNT_MAX];
	size_t count;
};

MUST_CHECK int tag_list_parse(struct tag_list *list, struct bytes text);

/* NULL if there is no tag of that name. */
const struct tag *tag_list_find(const struct tag_list *list, const char *name);

/*
 * Takes the first of the items that colons separate, without white space around it, from `rest`.
 * False when nothing is left. An empty value has one empty item.
 */
bool tag_list_next_item(struct bytes *rest, struct bytes *item_out);

/* The number that a value of 1 to 76 digits stands for; UINT64_MAX if it is larger than that. */
MUST_CHECK int tag_list_number(struct bytes value, uint64_t *number_out);

#endif
