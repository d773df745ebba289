/*
 * How it works: a private key is loaded for its public half only. Where several rows have one name, the
 * first is the one, as it is in the KeyTable itself.
 */
#include "signer/cmd/dns_keys.h"

#include "common/pattern.h"
#include "signer/cmd/key_reference.h"
#include "signer/dkim/domain_name.h"
#include "signer/dns/dns_records.h"
#include "signer/tables/data_set.h"

#include <errno.h>
#include <stdlib.h>

#define DKIM_LABEL "._domainkey."

void dns_keys_deinit(struct dns_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		free(keys->keys[i].domain);
		free(keys->keys[i].selector);
		buffer_deinit(&keys->keys[i].text);
	}
	free(keys->keys);
	string_map_deinit(&keys->domains);
	string_map_deinit(&keys->names);
	*keys = (struct dns_keys){0};
}

static int init(struct dns_keys *keys)
{
	int r = string_map_init(&keys->domains, STRING_MAP_CASELESS);

	return r == 0 ? string_map_init(&keys->names, STRING_MAP_CASELESS) : r;
}

static int make_room(struct dns_keys *keys)
{
	size_t capacity = keys->capacity == 0 ? 16 : 2 * keys->capacity;
	struct dns_key *grown;

	if (keys->count < keys->capacity)
		return 0;
	if (capacity > UINT32_MAX / 2)
		return -ENOMEM;
	grown = reallocarray(keys->keys, capacity, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	keys->keys = grown;
	keys->capacity = capacity;
	return 0;
}

static int number_domain(struct dns_keys *keys, const char *domain, uint32_t *number_out)
{
	uint32_t *number;
	int r = string_map_insert(&keys->domains, bytes_of_string(domain), keys->domain_count,
				  &number);

	if (r == 0)
		keys->domain_count++;
	if (r == 0 || r == STRING_MAP_E_EXISTS)
		*number_out = *number;
	return r == STRING_MAP_E_EXISTS ? 0 : r;
}

/* Takes the text over. */
static int insert(struct dns_keys *keys, const char *domain, const char *selector,
		  struct buffer *text)
{
	struct dns_key *key;
	uint32_t domain_number = 0;
	int r = make_room(keys);

	if (r == 0)
		r = number_domain(keys, domain, &domain_number);
	if (r != 0)
		return r;
	key = &keys->keys[keys->count];
	*key = (struct dns_key){
		.domain = strdup(domain),
		.selector = strdup(selector),
		.text = *text,
		.domain_number = domain_number,
		.number = (uint32_t)keys->count,
	};
	*text = (struct buffer){0};
	keys->count++;
	return key->domain == NULL || key->selector == NULL ? -ENOMEM : 0;
}

/* A name twice is worth a word only if the keys are two. */
static int add_text(struct dns_keys *keys, const char *domain, const char *selector,
		    struct buffer *text, struct problem_place place, struct problems *problems)
{
	struct buffer name = {0};
	uint32_t *known;
	int r = buffer_printf(&name, "%s" DKIM_LABEL "%s", selector, domain);

	if (r == 0 && name.size > DOMAIN_NAME_SIZE_MAX) {
		problems_error(problems, place, "%.*s: the name is longer than DNS takes",
			       (int)name.size, (const char *)name.data);
		buffer_deinit(&name);
		return 0;
	}
	if (r == 0)
		r = string_map_insert(&keys->names, buffer_bytes(&name), (uint32_t)keys->count,
				      &known);
	if (r == 0)
		r = insert(keys, domain, selector, text);
	if (r == STRING_MAP_E_EXISTS) {
		r = 0;
		if (!bytes_equal(buffer_bytes(&keys->keys[*known].text), buffer_bytes(text)))
			problems_warning(problems, place,
					 "another key has the name %.*s, too: one of them is left "
					 "out",
					 (int)name.size, (const char *)name.data);
	}
	buffer_deinit(&name);
	return r;
}

/* The record of a private key. `path` NULL: the key is `text`. */
static int make_text(struct key_store *store, const char *path, struct bytes text,
		     struct problem_place place, struct problems *problems, struct buffer *output)
{
	struct key_problem problem;
	struct buffer p = {0};
	struct key *key;
	int r = key_reference_load(store, path, text, &key, &problem);

	if (r > 0)
		problems_error(problems, place, "%s", problem.text);
	else if (r == 0 && problem.text[0] != '\0')
		problems_warning(problems, place, "%s", problem.text);
	if (r != 0)
		return r < 0 ? r : 0;
	r = public_key_append_p(key_public(key), &p);
	if (r == 0)
		r = dns_records_dkim_text(key_type_name(key_type(key)), buffer_bytes(&p), output);
	key_unref(key);
	buffer_deinit(&p);
	return r;
}

/* A name of the configuration as an A-label; "": it is none, and that is told. */
static int take_name(struct bytes text, const char *what, struct problem_place place,
		     struct problems *problems, struct buffer *name)
{
	int r;

	buffer_clear(name);
	r = domain_name_to_ascii(text, name);
	if (r == DOMAIN_NAME_E_INVALID) {
		problems_error(problems, place, "\"%.*s\" is no %s", BYTES_PRINTF(text), what);
		buffer_clear(name);
		r = 0;
	}
	return r == 0 && buffer_string(name) == NULL ? -ENOMEM : r;
}

static bool is_selected(const struct dns_selection *selection, const char *domain)
{
	for (size_t i = 0; i < selection->domain_count; i++) {
		if (strcmp(selection->domains[i], domain) == 0)
			return true;
	}
	return selection->domain_count == 0;
}

/* What the functions below have in common. */
struct collection {
	struct dns_keys *keys;
	const struct signing_context *context;
	const struct dns_selection *selection;
	struct problems *problems;
	struct buffer domain;
	struct buffer selector;
};

static int add_row(struct collection *all, const struct key_row *row, const char *domain,
		   const char *selector, struct problem_place place)
{
	const struct signer_config *config = all->context->config;
	struct buffer text = {0};
	char *path = NULL;
	int r = 0;

	if (row->key_is_path) {
		path = key_reference_path(row->key, bytes_of_string(domain), config);
		r = path == NULL ? -ENOMEM : 0;
	}
	if (r == 0)
		r = make_text(all->context->keys, path, row->key, place, all->problems, &text);
	if (r == 0 && text.size > 0)
		r = add_text(all->keys, domain, selector, &text, place, all->problems);
	free(path);
	buffer_deinit(&text);
	return r;
}

/* A row whose domain is the sender's serves all that are asked for. */
static int take_row_of_sender(struct collection *all, const struct key_row *row,
			      const char *selector, struct problem_place place)
{
	int r = 0;

	if (all->selection->domain_count == 0)
		problems_warning(all->problems, place,
				 "the domain of this row is the sender's (%%), so it is not shown; "
				 "name domains with -d");
	for (size_t i = 0; r == 0 && i < all->selection->domain_count; i++)
		r = add_row(all, row, all->selection->domains[i], selector, place);
	return r;
}

static int take_row(struct collection *all, const struct key_row *row, struct problem_place place)
{
	const char *wanted = all->selection->selector;
	int r;

	if (row->fault != NULL)
		return 0; /* the tables have told that */
	r = take_name(row->selector, "selector", place, all->problems, &all->selector);
	if (r != 0 || all->selector.size == 0 ||
	    (wanted != NULL && strcmp(wanted, buffer_string(&all->selector)) != 0))
		return r;
	if (bytes_equal(row->domain, BYTES_LITERAL("%")))
		return take_row_of_sender(all, row, buffer_string(&all->selector), place);
	r = take_name(row->domain, "domain", place, all->problems, &all->domain);
	if (r != 0 || all->domain.size == 0 ||
	    !is_selected(all->selection, buffer_string(&all->domain)))
		return r;
	return add_row(all, row, buffer_string(&all->domain), buffer_string(&all->selector), place);
}

static int take_table(struct collection *all, const struct key_table *table)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < key_table_count(table); i++)
		r = take_row(all, key_table_row(table, i), key_table_place(table, i));
	return r;
}

static int add_single(struct collection *all, const char *domain)
{
	const struct signer_config *config = all->context->config;
	struct problem_place place = signer_config_place(config, "KeyFile");
	struct buffer text = {0};
	int r = make_text(all->context->keys, config->key_file, bytes_of(NULL, 0), place,
			  all->problems, &text);

	if (r == 0 && text.size > 0)
		r = add_text(all->keys, domain, buffer_string(&all->selector), &text, place,
			     all->problems);
	buffer_deinit(&text);
	return r;
}

/* Domains of the command line: those only that the configuration signs for. */
static int take_asked(struct collection *all, struct pattern_matcher *matcher)
{
	struct problem_place place = signer_config_place(all->context->config, "Domain");
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->selection->domain_count; i++) {
		const char *domain = all->selection->domains[i];
		enum signing_domain_match match = SIGNING_DOMAIN_EXACT;
		struct bytes listed;

		if (!all->selection->is_own_key)
			r = signing_rules_domain(all->context->rules, matcher,
						 bytes_of_string(domain), &match, &listed);
		if (r == 0 && match == SIGNING_DOMAIN_EXACT)
			r = add_single(all, domain);
		else if (r == 0 && match == SIGNING_DOMAIN_PARENT)
			problems_warning(all->problems, place,
					 "mail of %s is signed with d=%.*s, so the key stands "
					 "there: ask for that",
					 domain, BYTES_PRINTF(listed));
		else if (r == 0)
			problems_warning(all->problems, place,
					 "%s is not in it, so nothing of that domain is signed",
					 domain);
	}
	return r;
}

static int take_listed(struct collection *all)
{
	const struct signer_config *config = all->context->config;
	struct problem_place option = signer_config_place(config, "Domain");
	struct data_set *set;
	int r = data_set_load(config->domain_set, config->base_directory, option, all->problems,
			      &set);

	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; r == 0 && i < data_set_count(set); i++) {
		struct bytes domain = data_set_row(set, i)->key;
		struct problem_place place = data_set_place(set, i);

		if (bytes_find(domain, '*') < domain.size) {
			problems_warning(all->problems, place,
					 "\"%.*s\" is a pattern, so it is not known which domains "
					 "are signed; name them with -d",
					 BYTES_PRINTF(domain));
			continue;
		}
		r = take_name(domain, "domain", place, all->problems, &all->domain);
		if (r == 0 && all->domain.size > 0)
			r = add_single(all, buffer_string(&all->domain));
	}
	data_set_free(set);
	return r;
}

static int take_single(struct collection *all)
{
	const struct signer_config *config = all->context->config;
	struct pattern_matcher *matcher;
	int r;

	if (config->key_file == NULL || config->selector == NULL || config->domain_set == NULL)
		return 0;
	r = take_name(bytes_of_string(config->selector), "selector",
		      signer_config_place(config, "Selector"), all->problems, &all->selector);
	if (r != 0 || all->selector.size == 0 ||
	    (all->selection->selector != NULL &&
	     strcmp(all->selection->selector, buffer_string(&all->selector)) != 0))
		return r;
	if (all->selection->domain_count == 0)
		return take_listed(all);
	r = pattern_matcher_new(&matcher);
	if (r != 0)
		return r;
	r = take_asked(all, matcher);
	pattern_matcher_free(matcher);
	return r;
}

static int compare_order(const void *a_pointer, const void *b_pointer)
{
	const struct dns_key *a = a_pointer;
	const struct dns_key *b = b_pointer;

	if (a->domain_number != b->domain_number)
		return a->domain_number < b->domain_number ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

static void sort(struct dns_keys *keys)
{
	if (keys->count > 0)
		qsort(keys->keys, keys->count, sizeof(*keys->keys), compare_order);
}

int dns_keys_from_context(struct dns_keys *keys, const struct signing_context *context,
			  const struct dns_selection *selection, struct problems *problems)
{
	const struct key_table *table = signing_rules_key_table(context->rules);
	struct collection all = {
		.keys = keys, .context = context, .selection = selection, .problems = problems};
	int r = init(keys);

	if (r == 0)
		r = table != NULL ? take_table(&all, table) : take_single(&all);
	buffer_deinit(&all.domain);
	buffer_deinit(&all.selector);
	sort(keys);
	return r;
}

static int add_copy(struct collection *all, const char *domain, struct bytes record,
		    struct problem_place place)
{
	struct buffer text = {0};
	int r = buffer_append(&text, record);

	if (r == 0)
		r = add_text(all->keys, domain, buffer_string(&all->selector), &text, place,
			     all->problems);
	buffer_deinit(&text);
	return r;
}

/* Where the name has its ._domainkey. ; its size if it has none. */
static size_t find_label(struct bytes name)
{
	const struct bytes label = BYTES_LITERAL(DKIM_LABEL);

	for (size_t i = 1; i + label.size < name.size; i++) {
		if (bytes_start_with_nocase(bytes_skip(name, i), label))
			return i;
	}
	return name.size;
}

/* `is_only`: what was asked for is what the record is for, whatever its name says. */
static int take_record(struct collection *all, struct bytes name, struct bytes record, bool is_only,
		       struct problem_place place)
{
	const struct dns_selection *selection = all->selection;
	size_t label = find_label(name);
	int r;

	if (label == name.size) {
		problems_error(all->problems, place, "\"%.*s\" is not SELECTOR._domainkey.DOMAIN",
			       BYTES_PRINTF(name));
		return 0;
	}
	r = take_name(is_only && selection->selector != NULL ? bytes_of_string(selection->selector)
							     : bytes_slice(name, 0, label),
		      "selector", place, all->problems, &all->selector);
	if (r == 0)
		r = take_name(bytes_skip(name, label + strlen(DKIM_LABEL)), "domain", place,
			      all->problems, &all->domain);
	if (r != 0 || all->selector.size == 0 || all->domain.size == 0)
		return r;
	for (size_t i = 0; r == 0 && is_only && i < selection->domain_count; i++)
		r = add_copy(all, selection->domains[i], record, place);
	if (r != 0 || (is_only && selection->domain_count > 0) ||
	    !is_selected(selection, buffer_string(&all->domain)) ||
	    (selection->selector != NULL &&
	     strcmp(selection->selector, buffer_string(&all->selector)) != 0))
		return r;
	return add_copy(all, buffer_string(&all->domain), record, place);
}

int dns_keys_from_records(struct dns_keys *keys, const struct public_keys *records,
			  struct problem_place place, const struct dns_selection *selection,
			  struct problems *problems)
{
	struct collection all = {.keys = keys, .selection = selection, .problems = problems};
	size_t count = public_keys_count(records);
	int r = init(keys);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct bytes name;
		struct bytes record;

		public_keys_at(records, i, &name, &record);
		r = take_record(&all, name, record, count == 1, place);
	}
	buffer_deinit(&all.domain);
	buffer_deinit(&all.selector);
	sort(keys);
	return r;
}

bool dns_keys_have(const struct dns_keys *keys, const char *domain)
{
	return string_map_find(&keys->domains, bytes_of_string(domain)) != NULL;
}
