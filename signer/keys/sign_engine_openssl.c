/*
 * How it works: a worker keeps prepared signers (evp_signer.h) of the keys that it used last, in a
 * table of small sets, which the address of the key leads to. In a set the last used is first, and the
 * last makes room. A slot holds a reference to its key, so the address cannot become another
 * key's; that keeps at most SET_COUNT * SET_SIZE keys per worker alive after the key store has let go
 * of them.
 *
 * OpenSSL blinds RSA with a random factor that belongs to the key. The first thread has its own,
 * all others share one under a lock, and while it is renewed (every 32 signatures, as long as a
 * signature) they wait. So a key that a worker goes on using is copied for that worker. A copy
 * pays only then, because it makes a factor of its own for the first signature.
 */
#include "signer/keys/evp_signer.h"
#include "signer/keys/sign_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SET_COUNT	64
#define SET_SIZE	4
#define USES_UNTIL_COPY 32

struct engine_slot {
	struct key *key; /* NULL: empty */
	struct evp_signer signer;
	unsigned uses; /* counts up to USES_UNTIL_COPY */
};

struct engine_worker {
	struct engine_slot sets[SET_COUNT][SET_SIZE];
};

static int engine_worker_new(const struct sign_engine *engine, void **worker_out)
{
	struct engine_worker *worker = calloc(1, sizeof(*worker));

	(void)engine;
	if (worker == NULL)
		return -ENOMEM;
	*worker_out = worker;
	return 0;
}

static void slot_clear(struct engine_slot *slot)
{
	if (slot->key == NULL)
		return;
	evp_signer_deinit(&slot->signer);
	key_let_go(slot->key);
	*slot = (struct engine_slot){0};
}

static void engine_worker_free(void *state)
{
	struct engine_worker *worker = state;

	for (size_t i = 0; i < SET_COUNT * SET_SIZE; i++)
		slot_clear(&worker->sets[i / SET_SIZE][i % SET_SIZE]);
	free(worker);
}

/* The slot of that key, or the one that is to become it. */
static struct engine_slot *slot_for(struct engine_worker *worker, const struct key *key)
{
	uint64_t mixed = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15;
	struct engine_slot *set = worker->sets[mixed >> 32 & (SET_COUNT - 1)];
	struct engine_slot first;
	size_t at = 0;

	while (at < SET_SIZE - 1 && set[at].key != key)
		at++;
	first = set[at];
	memmove(set + 1, set, at * sizeof(set[0]));
	set[0] = first;
	return set;
}

static int slot_set(struct engine_slot *slot, struct key *key)
{
	int r;

	slot_clear(slot);
	r = evp_signer_init(&slot->signer, key_type(key), key_evp(key));
	if (r == 0)
		slot->key = key_keep(key);
	return r;
}

/* Gives the worker its own copy of the key; without memory for one, the shared one serves. */
static void slot_copy_key(struct engine_slot *slot)
{
	EVP_PKEY *copy = EVP_PKEY_dup(key_evp(slot->key));
	struct evp_signer signer;

	if (copy != NULL && evp_signer_init(&signer, key_type(slot->key), copy) == 0) {
		evp_signer_deinit(&slot->signer);
		slot->signer = signer;
	}
	EVP_PKEY_free(copy);
}

static int engine_sign_one(struct engine_worker *worker, struct sign_job *job)
{
	struct engine_slot *slot = slot_for(worker, job->key);
	bool is_fresh = slot->key != job->key;
	int r = is_fresh ? slot_set(slot, job->key) : 0;

	if (r != 0)
		return r;
	if (slot->uses < USES_UNTIL_COPY && ++slot->uses == USES_UNTIL_COPY &&
	    key_type(job->key) == KEY_RSA)
		slot_copy_key(slot);
	r = evp_signer_sign(&slot->signer, job->digest, job->signature, &job->signature_size);
	if (r != 0 && !is_fresh) {
		/* Once more, from the start: the old contexts may be what failed. */
		r = slot_set(slot, job->key);
		if (r == 0)
			r = evp_signer_sign(&slot->signer, job->digest, job->signature,
					    &job->signature_size);
	}
	if (r != 0)
		slot_clear(slot);
	return r;
}

static void engine_sign(void *state, struct sign_job *const *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = engine_sign_one(state, jobs[i]);

		jobs[i]->error = r > 0 ? SIGN_JOB_E_FAILED : r;
	}
}

const struct sign_engine sign_engine_openssl = {
	.worker_new = engine_worker_new,
	.worker_free = engine_worker_free,
	.sign = engine_sign,
};
