/*
 * rsa_keys - a few new RSA keys of one size, for OpenSSL and for the lanes.
 *
 * Is:       keys as OpenSSL makes them, and the same keys in lane form, side by side in memory.
 * Units:    bits of the modulus: those of rsa_lane_key_has_bits().
 * Errors:   with a text; -ENOMEM, BENCH_E_FAILED.
 * Owns:     the keys. A struct of zeros has none, and deinit takes it.
 * Threads:  one that makes them, any number that read.
 */
#ifndef BENCH_RSA_KEYS_H
#define BENCH_RSA_KEYS_H

#include "bench/failure.h"
#include "signer/keys/key.h"
#include "signer/keys/secret_memory.h"
#include "signer/lanes/rsa_lanes.h"

#include <openssl/evp.h>

#define RSA_KEYS_MAX 17

struct rsa_keys {
	unsigned bits;
	unsigned count;
	EVP_PKEY *evps[RSA_KEYS_MAX];
	/* private */
	struct secret_memory lane_forms;
};

/* `lanes` NULL: for OpenSSL only. Deinit it in any case. */
MUST_CHECK int rsa_keys_init(struct rsa_keys *keys, unsigned bits, unsigned count,
			     const struct rsa_lanes *lanes, struct failure *failure);
void rsa_keys_deinit(struct rsa_keys *keys);

const struct rsa_lane_key *rsa_keys_lane_form(const struct rsa_keys *keys, unsigned index);

/* The lane form of a key, made anew in `form_out`. */
MUST_CHECK int rsa_keys_make_form(const struct rsa_keys *keys, unsigned index,
				  const struct rsa_lanes *lanes,
				  const struct secret_memory *workspace,
				  struct rsa_lane_key *form_out, struct failure *failure);

/* One of them as the signature service takes it; key_unref() it. */
MUST_CHECK int rsa_keys_open(const struct rsa_keys *keys, unsigned index, struct key **key_out,
			     struct failure *failure);

#endif
