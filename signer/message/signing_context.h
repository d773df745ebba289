/*
 * signing_context - what messages are signed by: one configuration, made ready.
 *
 * Is:       the configuration, its tables, whom to trust, the header lists and the key store, made
 *           together and then read-only. A reload makes a new one beside the old; messages under
 *           way keep theirs.
 * Use:      signing_context_new() takes the configuration over; ref and unref from then on.
 * Errors:   -errno, or SIGNING_CONTEXT_E_REFUSED, and `problems` says why.
 * Owns:     all of it, until the last reference goes.
 * Threads:  shared by all; the reference count is atomic.
 */
#ifndef SIGNER_MESSAGE_SIGNING_CONTEXT_H
#define SIGNER_MESSAGE_SIGNING_CONTEXT_H

#include "common/compiler.h"
#include "common/problems.h"
#include "signer/dkim/header_select.h"
#include "signer/keys/key_store.h"
#include "signer/tables/client_trust.h"
#include "signer/tables/recipient_rules.h"
#include "signer/tables/signer_config.h"
#include "signer/tables/signing_rules.h"

enum {
	SIGNING_CONTEXT_E_REFUSED = 1,
};

/* Read it, change nothing. */
struct signing_context {
	_Atomic unsigned references;
	struct signer_config *config;
	struct signing_rules *rules;
	struct client_trust *trust;	    /* for mail that has a client */
	struct recipient_rules *recipients; /* and for mail that has an envelope */
	struct header_select *header_select;
	struct key_store *keys;
};

/* On error the configuration stays the caller's. */
MUST_CHECK int signing_context_new(struct signer_config *config, struct problems *problems,
				   struct signing_context **context_out);

struct signing_context *signing_context_ref(struct signing_context *context);
void signing_context_unref(struct signing_context *context);

#endif
