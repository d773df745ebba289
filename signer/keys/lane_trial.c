/*
 * How it works: both sign a few times in turn, and the best time of each counts: what disturbs one only makes it
 * longer. The first round also brings code and keys into the caches. Where lanes seem to pay never, or for
 * eight only, they may have been disturbed in each round, which is likely where there is much to do: it is done
 * once more.
 */
#include "signer/keys/lane_trial.h"

#include "common/clock.h"
#include "signer/keys/evp_lane_key.h"
#include "signer/keys/evp_signer.h"
#include "signer/keys/key.h"
#include "signer/keys/lane_trial_keys.h"
#include "signer/keys/secret_memory.h"

#include <errno.h>

#define ROUNDS	   3
#define ROUNDS_MAX (2 * ROUNDS)

/* What one trial works with. */
struct trial {
	const struct rsa_lanes *lanes;
	struct rsa_lanes_workspace *workspace;
	struct key *key;
	struct evp_signer signer;
	struct secret_memory memory; /* holds lane_key */
	struct rsa_lane_key *lane_key;
};

static const uint8_t digest[DIGEST_SIZE] = {1};

static int trial_init(struct trial *trial, unsigned bits)
{
	struct key_problem problem;
	int r = key_new("trial", bytes_of_string(lane_trial_keys[bits / 1024 - 1]), RSA_BITS_MIN,
			&trial->key, &problem);

	if (r == 0)
		r = evp_signer_init(&trial->signer, KEY_RSA, key_evp(trial->key));
	if (r == 0)
		r = secret_memory_init(&trial->memory, rsa_lane_key_size(bits));
	if (r != 0)
		return r;
	trial->lane_key = (struct rsa_lane_key *)(void *)trial->memory.data;
	r = evp_lane_key_set(trial->lane_key, key_evp(trial->key));
	if (r == 0)
		trial->lanes->prepare(trial->workspace, trial->lane_key);
	return r;
}

static void trial_deinit(struct trial *trial)
{
	secret_memory_deinit(&trial->memory);
	evp_signer_deinit(&trial->signer);
	key_unref(trial->key);
}

static int64_t time_lanes(struct trial *trial)
{
	uint8_t signatures[RSA_LANES][SIGNATURE_SIZE_MAX] = {{0}};
	struct rsa_lane_job jobs[RSA_LANES];
	int64_t start_ns = clock_monotonic_ns();

	for (unsigned i = 0; i < RSA_LANES; i++)
		jobs[i] = (struct rsa_lane_job){trial->lane_key, digest, signatures[i], false};
	trial->lanes->sign(trial->workspace, jobs, RSA_LANES);
	return clock_monotonic_ns() - start_ns;
}

static int time_openssl(struct trial *trial, int64_t *ns_out)
{
	uint8_t signature[SIGNATURE_SIZE_MAX];
	int64_t start_ns = clock_monotonic_ns();
	size_t size;
	int r = evp_signer_sign(&trial->signer, digest, signature, &size);

	*ns_out = clock_monotonic_ns() - start_ns;
	return r;
}

static unsigned group_min_of(int64_t lanes_ns, int64_t openssl_ns)
{
	for (unsigned count = 2; count <= RSA_LANES; count++) {
		if (count * openssl_ns > lanes_ns)
			return count;
	}
	return 0;
}

static bool is_doubtful(unsigned group_min)
{
	return group_min == 0 || group_min == RSA_LANES;
}

static int measure(struct trial *trial, unsigned *group_min_out)
{
	int64_t lanes_ns = INT64_MAX;
	int64_t openssl_ns = INT64_MAX;

	unsigned group_min = 0;

	for (unsigned round = 0; round < ROUNDS || (round < ROUNDS_MAX && is_doubtful(group_min));
	     round++) {
		int64_t ns = time_lanes(trial);
		int r;

		lanes_ns = ns < lanes_ns ? ns : lanes_ns;
		r = time_openssl(trial, &ns);
		if (r != 0)
			return r;
		openssl_ns = ns < openssl_ns ? ns : openssl_ns;
		group_min = group_min_of(lanes_ns, openssl_ns);
	}
	*group_min_out = group_min;
	return 0;
}

int lane_trial(const struct rsa_lanes *lanes, struct rsa_lanes_workspace *workspace, unsigned bits,
	       unsigned *group_min_out)
{
	struct trial trial = {.lanes = lanes, .workspace = workspace};
	int r = trial_init(&trial, bits);

	if (r == 0)
		r = measure(&trial, group_min_out);
	trial_deinit(&trial);
	/* The keys are good, so what is positive is OpenSSL without memory. */
	return r == 0 ? 0 : -ENOMEM;
}
