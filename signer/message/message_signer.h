/*
 * message_signer - one message on its way to its signatures.
 *
 * Is:       the bytes of a message in, in any split; out of it the verdict, and the DKIM-Signature
 *           fields. The header decides (tables), the body is hashed as it passes, and the digests
 *           go to the signature service.
 * Is not:   input or output: who reads the message also writes it, and puts the fields in.
 * Use:      message_signer_start(signer, context, ...);
 *           for each piece:  progress = message_signer_push(signer, &piece);
 *           at the end:      progress = message_signer_end(signer);
 *           and act on what comes back:
 *             MORE     all of the piece is taken, the next one please
 *             WAIT     wake() will be called; push the rest of the piece (or call end) again then
 *             DECIDED  the header is over and the verdict stands for now. If it is SIGN, leave out
 *                      what message_signer_cut_at() says, put message_signer_fields() in at
 *                      message_signer_insert_at(), then go on
 *             OVER     the verdict is final, and nothing more of the message is looked at
 *             SIGNING  (end only) digests are with the service; wake() will be called once, and
 *                      then the verdict is final and the fields complete, of the same size
 * Source:   RFC 6376 5; the reserved gap: docs/architecture.md, "One pass".
 * Errors:   none: what goes wrong is a verdict, with message_signer_reason() for a person.
 * Owns:     its buffers, kept from message to message. Must not be started anew or freed while
 *           message_signer_busy().
 * Threads:  the one of its sign_client.
 */
#ifndef SIGNER_MESSAGE_MESSAGE_SIGNER_H
#define SIGNER_MESSAGE_MESSAGE_SIGNER_H

#include "common/buffer.h"
#include "signer/message/message_tools.h"
#include "signer/message/signing_context.h"

enum message_verdict {
	MESSAGE_UNDECIDED,
	MESSAGE_SIGN,
	MESSAGE_PASS,		/* not ours to sign, or to go out as it is */
	MESSAGE_ALREADY_SIGNED, /* our own signature is on top and verifies */
	MESSAGE_REFUSE,		/* can never be signed as it is */
	MESSAGE_DEFER,		/* cannot be signed now: try again later */
};

/* What kept a message from being signed: each has an On-... option, or an answer of its own in a dialogue. */
enum message_trouble {
	MESSAGE_TROUBLE_NONE,
	MESSAGE_TROUBLE_EXTERNAL,  /* ours by its sender, but not by who hands it in: it passes */
	MESSAGE_TROUBLE_INTERNAL,  /* On-InternalError */
	MESSAGE_TROUBLE_SECURITY,  /* On-Security */
	MESSAGE_TROUBLE_SIGNATURE, /* On-SignatureError */
	MESSAGE_TROUBLE_KEY,	   /* a key, or the row that names it, cannot be used now */
	MESSAGE_TROUBLE_COUNT,	   /* StrictHeaders, RequiredHeaders */
	MESSAGE_TROUBLE_SENDER,	   /* whose mail it is cannot be told */
	MESSAGE_TROUBLE_MALFORMED, /* it cannot be signed as it is */
};

/* What is known of a message besides its bytes. A spool knows nothing: all that lies in it is to be signed. */
struct message_facts {
	bool is_external;  /* whoever hands it in is not to be signed for */
	bool signs_length; /* with l=, though MaximumSignedBytes is not set (BodyLengthDB) */
};

enum message_progress {
	MESSAGE_MORE,
	MESSAGE_WAIT,
	MESSAGE_DECIDED,
	MESSAGE_OVER,
	MESSAGE_SIGNING,
};

/* Bytes of the message, counted from its start. */
struct message_cut {
	uint64_t start;
	uint64_t end; /* behind the last */
};

struct message_signer;

MUST_CHECK int message_signer_new(struct message_tools *tools, struct message_signer **signer_out);
void message_signer_free(struct message_signer *signer);

/* Lets go of keys, context and all else of the last message; keeps its buffers. Not while busy. */
void message_signer_reset(struct message_signer *signer);

/* Bytes that it has allocated, for the last message or an earlier one; the hash's own not counted. */
size_t message_signer_memory(const struct message_signer *signer);

/*
 * `job` names the message in log lines and is borrowed until the verdict is final, as the context is.
 * `wake` comes from sign_client_collect(), never from within push or end.
 */
void message_signer_start(struct message_signer *signer, const struct signing_context *context,
			  const char *job, int64_t now_s,
			  void (*wake)(struct message_signer *signer, void *arg), void *arg);

/*
 * For who has the fields one by one, as a milter has, in place of the bytes of the header: after start, field() for
 * each, then header_end() once. What is returned is what push would return. `separator` is what stands between name and
 * value, ":" or ": ". A value may be folded by LFs with white space after them, and has no line end. The fields that
 * come out of it end their lines with LF.
 */
enum message_progress message_signer_field(struct message_signer *signer, struct bytes name,
					   struct bytes separator, struct bytes value);
enum message_progress message_signer_header_end(struct message_signer *signer,
						const struct message_facts *facts);

/* Takes bytes off the front of `input`. */
enum message_progress message_signer_push(struct message_signer *signer, struct bytes *input);
enum message_progress message_signer_end(struct message_signer *signer);

bool message_signer_busy(const struct message_signer *signer);

enum message_verdict message_signer_verdict(const struct message_signer *signer);

/* Of a message that is to be refused or deferred, or passes because an On-... option says so. */
enum message_trouble message_signer_trouble(const struct message_signer *signer);

/* One line: why the verdict is what it is. Ends in NUL; never NULL. */
const char *message_signer_reason(const struct message_signer *signer);

/* Where in the message, in bytes from its start, the fields belong: behind an envelope block. */
size_t message_signer_insert_at(const struct message_signer *signer);

/*
 * The old signatures, which a signed message leaves without (RemoveOldSignatures): cuts in their order, none
 * before message_signer_insert_at(), and bytes between any two.
 */
size_t message_signer_cut_count(const struct message_signer *signer);
struct message_cut message_signer_cut_at(const struct message_signer *signer, size_t index);

/* All fields, each with its line end. Until wake() they hold gaps; the size never changes. */
struct bytes message_signer_fields(const struct message_signer *signer);

/* The same one by one. */
size_t message_signer_field_count(const struct message_signer *signer);
struct bytes message_signer_field_at(const struct message_signer *signer, size_t index);

#endif
