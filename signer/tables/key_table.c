/*
 * How it works: a row is taken apart at load, into fields that borrow from the data set.
 */
#include "signer/tables/key_table.h"

#include "signer/tables/data_set.h"
#include "signer/tables/host_name.h"
#include "signer/tables/row_index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct key_table {
	struct row_index *index;
	const struct data_set *set; /* of the index */
	struct key_row *rows;
	size_t broken_count;
};

/* Takes what stands before the next colon off `rest`. */
static struct bytes field_take(struct bytes *rest)
{
	size_t size = bytes_find(*rest, ':');
	struct bytes field = bytes_slice(*rest, 0, size);

	*rest = bytes_skip(*rest, size < rest->size ? size + 1 : size);
	return field;
}

/* The last field, which takes all of a text without a colon. */
static struct bytes field_last(struct bytes text)
{
	size_t start = text.size;

	while (start > 0 && text.data[start - 1] != ':')
		start--;
	return bytes_skip(text, start);
}

/* Takes the fourth field off the key, where it has one. */
static const char *algorithm_take(struct key_row *row)
{
	struct bytes last = field_last(row->key);

	if (last.size == row->key.size)
		return NULL;
	if (bytes_equal_nocase(last, BYTES_LITERAL("rsa-sha256")))
		row->algorithm = SIGNER_ALGORITHM_RSA_SHA256;
	else if (bytes_equal_nocase(last, BYTES_LITERAL("ed25519-sha256")))
		row->algorithm = SIGNER_ALGORITHM_ED25519_SHA256;
	else if (bytes_equal_nocase(last, BYTES_LITERAL("rsa-sha1")))
		return "rsa-sha1 must not be used to sign (RFC 8301 3.1); allowed: rsa-sha256, "
		       "ed25519-sha256";
	else
		return NULL;
	row->key.size -= last.size + 1;
	return NULL;
}

static bool key_is_path(struct bytes key)
{
	return bytes_start_with(key, BYTES_LITERAL("/")) ||
	       bytes_start_with(key, BYTES_LITERAL("./")) ||
	       bytes_start_with(key, BYTES_LITERAL("../"));
}

/* Could it be the key itself? A path without ./ before it is the mistake to look for. */
static bool key_is_text(struct bytes key)
{
	if (bytes_start_with(key, BYTES_LITERAL("-----BEGIN ")))
		return true;
	for (size_t i = 0; i < key.size; i++) {
		uint8_t byte = key.data[i];
		uint8_t lower = ascii_lower(byte);

		if (!ascii_is_digit(byte) && (lower < 'a' || lower > 'z') && byte != '+' &&
		    byte != '/' && byte != '=' && !ascii_is_space(byte))
			return false;
	}
	return true;
}

/* Takes the value apart; what is wrong with it, or NULL. */
static const char *row_parse(struct bytes value, struct key_row *row)
{
	const char *fault;

	if (value.size == 0)
		return "has no value; needed: DOMAIN:SELECTOR:KEY";
	row->domain = field_take(&value);
	row->selector = field_take(&value);
	row->key = value;
	if (row->domain.size == 0)
		return "has no domain; needed: DOMAIN:SELECTOR:KEY";
	if (row->selector.size == 0)
		return "has no selector; needed: DOMAIN:SELECTOR:KEY";
	if (row->key.size == 0)
		return "has no key; needed: DOMAIN:SELECTOR:KEY";
	if (!bytes_equal(row->domain, BYTES_LITERAL("%")) && !host_name_is_valid(row->domain))
		return "its domain is not a domain name, nor %";
	if (!host_name_is_valid(row->selector))
		return "its selector is not a name of letters, digits, - and .";
	fault = algorithm_take(row);
	if (fault != NULL)
		return fault;
	row->key_is_path = key_is_path(row->key);
	if (!row->key_is_path && !key_is_text(row->key))
		return "its key is neither a path that starts with /, ./ or ../ nor a key in PEM "
		       "or "
		       "base64";
	return NULL;
}

/* A path that ends in what looks like an algorithm is a misspelled one, more often than not. */
static void algorithm_doubt(const struct key_table *table, size_t row, struct problems *problems)
{
	struct bytes key = table->rows[row].key;
	struct bytes last = field_last(key);

	if (!table->rows[row].key_is_path || last.size == key.size)
		return;
	if (bytes_start_with_nocase(last, BYTES_LITERAL("rsa")) ||
	    bytes_start_with_nocase(last, BYTES_LITERAL("ed25519")))
		problems_warning(problems, data_set_place(table->set, row),
				 "\"%.*s\": \"%.*s\" is read as the end of the key's path; the "
				 "algorithms are rsa-sha256 and ed25519-sha256",
				 BYTES_PRINTF(key_table_name(table, row)), BYTES_PRINTF(last));
}

static void rows_parse(struct key_table *table, struct problems *problems)
{
	for (size_t row = 0; row < data_set_count(table->set); row++) {
		struct key_row *parsed = &table->rows[row];
		struct bytes name = key_table_name(table, row);
		size_t first;

		parsed->fault = row_parse(data_set_row(table->set, row)->value, parsed);
		if (parsed->fault != NULL) {
			problems_error(problems, data_set_place(table->set, row),
				       "KeyTable entry for '%.*s' corrupt: %s", BYTES_PRINTF(name),
				       parsed->fault);
			table->broken_count++;
		} else {
			algorithm_doubt(table, row, problems);
		}
		if (row_index_is_repeated(table->index, row, &first))
			problems_warning(problems, data_set_place(table->set, row),
					 "\"%.*s\" is never used: line %u has the same name",
					 BYTES_PRINTF(name), data_set_row(table->set, first)->line);
	}
}

int key_table_load(const char *text, const char *base_directory, struct problem_place place,
		   struct problems *problems, struct key_table **table_out)
{
	struct key_table *table = calloc(1, sizeof(*table));
	int r;

	if (table == NULL)
		return -ENOMEM;
	r = row_index_load(text, base_directory, place, STRING_MAP_CASEFUL, problems,
			   &table->index);
	if (r != 0)
		goto fail;
	table->set = row_index_set(table->index);
	table->broken_count = row_index_broken_count(table->index);
	table->rows = calloc(data_set_count(table->set) + 1, sizeof(*table->rows));
	if (table->rows == NULL) {
		r = -ENOMEM;
		goto fail;
	}
	rows_parse(table, problems);
	*table_out = table;
	return 0;
fail:
	key_table_free(table);
	return r == ROW_INDEX_E_REFUSED ? KEY_TABLE_E_REFUSED : r;
}

void key_table_free(struct key_table *table)
{
	if (table == NULL)
		return;
	row_index_free(table->index);
	free(table->rows);
	free(table);
}

size_t key_table_broken_count(const struct key_table *table)
{
	return table->broken_count;
}

size_t key_table_count(const struct key_table *table)
{
	return data_set_count(table->set);
}

const struct key_row *key_table_row(const struct key_table *table, size_t row)
{
	assert(row < data_set_count(table->set));
	return &table->rows[row];
}

struct problem_place key_table_place(const struct key_table *table, size_t row)
{
	return data_set_place(table->set, row);
}

struct bytes key_table_name(const struct key_table *table, size_t row)
{
	return data_set_row(table->set, row)->key;
}

int key_table_find(const struct key_table *table, struct pattern_matcher *matcher,
		   struct bytes name, uint32_t *row_out)
{
	struct row_match match;
	int r = row_index_first(table->index, matcher, name, &match);

	if (r == ROW_INDEX_E_NONE)
		return KEY_TABLE_E_NONE;
	if (r != 0)
		return r;
	if (match.undecided)
		return KEY_TABLE_E_UNDECIDED;
	*row_out = match.row;
	return 0;
}
