/*
 * rsa_batch - what one thread signs at a time: one digest with OpenSSL, or up to eight in lanes.
 *
 * Is:       fresh digests each time, and the keys in turn, so that a batch has several of them.
 * Is not:   hashing, or the way through the signature service.
 * Units:    signatures.
 * Errors:   with a text; -ENOMEM, BENCH_E_FAILED when a signature is not made.
 * Owns:     its contexts of OpenSSL. Lanes, keys and the workspace are borrowed.
 * Threads:  one at a time. OpenSSL signs with copies of the keys, so that threads share nothing.
 */
#ifndef BENCH_RSA_BATCH_H
#define BENCH_RSA_BATCH_H

#include "bench/rsa_keys.h"
#include "signer/keys/evp_signer.h"

struct rsa_batch {
	const struct rsa_lanes *lanes; /* NULL: OpenSSL */
	const struct rsa_keys *keys;
	struct rsa_lanes_workspace *workspace;
	unsigned filled; /* signatures at a time */

	/* private */
	uint64_t random;
	unsigned next_key;
	EVP_PKEY *copies[RSA_KEYS_MAX];
	struct evp_signer signers[RSA_KEYS_MAX];
	struct rsa_lane_job jobs[RSA_LANES];
	unsigned key_of[RSA_LANES];
	uint8_t digests[RSA_LANES][RSA_LANES_DIGEST_SIZE];
	uint8_t signatures[RSA_LANES][SIGNATURE_SIZE_MAX];
};

/* With OpenSSL `lanes` and `workspace` are NULL, and `filled` is 1. Deinit it in any case. */
MUST_CHECK int rsa_batch_init(struct rsa_batch *batch, const struct rsa_lanes *lanes,
			      struct rsa_lanes_workspace *workspace, const struct rsa_keys *keys,
			      unsigned filled, uint64_t seed, struct failure *failure);
void rsa_batch_deinit(struct rsa_batch *batch);

MUST_CHECK int rsa_batch_sign(struct rsa_batch *batch, struct failure *failure);

/* Signs, and holds each signature against the one that OpenSSL makes with the key itself. */
MUST_CHECK int rsa_batch_check(struct rsa_batch *batch, struct failure *failure);

#endif
