/*
 * key_text - finds the private key in the text of a key file.
 *
 * Is:       PEM (RFC 7468, with any text around it), bare DER, or DER in base64, in; DER out. PEM
 *           may lack its line ends, as it does in a table.
 * Is not:   a parser of the key (key.h).
 * Errors:   enum key_outcome with a text; -ENOMEM.
 * Owns:     nothing: the DER points into the text, or into `memory`, which is the caller's.
 * Threads:  any; no state.
 */
#ifndef SIGNER_KEYS_KEY_TEXT_H
#define SIGNER_KEYS_KEY_TEXT_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "signer/keys/key_problem.h"
#include "signer/keys/secret_memory.h"

/* `name` is what the text calls the key. `memory` is empty before; deinit it after use. */
MUST_CHECK int key_text_find(const char *name, struct bytes text, struct secret_memory *memory,
			     struct bytes *der_out, struct key_problem *problem);

#endif
