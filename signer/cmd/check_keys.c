#include "signer/cmd/check_keys.h"

#include "signer/cmd/checked_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RSA_BITS_ADVISED 2048 /* RFC 8301 3.2: signers SHOULD use at least that */

struct key_check {
	struct checked_keys all;
	struct check_report *report;
};

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void report_rows(const struct checked_key *key, char *text, size_t size)
{
	text[0] = '\0';
	if (key->row_count > 1)
		(void)snprintf(text, size, " (%zu rows name it)", key->row_count);
}

static void report_broken(struct key_check *check)
{
	size_t errors = 0;
	size_t unsafe = 0;

	for (size_t i = 0; i < check->all.count; i++) {
		const struct checked_key *key = &check->all.keys[i];
		char rows[64];

		report_rows(key, rows, sizeof(rows));
		if (key->outcome != 0)
			check_report_many(check->report, &errors, CHECK_ERROR, key->place, "%s%s",
					  key->text != NULL  ? key->text
					  : key->outcome < 0 ? strerror(-key->outcome)
							     : "out of memory",
					  rows);
		else if (key->text != NULL)
			check_report_many(check->report, &unsafe, CHECK_WARNING, key->place, "%s%s",
					  key->text, rows);
	}
	check_report_rest(check->report, errors, CHECK_ERROR, "keys that cannot be used");
	check_report_rest(check->report, unsafe, CHECK_WARNING, "keys that are not safe");
}

static void report_small(struct key_check *check)
{
	size_t small = 0;

	for (size_t i = 0; i < check->all.count; i++) {
		const struct checked_key *key = &check->all.keys[i];

		if (key->outcome == 0 && key->type == KEY_RSA && key->bits < RSA_BITS_ADVISED)
			check_report_many(check->report, &small, CHECK_WARNING, key->place,
					  "%s: an RSA key of %u bits is weak, 2048 are advised "
					  "(RFC 8301)",
					  key->is_path ? key->reference : "the key in the table",
					  key->bits);
	}
	check_report_rest(check->report, small, CHECK_WARNING, "keys of less than 2048 bits");
}

static const char *algorithm_name(enum signer_algorithm algorithm)
{
	return algorithm == SIGNER_ALGORITHM_ED25519_SHA256 ? "ed25519-sha256" : "rsa-sha256";
}

/* The algorithm that a row, or SignatureAlgorithm, wants, beside the one that the key is for. */
static void report_algorithm(struct key_check *check, size_t *count, const struct checked_key *key,
			     enum signer_algorithm row_algorithm, struct problem_place place)
{
	enum signer_algorithm wanted = row_algorithm != SIGNER_ALGORITHM_BY_KEY
					       ? row_algorithm
					       : check->all.config->signature_algorithm;
	enum signer_algorithm actual = key->type == KEY_ED25519 ? SIGNER_ALGORITHM_ED25519_SHA256
								: SIGNER_ALGORITHM_RSA_SHA256;

	if (key->outcome != 0 || wanted == SIGNER_ALGORITHM_BY_KEY || wanted == actual)
		return;
	check_report_many(
		check->report, count, CHECK_ERROR, place, "%s: the key is for %s, but %s says %s",
		key->is_path ? key->reference : "the key in the table", algorithm_name(actual),
		row_algorithm != SIGNER_ALGORITHM_BY_KEY ? "the row" : "SignatureAlgorithm",
		algorithm_name(wanted));
}

static void report_algorithms(struct key_check *check)
{
	size_t count = 0;

	if (check->all.table == NULL)
		report_algorithm(check, &count, &check->all.keys[0], SIGNER_ALGORITHM_BY_KEY,
				 check->all.keys[0].place);
	for (size_t i = 0; check->all.table != NULL && i < key_table_count(check->all.table); i++) {
		if (check->all.key_of_row[i] != CHECKED_KEYS_NONE)
			report_algorithm(check, &count, &check->all.keys[check->all.key_of_row[i]],
					 key_table_row(check->all.table, i)->algorithm,
					 key_table_place(check->all.table, i));
	}
	check_report_rest(check->report, count, CHECK_ERROR, "rows of another algorithm");
}

static void report_whole(struct key_check *check)
{
	const struct problem_place nowhere = {0};
	size_t rsa = 0;
	size_t ed25519 = 0;
	size_t swappable = 0;

	for (size_t i = 0; i < check->all.count; i++) {
		if (check->all.keys[i].outcome == 0 && check->all.keys[i].type == KEY_RSA)
			rsa++;
		if (check->all.keys[i].outcome == 0 && check->all.keys[i].type == KEY_ED25519)
			ed25519++;
		swappable += check->all.keys[i].is_swappable;
	}
	if (rsa + ed25519 > 0)
		check_report_add(check->report, CHECK_OK, nowhere,
				 "%zu key%s can sign: %zu RSA, %zu Ed25519", rsa + ed25519,
				 plural(rsa + ed25519), rsa, ed25519);
	if (check->all.by_sender_count > 0)
		check_report_add(
			check->report, CHECK_WARNING, nowhere,
			"%zu row%s of the KeyTable take%s the sender's domain into the path of "
			"the key (%%): such keys are only tried when mail comes",
			check->all.by_sender_count, plural(check->all.by_sender_count),
			check->all.by_sender_count == 1 ? "s" : "");
	if (swappable > 0)
		check_report_add(
			check->report, CHECK_WARNING, nowhere,
			"the text of private keys cannot be kept out of swap: raise the limit "
			"of locked memory (LimitMEMLOCK=, ulimit -l)");
	if (check->all.count > (size_t)check->all.config->key_cache_size)
		check_report_add(check->report, CHECK_WARNING,
				 signer_config_place(check->all.config, "KeyCacheSize"),
				 "%" PRId64
				 " is less than the %zu keys: keys will be read from disk "
				 "again and again",
				 check->all.config->key_cache_size, check->all.count);
}

static size_t count_lane_keys(const struct checked_keys *all)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += all->keys[i].outcome == 0 && all->keys[i].fits_lanes;
	return count;
}

int check_keys(const struct signing_context *context, struct check_report *report,
	       struct progress *progress, size_t *lane_keys_out)
{
	struct key_check check = {.report = report};
	int r = checked_keys_find(&check.all, context);

	if (r == 0 && check.all.count > 0) {
		checked_keys_try(&check.all, progress);
		report_broken(&check);
		report_algorithms(&check);
		report_small(&check);
	}
	if (r == 0) {
		report_whole(&check);
		*lane_keys_out = count_lane_keys(&check.all);
	}
	checked_keys_deinit(&check.all);
	return r;
}
