/*
 * authentication_results - fields that say they are by us, and are not.
 *
 * Is:       the ordinals of the Authentication-Results fields of a message whose authserv-id is ours. Whoever relies
 *           on them must not be told by a stranger that all is well, so they are taken out.
 * Source:   RFC 8601 2.2 (authserv-id), 5 (removing existing fields).
 * Units:    ordinals count the fields of that name from 1, from the top of the header.
 * Errors:   -ENOMEM.
 * Owns:     the ordinals, whose memory serves the next message, too.
 */
#ifndef SIGNER_MILTER_AUTHENTICATION_RESULTS_H
#define SIGNER_MILTER_AUTHENTICATION_RESULTS_H

#include "common/bytes.h"
#include "common/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define AUTHENTICATION_RESULTS_NAME "Authentication-Results"

/* A struct of zeros has none. */
struct authentication_results {
	uint32_t seen; /* fields of that name so far */
	uint32_t *ordinals;
	size_t count;
	size_t capacity;
};

void authentication_results_deinit(struct authentication_results *results);

/* For the next message. */
void authentication_results_clear(struct authentication_results *results);

/* The next field of that name; `id` is ours. */
MUST_CHECK int authentication_results_add(struct authentication_results *results,
					  struct bytes value, struct bytes id);

/* The authserv-id of a field's value; empty where there is none. */
struct bytes authentication_results_id(struct bytes value);

#endif
