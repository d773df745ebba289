/*
 * row_index - which rows of a data set a subject meets, in the order of the file.
 *
 * Is:       the same answer as trying every row from the first to the last, without doing so.
 * Is not:   the order in which a table tries several subjects (signing_table.h).
 * Source:   opendkim(8) DATA SETS. In a pattern file (refile:) a key is a pattern for the whole
 *           subject. `*` is any run of bytes, and `.` and `+` stand for themselves; everything else
 *           that means something in an extended regular expression ([ ] ( ) | ? { } ^ $ \) means it
 *           here, too. In other sets a key is just itself.
 * Units:    rows count from 0.
 * Errors:   -errno, or ROW_INDEX_E_*. At load, a pattern that is wrong goes to `problems`, is
 *           counted, and matches nothing.
 * Owns:     the data set and what is looked up in. The option's text and place must outlive it.
 * Threads:  read by any number at once, each with its own matcher (pattern.h) and row_matches.
 *
 *	r = row_index_load(text, base_directory, place, STRING_MAP_CASELESS, problems, &index);
 *	r = row_index_first(index, matcher, subject, &match);      match.row is the first
 *	r = row_index_all(index, matcher, subject, &matches);      matches.items[0 .. count)
 */
#ifndef SIGNER_TABLES_ROW_INDEX_H
#define SIGNER_TABLES_ROW_INDEX_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/pattern.h"
#include "common/problems.h"
#include "common/string_map.h"
#include "signer/tables/data_set.h"

enum {
	ROW_INDEX_E_NONE = 1, /* no row matches */
	ROW_INDEX_E_REFUSED,  /* load: the set cannot be had; `problems` says why */
};

struct row_match {
	uint32_t row;
	bool undecided; /* the row's pattern met the match limit: nobody knows if it matches */
};

/* A struct of zeros is empty. Keeps its memory from one use to the next. */
struct row_matches {
	struct row_match *items;
	size_t count;
	size_t capacity;
};

void row_matches_deinit(struct row_matches *matches);
MUST_CHECK int row_matches_add(struct row_matches *matches, struct row_match match);

struct row_index;

/* The first three are those of data_set_load(). `letters`: whether their case counts in a key. */
MUST_CHECK int row_index_load(const char *text, const char *base_directory,
			      struct problem_place place, enum string_map_case letters,
			      struct problems *problems, struct row_index **index_out);
void row_index_free(struct row_index *index); /* takes NULL */

const struct data_set *row_index_set(const struct row_index *index);

/* Rows whose pattern is wrong. */
size_t row_index_broken_count(const struct row_index *index);

MUST_CHECK int row_index_first(const struct row_index *index, struct pattern_matcher *matcher,
			       struct bytes subject, struct row_match *match_out);

/*
 * Adds the rows to `matches`, in their order. Where a key is just itself, two rows with the same
 * key are one: the first.
 */
MUST_CHECK int row_index_all(const struct row_index *index, struct pattern_matcher *matcher,
			     struct bytes subject, struct row_matches *matches);

/* The size of the longest key that is just itself: a longer subject need not be looked up. */
size_t row_index_literal_size_max(const struct row_index *index);

/* The row before which the key of `row` stands already; false: it is the first of its kind. */
bool row_index_is_repeated(const struct row_index *index, size_t row, size_t *first_out);

#endif
