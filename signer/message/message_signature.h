/*
 * message_signature - one signature of one message: its key, its field, its job.
 *
 * Use:      prepare() from the plan; if it returns MESSAGE_SIGNATURE_LOADING, `done` comes when the
 *           key is there or not; then compose(), and when the body is hashed, submit(): `done`
 *           comes again.
 * Owns:     copies of what it needs of the plan; a reference to the key; its text.
 * Threads:  its client's.
 */
#ifndef SIGNER_MESSAGE_MESSAGE_SIGNATURE_H
#define SIGNER_MESSAGE_MESSAGE_SIGNATURE_H

#include "signer/dkim/signature_field.h"
#include "signer/keys/sign_service.h"
#include "signer/message/message_tools.h"
#include "signer/message/signing_context.h"
#include "signer/tables/signing_plan.h"

enum {
	MESSAGE_SIGNATURE_E_KEY = 1, /* the key cannot be used: text in load.problem */
	MESSAGE_SIGNATURE_E_FAILED,  /* the signature could not be made */
	MESSAGE_SIGNATURE_LOADING = 100,
};

struct message_signature {
	/* `error`: 0, -errno or MESSAGE_SIGNATURE_E_*. */
	void (*done)(struct message_signature *signature, int error);
	void *owner;

	/* Private, but for reading. */
	struct bytes domain; /* d=; these three lie in `texts` */
	struct bytes selector;
	struct bytes identity;
	struct buffer texts;
	const char *reference; /* of the key, in `texts` too */
	enum signer_algorithm wanted;
	struct problem_place key_place; /* of the row, whose texts the context has */
	struct key *key;
	struct signature_field field;
	struct sign_job job;
	struct key_load_job load;
};

MUST_CHECK int message_signature_new(struct message_signature **signature_out);
void message_signature_free(struct message_signature *signature);

/* Finds the key: 0 it is there, MESSAGE_SIGNATURE_LOADING, MESSAGE_SIGNATURE_E_KEY, -errno. */
MUST_CHECK int message_signature_prepare(struct message_signature *signature,
					 const struct planned_signature *planned,
					 const struct signing_context *context,
					 const struct message_tools *tools);

/* Bytes allocated. */
size_t message_signature_memory(const struct message_signature *signature);

/* Lets go of the key. */
void message_signature_reset(struct message_signature *signature);

enum dkim_algorithm message_signature_algorithm(const struct message_signature *signature);

void message_signature_submit(struct message_signature *signature, struct sign_client *client,
			      const uint8_t digest[SHA256_SIZE]);

#endif
