/*
 * evp_lane_key - the numbers of an OpenSSL key, in the form that the lanes take.
 *
 * Is:       the way from an EVP_PKEY to a struct rsa_lane_key (signer/lanes/rsa_lane_key.h).
 * Errors:   EVP_LANE_KEY_E_UNFIT: only OpenSSL can sign with it; -ENOMEM.
 * Owns:     nothing, and leaves no copy of a secret number behind, on the stack or elsewhere.
 * Threads:  any number; the EVP_PKEY is only read.
 */
#ifndef SIGNER_KEYS_EVP_LANE_KEY_H
#define SIGNER_KEYS_EVP_LANE_KEY_H

#include "common/compiler.h"
#include "signer/lanes/rsa_lane_key.h"

#include <openssl/evp.h>

enum {
	EVP_LANE_KEY_E_UNFIT = 1,
};

/* Whether the lanes can take that key. */
MUST_CHECK int evp_lane_key_check(EVP_PKEY *evp);

/* `key` has rsa_lane_key_size() bytes for the modulus of `evp`. Complete it with rsa_lanes.prepare(). */
MUST_CHECK int evp_lane_key_set(struct rsa_lane_key *key, EVP_PKEY *evp);

#endif
