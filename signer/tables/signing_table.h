/*
 * signing_table - OpenDKIM's SigningTable: the sender of a message, to the keys that sign it.
 *
 * Is:       which rows a sender meets, in OpenDKIM's order.
 * Is not:   what is signed by them (signing_plan.h).
 * Source:   opendkim.conf(5) SigningTable, where it differs from the code by the code:
 *
 *           In a pattern file, user@host is held against the rows in the order of the file. In any
 *           other set these are looked up, one after the other (for user@a.b.example):
 *             user@a.b.example   a.b.example
 *             user@.b.example    .b.example    user@.example    .example
 *             user@*             *
 *           The full host has no form with a dot before it. Case does not count, and what is not
 *           ASCII is not found. A value is KEYNAME or KEYNAME:IDENTITY; the key name "%" is the
 *           sender's domain.
 * Errors:   -errno, or SIGNING_TABLE_E_*. A row that is broken goes to `problems` and is counted;
 *           it is found nevertheless, and says what is wrong with it.
 * Owns:     its rows. The key table, and the option's text and place, must outlive it.
 * Threads:  read by any number at once, each with its own scratch.
 */
#ifndef SIGNER_TABLES_SIGNING_TABLE_H
#define SIGNER_TABLES_SIGNING_TABLE_H

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/compiler.h"
#include "common/problems.h"
#include "signer/tables/key_table.h"
#include "signer/tables/row_index.h"

enum {
	SIGNING_TABLE_E_REFUSED = 1, /* load: the set cannot be had; `problems` says why */
	SIGNING_TABLE_E_NONE = 2,    /* match: no row */
};

/* The address that a message is from. */
struct sender_address {
	struct bytes local_part;
	struct bytes domain; /* an A-label in lower case */
};

enum signing_key {
	SIGNING_KEY_ROW,     /* key_row of the key table */
	SIGNING_KEY_SENDER,  /* the row of the sender's domain ("%") */
	SIGNING_KEY_UNKNOWN, /* the row is broken: there is no key of that name */
	SIGNING_KEY_NONE,    /* the row is broken: it names no key */
};

struct signing_row {
	enum signing_key key;
	uint32_t key_row;
	struct bytes key_name;
	struct bytes identity; /* i=, with % for the sender's domain; size 0: none */
};

/* What one thread keeps from one match to the next. A struct of zeros is ready for init. */
struct signing_scratch {
	struct pattern_matcher *matcher;
	struct buffer subject;
	struct row_matches rows; /* the result of the last match */
};

MUST_CHECK int signing_scratch_init(struct signing_scratch *scratch);
void signing_scratch_deinit(struct signing_scratch *scratch);

struct signing_table;

/* `is_multiple`: MultipleSignatures. */
MUST_CHECK int signing_table_load(const char *text, const char *base_directory,
				  struct problem_place place, const struct key_table *keys,
				  bool is_multiple, struct problems *problems,
				  struct signing_table **table_out);
void signing_table_free(struct signing_table *table);

size_t signing_table_broken_count(const struct signing_table *table);
const struct signing_row *signing_table_row(const struct signing_table *table, size_t row);
struct problem_place signing_table_place(const struct signing_table *table, size_t row);

/* Writes the rows to scratch->rows: the first one, or all with MultipleSignatures. */
MUST_CHECK int signing_table_match(const struct signing_table *table, struct sender_address sender,
				   struct signing_scratch *scratch);

#endif
