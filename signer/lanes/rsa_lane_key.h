/*
 * rsa_lane_key - the numbers of an RSA key, in the form that the lanes take.
 *
 * Is:       digits, the windows of the exponents, and what Montgomery arithmetic needs of each
 *           modulus, so that a signature begins at once. Keys of one size fill lanes together.
 * Is not:   for every key: 1024, 2048, 3072 or 4096 bits, two primes of half that size each, the first
 *           larger, and the public exponent 65537. OpenSSL and most other generators make such keys (some do
 *           not order the primes); others are OpenSSL's to sign with.
 * Source:   RFC 8017 3.2 (the second form of a private key, with the CRT).
 * Units:    bytes are big-endian numbers (RFC 8017 4.1). Those that are secret are padded to half the size
 *           of the modulus; a prime that needs no padding has the right length.
 * Owns:     nothing. It is memory of rsa_lane_key_size(), secret, aligned for uint64_t; the owner wipes it.
 * Threads:  immutable once rsa_lanes.h has prepared it.
 */
#ifndef SIGNER_LANES_RSA_LANE_KEY_H
#define SIGNER_LANES_RSA_LANE_KEY_H

#include "common/bytes.h"
#include "common/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define RSA_LANE_BITS_MAX 4096
#define RSA_LANE_EXPONENT 65537

/* Five would save a fifth of the products by windows, but their table does not stay in a CPU's first cache. */
#define RSA_LANE_WINDOW_BITS 4

/* Of an exponent of a key of so many bits. */
#define RSA_LANE_WINDOW_COUNT(bits) ((bits) / 2 / RSA_LANE_WINDOW_BITS)

/* RFC 8017 3.2: n, e, p, q, dP, dQ, qInv. */
struct rsa_numbers {
	struct bytes modulus;
	struct bytes public_exponent;
	struct bytes prime1;
	struct bytes prime2;
	struct bytes exponent1;
	struct bytes exponent2;
	struct bytes coefficient;
};

enum rsa_lane_number {
	RSA_LANE_PRIMES,      /* 2 n digits: p, then q */
	RSA_LANE_PRIMES_RR,   /* 2 n: R^2 mod p and mod q */
	RSA_LANE_COEFFICIENT, /* n: q^-1 R mod p */
	RSA_LANE_MODULUS,     /* 2 n */
	RSA_LANE_MODULUS_RR,  /* 2 n */
	RSA_LANE_NUMBER_COUNT,
};

struct rsa_lane_key {
	unsigned bits;	       /* of the modulus */
	unsigned digits;       /* of a prime: n */
	unsigned window_count; /* of an exponent */
	uint64_t data[];       /* the numbers, and then, as bytes, the windows of both exponents */
};

/* Whether the lanes take keys whose modulus has so many bits. */
bool rsa_lane_key_has_bits(size_t bits);

/* Whether the lanes can sign with such a key. */
bool rsa_lane_key_is_fit(const struct rsa_numbers *numbers);

/* Bytes of a key whose modulus has so many bits. */
size_t rsa_lane_key_size(unsigned bits);

/* For numbers that are fit. What ends in RR, and the R of the coefficient, come by rsa_lanes_prepare(). */
void rsa_lane_key_set(struct rsa_lane_key *key, const struct rsa_numbers *numbers);

uint64_t *rsa_lane_key_number(struct rsa_lane_key *key, enum rsa_lane_number number);
const uint64_t *rsa_lane_key_digits(const struct rsa_lane_key *key, enum rsa_lane_number number);

/* Windows of RSA_LANE_WINDOW_BITS bits, lowest first; of the first exponent, and then of the second. */
const uint8_t *rsa_lane_key_windows(const struct rsa_lane_key *key);

#endif
