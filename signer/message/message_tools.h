/*
 * message_tools - what one thread needs once to sign any number of messages.
 *
 * Is:       the working memory of steps that begin and end within one call: finding the sender,
 *           making the plan, hashing the header, reading a signature. What must live longer is in
 *           message_signer.
 * Threads:  one. All message_signers made with it belong to that thread.
 */
#ifndef SIGNER_MESSAGE_MESSAGE_TOOLS_H
#define SIGNER_MESSAGE_MESSAGE_TOOLS_H

#include "signer/dkim/address.h"
#include "signer/dkim/dkim_signature.h"
#include "signer/dkim/header_hash.h"
#include "signer/dkim/name_list.h"
#include "signer/keys/sign_service.h"
#include "signer/tables/signing_plan.h"

struct message_tools {
	struct sign_client *client; /* borrowed */
	int64_t keys_since_ns;	    /* for key_store_peek(); the owner may set it to when the
				       latest message had come */
	struct signing_plan *plan;
	struct address address;
	struct buffer domain; /* of the sender, as an A-label */
	struct name_list names;
	struct header_hash header_hash;
	struct dkim_signature signature; /* that the message has already */
};

MUST_CHECK int message_tools_init(struct message_tools *tools, struct sign_client *client);

/* Takes a struct of zeros, too. */
void message_tools_deinit(struct message_tools *tools);

#endif
