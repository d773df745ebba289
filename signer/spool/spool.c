/*
 * How it works: the calling thread becomes the first I/O thread; the others, if there are any, run beside
 * it. Everything that they share is in spool_shared.h.
 */
#include "signer/spool/spool.h"

#include "common/cpus.h"
#include "common/descriptor.h"
#include "common/log.h"
#include "signer/message/signing_threads.h"
#include "signer/spool/owner.h"
#include "signer/spool/recovery.h"
#include "signer/spool/spool_shared.h"
#include "signer/spool/spool_watch.h"
#include "signer/spool/spool_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A killed process's ring may hold the lock a little longer than the process lived. */
#define LOCK_WAIT_MS 2000

/* Where descriptors are short, so many are tried all the same. */
#define UNITS_AT_ONCE_MIN 4

/* Descriptors: a unit has its input and up to three outputs. */
#define DESCRIPTORS_A_UNIT   4
#define DESCRIPTORS_A_THREAD 16
#define DESCRIPTORS_RESERVED 32

struct spool {
	struct spool_shared shared;
	struct signing_threads threads_wanted;
	struct spool_worker *workers[SIGNING_IO_THREADS_MAX];
	pthread_t threads[SIGNING_IO_THREADS_MAX];
	_Atomic unsigned worker_count; /* grows while others may wake them */
	unsigned thread_count;	       /* besides the calling one */
	struct spool_watch *watch;
};

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
			 shared->options.path, text);
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
	int r = owner_rights(shared->context->config, &shared->rights, why);

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
	const struct spool_options *options = &shared->options;
	bool durable = shared->context->config->sync_mode == SIGNER_SYNC_FULL;
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
	int r = unit_queue_new(&shared->queue);

	if (r == 0)
		r = retry_table_new(&shared->retries);
	if (r == 0)
		r = unit_busy_new(&shared->busy);
	return r == 0 ? 0 : fail(&shared->result, r, "cannot start");
}

static int make_workers(struct spool *spool)
{
	unsigned count = spool->threads_wanted.io;
	int r = 0;

	spool->shared.units_at_once_max = descriptor_room(
		DESCRIPTORS_RESERVED + DESCRIPTORS_A_THREAD * count, DESCRIPTORS_A_UNIT * count,
		UNITS_AT_ONCE_MIN);

	for (unsigned i = 0; r == 0 && i < count; i++) {
		r = spool_worker_new(&spool->shared, &spool->workers[i]);
		if (r == 0)
			spool->worker_count++;
	}
	if (r == 0)
		signing_core_lock_keys(spool->shared.core);
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

/* The first worker runs here; one thread fewer than asked for only makes it slower. */
static int run_workers(struct spool *spool)
{
	struct spool_shared *shared = &spool->shared;
	struct spool_worker *first = spool->workers[0];
	int r = spool_worker_open(first);

	if (r != 0)
		return fail(&shared->result, r, "cannot make the ring");
	log_notice("%s: I/O engine %s, %u I/O threads, %u signing threads", shared->options.path,
		   ring_engine_reason(spool_worker_ring(first)), spool->worker_count,
		   sign_service_threads(shared->core->service));
	r = spool_watch_new(shared, spool_worker_ring(first), wake_all, &spool->watch);
	if (r != 0)
		return fail(&shared->result, r, "cannot watch in/");
	if (shared->options.started != NULL)
		shared->options.started(shared->options.arg);
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
	if (shared->options.once)
		shared->result.stayed_units += unit_queue_clear(shared->queue);
	return shared->result.error;
}

/* What was removed from in/ last is not to come back with the next power cut. */
static void flush_in(struct spool *spool)
{
	const struct signer_config *config = spool->shared.context->config;

	if (config->sync_mode == SIGNER_SYNC_FULL && spool->shared.result.error == 0 &&
	    fsync(spool->shared.dir.in_fd) != 0)
		(void)fail(&spool->shared.result, -errno, "cannot make in/ durable");
}

int spool_new(const struct spool_options *options, struct spool **spool_out)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	struct spool_shared *shared;

	if (spool == NULL)
		return -ENOMEM;
	shared = &spool->shared;
	shared->options = *options;
	shared->core = options->core;
	shared->context = signing_core_context(options->core);
	spool->threads_wanted = signing_threads_of(shared->context->config, cpus_allowed());
	shared->wake_watch = wake_first;
	shared->dir = SPOOL_DIR_CLOSED;
	spool_limits_init(&shared->limits, &shared->dir, options->path, shared->context->config,
			  &shared->at_work);
	pthread_mutex_init(&shared->mutex, NULL);
	*spool_out = spool;
	return 0;
}

void spool_free(struct spool *spool)
{
	struct spool_shared *shared;

	if (spool == NULL)
		return;
	shared = &spool->shared;
	/* A worker of the first ring may be in the middle of what the watch asked for. */
	for (unsigned i = 0; i < spool->worker_count; i++)
		spool_worker_free(spool->workers[i]);
	spool_watch_free(spool->watch);
	unit_busy_free(shared->busy);
	retry_table_free(shared->retries);
	unit_queue_free(shared->queue);
	signing_context_unref(shared->context);
	spool_limits_deinit(&shared->limits);
	spool_dir_close(&shared->dir);
	pthread_mutex_destroy(&shared->mutex);
	free(spool);
}

int spool_run(struct spool *spool, struct spool_result *result_out)
{
	struct spool_shared *shared = &spool->shared;
	int64_t start_ns = clock_monotonic_ns();
	int r = find_rights(shared);

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
	shared->result.seconds = (double)(clock_monotonic_ns() - start_ns) / (double)NS_PER_S;
	*result_out = shared->result;
	return result_out->error;
}

void spool_stop(struct spool *spool)
{
	spool_shared_stop(&spool->shared);
	wake_all(&spool->shared);
}

void spool_wake(struct spool *spool)
{
	wake_all(&spool->shared);
}
