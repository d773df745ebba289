/*
 * header_hash - the digest that a DKIM signature signs.
 *
 * Is:       the fields that h= lists, canonical, and then the DKIM-Signature field with an empty
 *           b=, into SHA-256.
 * Use:      header_hash_init() once; header_hash_start() per message; header_hash_select() per h=
 *           list and canonicalization; header_hash_digest() per signature that shares them.
 * Source:   RFC 6376 3.7 and 5.4.2: a name listed again takes the next field upwards, and one
 *           that has no field left hashes nothing.
 * Errors:   -ENOMEM.
 * Owns:     its memory, kept between messages. The header is borrowed from start on.
 * Threads:  one thread per object.
 */
#ifndef SIGNER_DKIM_HEADER_HASH_H
#define SIGNER_DKIM_HEADER_HASH_H

#include "signer/dkim/canonicalization.h"
#include "signer/dkim/header_index.h"
#include "signer/dkim/name_list.h"
#include "signer/dkim/sha256.h"

/* Private. */
struct header_hash {
	struct sha256 sha256;
	struct header_index index;
	struct buffer canonical;
	size_t selected_size; /* bytes of `canonical` before the DKIM-Signature field */
	enum canonicalization canonicalization;
};

MUST_CHECK int header_hash_init(struct header_hash *hash);

/* Takes a struct of zeros, too. */
void header_hash_deinit(struct header_hash *hash);

MUST_CHECK int header_hash_start(struct header_hash *hash, const struct header *header);
MUST_CHECK int header_hash_select(struct header_hash *hash, const struct name_list *names,
				  enum canonicalization canonicalization);

/* `signature_field` is the whole DKIM-Signature field with nothing in its b=. */
MUST_CHECK int header_hash_digest(struct header_hash *hash, struct bytes signature_field,
				  uint8_t digest_out[SHA256_SIZE]);

/* What was selected, canonical, for those who want to see it. */
static inline struct bytes header_hash_selected(const struct header_hash *hash)
{
	return bytes_of(hash->canonical.data, hash->selected_size);
}

#endif
