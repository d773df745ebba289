/*
 * digest - what a hash is compared with in tests: the SHA-256 of bytes that the test has as a whole.
 */
#ifndef TESTS_UNIT_DIGEST_H
#define TESTS_UNIT_DIGEST_H

#include "signer/dkim/sha256.h"
#include "tests/unit/unit_test.h"

static inline void digest_of(struct bytes input, uint8_t digest_out[SHA256_SIZE])
{
	struct sha256 sha256;

	assert_int_equal(sha256_init(&sha256), 0);
	sha256_start(&sha256);
	sha256_update(&sha256, input);
	assert_int_equal(sha256_finish(&sha256, digest_out), 0);
	sha256_deinit(&sha256);
}

#endif
