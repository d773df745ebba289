/*
 * signing_rules - everything that decides who signs a message, loaded and ready.
 *
 * Is:       the tables and domain sets that a configuration names: KeyTable and SigningTable, or
 *           Domain with KeyFile and Selector; and ExemptDomains.
 * Is not:   the decision (signing_plan.h).
 * Errors:   -errno, or SIGNING_RULES_E_REFUSED when a set cannot be had at all. Broken rows are
 *           told and counted, and only the mail that needs them suffers.
 * Owns:     the tables. The configuration must outlive the rules.
 * Threads:  const after load, and read by any number.
 *
 *	r = signing_rules_load(config, problems, &rules);
 *	if (config->check_signing_table && signing_rules_broken_count(rules) > 0)
 *		return EX_CONFIG;
 */
#ifndef SIGNER_TABLES_SIGNING_RULES_H
#define SIGNER_TABLES_SIGNING_RULES_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/problems.h"
#include "signer/tables/key_table.h"
#include "signer/tables/signer_config.h"
#include "signer/tables/signing_table.h"

enum {
	SIGNING_RULES_E_REFUSED = 1, /* `problems` says why */
};

struct signing_rules;

MUST_CHECK int signing_rules_load(const struct signer_config *config, struct problems *problems,
				  struct signing_rules **rules_out);
void signing_rules_free(struct signing_rules *rules);

/* Rows of the tables and sets that cannot be used. */
size_t signing_rules_broken_count(const struct signing_rules *rules);

const struct signer_config *signing_rules_config(const struct signing_rules *rules);

/* NULL: the configuration has none. Either both are there or none is. */
const struct key_table *signing_rules_key_table(const struct signing_rules *rules);
const struct signing_table *signing_rules_signing_table(const struct signing_rules *rules);

/*
 * The part of `domain` that Domain lists: all of it, or with SubDomains what is left of it from a
 * dot on. `matcher` is the thread's own.
 */
enum signing_domain_match {
	SIGNING_DOMAIN_NONE,
	SIGNING_DOMAIN_EXACT,
	SIGNING_DOMAIN_PARENT,
};

MUST_CHECK int signing_rules_domain(const struct signing_rules *rules,
				    struct pattern_matcher *matcher, struct bytes domain,
				    enum signing_domain_match *match_out, struct bytes *listed_out);

MUST_CHECK int signing_rules_is_exempt(const struct signing_rules *rules,
				       struct pattern_matcher *matcher, struct bytes domain,
				       bool *is_exempt_out);

#endif
