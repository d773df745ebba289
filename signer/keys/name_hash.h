/*
 * name_hash - a secret fingerprint of a name, that stands for the name.
 *
 * Is:       SipHash-2-4 with 128 bits of output and a random secret.
 * Is not:   a digest to store or to compare between processes.
 * Source:   Aumasson, Bernstein: "SipHash: a fast short-input PRF" (2012); the 128-bit output is
 *           the one of its reference code.
 * Why:      without the secret nobody can find two names with one fingerprint, or many that meet
 *           in one bucket, although senders have a say in names (a % in a key path is the domain
 *           of From). So a fingerprint is as good as the name, and an inline key need not be kept
 *           a second time to recognize it.
 * Threads:  any; no hidden state.
 */
#ifndef SIGNER_KEYS_NAME_HASH_H
#define SIGNER_KEYS_NAME_HASH_H

#include "common/bytes.h"

struct name_hash_secret {
	uint64_t words[2];
};

struct name_hash {
	uint64_t words[2];
};

struct name_hash name_hash(const struct name_hash_secret *secret, struct bytes name);

static inline bool name_hash_equal(struct name_hash a, struct name_hash b)
{
	return a.words[0] == b.words[0] && a.words[1] == b.words[1];
}

#endif
