/*
 * How it works: as dkim_signature.c. Tags that are unknown, and g= of old records, mean nothing.
 */
#include "signer/dkim/key_record.h"

#include "signer/dkim/base64.h"
#include "signer/dkim/tag_list.h"

void key_record_deinit(struct key_record *record)
{
	buffer_deinit(&record->key);
}

/* Whether a list of items has one of the two; a tag that is not there has all. */
static bool allows(const struct tag_list *tags, const char *name, const char *item,
		   const char *other)
{
	const struct tag *tag = tag_list_find(tags, name);
	struct bytes rest;
	struct bytes found;

	if (tag == NULL)
		return true;
	rest = tag->value;
	while (tag_list_next_item(&rest, &found)) {
		if (bytes_equal_nocase(found, bytes_of_string(item)) ||
		    bytes_equal_nocase(found, bytes_of_string(other)))
			return true;
	}
	return false;
}

static bool has_flag(const struct tag_list *tags, const char *flag)
{
	return tag_list_find(tags, "t") != NULL && allows(tags, "t", flag, flag);
}

static int parse_type(struct key_record *record, const struct tag_list *tags)
{
	static const enum dkim_algorithm known[] = {DKIM_ALGORITHM_RSA_SHA256,
						    DKIM_ALGORITHM_ED25519_SHA256};
	const struct tag *tag = tag_list_find(tags, "k");

	record->algorithm = DKIM_ALGORITHM_RSA_SHA256;
	if (tag == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		struct bytes type = bytes_of_string(dkim_algorithm_key_type(known[i]));

		if (bytes_equal_nocase(tag->value, type)) {
			record->algorithm = known[i];
			return 0;
		}
	}
	return KEY_RECORD_E_KEY_TYPE;
}

static int parse_key(struct key_record *record, const struct tag_list *tags)
{
	const struct tag *tag = tag_list_find(tags, "p");
	int r;

	if (tag == NULL)
		return KEY_RECORD_E_NO_KEY;
	if (tag->value.size == 0)
		return KEY_RECORD_E_REVOKED;
	buffer_clear(&record->key);
	r = buffer_reserve(&record->key, KEY_RECORD_KEY_SIZE_MAX);
	if (r != 0)
		return r;
	if (base64_decode(tag->value, record->key.data, KEY_RECORD_KEY_SIZE_MAX,
			  &record->key.size) != 0 ||
	    record->key.size == 0)
		return KEY_RECORD_E_KEY;
	if (record->algorithm == DKIM_ALGORITHM_ED25519_SHA256 &&
	    record->key.size != KEY_RECORD_ED25519_SIZE)
		return KEY_RECORD_E_KEY;
	return 0;
}

int key_record_parse(struct key_record *record, struct bytes text)
{
	struct tag_list tags;
	int r;

	if (tag_list_parse(&tags, text) != 0)
		return KEY_RECORD_E_SYNTAX;
	for (size_t i = 0; i < tags.count; i++) {
		/*
		 * RFC 6376 3.6.1: v= may be missing; where it is, it is the first and says DKIM1.
		 */
		if (bytes_equal(tags.tags[i].name, BYTES_LITERAL("v")) &&
		    (i != 0 || !bytes_equal(tags.tags[i].value, BYTES_LITERAL("DKIM1"))))
			return KEY_RECORD_E_VERSION;
	}
	record->allows_sha256 = allows(&tags, "h", "sha256", "sha256");
	record->allows_email = allows(&tags, "s", "email", "*");
	record->is_test = has_flag(&tags, "y");
	record->is_strict = has_flag(&tags, "s");
	r = parse_type(record, &tags);
	return r != 0 ? r : parse_key(record, &tags);
}

const char *key_record_reason(int outcome)
{
	switch (outcome) {
	case KEY_RECORD_E_SYNTAX: return "the key record is not a list of tags";
	case KEY_RECORD_E_VERSION: return "the key record is not of version DKIM1";
	case KEY_RECORD_E_NO_KEY: return "the key record has no p=";
	case KEY_RECORD_E_REVOKED: return "the key was revoked (p= is empty)";
	case KEY_RECORD_E_KEY_TYPE: return "the key record has an unknown key type (k=)";
	case KEY_RECORD_E_KEY: return "p= of the key record is not a key in base64";
	default: return "unknown error";
	}
}
