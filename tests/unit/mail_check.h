/*
 * mail_check - what a test asks of a message that came out of a spool.
 *
 * Is:       its identifier, the signatures on its top and whether they verify, and a digest of what it was
 *           without them; and the way from a batch to its messages.
 * Errors:   what cannot happen in a test that is right ends the program.
 * Threads:  any: no hidden state.
 */
#ifndef TESTS_UNIT_MAIL_CHECK_H
#define TESTS_UNIT_MAIL_CHECK_H

#include "common/buffer.h"
#include "signer/dkim/sha256.h"
#include "signer/keys/public_key.h"

struct mail_report {
	bool readable;		     /* it has a header that can be parsed */
	char id[128];		     /* Message-ID; empty: there is none */
	size_t signatures;	     /* DKIM-Signature fields on top */
	size_t valid;		     /* those that the key confirms */
	uint8_t digest[SHA256_SIZE]; /* of the message without those fields */
};

/* `key` may be NULL: then nothing is valid. */
void mail_check(struct bytes message, const struct public_key *key, struct mail_report *report_out);

/*
 * Calls back for each message in the unit, dots undone; `index` counts from 0. Returns false if a batch is
 * not well formed; what came before the fault has been told then.
 */
bool mail_check_each(const char *name, struct bytes unit,
		     void (*each)(void *arg, size_t index, struct bytes message), void *arg);

#endif
