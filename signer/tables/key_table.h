/*
 * key_table - OpenDKIM's KeyTable: the name of a key, to what is signed with it and how.
 *
 * Is:       rows DOMAIN:SELECTOR:KEY or DOMAIN:SELECTOR:KEY:ALGORITHM, taken apart once.
 * Is not:   keys (no key file is opened here), or what "%" becomes (signing_plan.h).
 * Source:   opendkim.conf(5) KeyTable. Names are looked up with their case. The key takes all that
 *           is left, so that a path may have a colon; only if what follows the last one is the name
 *           of an algorithm, it is the fourth field.
 * Errors:   -errno, or KEY_TABLE_E_*. A row that is broken goes to `problems` and is counted; it is
 *           found nevertheless, and says what is wrong with it.
 * Owns:     its rows. The option's text and place must outlive it.
 * Threads:  read by any number at once, each with its own matcher.
 */
#ifndef SIGNER_TABLES_KEY_TABLE_H
#define SIGNER_TABLES_KEY_TABLE_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/pattern.h"
#include "common/problems.h"
#include "signer/tables/signer_config.h"

enum {
	KEY_TABLE_E_REFUSED = 1,   /* load: the set cannot be had; `problems` says why */
	KEY_TABLE_E_NONE = 2,	   /* find: there is no key of that name */
	KEY_TABLE_E_UNDECIDED = 3, /* find: a pattern met its limit before a row was found */
};

struct key_row {
	const char *fault;   /* what is wrong with the row; NULL: nothing */
	struct bytes domain; /* d=; "%" is the sender's domain */
	struct bytes selector;
	struct bytes key; /* a path, or the key itself, as PEM or base64 */
	bool key_is_path;
	enum signer_algorithm algorithm;
};

struct key_table;

MUST_CHECK int key_table_load(const char *text, const char *base_directory,
			      struct problem_place place, struct problems *problems,
			      struct key_table **table_out);
void key_table_free(struct key_table *table);

size_t key_table_broken_count(const struct key_table *table);
size_t key_table_count(const struct key_table *table);
const struct key_row *key_table_row(const struct key_table *table, size_t row);

/* Where the row stands, and under which name. */
struct problem_place key_table_place(const struct key_table *table, size_t row);
struct bytes key_table_name(const struct key_table *table, size_t row);

MUST_CHECK int key_table_find(const struct key_table *table, struct pattern_matcher *matcher,
			      struct bytes name, uint32_t *row_out);

#endif
