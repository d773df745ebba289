/*
 * How it works: a pattern file of a relay has a hundred thousand rows like `*@customer.example` and
 * a handful of others, so each row is filed under what it is:
 *
 *   LITERAL  no `*`             hash of the whole key
 *   TAIL     `*@a.example`,     hash of the key's end from the first @ or . behind the last `*`;
 *            `x-*@*.a.example`  a subject is looked up with its end from each @ and . it has
 *   GLOB     `*`, `info@*`      tried one by one, without a regular expression
 *   ODD      has [ ( | ? ...    tried one by one, as PCRE2
 *
 * Rows with the same hash key are chained by `next`, lowest first, and both lists are in row order,
 * so "the first row that matches" is the lowest of four first ones, and a list is not tried beyond
 * the best row known so far. Only keys of the configuration bound the work: ends longer than the
 * longest filed one are not looked up, so a subject with a thousand dots costs no more than its
 * size.
 *
 * An ODD row is written out as ^...$ and not anchored by other means, because that is what OpenDKIM
 * hands to regcomp(): in `a|b`, each anchor then belongs to one side only.
 */
#include "signer/tables/row_index.h"

#include "common/buffer.h"
#include "common/glob.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define ROW_NONE UINT32_MAX

/* Machine code takes some KiB a pattern: beyond so many of them the memory is worth more. */
#define JIT_PATTERNS_MAX 4096

enum row_form {
	ROW_LITERAL,
	ROW_TAIL,
	ROW_GLOB,
	ROW_ODD,
};

struct odd_row {
	uint32_t row;
	struct pattern *pattern;
};

struct row_index {
	struct data_set *set;
	enum string_map_case letters;
	bool is_patterns;
	struct string_map literals; /* key -> its first row */
	struct string_map tails;    /* end of a key -> the first row that has it */
	uint32_t *next;		    /* per row: the next one with the same hash key, or ROW_NONE */
	size_t literal_size_max;
	size_t tail_size_max;
	uint32_t *globs;
	size_t glob_count;
	struct odd_row *odds;
	size_t odd_count;
	size_t broken_count;
};

void row_matches_deinit(struct row_matches *matches)
{
	free(matches->items);
	*matches = (struct row_matches){0};
}

int row_matches_add(struct row_matches *matches, struct row_match match)
{
	if (matches->count == matches->capacity) {
		size_t capacity = matches->capacity == 0 ? 8 : matches->capacity * 2;
		struct row_match *items = reallocarray(matches->items, capacity, sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		matches->items = items;
		matches->capacity = capacity;
	}
	matches->items[matches->count++] = match;
	return 0;
}

static struct bytes row_key(const struct row_index *index, size_t row)
{
	return data_set_row(index->set, row)->key;
}

/* The end of a pattern that it is filed under; size 0: there is none. */
static struct bytes pattern_tail(struct bytes key)
{
	size_t start = key.size;

	while (start > 0 && key.data[start - 1] != '*')
		start--;
	while (start < key.size && key.data[start] != '@' && key.data[start] != '.')
		start++;
	return bytes_skip(key, start);
}

static enum row_form row_form_of(const struct row_index *index, struct bytes key)
{
	if (!index->is_patterns)
		return ROW_LITERAL;
	for (size_t i = 0; i < key.size; i++) {
		if (strchr("[](){}|?^$\\", key.data[i]) != NULL)
			return ROW_ODD;
	}
	if (bytes_find(key, '*') == key.size)
		return ROW_LITERAL;
	return pattern_tail(key).size > 0 ? ROW_TAIL : ROW_GLOB;
}

/* The regular expression that OpenDKIM makes of a key. */
static int expression_make(struct buffer *expression, struct bytes key)
{
	int r = buffer_append_byte(expression, '^');

	for (size_t i = 0; r == 0 && i < key.size; i++) {
		if (key.data[i] == '*')
			r = buffer_append_string(expression, ".*");
		else if (key.data[i] == '.' || key.data[i] == '+')
			r = buffer_printf(expression, "\\%c", key.data[i]);
		else
			r = buffer_append_byte(expression, key.data[i]);
	}
	return r != 0 ? r : buffer_append_byte(expression, '$');
}

/* Puts the row at the head of the chain of `key`; rows come last to first. */
static int chain_push(struct row_index *index, struct string_map *map, struct bytes key,
		      uint32_t row)
{
	uint32_t *head;
	int r = string_map_insert(map, key, row, &head);

	if (r == STRING_MAP_E_EXISTS) {
		index->next[row] = *head;
		*head = row;
		r = 0;
	}
	return r;
}

static int odd_add(struct row_index *index, uint32_t row, struct problems *problems)
{
	struct bytes key = row_key(index, row);
	struct buffer expression = {0};
	struct pattern *pattern = NULL;
	struct pattern_error error;
	unsigned flags = index->letters == STRING_MAP_CASELESS ? PATTERN_CASELESS : 0;
	int r = expression_make(&expression, key);

	if (index->odd_count < JIT_PATTERNS_MAX)
		flags |= PATTERN_JIT;
	if (r == 0)
		r = pattern_compile(buffer_bytes(&expression), flags, &pattern, &error);
	if (r == PATTERN_E_SYNTAX) {
		problems_error(problems, data_set_place(index->set, row),
			       "\"%.*s\" is not a valid pattern: %s (at offset %zu of the regular "
			       "expression \"%.*s\"); the row matches nothing",
			       BYTES_PRINTF(key), error.text, error.offset,
			       BYTES_PRINTF(expression));
		index->broken_count++;
		r = 0;
	} else if (r == 0) {
		index->odds[index->odd_count++] = (struct odd_row){row, pattern};
	}
	buffer_deinit(&expression);
	return r;
}

/* Files all rows but the odd ones, last to first: see chain_push(). */
static int rows_file(struct row_index *index, size_t count)
{
	size_t glob_start = index->glob_count;
	int r = 0;

	for (size_t row = count; r == 0 && row-- > 0;) {
		struct bytes key = row_key(index, row);
		struct bytes tail = pattern_tail(key);

		switch (row_form_of(index, key)) {
		case ROW_LITERAL:
			if (key.size > index->literal_size_max)
				index->literal_size_max = key.size;
			r = chain_push(index, &index->literals, key, (uint32_t)row);
			break;
		case ROW_TAIL:
			if (tail.size > index->tail_size_max)
				index->tail_size_max = tail.size;
			r = chain_push(index, &index->tails, tail, (uint32_t)row);
			break;
		case ROW_GLOB: index->globs[--glob_start] = (uint32_t)row; break;
		case ROW_ODD: break;
		}
	}
	return r;
}

/* Files the odd rows, first to last, so that their problems are told in the order of the file. */
static int odd_rows_file(struct row_index *index, size_t count, struct problems *problems)
{
	int r = 0;

	for (size_t row = 0; r == 0 && row < count; row++) {
		if (row_form_of(index, row_key(index, row)) == ROW_ODD)
			r = odd_add(index, (uint32_t)row, problems);
	}
	return r;
}

static int lists_allocate(struct row_index *index, size_t count)
{
	size_t odd_count = 0;

	for (size_t row = 0; row < count; row++) {
		enum row_form form = row_form_of(index, row_key(index, row));

		index->glob_count += form == ROW_GLOB;
		odd_count += form == ROW_ODD;
	}
	/* One more than needed: NULL then always means that there is no memory. */
	index->globs = calloc(index->glob_count + 1, sizeof(*index->globs));
	index->odds = calloc(odd_count + 1, sizeof(*index->odds));
	index->next = malloc((count + 1) * sizeof(*index->next));
	if (index->globs == NULL || index->odds == NULL || index->next == NULL)
		return -ENOMEM;
	for (size_t row = 0; row < count; row++)
		index->next[row] = ROW_NONE;
	return 0;
}

static int index_make(struct row_index *index, struct problems *problems)
{
	size_t count = data_set_count(index->set);
	int r = string_map_init(&index->literals, index->letters);

	index->is_patterns = data_set_kind(index->set) == DATA_SET_PATTERN_FILE;
	if (r == 0)
		r = string_map_init(&index->tails, index->letters);
	if (r == 0)
		r = lists_allocate(index, count);
	if (r == 0)
		r = rows_file(index, count);
	if (r == 0)
		r = odd_rows_file(index, count, problems);
	return r;
}

int row_index_load(const char *text, const char *base_directory, struct problem_place place,
		   enum string_map_case letters, struct problems *problems,
		   struct row_index **index_out)
{
	struct row_index *index = calloc(1, sizeof(*index));
	int r;

	if (index == NULL)
		return -ENOMEM;
	index->letters = letters;
	r = data_set_load(text, base_directory, place, problems, &index->set);
	if (r == DATA_SET_E_REFUSED)
		r = ROW_INDEX_E_REFUSED;
	if (r == 0)
		r = index_make(index, problems);
	if (r != 0) {
		row_index_free(index);
		return r;
	}
	*index_out = index;
	return 0;
}

void row_index_free(struct row_index *index)
{
	if (index == NULL)
		return;
	for (size_t i = 0; i < index->odd_count; i++)
		pattern_free(index->odds[i].pattern);
	string_map_deinit(&index->literals);
	string_map_deinit(&index->tails);
	free(index->odds);
	free(index->globs);
	free(index->next);
	data_set_free(index->set);
	free(index);
}

const struct data_set *row_index_set(const struct row_index *index)
{
	return index->set;
}

size_t row_index_broken_count(const struct row_index *index)
{
	return index->broken_count;
}

size_t row_index_literal_size_max(const struct row_index *index)
{
	return index->literal_size_max;
}

bool row_index_is_repeated(const struct row_index *index, size_t row, size_t *first_out)
{
	struct bytes key = row_key(index, row);
	const uint32_t *first;

	if (row_form_of(index, key) != ROW_LITERAL)
		return false;
	first = string_map_find(&index->literals, key);
	assert(first != NULL); /* every literal row was filed */
	*first_out = *first;
	return *first != row;
}

static bool row_fits(const struct row_index *index, uint32_t row, struct bytes subject)
{
	return glob_match(row_key(index, row), subject, index->letters == STRING_MAP_CASELESS);
}

/* The first row of a chain of tails, from `row` on and before `end`, that matches, or ROW_NONE. */
static uint32_t chain_match(const struct row_index *index, uint32_t row, uint32_t end,
			    struct bytes subject)
{
	for (; row < end; row = index->next[row]) {
		if (row_fits(index, row, subject))
			return row;
	}
	return ROW_NONE;
}

/* The chain of the end of the subject from `start` on, or ROW_NONE. */
static uint32_t chain_find(const struct row_index *index, struct bytes subject, size_t start)
{
	const uint32_t *row;

	if (subject.data[start] != '@' && subject.data[start] != '.')
		return ROW_NONE;
	row = string_map_find(&index->tails, bytes_skip(subject, start));
	return row == NULL ? ROW_NONE : *row;
}

/* Where the ends that can be filed begin. */
static size_t tail_start(const struct row_index *index, struct bytes subject)
{
	return subject.size > index->tail_size_max ? subject.size - index->tail_size_max : 0;
}

static int odd_match(const struct odd_row *odd, struct pattern_matcher *matcher,
		     struct bytes subject, struct row_match *match_out)
{
	int r = pattern_match(odd->pattern, matcher, subject);

	if (r != 0 && r != PATTERN_E_LIMIT)
		return r;
	*match_out = (struct row_match){.row = odd->row, .undecided = r == PATTERN_E_LIMIT};
	return 0;
}

static uint32_t literal_find(const struct row_index *index, struct bytes subject)
{
	const uint32_t *row = NULL;

	if (subject.size <= index->literal_size_max)
		row = string_map_find(&index->literals, subject);
	return row == NULL ? ROW_NONE : *row;
}

int row_index_first(const struct row_index *index, struct pattern_matcher *matcher,
		    struct bytes subject, struct row_match *match_out)
{
	struct row_match best = {.row = literal_find(index, subject)};

	for (size_t i = tail_start(index, subject); i < subject.size; i++) {
		uint32_t row = chain_match(index, chain_find(index, subject, i), best.row, subject);

		if (row < best.row)
			best.row = row;
	}
	for (size_t i = 0; i < index->glob_count && index->globs[i] < best.row; i++) {
		if (row_fits(index, index->globs[i], subject))
			best.row = index->globs[i];
	}
	for (size_t i = 0; i < index->odd_count && index->odds[i].row < best.row; i++) {
		int r = odd_match(&index->odds[i], matcher, subject, &best);

		if (r != 0 && r != PATTERN_E_NO_MATCH)
			return r;
	}
	if (best.row == ROW_NONE)
		return ROW_INDEX_E_NONE;
	*match_out = best;
	return 0;
}

static int compare_matches(const void *a, const void *b)
{
	const struct row_match *left = a;
	const struct row_match *right = b;

	return left->row < right->row ? -1 : left->row > right->row;
}

/* The rows of one chain: all of them for literals, those that match for tails. */
static int chain_collect(const struct row_index *index, uint32_t row, struct bytes subject,
			 bool is_literal, struct row_matches *matches)
{
	int r = 0;

	for (; r == 0 && row != ROW_NONE; row = index->next[row]) {
		if (is_literal || row_fits(index, row, subject))
			r = row_matches_add(matches, (struct row_match){.row = row});
	}
	return r;
}

static int patterns_collect(const struct row_index *index, struct pattern_matcher *matcher,
			    struct bytes subject, struct row_matches *matches)
{
	struct row_match match;
	int r = chain_collect(index, literal_find(index, subject), subject, true, matches);

	for (size_t i = tail_start(index, subject); r == 0 && i < subject.size; i++)
		r = chain_collect(index, chain_find(index, subject, i), subject, false, matches);
	for (size_t i = 0; r == 0 && i < index->glob_count; i++) {
		if (row_fits(index, index->globs[i], subject))
			r = row_matches_add(matches, (struct row_match){.row = index->globs[i]});
	}
	for (size_t i = 0; r == 0 && i < index->odd_count; i++) {
		r = odd_match(&index->odds[i], matcher, subject, &match);
		if (r == 0)
			r = row_matches_add(matches, match);
		else if (r == PATTERN_E_NO_MATCH)
			r = 0;
	}
	return r;
}

int row_index_all(const struct row_index *index, struct pattern_matcher *matcher,
		  struct bytes subject, struct row_matches *matches)
{
	size_t start = matches->count;
	struct row_match match;
	int r;

	if (!index->is_patterns) {
		r = row_index_first(index, matcher, subject, &match);
		return r != 0 ? r : row_matches_add(matches, match);
	}
	r = patterns_collect(index, matcher, subject, matches);
	if (r != 0) {
		matches->count = start;
		return r;
	}
	if (matches->count == start)
		return ROW_INDEX_E_NONE;
	/* qsort() may allocate, but not for less than 1 KiB: more rows than a message has. */
	qsort(matches->items + start, matches->count - start, sizeof(*matches->items),
	      compare_matches);
	return 0;
}
