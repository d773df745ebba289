/*
 * body_hash - the bh= of a message body: canonical bytes, cut at l=, into SHA-256.
 *
 * Use:      body_hash_init() once; per message body_hash_start(), body_hash_push()...,
 *           body_hash_finish(). Signatures with the same canonicalization and limit share one.
 * Source:   RFC 6376 3.4.5 and 3.7.
 * Limit:    at most so many canonical bytes are hashed. A signer takes that as it comes; a
 *           verifier also asks whether body_hash_size() reached what l= claims.
 * Errors:   -ENOMEM, and BODY_CANON_E_BARE_CR (body_canon.h).
 * Owns:     its SHA-256. The object must stay where it is between start and finish.
 * Threads:  one thread per object.
 */
#ifndef SIGNER_DKIM_BODY_HASH_H
#define SIGNER_DKIM_BODY_HASH_H

#include "signer/dkim/body_canon.h"
#include "signer/dkim/sha256.h"

#define BODY_HASH_NO_LIMIT UINT64_MAX

/* Private. */
struct body_hash {
	struct body_canon canon;
	struct sha256 sha256;
	uint64_t size;
	uint64_t limit;
};

MUST_CHECK int body_hash_init(struct body_hash *hash);

/* Takes a struct of zeros, too. */
void body_hash_deinit(struct body_hash *hash);

void body_hash_start(struct body_hash *hash, enum canonicalization canonicalization, bool fix_crlf,
		     uint64_t limit);
MUST_CHECK int body_hash_push(struct body_hash *hash, struct bytes input);
MUST_CHECK int body_hash_finish(struct body_hash *hash, uint8_t digest_out[SHA256_SIZE]);

/* Canonical bytes of the whole body, also those behind the limit. Valid when finished. */
static inline uint64_t body_hash_size(const struct body_hash *hash)
{
	return hash->size;
}

/* Canonical bytes that were hashed; what a signer writes into l=. Valid when finished. */
static inline uint64_t body_hash_hashed_size(const struct body_hash *hash)
{
	return hash->size < hash->limit ? hash->size : hash->limit;
}

#endif
