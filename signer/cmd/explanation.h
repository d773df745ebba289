/*
 * explanation - one message, the verdict on it, and everything that led there.
 *
 * Is:       facts, for explain_report.h to write down.
 * Use:      explanation_start(), explanation_push()..., explanation_end(); deinit always.
 * Errors:   -errno, when the explanation itself cannot be had. What is wrong with the message or the
 *           tables is in it.
 * Owns:     what it points to; the context is borrowed.
 * Threads:  one.
 */
#ifndef SIGNER_CMD_EXPLANATION_H
#define SIGNER_CMD_EXPLANATION_H

#include "signer/cmd/explain_rows.h"
#include "signer/cmd/solo_signer.h"
#include "signer/dkim/dkim_signature.h"
#include "signer/dkim/message_reader.h"

/* One of the signatures that the rows ask for. */
struct explained_signature {
	const struct planned_signature *planned; /* in solo.tools.plan */
	struct key *key;			 /* NULL: it cannot be used */
	struct key_problem problem;
	bool is_made;		      /* the field below is there */
	struct dkim_signature parsed; /* of the field that the signer made */
};

struct explanation {
	const struct signing_context *context;
	const char *name; /* of the message; NULL: there is only an address */
	struct solo_signer solo;

	struct header header;
	struct message_reader reader;
	bool has_header; /* it could be read */

	bool has_sender; /* the next two are known */
	struct bytes sender_field;
	struct sender_address sender;
	bool is_planned; /* the tables give signatures */
	struct explained_signature *signatures;
	size_t signature_count;
	struct explain_rows rows;
	struct header fields; /* the DKIM-Signature fields of the signer */
};

MUST_CHECK int explanation_start(struct explanation *explanation,
				 const struct signing_context *context, const char *name,
				 int64_t now_s);
MUST_CHECK int explanation_push(struct explanation *explanation, struct bytes piece);

/* `all`: also the rows that did not match. */
MUST_CHECK int explanation_end(struct explanation *explanation, bool all);

void explanation_deinit(struct explanation *explanation);

#endif
