/*
 * How it works: the rows are matched, and then written out as signatures. Texts that "%" or a
 * directory make longer go into one buffer, which is made large enough for all of them before the
 * first is written, so that no pointer into it ever moves.
 *
 * A sender chooses its own domain, so before a "%" becomes part of a file name or of a signature it
 * is checked to be a host name: that has no slash, no "..", and no end of line.
 */
#include "signer/tables/signing_plan.h"

#include "common/buffer.h"
#include "signer/tables/host_name.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define QUOTE_SIZE_MAX 300 /* of outside text in a reason: an address is shorter */

struct signing_plan {
	struct signing_scratch scratch;
	struct planned_signature *items;
	size_t count;
	size_t capacity;
	struct buffer texts;
	struct buffer reason; /* ends in NUL */
};

/* What one row of the plan is made from. */
struct row_pair {
	const struct signing_row *signing;
	const struct key_row *key;
};

int signing_plan_new(struct signing_plan **plan_out)
{
	struct signing_plan *plan = calloc(1, sizeof(*plan));
	int r;

	if (plan == NULL)
		return -ENOMEM;
	r = signing_scratch_init(&plan->scratch);
	if (r != 0) {
		signing_plan_free(plan);
		return r;
	}
	*plan_out = plan;
	return 0;
}

void signing_plan_free(struct signing_plan *plan)
{
	if (plan == NULL)
		return;
	signing_scratch_deinit(&plan->scratch);
	buffer_deinit(&plan->texts);
	buffer_deinit(&plan->reason);
	free(plan->items);
	free(plan);
}

size_t signing_plan_count(const struct signing_plan *plan)
{
	return plan->count;
}

const struct planned_signature *signing_plan_at(const struct signing_plan *plan, size_t index)
{
	assert(index < plan->count);
	return &plan->items[index];
}

const char *signing_plan_reason(const struct signing_plan *plan)
{
	return plan->reason.size == 0 ? "" : (const char *)plan->reason.data;
}

/* Adds outside text: what is not printable ASCII as \xNN, and not too much of it. */
static int quote(struct buffer *text, struct bytes outside)
{
	size_t size = outside.size > QUOTE_SIZE_MAX ? QUOTE_SIZE_MAX : outside.size;
	int r = 0;

	for (size_t i = 0; r == 0 && i < size; i++) {
		uint8_t byte = outside.data[i];

		if (byte < ' ' || byte > '~' || byte == '\\' || byte == '\'')
			r = buffer_printf(text, "\\x%02x", byte);
		else
			r = buffer_append_byte(text, byte);
	}
	if (r == 0 && size < outside.size)
		r = buffer_append_string(text, "...");
	return r;
}

/*
 * Writes the reason "BEFORE'OUTSIDE'AFTER", and where to look, if that is known; gives `outcome`,
 * or -ENOMEM.
 */
static int refuse(struct signing_plan *plan, int outcome, const char *before, struct bytes outside,
		  const char *after, struct problem_place place)
{
	struct buffer *reason = &plan->reason;
	int r;

	buffer_clear(reason);
	r = buffer_printf(reason, "%s'", before);
	if (r == 0)
		r = quote(reason, outside);
	if (r == 0)
		r = buffer_printf(reason, "'%s", after);
	if (r == 0 && place.file != NULL && place.line > 0)
		r = buffer_printf(reason, " (%s:%u)", place.file, place.line);
	else if (r == 0 && place.file != NULL)
		r = buffer_printf(reason, " (%s)", place.file);
	if (r == 0)
		r = buffer_append_byte(reason, '\0');
	if (r != 0) {
		buffer_clear(reason);
		return r;
	}
	return outcome;
}

static int refuse_sender(struct signing_plan *plan, struct bytes domain, struct problem_place place)
{
	return refuse(plan, SIGNING_PLAN_E_SENDER, "the sender's domain ", domain,
		      " is not a domain name, so it cannot stand for %", place);
}

static int item_add(struct signing_plan *plan, struct planned_signature item)
{
	if (plan->count == plan->capacity) {
		size_t capacity = plan->capacity == 0 ? 4 : plan->capacity * 2;
		struct planned_signature *items = reallocarray(plan->items, capacity,
							       sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		plan->items = items;
		plan->capacity = capacity;
	}
	plan->items[plan->count++] = item;
	return 0;
}

/* The size of a text with `value` for each %, and a NUL behind it. */
static size_t filled_size(struct bytes text, struct bytes value)
{
	size_t size = text.size + 1;

	for (size_t i = 0; i < text.size; i++)
		size += text.data[i] == '%' ? value.size : 0;
	return size;
}

/* Adds to the texts, which have room: see texts_reserve(). */
static void texts_add(struct signing_plan *plan, struct bytes bytes)
{
	assert(bytes.size <= plan->texts.capacity - plan->texts.size);
	if (bytes.size > 0)
		memcpy(plan->texts.data + plan->texts.size, bytes.data, bytes.size);
	plan->texts.size += bytes.size;
}

static void texts_add_filled(struct signing_plan *plan, struct bytes text, struct bytes value)
{
	while (text.size > 0) {
		size_t size = bytes_find(text, '%');

		texts_add(plan, bytes_slice(text, 0, size));
		if (size < text.size)
			texts_add(plan, value);
		text = bytes_skip(text, size < text.size ? size + 1 : size);
	}
}

static bool has_percent(struct bytes text)
{
	return bytes_find(text, '%') < text.size;
}

/* Is it the domain, or below it? (RFC 6376 3.5 i=) */
static bool identity_is_under(struct bytes identity, struct bytes domain)
{
	size_t start = identity.size;
	struct bytes host;

	while (start > 0 && identity.data[start - 1] != '@')
		start--;
	if (start == 0)
		return false;
	host = bytes_skip(identity, start);
	if (host.size < domain.size)
		return false;
	if (!bytes_equal_nocase(bytes_skip(host, host.size - domain.size), domain))
		return false;
	return host.size == domain.size || host.data[host.size - domain.size - 1] == '.';
}

/* The identity as it will be; where it is not under the domain, it is dropped without a word. */
static struct bytes identity_make(struct signing_plan *plan, struct bytes text,
				  struct bytes sender_domain, struct bytes signing_domain)
{
	size_t start = plan->texts.size;
	struct bytes identity = text;

	if (has_percent(text)) {
		texts_add_filled(plan, text, sender_domain);
		identity = bytes_skip(buffer_bytes(&plan->texts), start);
	}
	return identity_is_under(identity, signing_domain) ? identity : (struct bytes){0};
}

/* Only what starts with / has its % filled in, as in OpenDKIM. */
static bool path_is_filled(const struct key_row *key)
{
	return key->key_is_path && key->key.data[0] == '/' && has_percent(key->key);
}

static const char *path_make(struct signing_plan *plan, const struct key_row *key,
			     struct bytes signing_domain, const char *base_directory)
{
	size_t start = plan->texts.size;

	if (key->key.data[0] != '/' && base_directory != NULL) {
		texts_add(plan, bytes_of_string(base_directory));
		texts_add(plan, BYTES_LITERAL("/"));
	}
	if (path_is_filled(key))
		texts_add_filled(plan, key->key, signing_domain);
	else
		texts_add(plan, key->key);
	texts_add(plan, BYTES_LITERAL("\0"));
	return (const char *)plan->texts.data + start;
}

static size_t base_size(const char *base_directory)
{
	return base_directory == NULL ? 0 : strlen(base_directory) + 1;
}

/* Does the pair need the sender's domain, in a place where only a host name will do? */
static bool pair_needs_sender(const struct row_pair *pair)
{
	return bytes_equal(pair->key->domain, BYTES_LITERAL("%")) ||
	       has_percent(pair->signing->identity);
}

/*
 * Finds the rows of a match, and whether they are whole. *pair_out has a NULL key where the result
 * is not 0.
 */
static int pair_find(struct signing_plan *plan, const struct signing_rules *rules,
		     struct row_match match, struct sender_address sender,
		     struct row_pair *pair_out, uint32_t *key_row_out)
{
	const struct signing_table *signings = signing_rules_signing_table(rules);
	const struct key_table *keys = signing_rules_key_table(rules);
	const struct signing_row *signing = signing_table_row(signings, match.row);
	const struct problem_place place = signing_table_place(signings, match.row);
	struct bytes key_name = signing->key_name;
	int r = 0;

	if (match.undecided)
		return refuse(plan, SIGNING_PLAN_E_BROKEN, "the signing table's pattern for key ",
			      key_name, " takes too long to match", place);
	switch (signing->key) {
	case SIGNING_KEY_ROW: *key_row_out = signing->key_row; break;
	case SIGNING_KEY_SENDER:
		key_name = sender.domain;
		r = key_table_find(keys, plan->scratch.matcher, key_name, key_row_out);
		break;
	case SIGNING_KEY_UNKNOWN: r = KEY_TABLE_E_NONE; break;
	case SIGNING_KEY_NONE:
		return refuse(plan, SIGNING_PLAN_E_BROKEN, "signing table row for ", sender.domain,
			      " names no key", place);
	}
	if (r < 0)
		return r;
	if (r == KEY_TABLE_E_UNDECIDED)
		return refuse(plan, SIGNING_PLAN_E_BROKEN, "the key table's patterns for key ",
			      key_name, " take too long to match", place);
	if (r != 0)
		return refuse(plan, SIGNING_PLAN_E_BROKEN, "signing table references unknown key ",
			      key_name, "", place);
	pair_out->signing = signing;
	pair_out->key = key_table_row(keys, *key_row_out);
	if (pair_out->key->fault != NULL)
		return refuse(plan, SIGNING_PLAN_E_BROKEN, "KeyTable entry for ", key_name,
			      " corrupt", key_table_place(keys, *key_row_out));
	return 0;
}

/* Makes room for the texts of all signatures, and sees that all of them can be made. */
static int texts_reserve(struct signing_plan *plan, const struct signing_rules *rules,
			 struct sender_address sender)
{
	const struct row_matches *rows = &plan->scratch.rows;
	size_t base = base_size(signing_rules_config(rules)->base_directory);
	bool is_host = host_name_is_valid(sender.domain);
	struct row_pair pair = {0};
	size_t size = 0;
	uint32_t key_row = 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct bytes domain;
		int r = pair_find(plan, rules, rows->items[i], sender, &pair, &key_row);

		if (r != 0)
			return r;
		if (!is_host && pair_needs_sender(&pair))
			return refuse_sender(plan, sender.domain,
					     signing_table_place(signing_rules_signing_table(rules),
								 rows->items[i].row));
		domain = bytes_equal(pair.key->domain, BYTES_LITERAL("%")) ? sender.domain
									   : pair.key->domain;
		size += base + filled_size(pair.key->key, domain) +
			filled_size(pair.signing->identity, sender.domain);
	}
	buffer_clear(&plan->texts);
	return buffer_reserve(&plan->texts, size);
}

static int row_plan(struct signing_plan *plan, const struct signing_rules *rules,
		    struct row_match match, struct sender_address sender)
{
	const struct signer_config *config = signing_rules_config(rules);
	struct planned_signature item = {0};
	struct row_pair pair = {0};
	uint32_t key_row = 0;
	int r = pair_find(plan, rules, match, sender, &pair, &key_row);

	if (r != 0)
		return r;
	item.signing_domain = pair.key->domain;
	if (bytes_equal(pair.key->domain, BYTES_LITERAL("%")))
		item.signing_domain = sender.domain;
	item.selector = pair.key->selector;
	item.identity = identity_make(plan, pair.signing->identity, sender.domain,
				      item.signing_domain);
	if (pair.key->key_is_path)
		item.key_path = path_make(plan, pair.key, item.signing_domain,
					  config->base_directory);
	else
		item.key_text = pair.key->key;
	item.algorithm = pair.key->algorithm != SIGNER_ALGORITHM_BY_KEY
				 ? pair.key->algorithm
				 : config->signature_algorithm;
	item.signing_place = signing_table_place(signing_rules_signing_table(rules), match.row);
	item.key_place = key_table_place(signing_rules_key_table(rules), key_row);
	return item_add(plan, item);
}

static int tables_plan(struct signing_plan *plan, const struct signing_rules *rules,
		       struct sender_address sender)
{
	int r = signing_table_match(signing_rules_signing_table(rules), sender, &plan->scratch);

	if (r == SIGNING_TABLE_E_NONE) {
		struct buffer *address = &plan->scratch.subject;

		buffer_clear(address);
		r = buffer_append(address, sender.local_part);
		if (r == 0)
			r = buffer_append_byte(address, '@');
		if (r == 0)
			r = buffer_append(address, sender.domain);
		if (r != 0)
			return r;
		return refuse(plan, SIGNING_PLAN_E_NO_MATCH, "no signing table match for ",
			      buffer_bytes(address), "", (struct problem_place){0});
	}
	if (r == 0)
		r = texts_reserve(plan, rules, sender);
	for (size_t i = 0; r == 0 && i < plan->scratch.rows.count; i++)
		r = row_plan(plan, rules, plan->scratch.rows.items[i], sender);
	return r;
}

static int domain_plan(struct signing_plan *plan, const struct signing_rules *rules,
		       struct sender_address sender)
{
	const struct signer_config *config = signing_rules_config(rules);
	const struct problem_place place = signer_config_place(config, "Domain");
	enum signing_domain_match match;
	struct planned_signature item = {0};
	int r = signing_rules_domain(rules, plan->scratch.matcher, sender.domain, &match,
				     &item.signing_domain);

	if (r != 0)
		return r;
	if (match == SIGNING_DOMAIN_NONE || config->key_file == NULL || config->selector == NULL)
		return refuse(plan, SIGNING_PLAN_E_NO_MATCH,
			      config->sub_domains ? "no signing subdomain match for "
						  : "no signing domain match for ",
			      sender.domain, "", (struct problem_place){0});
	if (!host_name_is_valid(sender.domain))
		return refuse_sender(plan, sender.domain, place);
	buffer_clear(&plan->texts);
	if (match == SIGNING_DOMAIN_PARENT) {
		r = buffer_append_byte(&plan->texts, '@');
		if (r == 0)
			r = buffer_append(&plan->texts, sender.domain);
		item.identity = buffer_bytes(&plan->texts);
	}
	item.selector = bytes_of_string(config->selector);
	item.key_path = config->key_file;
	item.algorithm = config->signature_algorithm;
	item.signing_place = place;
	item.key_place = signer_config_place(config, "KeyFile");
	return r != 0 ? r : item_add(plan, item);
}

int signing_plan_make(struct signing_plan *plan, const struct signing_rules *rules,
		      struct sender_address sender)
{
	bool is_exempt = false;
	int r;

	plan->count = 0;
	buffer_clear(&plan->reason);
	r = signing_rules_is_exempt(rules, plan->scratch.matcher, sender.domain, &is_exempt);
	if (r == 0 && is_exempt)
		return refuse(plan, SIGNING_PLAN_E_EXEMPT, "domain ", sender.domain,
			      " exempted, accepting", (struct problem_place){0});
	if (r == 0 && signing_rules_signing_table(rules) != NULL)
		r = tables_plan(plan, rules, sender);
	else if (r == 0)
		r = domain_plan(plan, rules, sender);
	if (r != 0)
		plan->count = 0;
	return r;
}
