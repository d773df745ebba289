/*
 * How it works: a domain set is an index of rows, or NULL where nothing is configured. A pattern that meets its match limit
 * counts as no match here: these sets have a domain as their subject, which is short.
 */
#include "signer/tables/signing_rules.h"

#include "signer/tables/data_set.h"
#include "signer/tables/row_index.h"

#include <errno.h>
#include <stdlib.h>

struct signing_rules {
	const struct signer_config *config;
	struct key_table *keys;
	struct signing_table *signings;
	struct row_index *domains;
	struct row_index *exempt;
	size_t broken_count;
};

static int domain_set_load(struct signing_rules *rules, const char *text, const char *name,
			   struct problems *problems, struct row_index **domains)
{
	const struct signer_config *config = rules->config;
	int r;

	if (text == NULL)
		return 0;
	r = row_index_load(text, config->base_directory, signer_config_place(config, name),
			   STRING_MAP_CASELESS, problems, domains);
	if (r == 0)
		rules->broken_count += row_index_broken_count(*domains);
	return r == ROW_INDEX_E_REFUSED ? SIGNING_RULES_E_REFUSED : r;
}

static int domain_set_has(const struct row_index *domains, struct pattern_matcher *matcher,
			  struct bytes domain, bool *has_out)
{
	struct row_match match = {0};
	int r = ROW_INDEX_E_NONE;

	if (domains != NULL)
		r = row_index_first(domains, matcher, domain, &match);
	if (r < 0)
		return r;
	*has_out = r == 0 && !match.undecided;
	return 0;
}

static int tables_load(struct signing_rules *rules, struct problems *problems)
{
	const struct signer_config *config = rules->config;
	int r = key_table_load(config->key_table_set, config->base_directory,
			       signer_config_place(config, "KeyTable"), problems, &rules->keys);

	if (r == 0)
		r = signing_table_load(config->signing_table_set, config->base_directory,
				       signer_config_place(config, "SigningTable"), rules->keys,
				       config->multiple_signatures, problems, &rules->signings);
	if (r > 0)
		return SIGNING_RULES_E_REFUSED;
	if (r == 0)
		rules->broken_count += key_table_broken_count(rules->keys) +
				       signing_table_broken_count(rules->signings);
	return r;
}

int signing_rules_load(const struct signer_config *config, struct problems *problems,
		       struct signing_rules **rules_out)
{
	struct signing_rules *rules = calloc(1, sizeof(*rules));
	int r = 0;

	if (rules == NULL)
		return -ENOMEM;
	rules->config = config;
	if (config->key_table_set != NULL && config->signing_table_set != NULL)
		r = tables_load(rules, problems);
	else
		r = domain_set_load(rules, config->domain_set, "Domain", problems, &rules->domains);
	if (r == 0)
		r = domain_set_load(rules, config->exempt_domains_set, "ExemptDomains", problems,
				    &rules->exempt);
	if (r != 0) {
		signing_rules_free(rules);
		return r;
	}
	*rules_out = rules;
	return 0;
}

void signing_rules_free(struct signing_rules *rules)
{
	if (rules == NULL)
		return;
	signing_table_free(rules->signings);
	key_table_free(rules->keys);
	row_index_free(rules->domains);
	row_index_free(rules->exempt);
	free(rules);
}

size_t signing_rules_broken_count(const struct signing_rules *rules)
{
	return rules->broken_count;
}

const struct signer_config *signing_rules_config(const struct signing_rules *rules)
{
	return rules->config;
}

const struct key_table *signing_rules_key_table(const struct signing_rules *rules)
{
	return rules->keys;
}

const struct signing_table *signing_rules_signing_table(const struct signing_rules *rules)
{
	return rules->signings;
}

/* The nearest parent that is listed, or size 0. */
static int parent_find(const struct signing_rules *rules, struct pattern_matcher *matcher,
		       struct bytes domain, struct bytes *parent_out)
{
	bool has = false;

	*parent_out = (struct bytes){0};
	for (size_t dot = bytes_find(domain, '.'); dot < domain.size;
	     dot = bytes_find(domain, '.')) {
		int r;

		domain = bytes_skip(domain, dot + 1);
		r = domain_set_has(rules->domains, matcher, domain, &has);
		if (r != 0)
			return r;
		if (has) {
			*parent_out = domain;
			return 0;
		}
	}
	return 0;
}

int signing_rules_domain(const struct signing_rules *rules, struct pattern_matcher *matcher,
			 struct bytes domain, enum signing_domain_match *match_out,
			 struct bytes *listed_out)
{
	struct bytes parent = {0};
	bool has = false;
	int r = domain_set_has(rules->domains, matcher, domain, &has);

	if (r == 0 && !has && rules->config->sub_domains)
		r = parent_find(rules, matcher, domain, &parent);
	if (r == 0 && !has && parent.size == 0)
		r = domain_set_has(rules->domains, matcher, BYTES_LITERAL("*"), &has);
	if (r != 0)
		return r;
	*match_out = has	       ? SIGNING_DOMAIN_EXACT
		     : parent.size > 0 ? SIGNING_DOMAIN_PARENT
				       : SIGNING_DOMAIN_NONE;
	*listed_out = has ? domain : parent;
	return 0;
}

int signing_rules_is_exempt(const struct signing_rules *rules, struct pattern_matcher *matcher,
			    struct bytes domain, bool *is_exempt_out)
{
	return domain_set_has(rules->exempt, matcher, domain, is_exempt_out);
}
