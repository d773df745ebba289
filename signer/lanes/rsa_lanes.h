/*
 * rsa_lanes - up to eight RSA signatures at once.
 *
 * Is:       RSASSA-PKCS1-v1_5 over SHA-256 digests, for any eight keys of one size, in the lanes of
 *           vectors. One algorithm (lane_math.h, lane_rsa.h) with two back-ends: AVX-512 IFMA
 *           instructions, and C for any CPU, which is slow and there to be looked at by tools.
 * Is not:   a choice of when lanes pay (signer/keys/sign_engine_lanes.c), or random blinding: nothing
 *           that is done depends on a secret, so there is nothing to blind.
 * Source:   RFC 8017 5.2.1 (RSASP1, second form), 8.2.1, 9.2 (EMSA-PKCS1-v1_5).
 * Errors:   a signature that its own public key does not verify is not handed out; the caller must
 *           make another, not by the CRT or not here: CPU or memory failed.
 * Owns:     nothing. A workspace is memory of workspace_size, aligned to 64 bytes, and secret; the
 *           owner wipes it.
 * Threads:  one workspace is for one thread at a time; keys may be shared.
 */
#ifndef SIGNER_LANES_RSA_LANES_H
#define SIGNER_LANES_RSA_LANES_H

#include "common/compiler.h"
#include "signer/lanes/rsa_lane_key.h"

#define RSA_LANES	      8
#define RSA_LANES_DIGEST_SIZE 32

struct rsa_lanes_workspace;

struct rsa_lane_job {
	const struct rsa_lane_key *key;
	const uint8_t *digest; /* RSA_LANES_DIGEST_SIZE bytes */
	uint8_t *signature;    /* key->bits / 8 bytes; zeros if it failed */
	bool has_failed;       /* set */
};

struct rsa_lanes {
	const char *name; /* "ifma", "portable" */
	size_t workspace_size;

	/* Completes a key after rsa_lane_key_set(). */
	void (*prepare)(struct rsa_lanes_workspace *workspace, struct rsa_lane_key *key);

	/* Signs 1 to RSA_LANES digests with keys of one size. Takes as long for one as for eight. */
	void (*sign)(struct rsa_lanes_workspace *workspace, struct rsa_lane_job *jobs,
		     unsigned count);
};

extern const struct rsa_lanes rsa_lanes_portable;

/* The fast one; NULL where the CPU, the system or the build does not have it. */
const struct rsa_lanes *rsa_lanes_fast(void);

#endif
