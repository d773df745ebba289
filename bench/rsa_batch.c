#include "bench/rsa_batch.h"

#include "bench/random_numbers.h"

#include <assert.h>
#include <errno.h>

static const char *engine_of(const struct rsa_batch *batch)
{
	return batch->lanes == NULL ? "OpenSSL" : batch->lanes->name;
}

static int init_signers(struct rsa_batch *batch)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < batch->keys->count; i++) {
		batch->copies[i] = EVP_PKEY_dup(batch->keys->evps[i]);
		r = batch->copies[i] == NULL
			    ? -ENOMEM
			    : evp_signer_init(&batch->signers[i], KEY_RSA, batch->copies[i]);
	}
	return r;
}

int rsa_batch_init(struct rsa_batch *batch, const struct rsa_lanes *lanes,
		   struct rsa_lanes_workspace *workspace, const struct rsa_keys *keys,
		   unsigned filled, uint64_t seed, struct failure *failure)
{
	int r;

	assert(filled >= 1 && filled <= (lanes == NULL ? 1 : RSA_LANES));
	*batch = (struct rsa_batch){
		.lanes = lanes,
		.keys = keys,
		.workspace = workspace,
		.filled = filled,
		.random = seed,
	};
	if (lanes != NULL)
		return 0;
	r = init_signers(batch);
	return r == 0 ? 0 : failure_set(failure, r, "OpenSSL does not take a key");
}

void rsa_batch_deinit(struct rsa_batch *batch)
{
	for (unsigned i = 0; i < RSA_KEYS_MAX; i++) {
		evp_signer_deinit(&batch->signers[i]);
		EVP_PKEY_free(batch->copies[i]);
		batch->copies[i] = NULL;
	}
}

static void draw(struct rsa_batch *batch)
{
	random_fill(&batch->random, batch->digests[0], batch->filled * sizeof(batch->digests[0]));
	for (unsigned i = 0; i < batch->filled; i++) {
		batch->key_of[i] = batch->next_key;
		batch->next_key = (batch->next_key + 1) % batch->keys->count;
	}
}

static bool sign_in_lanes(struct rsa_batch *batch)
{
	for (unsigned i = 0; i < batch->filled; i++)
		batch->jobs[i] = (struct rsa_lane_job){
			.key = rsa_keys_lane_form(batch->keys, batch->key_of[i]),
			.digest = batch->digests[i],
			.signature = batch->signatures[i],
		};
	batch->lanes->sign(batch->workspace, batch->jobs, batch->filled);
	for (unsigned i = 0; i < batch->filled; i++) {
		if (batch->jobs[i].has_failed)
			return false;
	}
	return true;
}

int rsa_batch_sign(struct rsa_batch *batch, struct failure *failure)
{
	size_t size;
	bool is_signed;

	draw(batch);
	if (batch->lanes != NULL)
		is_signed = sign_in_lanes(batch);
	else
		is_signed = evp_signer_sign(&batch->signers[batch->key_of[0]], batch->digests[0],
					    batch->signatures[0], &size) == 0;
	if (is_signed)
		return 0;
	return failure_set(failure, BENCH_E_FAILED, "%s, RSA-%u: a signature was not made",
			   engine_of(batch), batch->keys->bits);
}

static int check_signature(const struct rsa_batch *batch, unsigned i, struct failure *failure)
{
	uint8_t signature[SIGNATURE_SIZE_MAX];
	struct evp_signer signer = {NULL};
	size_t size = 0;
	int r = evp_signer_init(&signer, KEY_RSA, batch->keys->evps[batch->key_of[i]]);

	if (r == 0)
		r = evp_signer_sign(&signer, batch->digests[i], signature, &size);
	evp_signer_deinit(&signer);
	if (r != 0)
		return failure_set(failure, BENCH_E_FAILED, "OpenSSL, RSA-%u: does not sign",
				   batch->keys->bits);
	if (size == batch->keys->bits / 8 && memcmp(signature, batch->signatures[i], size) == 0)
		return 0;
	return failure_set(failure, BENCH_E_FAILED,
			   "%s, RSA-%u, lane %u of %u: another signature than OpenSSL's",
			   engine_of(batch), batch->keys->bits, i + 1, batch->filled);
}

int rsa_batch_check(struct rsa_batch *batch, struct failure *failure)
{
	int r = rsa_batch_sign(batch, failure);

	for (unsigned i = 0; r == 0 && i < batch->filled; i++)
		r = check_signature(batch, i, failure);
	return r;
}
