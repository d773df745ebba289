/*
 * How it works: the calling thread becomes the first I/O thread; the others, if there are any, run beside
 * it. Everything that they share is in spool_shared.h.
 */
#include "signer/spool/spool.h"

#include "common/cpus.h"
#include "common/log.h"
#include "signer/spool/owner.h"
#include "signer/spool/recovery.h"
#include "signer/spool/spool_shared.h"
#include "signer/spool/spool_threads.h"
#include "signer/spool/spool_watch.h"
#include "signer/spool/spool_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A killed process's ring may hold the lock a little longer than the process lived. */
#define LOCK_WAIT_MS 2000

/* Where descriptors are short, so many are tried all the same. */
#define UNITS_AT_ONCE_MIN 4

struct spool {
	struct spool_shared shared;
	struct spool_threads threads_wanted;
	struct spool_worker *workers[SPOOL_IO_THREADS_MAX];
	pthread_t threads[SPOOL_IO_THREADS_MAX];
	unsigned worker_count;
	unsigned thread_count; /* besides the calling one */
	struct spool_watch *watch;
};

struct signing_context *spool_shared_context(struct spool_shared *shared)
{
	struct signing_context *context;

	pthread_mutex_lock(&shared->mutex);
	context = signing_context_ref(shared->context);
	pthread_mutex_unlock(&shared->mutex);
	return context;
}

void spool_shared_tell_notices(struct spool_shared *shared)
{
	struct signing_context *context = spool_shared_context(shared);
	char text[KEY_STORE_NOTICE_SIZE];

	while (key_store_take_notice(context->keys, text))
		log_warning("%s", text);
	signing_context_unref(context);
	if (shared->engine.lanes == NULL)
		return;
	while (lanes_engine_take_news(shared->engine.lanes, text))
		log_info("%s", text);
	while (lanes_engine_take_notice(shared->engine.lanes, text))
		log_warning("%s", text);
}

void spool_shared_stop(struct spool_shared *shared)
{
	atomic_store(&shared->stopping, true);
}

void spool_shared_fail(struct spool_shared *shared, int error, const char *text)
{
	pthread_mutex_lock(&shared->mutex);
	if (shared->result.error == 0) {
		shared->result.error = error;
		snprintf(shared->result.error_text, sizeof(shared->result.error_text), "%s: %s",
			 shared->options->path, text);
	}
	pthread_mutex_unlock(&shared->mutex);
	atomic_store(&shared->failed, true);
	spool_shared_stop(shared);
	shared->wake_watch(shared);
}

static void wake_all(struct spool_shared *shared)
{
	struct spool *spool = CONTAINER_OF(shared, struct spool, shared);

	for (unsigned i = 0; i < spool->worker_count; i++)
		spool_worker_wake(spool->workers[i]);
}

static void wake_first(struct spool_shared *shared)
{
	struct spool *spool = CONTAINER_OF(shared, struct spool, shared);

	if (spool->worker_count > 0)
		spool_worker_wake(spool->workers[0]);
}

static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGXFSZ); /* a file over the limit of sizes is an error like others */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

/*
 * Takes all descriptors that the process may have, and tells how many units one I/O thread may have open
 * with them: each has its input and up to three outputs.
 */
static unsigned units_at_once_max(unsigned threads)
{
	const rlim_t per_unit = 4;
	const rlim_t reserve = 32 + 16 * (rlim_t)threads;
	struct rlimit limit;
	rlim_t units;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return UNITS_AT_ONCE_MIN;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* always allowed */
	}
	if (limit.rlim_cur < reserve)
		return UNITS_AT_ONCE_MIN;
	units = (limit.rlim_cur - reserve) / per_unit / threads;
	if (units < UNITS_AT_ONCE_MIN)
		return UNITS_AT_ONCE_MIN;
	return units < UINT_MAX ? (unsigned)units : UINT_MAX;
}

static int fail(struct spool_result *result, int error, const char *what)
{
	result->error = error;
	snprintf(result->error_text, sizeof(result->error_text), "%s%s%s", what,
		 error < 0 ? ": " : "", error < 0 ? strerror(-error) : "");
	return error;
}

static int find_rights(struct spool_shared *shared)
{
	char why[OWNER_WHY_SIZE];
	int r = owner_rights(shared->options->context->config, &shared->rights, why);

	if (r != 0) {
		shared->result.error = r;
		snprintf(shared->result.error_text, sizeof(shared->result.error_text),
			 "SpoolOwner: %s", why);
	}
	return r;
}

static int open_directory(struct spool *spool)
{
	struct spool_shared *shared = &spool->shared;
	const struct spool_options *options = shared->options;
	bool durable = options->context->config->sync_mode == SIGNER_SYNC_FULL;
	struct recovery_counts counts;
	struct buffer why = {0};
	int r = spool_dir_open(options->path, LOCK_WAIT_MS, &shared->dir, &why);

	if (r == 0)
		r = spool_recover(&shared->dir, durable, &counts, &why);
	if (r != 0) {
		const char *text = buffer_string(&why);

		shared->result.error = r;
		snprintf(shared->result.error_text, sizeof(shared->result.error_text), "%s",
			 text == NULL ? strerror(ENOMEM) : text);
	} else if (counts.manifests > 0) {
		log_notice("%s: finished %llu batches of before: %llu files placed, %llu units "
			   "removed from in/",
			   options->path, (unsigned long long)counts.manifests,
			   (unsigned long long)counts.placed, (unsigned long long)counts.removed);
	}
	buffer_deinit(&why);
	return r;
}

static int make_parts(struct spool *spool)
{
	struct spool_shared *shared = &spool->shared;
	const struct signer_config *config = shared->options->context->config;
	int r = unit_queue_new(&shared->queue);

	if (r == 0)
		r = retry_table_new(&shared->retries);
	if (r == 0)
		r = unit_busy_new(&shared->busy);
	if (r == 0) {
		r = sign_engine_choice_init(&shared->engine,
					    config->sign_engine != SIGNER_SIGN_OPENSSL,
					    (size_t)config->lane_cache_size);
		if (r != 0)
			return fail(&shared->result, r, "no room for the keys of LaneCacheSize");
	}
	if (r == 0)
		r = sign_service_new(spool->threads_wanted.sign, shared->engine.engine,
				     &shared->service);
	return r == 0 ? 0 : fail(&shared->result, r, "cannot start");
}

static int make_workers(struct spool *spool)
{
	unsigned count = spool->threads_wanted.io;
	int r = 0;

	spool->shared.units_at_once_max = units_at_once_max(count);

	for (unsigned i = 0; r == 0 && i < count; i++) {
		r = spool_worker_new(&spool->shared, &spool->workers[i]);
		if (r == 0)
			spool->worker_count++;
	}
	if (r == 0 && spool->shared.engine.lanes != NULL)
		lanes_engine_lock_keys(spool->shared.engine.lanes);
	return r == 0 ? 0 : fail(&spool->shared.result, r, "cannot start");
}

static void *worker_main(void *arg)
{
	struct spool_worker *worker = arg;
	int r = spool_worker_open(worker);

	if (r != 0)
		spool_worker_give_up(worker, r);
	else
		spool_worker_run(worker, NULL, NULL);
	return NULL;
}

static void tell_engine(const struct spool_shared *shared)
{
	const struct sign_engine_choice *engine = &shared->engine;
	bool is_wanted = shared->options->context->config->sign_engine == SIGNER_SIGN_LANES;

	if (engine->lanes != NULL)
		log_notice("RSA signatures: up to eight at once, in lanes of AVX-512 IFMA, where "
			   "that is faster than OpenSSL");
	else
		log_line(is_wanted ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE,
			 "RSA signatures: one at a time, by OpenSSL: %s", engine->reason);
}

/* The first worker runs here; one thread fewer than asked for only makes it slower. */
static int run_workers(struct spool *spool)
{
	struct spool_shared *shared = &spool->shared;
	struct spool_worker *first = spool->workers[0];
	int r = spool_worker_open(first);

	if (r != 0)
		return fail(&shared->result, r, "cannot make the ring");
	log_notice("%s: I/O engine %s, %u I/O threads, %u signing threads", shared->options->path,
		   ring_engine_reason(spool_worker_ring(first)), spool->worker_count,
		   sign_service_threads(shared->service));
	tell_engine(shared);
	r = spool_watch_new(shared, spool_worker_ring(first), wake_all, &spool->watch);
	if (r != 0)
		return fail(&shared->result, r, "cannot watch in/");
	if (shared->options->started != NULL)
		shared->options->started(shared->options->arg);
	for (unsigned i = 1; i < spool->worker_count; i++) {
		if (pthread_create(&spool->threads[spool->thread_count], NULL, worker_main,
				   spool->workers[i]) == 0)
			spool->thread_count++;
		else
			log_warning("one I/O thread could not be started");
	}
	spool_worker_run(first, spool_watch_turn, spool->watch);
	wake_all(shared);
	for (unsigned i = 0; i < spool->thread_count; i++)
		pthread_join(spool->threads[i], NULL);
	if (shared->options->once)
		shared->result.stayed_units += unit_queue_clear(shared->queue);
	return shared->result.error;
}

/* What was removed from in/ last is not to come back with the next power cut. */
static void flush_in(struct spool *spool)
{
	const struct signer_config *config = spool->shared.options->context->config;

	if (config->sync_mode == SIGNER_SYNC_FULL && spool->shared.result.error == 0 &&
	    fsync(spool->shared.dir.in_fd) != 0)
		(void)fail(&spool->shared.result, -errno, "cannot make in/ durable");
}

/* How many in all: what is told meanwhile is told at 1, 10, 100 of them. */
static void tell_faults(struct spool_shared *shared)
{
	const struct lanes_engine *lanes = shared->engine.lanes;
	uint64_t faults = lanes == NULL ? 0 : lanes_engine_faults(lanes);

	shared->result.signatures_in_lanes = lanes == NULL ? 0 : lanes_engine_signatures(lanes);
	shared->result.signatures_made_again = faults;
	if (faults > 0)
		log_warning("RSA signatures that came out wrong and were made again: %" PRIu64
			    ": the CPU or its memory may be failing",
			    faults);
}

static void spool_free(struct spool *spool)
{
	struct spool_shared *shared = &spool->shared;

	/* A worker of the first ring may be in the middle of what the watch asked for. */
	for (unsigned i = 0; i < spool->worker_count; i++)
		spool_worker_free(spool->workers[i]);
	spool_watch_free(spool->watch);
	sign_service_free(shared->service);
	sign_engine_choice_deinit(&shared->engine);
	unit_busy_free(shared->busy);
	retry_table_free(shared->retries);
	unit_queue_free(shared->queue);
	signing_context_unref(shared->context);
	spool_limits_deinit(&shared->limits);
	spool_dir_close(&shared->dir);
	pthread_mutex_destroy(&shared->mutex);
	free(spool);
}

int spool_run(const struct spool_options *options, struct spool_result *result_out)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int64_t start_ns = clock_monotonic_ns();
	struct spool_shared *shared;
	int r;

	*result_out = (struct spool_result){0};
	if (spool == NULL)
		return fail(result_out, -ENOMEM, "cannot start");
	shared = &spool->shared;
	shared->options = options;
	spool->threads_wanted = spool_threads_of(options->context->config, cpus_allowed());
	shared->wake_watch = wake_first;
	shared->dir = SPOOL_DIR_CLOSED;
	spool_limits_init(&shared->limits, &shared->dir, options->path, options->context->config,
			  &shared->at_work);
	pthread_mutex_init(&shared->mutex, NULL);
	shared->context = signing_context_ref(options->context);
	block_signals();
	r = find_rights(shared);
	if (r == 0)
		r = open_directory(spool);
	if (r == 0)
		r = make_parts(spool);
	if (r == 0)
		r = make_workers(spool);
	if (r == 0)
		r = run_workers(spool);
	if (r == 0)
		flush_in(spool);
	if (shared->context != NULL)
		spool_shared_tell_notices(shared);
	tell_faults(shared);
	shared->result.seconds = (double)(clock_monotonic_ns() - start_ns) / (double)NS_PER_S;
	*result_out = shared->result;
	spool_free(spool);
	return result_out->error;
}
