/*
 * checked_keys - every key that the configuration names, read and tried once.
 *
 * Is:       the keys of the KeyTable, or KeyFile, each of them once however many rows name it, with
 *           what came of reading it.
 * Is not:   a judgement on that: check_keys.h.
 * Use:      checked_keys_find() enters them, checked_keys_try() reads them, on all CPUs.
 * Errors:   -errno, when they cannot be looked at at all. What is wrong with a key is in it.
 * Owns:     all that it holds, but for the configuration and the table.
 * Threads:  one; those of checked_keys_try() are gone when it returns.
 */
#ifndef SIGNER_CMD_CHECKED_KEYS_H
#define SIGNER_CMD_CHECKED_KEYS_H

#include "common/problems.h"
#include "common/string_map.h"
#include "signer/cmd/progress.h"
#include "signer/keys/key.h"
#include "signer/keys/safe_path.h"
#include "signer/message/signing_context.h"

#include <stdatomic.h>

#define CHECKED_KEYS_NONE UINT32_MAX

struct checked_key {
	char *reference; /* a path, or the key itself */
	bool is_path;
	struct problem_place place; /* of the first row that names it */
	size_t row_count;

	/* What a thread found. */
	int outcome; /* 0, enum key_outcome or -errno */
	enum key_type type;
	unsigned bits;
	bool fits_lanes;
	bool is_swappable;
	char *text; /* what is wrong, or not safe; NULL: nothing */
};

struct checked_keys {
	const struct signer_config *config;
	const struct key_table *table; /* NULL: there is only KeyFile */
	struct checked_key *keys;
	size_t count;
	uint32_t *key_of_row;	/* by the row of the table; CHECKED_KEYS_NONE */
	size_t by_sender_count; /* rows that take the sender's domain into the path */

	/* Private. */
	struct safe_path *safe;
	struct string_map references;
	size_t capacity;
	_Atomic size_t next;
	_Atomic size_t done_count;
};

MUST_CHECK int checked_keys_find(struct checked_keys *all, const struct signing_context *context);

/* Takes a struct of zeros, and one that find failed on. */
void checked_keys_deinit(struct checked_keys *all);

void checked_keys_try(struct checked_keys *all, struct progress *progress);

#endif
