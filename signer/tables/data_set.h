/*
 * data_set - OpenDKIM's "dataset": rows of a key and a value, from a file or from a list.
 *
 * Is:       the rows as they stand, in order, each with the line that it came from.
 * Is not:   a look-up (row_index.h) or the meaning of a value (signing_table.h, key_table.h).
 * Source:   opendkim(8), DATA SETS.
 *
 *             file:PATH, or a bare absolute path    a row a line: the key, white space, the value
 *             refile:PATH                           the same, and the key is a pattern
 *             csl:A,B=C, or a bare list             a row an item: KEY or KEY=VALUE
 *
 *           In a file, # starts a comment wherever it stands, and empty lines do not count. A bare
 *           list whose first item looks like `type:` is an error. Databases and scripts (db:, dsn:,
 *           ldap:, lua: and so on) are refused: leaving such a set out would change what is signed
 *           or let in.
 *
 *           Other than in OpenDKIM, a line is not cut at 1,023 bytes, blanks before a pattern do not
 *           keep it from matching, and a bare IPv6 address is an item of a list.
 * Units:    lines count from 1; rows are counted from 0.
 * Errors:   -errno, or DATA_SET_E_REFUSED after the reason went to `problems`.
 * Owns:     the bytes of its rows.
 * Threads:  read by any number at once.
 */
#ifndef SIGNER_TABLES_DATA_SET_H
#define SIGNER_TABLES_DATA_SET_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/problems.h"

enum {
	DATA_SET_E_REFUSED = 1, /* a type we do not have, or a file that cannot be read */
};

enum data_set_kind {
	DATA_SET_FILE,
	DATA_SET_PATTERN_FILE,
	DATA_SET_LIST,
};

struct data_row {
	struct bytes key;
	struct bytes value; /* size 0: none */
	unsigned line;
};

struct data_set;

/*
 * `text` is the option's value, and `place` the option; both must outlive the set. A relative path
 * is taken from `base_directory`, unless that is NULL.
 */
MUST_CHECK int data_set_load(const char *text, const char *base_directory,
			     struct problem_place place, struct problems *problems,
			     struct data_set **set_out);
void data_set_free(struct data_set *set);

/* Only says whether the set is of a type that we have. */
MUST_CHECK int data_set_check(const char *text, struct problem_place place,
			      struct problems *problems);

enum data_set_kind data_set_kind(const struct data_set *set);
size_t data_set_count(const struct data_set *set);
const struct data_row *data_set_row(const struct data_set *set, size_t row);

/* Where the row stands; for a list, where the list does. Lives as long as the set. */
struct problem_place data_set_place(const struct data_set *set, size_t row);

/* Writes `base_directory/path`, or just `path` where that needs no base. NULL: no memory. */
MUST_CHECK char *data_set_path_resolve(const char *path, const char *base_directory);

#endif
