/*
 * How it works: each key is found and parsed once, under its name in the DNS, and so is the outcome
 * when there is none: a mailing of a thousand messages has a handful of keys. For the configuration
 * there is a map from that name to the row of the KeyTable, made at the start; rows whose domain is "%"
 * are under their selector alone.
 *
 * A message chooses d= and s= itself, so before they become part of a path (a % in the KeyTable) they
 * are checked to be names.
 */
#include "signer/cmd/key_finder.h"

#include "common/pattern.h"
#include "common/string_map.h"
#include "signer/cmd/key_reference.h"
#include "signer/keys/public_key.h"
#include "signer/tables/host_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct found_key {
	struct public_key *key; /* NULL: there is none, and `status` says why */
	enum verification_status status;
	bool has_record;
	struct key_record record;
	char *why; /* NULL: nothing more to say */
};

struct key_finder {
	const struct public_keys *records;
	const struct signing_context *context;
	struct pattern_matcher *matcher;
	struct string_map rows; /* name in the DNS, or selector for "%": row of the key table */
	struct string_map names;
	struct found_key *keys; /* by the value in `names` */
	size_t count;
	size_t capacity;
	struct buffer name;
};

static int make_name(struct buffer *name, struct bytes selector, struct bytes domain)
{
	int r;

	buffer_clear(name);
	r = buffer_append(name, selector);
	if (r == 0 && domain.size > 0)
		r = buffer_append_string(name, "._domainkey.");
	if (r == 0 && domain.size > 0)
		r = buffer_append(name, domain);
	return r;
}

static bool is_sender(struct bytes domain)
{
	return bytes_equal(domain, BYTES_LITERAL("%"));
}

/* The first row of a name is the one. */
static int map_rows(struct key_finder *finder, const struct key_table *table)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < key_table_count(table); i++) {
		const struct key_row *row = key_table_row(table, i);

		if (row->fault != NULL)
			continue;
		r = make_name(&finder->name, row->selector,
			      is_sender(row->domain) ? bytes_of(NULL, 0) : row->domain);
		if (r == 0)
			r = string_map_insert(&finder->rows, buffer_bytes(&finder->name),
					      (uint32_t)i, NULL);
		if (r == STRING_MAP_E_EXISTS)
			r = 0;
	}
	return r;
}

int key_finder_new(const struct public_keys *records, const struct signing_context *context,
		   struct key_finder **finder_out)
{
	struct key_finder *finder = calloc(1, sizeof(*finder));
	const struct key_table *table = NULL;
	int r;

	if (finder == NULL)
		return -ENOMEM;
	finder->records = records;
	finder->context = context;
	r = pattern_matcher_new(&finder->matcher);
	if (r == 0)
		r = string_map_init(&finder->rows, STRING_MAP_CASELESS);
	if (r == 0)
		r = string_map_init(&finder->names, STRING_MAP_CASELESS);
	if (r == 0 && context != NULL)
		table = signing_rules_key_table(context->rules);
	if (table != NULL)
		r = map_rows(finder, table);
	if (r != 0) {
		key_finder_free(finder);
		return r;
	}
	*finder_out = finder;
	return 0;
}

static void forget_keys(struct key_finder *finder)
{
	for (size_t i = 0; i < finder->count; i++) {
		public_key_free(finder->keys[i].key);
		key_record_deinit(&finder->keys[i].record);
		free(finder->keys[i].why);
	}
	finder->count = 0;
	string_map_deinit(&finder->names);
}

void key_finder_free(struct key_finder *finder)
{
	if (finder == NULL)
		return;
	forget_keys(finder);
	free(finder->keys);
	string_map_deinit(&finder->rows);
	pattern_matcher_free(finder->matcher);
	buffer_deinit(&finder->name);
	free(finder);
}

static enum verification_status status_of_key(int outcome)
{
	switch (outcome) {
	case PUBLIC_KEY_E_TOO_SMALL: return VERIFICATION_KEY_SMALL;
	default: return VERIFICATION_KEY_MALFORMED;
	}
}

static int take_public(struct found_key *found, enum key_type type, struct bytes record)
{
	int r = public_key_new(type, record, &found->key);

	if (r > 0)
		found->status = status_of_key(r);
	return r < 0 ? r : 0;
}

static int from_record(struct found_key *found, struct bytes text)
{
	int r = key_record_parse(&found->record, text);

	if (r < 0)
		return r;
	if (r > 0) {
		found->status = verification_key_outcome(r);
		found->why = strdup(key_record_reason(r));
		return found->why == NULL ? -ENOMEM : 0;
	}
	found->has_record = true;
	return take_public(found,
			   found->record.algorithm == DKIM_ALGORITHM_ED25519_SHA256 ? KEY_ED25519
										    : KEY_RSA,
			   buffer_bytes(&found->record.key));
}

/* `path` NULL: the key is `text`. */
static int from_private(struct key_finder *finder, struct found_key *found, const char *path,
			struct bytes text)
{
	struct key_problem problem;
	struct key *key;
	int r = key_reference_load(finder->context->keys, path, text, &key, &problem);

	if (r < 0)
		return r;
	if (r > 0) {
		found->why = strdup(problem.text);
		return found->why == NULL ? -ENOMEM : 0;
	}
	r = take_public(found, key_type(key), key_public(key));
	key_unref(key);
	return r;
}

static int from_path(struct key_finder *finder, struct found_key *found, struct bytes text,
		     struct bytes domain)
{
	char *path = key_reference_path(text, domain, finder->context->config);
	int r = path == NULL ? -ENOMEM : from_private(finder, found, path, bytes_of(NULL, 0));

	free(path);
	return r;
}

static int from_row(struct key_finder *finder, struct found_key *found, uint32_t row_number,
		    struct bytes domain)
{
	const struct key_row *row = key_table_row(signing_rules_key_table(finder->context->rules),
						  row_number);

	if (!host_name_is_valid(domain))
		return 0;
	if (row->key_is_path)
		return from_path(finder, found, row->key, domain);
	return from_private(finder, found, NULL, row->key);
}

/* Domain, KeyFile and Selector. */
static int from_single_key(struct key_finder *finder, struct found_key *found,
			   struct bytes selector, struct bytes domain)
{
	const struct signer_config *config = finder->context->config;
	enum signing_domain_match match;
	struct bytes listed;
	int r;

	if (config->selector == NULL || config->key_file == NULL ||
	    !bytes_equal_nocase(selector, bytes_of_string(config->selector)))
		return 0;
	r = signing_rules_domain(finder->context->rules, finder->matcher, domain, &match, &listed);
	if (r != 0 || match == SIGNING_DOMAIN_NONE)
		return r;
	return from_private(finder, found, config->key_file, bytes_of(NULL, 0));
}

static int from_context(struct key_finder *finder, struct found_key *found, struct bytes selector,
			struct bytes domain)
{
	const uint32_t *row;

	if (signing_rules_key_table(finder->context->rules) == NULL)
		return from_single_key(finder, found, selector, domain);
	row = string_map_find(&finder->rows, buffer_bytes(&finder->name));
	if (row == NULL)
		row = string_map_find(&finder->rows, selector);
	return row == NULL ? 0 : from_row(finder, found, *row, domain);
}

static int find(struct key_finder *finder, struct found_key *found, struct bytes selector,
		struct bytes domain)
{
	struct bytes record;

	found->status = VERIFICATION_NO_KEY;
	if (finder->records != NULL &&
	    public_keys_find(finder->records, buffer_bytes(&finder->name), &record))
		return from_record(found, record);
	return finder->context != NULL ? from_context(finder, found, selector, domain) : 0;
}

static int make_room(struct key_finder *finder)
{
	size_t capacity = finder->capacity == 0 ? 16 : 2 * finder->capacity;
	struct found_key *keys;

	if (finder->count == KEY_FINDER_KEYS_MAX) {
		forget_keys(finder);
		return string_map_init(&finder->names, STRING_MAP_CASELESS);
	}
	if (finder->count < finder->capacity)
		return 0;
	keys = reallocarray(finder->keys, capacity, sizeof(*keys));
	if (keys == NULL)
		return -ENOMEM;
	finder->keys = keys;
	finder->capacity = capacity;
	return 0;
}

static int look_up(struct key_finder *finder, struct bytes selector, struct bytes domain,
		   const struct found_key **found_out)
{
	const uint32_t *known;
	struct found_key *found;
	int r = make_name(&finder->name, selector, domain);

	if (r != 0)
		return r;
	known = string_map_find(&finder->names, buffer_bytes(&finder->name));
	if (known != NULL) {
		*found_out = &finder->keys[*known];
		return 0;
	}
	r = make_room(finder);
	if (r != 0)
		return r;
	found = &finder->keys[finder->count];
	*found = (struct found_key){0};
	r = find(finder, found, selector, domain);
	if (r == 0)
		r = string_map_insert(&finder->names, buffer_bytes(&finder->name),
				      (uint32_t)finder->count, NULL);
	finder->count++; /* in any case, so that it is freed */
	*found_out = found;
	return r;
}

int key_finder_judge(struct key_finder *finder, const struct verification_result *result,
		     enum verification_status *status_out, unsigned *bits_out,
		     char why[KEY_FINDER_WHY_SIZE])
{
	const struct dkim_signature *signature = &result->signature;
	const struct found_key *found;
	enum verification_status status;
	int r = look_up(finder, signature->selector, signature->domain, &found);

	if (r != 0)
		return r;
	snprintf(why, KEY_FINDER_WHY_SIZE, "%s", found->why == NULL ? "" : found->why);
	*bits_out = found->key == NULL ? 0 : public_key_bits(found->key);
	*status_out = found->status;
	if (found->key == NULL)
		return 0;
	status = VERIFICATION_NEEDS_KEY;
	if (found->has_record)
		status = verification_check_key(&found->record, signature);
	else if ((public_key_type(found->key) == KEY_ED25519) !=
		 (signature->algorithm == DKIM_ALGORITHM_ED25519_SHA256))
		status = VERIFICATION_KEY_TYPE;
	if (status == VERIFICATION_NEEDS_KEY) {
		r = public_key_verify(found->key, result->digest,
				      bytes_of(signature->signature, signature->signature_size));
		status = r == 0 ? VERIFICATION_PASS : VERIFICATION_HEADER_DIFFERS;
	}
	*status_out = status;
	return r < 0 ? r : 0;
}
