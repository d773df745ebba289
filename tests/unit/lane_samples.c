#include "tests/unit/lane_samples.h"

#include "signer/keys/evp_signer.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/rsa_pool.h"
#include "tests/unit/unit_test.h"

void lane_sample_init(struct lane_sample *sample, EVP_PKEY *evp)
{
	struct buffer text = sample_text(evp, PKCS8_DER);
	struct key_problem problem;

	sample->evp = evp;
	assert_int_equal(key_new("NAME", buffer_bytes(&text), 0, &sample->key, &problem), 0);
	buffer_deinit(&text);
}

void lane_sample_deinit(struct lane_sample *sample)
{
	key_unref(sample->key);
	EVP_PKEY_free(sample->evp);
}

void lane_sample_init_rsa(struct lane_sample *sample, unsigned bits, unsigned index)
{
	struct rsa_pool_key *made = rsa_pool_key_new(bits, index);

	assert_int_equal(EVP_PKEY_up_ref(made->evp), 1);
	lane_sample_init(sample, made->evp);
	rsa_pool_key_free(made);
}

void lane_sample_init_unfit(struct lane_sample *sample)
{
	lane_sample_init(sample, sample_rsa_with(1024, 3, 2));
}

size_t lane_sample_sign(const struct lane_sample *sample, const uint8_t digest[DIGEST_SIZE],
			uint8_t signature[SIGNATURE_SIZE_MAX])
{
	struct evp_signer signer;
	size_t size;

	assert_int_equal(evp_signer_init(&signer, key_type(sample->key), sample->evp), 0);
	assert_int_equal(evp_signer_sign(&signer, digest, signature, &size), 0);
	evp_signer_deinit(&signer);
	return size;
}

void lane_sample_assert_signed(const struct lane_sample *sample, const struct sign_job *job)
{
	uint8_t want[SIGNATURE_SIZE_MAX];

	assert_int_equal(job->error, 0);
	assert_int_equal(job->signature_size, lane_sample_sign(sample, job->digest, want));
	assert_memory_equal(job->signature, want, job->signature_size);
}

void lane_sample_set_init(struct lane_sample_set *set)
{
	for (unsigned size = 0; size < LANE_SAMPLE_SIZES; size++) {
		for (unsigned i = 0; i < LANE_SAMPLE_KEYS; i++)
			lane_sample_init_rsa(&set->rsa[size][i], 1024 * (size + 1), i);
	}
	lane_sample_init_unfit(&set->unfit);
	lane_sample_init(&set->other, sample_rsa(1032));
	lane_sample_init(&set->ed25519, sample_ed25519());
}

void lane_sample_set_deinit(struct lane_sample_set *set)
{
	for (unsigned i = 0; i < LANE_SAMPLE_SIZES * LANE_SAMPLE_KEYS; i++)
		lane_sample_deinit(&set->rsa[i / LANE_SAMPLE_KEYS][i % LANE_SAMPLE_KEYS]);
	lane_sample_deinit(&set->unfit);
	lane_sample_deinit(&set->other);
	lane_sample_deinit(&set->ed25519);
}

struct rsa_lanes_workspace *lane_workspace_new(const struct rsa_lanes *lanes)
{
	struct rsa_lanes_workspace *workspace = aligned_alloc(64, (lanes->workspace_size + 63) /
									  64 * 64);

	assert_non_null(workspace);
	return workspace;
}
