/*
 * How it works: the hash is the sink of the canonicalization, and stops listening at the limit. The
 * rest is still canonicalized, because its size and its errors are wanted.
 */
#include "signer/dkim/body_hash.h"

static int hash_canonical(void *context, struct bytes canonical)
{
	struct body_hash *hash = context;
	uint64_t rest = hash->size < hash->limit ? hash->limit - hash->size : 0;

	hash->size += canonical.size;
	if (canonical.size > rest)
		canonical.size = (size_t)rest;
	sha256_update(&hash->sha256, canonical);
	return 0;
}

int body_hash_init(struct body_hash *hash)
{
	return sha256_init(&hash->sha256);
}

void body_hash_deinit(struct body_hash *hash)
{
	sha256_deinit(&hash->sha256);
}

void body_hash_start(struct body_hash *hash, enum canonicalization canonicalization, bool fix_crlf,
		     uint64_t limit)
{
	hash->size = 0;
	hash->limit = limit;
	sha256_start(&hash->sha256);
	body_canon_start(&hash->canon, canonicalization, fix_crlf, hash_canonical, hash);
}

int body_hash_push(struct body_hash *hash, struct bytes input)
{
	return body_canon_push(&hash->canon, input);
}

int body_hash_finish(struct body_hash *hash, uint8_t digest_out[SHA256_SIZE])
{
	int r = body_canon_finish(&hash->canon);

	return r != 0 ? r : sha256_finish(&hash->sha256, digest_out);
}
