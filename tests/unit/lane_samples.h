/*
 * lane_samples - keys as the signature service takes them, beside the OpenSSL keys that they were made of.
 *
 * Errors:   a failing step fails the test.
 */
#ifndef TESTS_UNIT_LANE_SAMPLES_H
#define TESTS_UNIT_LANE_SAMPLES_H

#include "signer/keys/sign_job.h"
#include "signer/lanes/rsa_lanes.h"

#include <openssl/evp.h>

struct lane_sample {
	EVP_PKEY *evp;
	struct key *key;
};

/* Takes over the OpenSSL key. */
void lane_sample_init(struct lane_sample *sample, EVP_PKEY *evp);
void lane_sample_deinit(struct lane_sample *sample);

/* Key `index` of the pool (rsa_pool.h) of that size: one that the lanes take. */
void lane_sample_init_rsa(struct lane_sample *sample, unsigned bits, unsigned index);

/* One that they do not take, of 1024 bits. */
void lane_sample_init_unfit(struct lane_sample *sample);

/* OpenSSL's own signature; returns its size. What is signed here is always the same for the same digest. */
size_t lane_sample_sign(const struct lane_sample *sample, const uint8_t digest[DIGEST_SIZE],
			uint8_t signature[SIGNATURE_SIZE_MAX]);

/* The job was done, and the signature is OpenSSL's. */
void lane_sample_assert_signed(const struct lane_sample *sample, const struct sign_job *job);

#define LANE_SAMPLE_SIZES 4 /* of keys that lanes take: 1024 to 4096 bits */
#define LANE_SAMPLE_KEYS  5 /* of each */

struct lane_sample_set {
	struct lane_sample rsa[LANE_SAMPLE_SIZES][LANE_SAMPLE_KEYS];
	struct lane_sample unfit;
	struct lane_sample other; /* RSA, of a size that lanes do not have */
	struct lane_sample ed25519;
};

void lane_sample_set_init(struct lane_sample_set *set);
void lane_sample_set_deinit(struct lane_sample_set *set);

/* Free it with free(). */
struct rsa_lanes_workspace *lane_workspace_new(const struct rsa_lanes *lanes);

#endif
