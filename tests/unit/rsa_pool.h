/*
 * rsa_pool - many RSA keys of every size from a few primes, which were made once (tests/vectors).
 *
 * Is:       RSA_POOL_KEYS keys of 1024, 2048, 3072 and 4096 bits: each two primes of the pool of that size.
 * Errors:   a failing step fails the test.
 */
#ifndef TESTS_UNIT_RSA_POOL_H
#define TESTS_UNIT_RSA_POOL_H

#include "signer/lanes/rsa_lane_key.h"

#include <openssl/evp.h>
#include <stdbool.h>

#define RSA_POOL_PRIMES 6
#define RSA_POOL_KEYS	15 /* of one size */

struct rsa_pool_key {
	EVP_PKEY *evp;
	struct rsa_numbers numbers;
	uint8_t bytes[9 * RSA_LANE_BITS_MAX / 16]; /* where the numbers are */
};

/* Key `index` of that size; free it with rsa_pool_key_free(). */
struct rsa_pool_key *rsa_pool_key_new(unsigned bits, unsigned index);
void rsa_pool_key_free(struct rsa_pool_key *key);

/* The signature of a SHA-256 digest, by OpenSSL. Returns its size. */
size_t rsa_pool_sign(const struct rsa_pool_key *key, const uint8_t *digest, uint8_t *signature);

/* Whether OpenSSL verifies it, of the size of the modulus. */
bool rsa_pool_verifies(const struct rsa_pool_key *key, const uint8_t *digest,
		       const uint8_t *signature);

#endif
