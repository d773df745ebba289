/*
 * sha256 - SHA-256, one digest after another on one object.
 *
 * Use:      sha256_init(); then for each digest sha256_start(), sha256_update()..., and
 *           sha256_finish(), which is the one that says whether all of it went well.
 * Source:   FIPS 180-4; RFC 6376 3.3.2 makes it the hash of DKIM.
 * Errors:   -ENOMEM. An error in start or update is kept and reported by finish, so that the
 *           callers in between need no error path.
 * Memory:   what is large is kept between digests; OpenSSL 3.0 takes about a hundred bytes at each
 *           start, which costs less than hashing one block.
 * Owns:     the OpenSSL objects. The struct is shown to be embedded; its members are private.
 * Threads:  one thread per object.
 */
#ifndef SIGNER_DKIM_SHA256_H
#define SIGNER_DKIM_SHA256_H

#include "common/bytes.h"
#include "common/compiler.h"

#define SHA256_SIZE 32

struct evp_md_st;
struct evp_md_ctx_st;

struct sha256 {
	struct evp_md_st *method;
	struct evp_md_ctx_st *context;
	bool failed;
};

MUST_CHECK int sha256_init(struct sha256 *sha256);

/* Takes a struct of zeros, too. */
void sha256_deinit(struct sha256 *sha256);

void sha256_start(struct sha256 *sha256);
void sha256_update(struct sha256 *sha256, struct bytes input);

/* The digest is written on success only. Another digest begins with sha256_start(). */
MUST_CHECK int sha256_finish(struct sha256 *sha256, uint8_t digest_out[SHA256_SIZE]);

#endif
