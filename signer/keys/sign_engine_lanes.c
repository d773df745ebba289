/*
 * How it works: a worker has a workspace for the lanes, and a whole worker of the OpenSSL engine for the rest:
 * keys that lanes cannot take or that are just being prepared, groups that are too small, and signatures
 * that came out wrong. Until a size was tried, OpenSSL signs it.
 *
 * A size is tried by the worker that first comes to it. If it fails, because there is no memory, that worker does so
 * again, after one second, two, four: TRIALS_MAX times in all.
 */
#include "signer/keys/sign_engine_lanes.h"

#include "common/clock.h"
#include "signer/keys/lane_trial.h"
#include "signer/keys/secret_memory.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define TRIALS_MAX 10
#define RETRY_NS   NS_PER_S

#define SIZES (SIGN_TASK_RSA_4096 - SIGN_TASK_RSA_1024 + 1)

_Static_assert((int)SIGN_GROUP_MAX == RSA_LANES, "a group fills the lanes");

/* What changes while the engine is in use. */
struct lanes_state {
	atomic_bool tried[SIZES]; /* by some worker, or it is about to be */
	atomic_uint group_min[SIZES];
	atomic_bool has_news[SIZES]; /* it was tried, and nobody was told yet */
	atomic_bool has_failed[SIZES];
	atomic_uint_fast64_t signatures;
	atomic_uint_fast64_t faults;
	atomic_uint_fast64_t faults_due; /* so many are to be told of next: 1, 10, 100 */
	atomic_uint unlocked_workers;
	atomic_bool told_unlocked;
};

struct lanes_engine {
	struct sign_engine engine;
	const struct rsa_lanes *lanes;
	struct lane_key_cache *cache;
	struct lanes_state own_state;
	struct lanes_state *state; /* the same: what is const of an engine does not reach it */
};

struct trial_of_size {
	bool is_mine; /* to be made again by this worker */
	unsigned failures;
	int64_t retry_ns;
};

struct lanes_worker {
	const struct lanes_engine *engine;
	void *openssl;
	struct secret_memory workspace;
	struct trial_of_size trials[SIZES];
};

static const struct lanes_engine *engine_of(const struct sign_engine *engine)
{
	return (const struct lanes_engine *)engine;
}

static struct rsa_lanes_workspace *workspace_of(const struct lanes_worker *worker)
{
	return (struct rsa_lanes_workspace *)(void *)worker->workspace.data;
}

/* Among the sizes; SIZES: lanes do not sign jobs of that kind. */
static unsigned size_of(enum sign_task_kind kind)
{
	return sign_task_bits(kind) == 0 ? SIZES : kind - SIGN_TASK_RSA_1024;
}

static enum sign_task_kind kind_of(unsigned size)
{
	return (enum sign_task_kind)(SIGN_TASK_RSA_1024 + size);
}

static unsigned lanes_group_min(const struct sign_engine *engine, enum sign_task_kind kind)
{
	unsigned size = size_of(kind);

	if (size == SIZES)
		return 0;
	return atomic_load_explicit(&engine_of(engine)->state->group_min[size],
				    memory_order_relaxed);
}

static void lanes_worker_free(void *state)
{
	struct lanes_worker *worker = state;

	if (worker->openssl != NULL)
		sign_engine_openssl.worker_free(worker->openssl);
	secret_memory_deinit(&worker->workspace);
	free(worker);
}

static int lanes_worker_new(const struct sign_engine *engine, void **worker_out)
{
	struct lanes_worker *worker = calloc(1, sizeof(*worker));
	int r;

	if (worker == NULL)
		return -ENOMEM;
	worker->engine = engine_of(engine);
	r = sign_engine_openssl.worker_new(&sign_engine_openssl, &worker->openssl);
	if (r == 0)
		r = secret_memory_init(&worker->workspace, worker->engine->lanes->workspace_size);
	if (r != 0) {
		lanes_worker_free(worker);
		return r;
	}
	if (!worker->workspace.locked)
		(void)atomic_fetch_add_explicit(&worker->engine->state->unlocked_workers, 1,
						memory_order_relaxed);
	*worker_out = worker;
	return 0;
}

static int learn_size(const struct lanes_engine *engine, struct rsa_lanes_workspace *workspace,
		      unsigned size)
{
	unsigned group_min;
	int r = lane_trial(engine->lanes, workspace, sign_task_bits(kind_of(size)), &group_min);

	if (r == 0)
		atomic_store_explicit(&engine->state->group_min[size], group_min,
				      memory_order_relaxed);
	return r;
}

/* Returns whether that was the last time. */
static bool try_size(struct lanes_worker *worker, unsigned size)
{
	struct lanes_state *state = worker->engine->state;
	struct trial_of_size *trial = &worker->trials[size];

	if (trial->failures > 0 && clock_monotonic_ns() < trial->retry_ns)
		return false;
	if (learn_size(worker->engine, workspace_of(worker), size) == 0) {
		atomic_store(&state->has_news[size], true);
		return true;
	}
	trial->retry_ns = clock_monotonic_ns() + (RETRY_NS << trial->failures);
	if (++trial->failures < TRIALS_MAX)
		return false;
	atomic_store(&state->has_failed[size], true);
	return true;
}

static bool lanes_learn(void *state, enum sign_task_kind kind)
{
	struct lanes_worker *worker = state;
	unsigned size = size_of(kind);
	struct trial_of_size *trial;

	if (size == SIZES)
		return true;
	trial = &worker->trials[size];
	if (!trial->is_mine && atomic_exchange(&worker->engine->state->tried[size], true))
		return true;
	trial->is_mine = !try_size(worker, size);
	return !trial->is_mine;
}

/* The jobs of one call that have a key in the cache. */
struct lane_batch {
	struct sign_job *jobs[RSA_LANES];
	const struct rsa_lane_key *keys[RSA_LANES];
	struct rsa_lane_job lanes[RSA_LANES];
	unsigned count;
};

static void borrow_keys(struct lanes_worker *worker, struct sign_job *const *jobs, size_t count,
			struct lane_batch *batch)
{
	struct key *keys[RSA_LANES];
	const struct rsa_lane_key *lane_keys[RSA_LANES];

	for (size_t i = 0; i < count; i++)
		keys[i] = jobs[i]->key;
	lane_key_cache_borrow(worker->engine->cache, workspace_of(worker), keys, count, lane_keys);
	batch->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (lane_keys[i] == NULL) {
			sign_engine_openssl.sign(worker->openssl, &jobs[i], 1);
			continue;
		}
		batch->jobs[batch->count] = jobs[i];
		batch->keys[batch->count] = lane_keys[i];
		batch->lanes[batch->count++] = (struct rsa_lane_job){
			.key = lane_keys[i],
			.digest = jobs[i]->digest,
			.signature = jobs[i]->signature,
		};
	}
}

/* A lane was wrong: the CPU, its memory, or the memory of the key. OpenSSL has its own copy of it. */
static void sign_again(struct lanes_worker *worker, struct sign_job *job,
		       const struct rsa_lane_key *key)
{
	lane_key_cache_reject(worker->engine->cache, key);
	(void)atomic_fetch_add_explicit(&worker->engine->state->faults, 1, memory_order_relaxed);
	sign_engine_openssl.sign(worker->openssl, &job, 1);
}

static void sign_in_lanes(struct lanes_worker *worker, struct lane_batch *batch)
{
	unsigned made_count = 0;

	worker->engine->lanes->sign(workspace_of(worker), batch->lanes, batch->count);
	for (unsigned i = 0; i < batch->count; i++) {
		struct sign_job *job = batch->jobs[i];

		if (batch->lanes[i].has_failed) {
			sign_again(worker, job, batch->keys[i]);
			continue;
		}
		job->error = 0;
		job->signature_size = key_signature_size(job->key);
		made_count++;
	}
	(void)atomic_fetch_add_explicit(&worker->engine->state->signatures, made_count,
					memory_order_relaxed);
}

static void lanes_sign(void *state, struct sign_job *const *jobs, size_t count)
{
	struct lanes_worker *worker = state;
	unsigned group_min = lanes_group_min(&worker->engine->engine, jobs[0]->task.kind);
	struct lane_batch batch;

	if (group_min == 0 || count < group_min) {
		sign_engine_openssl.sign(worker->openssl, jobs, count);
		return;
	}
	borrow_keys(worker, jobs, count, &batch);
	if (batch.count >= group_min)
		sign_in_lanes(worker, &batch);
	else
		sign_engine_openssl.sign(worker->openssl, batch.jobs, batch.count);
	lane_key_cache_return(worker->engine->cache, batch.keys, batch.count);
}

int lanes_engine_new(const struct rsa_lanes *lanes, size_t keys_max,
		     struct lanes_engine **engine_out)
{
	struct lanes_engine *engine = calloc(1, sizeof(*engine));
	int r;

	if (engine == NULL)
		return -ENOMEM;
	engine->engine = (struct sign_engine){
		.group_min = lanes_group_min,
		.worker_new = lanes_worker_new,
		.worker_free = lanes_worker_free,
		.learn = lanes_learn,
		.sign = lanes_sign,
	};
	engine->lanes = lanes;
	engine->state = &engine->own_state;
	atomic_init(&engine->state->faults_due, 1);
	r = lane_key_cache_new(lanes, keys_max, &engine->cache);
	if (r != 0) {
		lanes_engine_free(engine);
		return r;
	}
	*engine_out = engine;
	return 0;
}

void lanes_engine_free(struct lanes_engine *engine)
{
	if (engine == NULL)
		return;
	lane_key_cache_free(engine->cache);
	free(engine);
}

void lanes_engine_lock_keys(struct lanes_engine *engine)
{
	lane_key_cache_lock(engine->cache);
}

const struct sign_engine *lanes_engine_as_engine(const struct lanes_engine *engine)
{
	return &engine->engine;
}

int lanes_engine_learn(const struct lanes_engine *engine)
{
	struct secret_memory workspace = {0};
	int r = secret_memory_init(&workspace, engine->lanes->workspace_size);

	for (unsigned size = 0; r == 0 && size < SIZES; size++)
		r = learn_size(engine, (struct rsa_lanes_workspace *)(void *)workspace.data, size);
	secret_memory_deinit(&workspace);
	return r;
}

void lanes_engine_sweep(struct lanes_engine *engine)
{
	lane_key_cache_sweep(engine->cache);
}

uint64_t lanes_engine_signatures(const struct lanes_engine *engine)
{
	return atomic_load_explicit(&engine->state->signatures, memory_order_relaxed);
}

uint64_t lanes_engine_faults(const struct lanes_engine *engine)
{
	return atomic_load_explicit(&engine->state->faults, memory_order_relaxed);
}

void lanes_engine_describe(const struct lanes_engine *engine, enum sign_task_kind kind,
			   char text_out[LANES_ENGINE_NOTICE_SIZE])
{
	unsigned group_min = lanes_group_min(&engine->engine, kind);

	if (group_min > 0)
		(void)snprintf(text_out, LANES_ENGINE_NOTICE_SIZE,
			       "RSA-%u: in lanes from %u signatures on, fewer by OpenSSL",
			       sign_task_bits(kind), group_min);
	else
		(void)snprintf(text_out, LANES_ENGINE_NOTICE_SIZE,
			       "RSA-%u: by OpenSSL, which is faster here", sign_task_bits(kind));
}

bool lanes_engine_take_news(struct lanes_engine *engine, char text_out[LANES_ENGINE_NOTICE_SIZE])
{
	for (unsigned size = 0; size < SIZES; size++) {
		if (!atomic_exchange(&engine->state->has_news[size], false))
			continue;
		lanes_engine_describe(engine, kind_of(size), text_out);
		return true;
	}
	return false;
}

/* Of each power of ten, so that one flipped bit and a CPU that fails look different. */
static bool take_faults(const struct lanes_engine *engine, char text_out[LANES_ENGINE_NOTICE_SIZE])
{
	uint_fast64_t faults = lanes_engine_faults(engine);
	uint_fast64_t due = atomic_load(&engine->state->faults_due);
	uint_fast64_t next = due;

	while (next <= faults)
		next *= 10;
	if (next == due || !atomic_compare_exchange_strong(&engine->state->faults_due, &due, next))
		return false;
	(void)snprintf(text_out, LANES_ENGINE_NOTICE_SIZE,
		       "an RSA signature came out wrong and was made again (%" PRIuFAST64
		       " so far): the CPU or its memory may be failing",
		       faults);
	return true;
}

static bool take_failure(const struct lanes_engine *engine, char text_out[LANES_ENGINE_NOTICE_SIZE])
{
	for (unsigned size = 0; size < SIZES; size++) {
		if (!atomic_exchange(&engine->state->has_failed[size], false))
			continue;
		(void)snprintf(text_out, LANES_ENGINE_NOTICE_SIZE,
			       "RSA-%u: by OpenSSL, because there was no memory to try the lanes",
			       sign_task_bits(kind_of(size)));
		return true;
	}
	return false;
}

static bool take_unlocked(const struct lanes_engine *engine,
			  char text_out[LANES_ENGINE_NOTICE_SIZE])
{
	unsigned workers = atomic_load_explicit(&engine->state->unlocked_workers,
						memory_order_relaxed);

	if (workers == 0 || atomic_exchange(&engine->state->told_unlocked, true))
		return false;
	(void)snprintf(text_out, LANES_ENGINE_NOTICE_SIZE,
		       "%u %s with keys in memory that may be swapped to disk: raise the limit of "
		       "locked memory (LimitMEMLOCK=, ulimit -l)",
		       workers, workers == 1 ? "thread signs" : "threads sign");
	return true;
}

bool lanes_engine_take_notice(struct lanes_engine *engine, char text_out[LANES_ENGINE_NOTICE_SIZE])
{
	return take_faults(engine, text_out) || take_failure(engine, text_out) ||
	       take_unlocked(engine, text_out) ||
	       lane_key_cache_take_notice(engine->cache, text_out);
}
