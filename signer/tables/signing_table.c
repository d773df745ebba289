/*
 * How it works: key names are looked up in the key table at load, so that a match gives the key's
 * row at once and a name that is not there is told before any mail needs it.
 */
#include "signer/tables/signing_table.h"

#include "signer/tables/data_set.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct signing_table {
	struct row_index *index;
	const struct data_set *set; /* of the index */
	struct signing_row *rows;
	bool is_multiple;
	size_t broken_count;
};

int signing_scratch_init(struct signing_scratch *scratch)
{
	*scratch = (struct signing_scratch){0};
	return pattern_matcher_new(&scratch->matcher);
}

void signing_scratch_deinit(struct signing_scratch *scratch)
{
	pattern_matcher_free(scratch->matcher);
	buffer_deinit(&scratch->subject);
	row_matches_deinit(&scratch->rows);
	*scratch = (struct signing_scratch){0};
}

static int row_parse(struct signing_table *table, size_t row, const struct key_table *keys,
		     struct pattern_matcher *matcher, struct problems *problems)
{
	const struct data_row *source = data_set_row(table->set, row);
	struct signing_row *parsed = &table->rows[row];
	size_t colon = bytes_find(source->value, ':');
	int r;

	parsed->key_name = bytes_slice(source->value, 0, colon);
	if (colon < source->value.size)
		parsed->identity = bytes_skip(source->value, colon + 1);
	if (parsed->key_name.size == 0) {
		problems_error(problems, data_set_place(table->set, row),
			       "\"%.*s\" has no value; needed: KEYNAME, or KEYNAME:IDENTITY",
			       BYTES_PRINTF(source->key));
		parsed->key = SIGNING_KEY_NONE;
		table->broken_count++;
		return 0;
	}
	if (bytes_equal(parsed->key_name, BYTES_LITERAL("%"))) {
		parsed->key = SIGNING_KEY_SENDER;
		return 0;
	}
	r = key_table_find(keys, matcher, parsed->key_name, &parsed->key_row);
	if (r < 0)
		return r;
	parsed->key = r == 0 ? SIGNING_KEY_ROW : SIGNING_KEY_UNKNOWN;
	if (r != 0) {
		problems_error(
			problems, data_set_place(table->set, row),
			"signing table references unknown key '%.*s'; a KeyTable row of that "
			"name is needed",
			BYTES_PRINTF(parsed->key_name));
		table->broken_count++;
	}
	return 0;
}

/* Does the pattern match every address there is? */
static bool matches_all(struct bytes key)
{
	return bytes_equal(key, BYTES_LITERAL("*")) || bytes_equal(key, BYTES_LITERAL("*@*"));
}

/* What can be said against a row of a pattern file. */
static const char *pattern_doubt(struct bytes key)
{
	static const char special[] = "@*[](){}|?^$\\";

	for (size_t i = 0; i < key.size; i++) {
		if (strchr(special, key.data[i]) != NULL)
			return NULL;
	}
	return "matches no sender: in a refile: set the pattern is for all of user@host";
}

/* What can be said against a row of any other set. */
static const char *literal_doubt(struct bytes key)
{
	size_t star = bytes_find(key, '*');

	if (star == key.size || key.size == 1)
		return NULL;
	if (star == key.size - 1 && key.data[star - 1] == '@')
		return NULL;
	return "matches no sender: only a refile: set has patterns with *";
}

static void row_doubt(const struct signing_table *table, size_t row, struct problems *problems)
{
	bool is_patterns = data_set_kind(table->set) == DATA_SET_PATTERN_FILE;
	struct problem_place place = data_set_place(table->set, row);
	struct bytes key = data_set_row(table->set, row)->key;
	struct bytes identity = table->rows[row].identity;
	const char *doubt = is_patterns ? pattern_doubt(key) : literal_doubt(key);
	size_t behind = data_set_count(table->set) - row - 1;
	size_t first;

	if (doubt != NULL)
		problems_warning(problems, place, "\"%.*s\" %s", BYTES_PRINTF(key), doubt);
	if (identity.size > 0 && bytes_find(identity, '@') == identity.size)
		problems_warning(problems, place,
				 "the identity \"%.*s\" has no @, so no i= is added; needed: "
				 "LOCAL-PART@DOMAIN, or @DOMAIN",
				 BYTES_PRINTF(identity));
	if (is_patterns && table->is_multiple)
		return; /* every row counts */
	if (row_index_is_repeated(table->index, row, &first))
		problems_warning(problems, place,
				 "\"%.*s\" is never reached: line %u has the same key",
				 BYTES_PRINTF(key), data_set_row(table->set, first)->line);
	if (is_patterns && matches_all(key) && behind > 0)
		problems_warning(
			problems, place,
			"\"%.*s\" matches every sender, so the %zu rows after it are never "
			"reached; it belongs at the end",
			BYTES_PRINTF(key), behind);
}

static int rows_parse(struct signing_table *table, const struct key_table *keys,
		      struct problems *problems)
{
	struct pattern_matcher *matcher;
	int r = pattern_matcher_new(&matcher);

	if (r != 0)
		return r;
	for (size_t row = 0; r == 0 && row < data_set_count(table->set); row++) {
		r = row_parse(table, row, keys, matcher, problems);
		if (r == 0)
			row_doubt(table, row, problems);
	}
	pattern_matcher_free(matcher);
	return r;
}

int signing_table_load(const char *text, const char *base_directory, struct problem_place place,
		       const struct key_table *keys, bool is_multiple, struct problems *problems,
		       struct signing_table **table_out)
{
	struct signing_table *table = calloc(1, sizeof(*table));
	int r;

	if (table == NULL)
		return -ENOMEM;
	table->is_multiple = is_multiple;
	r = row_index_load(text, base_directory, place, STRING_MAP_CASELESS, problems,
			   &table->index);
	if (r != 0)
		goto fail;
	table->set = row_index_set(table->index);
	table->broken_count = row_index_broken_count(table->index);
	table->rows = calloc(data_set_count(table->set) + 1, sizeof(*table->rows));
	r = table->rows == NULL ? -ENOMEM : rows_parse(table, keys, problems);
	if (r != 0)
		goto fail;
	*table_out = table;
	return 0;
fail:
	signing_table_free(table);
	return r == ROW_INDEX_E_REFUSED ? SIGNING_TABLE_E_REFUSED : r;
}

void signing_table_free(struct signing_table *table)
{
	if (table == NULL)
		return;
	row_index_free(table->index);
	free(table->rows);
	free(table);
}

size_t signing_table_broken_count(const struct signing_table *table)
{
	return table->broken_count;
}

const struct signing_row *signing_table_row(const struct signing_table *table, size_t row)
{
	assert(row < data_set_count(table->set));
	return &table->rows[row];
}

struct problem_place signing_table_place(const struct signing_table *table, size_t row)
{
	return data_set_place(table->set, row);
}

static bool is_ascii(struct bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		if (bytes.data[i] >= 0x80)
			return false;
	}
	return true;
}

/*
 * One query: user@host, or just the host where `user` is NULL. A hit ends the search, unless all
 * hits are wanted.
 */
static int query(const struct signing_table *table, const struct bytes *user, struct bytes host,
		 struct signing_scratch *scratch, bool *is_over)
{
	size_t size = host.size + (user == NULL ? 0 : user->size + 1);
	int r = 0;

	/* A subject longer than every key need not even be written down. */
	if (*is_over || size > row_index_literal_size_max(table->index))
		return 0;
	buffer_clear(&scratch->subject);
	if (user != NULL)
		r = buffer_append(&scratch->subject, *user);
	if (r == 0 && user != NULL)
		r = buffer_append_byte(&scratch->subject, '@');
	if (r == 0)
		r = buffer_append(&scratch->subject, host);
	if (r != 0 || !is_ascii(buffer_bytes(&scratch->subject)))
		return r;
	r = row_index_all(table->index, scratch->matcher, buffer_bytes(&scratch->subject),
			  &scratch->rows);
	if (r == 0)
		*is_over = !table->is_multiple;
	return r == ROW_INDEX_E_NONE ? 0 : r;
}

static int pair_query(const struct signing_table *table, const struct bytes *user,
		      struct bytes host, struct signing_scratch *scratch, bool *is_over)
{
	int r = query(table, user, host, scratch, is_over);

	return r != 0 ? r : query(table, NULL, host, scratch, is_over);
}

static int literals_match(const struct signing_table *table, struct sender_address sender,
			  struct signing_scratch *scratch)
{
	const struct bytes *user = &sender.local_part;
	bool is_over = false;
	int r = pair_query(table, user, sender.domain, scratch, &is_over);

	for (size_t i = 0; r == 0 && !is_over && i < sender.domain.size; i++) {
		if (sender.domain.data[i] == '.')
			r = pair_query(table, user, bytes_skip(sender.domain, i), scratch,
				       &is_over);
	}
	return r != 0 ? r : pair_query(table, user, BYTES_LITERAL("*"), scratch, &is_over);
}

static int patterns_match(const struct signing_table *table, struct sender_address sender,
			  struct signing_scratch *scratch)
{
	struct bytes address;
	struct row_match match;
	int r;

	buffer_clear(&scratch->subject);
	r = buffer_append(&scratch->subject, sender.local_part);
	if (r == 0)
		r = buffer_append_byte(&scratch->subject, '@');
	if (r == 0)
		r = buffer_append(&scratch->subject, sender.domain);
	address = buffer_bytes(&scratch->subject);
	if (r != 0 || !is_ascii(address))
		return r;
	if (table->is_multiple) {
		r = row_index_all(table->index, scratch->matcher, address, &scratch->rows);
	} else {
		r = row_index_first(table->index, scratch->matcher, address, &match);
		if (r == 0)
			r = row_matches_add(&scratch->rows, match);
	}
	return r == ROW_INDEX_E_NONE ? 0 : r;
}

int signing_table_match(const struct signing_table *table, struct sender_address sender,
			struct signing_scratch *scratch)
{
	int r;

	scratch->rows.count = 0;
	if (data_set_kind(table->set) == DATA_SET_PATTERN_FILE)
		r = patterns_match(table, sender, scratch);
	else
		r = literals_match(table, sender, scratch);
	if (r != 0)
		return r;
	return scratch->rows.count == 0 ? SIGNING_TABLE_E_NONE : 0;
}
