/*
 * recipient_rules - what the recipients of a message decide: DontSignMailTo and BodyLengthDB.
 *
 * Is:       both sets, loaded and ready.
 * Source:   opendkim.conf(5). DontSignMailTo: the address of any recipient is in the set. BodyLengthDB: it is found in
 *           the set as the sender is in a SigningTable (signing_table.h).
 * Errors:   -errno, or RECIPIENT_RULES_E_REFUSED when a set cannot be had; `problems` says why.
 * Owns:     the sets. The configuration must outlive them.
 * Threads:  const after load, and read by any number, each with its own matcher.
 */
#ifndef SIGNER_TABLES_RECIPIENT_RULES_H
#define SIGNER_TABLES_RECIPIENT_RULES_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/pattern.h"
#include "common/problems.h"
#include "signer/tables/signer_config.h"

enum {
	RECIPIENT_RULES_E_REFUSED = 1,
};

struct recipient_rules;

MUST_CHECK int recipient_rules_load(const struct signer_config *config, struct problems *problems,
				    struct recipient_rules **rules_out);
void recipient_rules_free(struct recipient_rules *rules); /* takes NULL */

/* Recipients make a difference. */
bool recipient_rules_are_there(const struct recipient_rules *rules);

/* Mail to that address (without angle brackets) is not signed. */
MUST_CHECK int recipient_rules_skips(const struct recipient_rules *rules,
				     struct pattern_matcher *matcher, struct bytes address,
				     bool *skips_out);

/* Mail to that address is signed with l=. */
MUST_CHECK int recipient_rules_signs_length(const struct recipient_rules *rules,
					    struct pattern_matcher *matcher, struct bytes address,
					    bool *signs_out);

#endif
