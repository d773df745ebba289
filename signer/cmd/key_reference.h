/*
 * key_reference - a key as options and tables name it, loaded from the key store.
 *
 * Is:       the one place in the commands that tells the store what is a path and what the key itself:
 *           the store goes by how a reference begins, and a path of an option may begin with anything.
 *           And the path that a row of the KeyTable means.
 * Errors:   those of key_store_load().
 */
#ifndef SIGNER_CMD_KEY_REFERENCE_H
#define SIGNER_CMD_KEY_REFERENCE_H

#include "common/bytes.h"
#include "signer/keys/key_store.h"
#include "signer/tables/signer_config.h"

/* `path` NULL: the key is `text`, as PEM or base64. */
MUST_CHECK int key_reference_load(struct key_store *store, const char *path, struct bytes text,
				  struct key **key_out, struct key_problem *problem);

/*
 * The path of a row for a domain, on the heap; NULL: out of memory. Only what starts with / has the
 * domain filled in for each %; what does not is of BaseDirectory.
 */
char *key_reference_path(struct bytes text, struct bytes domain,
			 const struct signer_config *config);

#endif
