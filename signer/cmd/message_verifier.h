/*
 * message_verifier - one message after the other, from its bytes to what its signatures are worth,
 *                    but for the keys.
 *
 * Is:       message_reader.h and verification.h behind one another.
 * Use:      init once; per message start, push..., end; then the results of `verification`, unless
 *           message_verifier_fault() says that the message is malformed.
 * Errors:   -errno. A malformed message is no error: the rest of it may still be pushed.
 * Owns:     what it holds of the message, until the next start.
 * Threads:  one.
 */
#ifndef SIGNER_CMD_MESSAGE_VERIFIER_H
#define SIGNER_CMD_MESSAGE_VERIFIER_H

#include "signer/dkim/message_reader.h"
#include "signer/dkim/verification.h"

#define MESSAGE_VERIFIER_FAULT_SIZE 256

struct message_verifier {
	struct verification verification;

	/* Private. */
	struct verification_options options;
	struct header header;
	struct message_reader reader;
	uint64_t first_line;
	int fault; /* MESSAGE_E_* or BODY_CANON_E_*; 0: none so far */
};

MUST_CHECK int message_verifier_init(struct message_verifier *verifier,
				     const struct verification_options *options);

/* Takes a struct of zeros, too. */
void message_verifier_deinit(struct message_verifier *verifier);

/* `first_line`: the number of the message's first line in its file. */
void message_verifier_start(struct message_verifier *verifier, uint64_t first_line);
MUST_CHECK int message_verifier_push(struct message_verifier *verifier, struct bytes piece);
MUST_CHECK int message_verifier_end(struct message_verifier *verifier);

/* Whether the message is malformed, and why: "malformed: line 3: ...". */
bool message_verifier_fault(const struct message_verifier *verifier,
			    char text[MESSAGE_VERIFIER_FAULT_SIZE]);

#endif
