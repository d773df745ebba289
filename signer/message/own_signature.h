/*
 * own_signature - whether a message carries already what we would sign it with.
 *
 * Is:       a look at the DKIM-Signature fields on top of the header. If each planned signature is
 *           among them, by d= and s=, the body is hashed for them too, and at the end they are
 *           verified with the public halves of our own keys.
 * Why:      a unit that was signed and whose in-name came back after a power cut, or a message that
 *           runs through the relay twice, must not be signed twice.
 * Errors:   -ENOMEM. A BODY_CANON_E_BARE_CR is left to the caller's own hash of the same body.
 * Threads:  one.
 */
#ifndef SIGNER_MESSAGE_OWN_SIGNATURE_H
#define SIGNER_MESSAGE_OWN_SIGNATURE_H

#include "signer/dkim/verification.h"
#include "signer/message/message_signature.h"
#include "signer/message/message_tools.h"

struct own_signature;

/*
 * NULL in `own_out`: there is none. That costs one comparison, or where others have signed it, the parsing
 * of their fields. `signatures` and the header are borrowed until free.
 */
MUST_CHECK int own_signature_new(struct message_tools *tools, const struct header *header,
				 struct message_signature *const *signatures, size_t count,
				 int64_t now_s, bool fix_crlf, struct own_signature **own_out);
void own_signature_free(struct own_signature *own);

MUST_CHECK int own_signature_push(struct own_signature *own, struct bytes body);
MUST_CHECK int own_signature_finish(struct own_signature *own, bool *verified_out);

#endif
