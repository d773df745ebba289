/*
 * How it works: a job goes from the client's list (submit, no lock) to the service's queue (flush,
 * one lock for all of them) to a worker, and back to the client's list of finished jobs (one lock
 * per client).
 *
 *	submitted --flush--> queue --worker--> finished --collect--> done()
 *
 * A worker takes a group of what is there (sign_queue.h) and never waits for more. It is woken
 * only if it sleeps. A client that helps is a worker for a moment, in its owner's thread. It leaves
 * what a worker that sleeps is about to take, and loads no keys, which may wait for a disk.
 *
 * Waking an I/O thread can cost more than an Ed25519 signature, so while more work waits, a client
 * is not woken for each job. The worker that makes a client's list of finished jobs stop being
 * empty owes it a wake, and pays (writes the eventfd) when it has nothing else to do, or after
 * OWED_JOBS_MAX jobs or OWED_NS. If the client has collected meanwhile, nothing is owed any more.
 * That delays a job only while all workers are busy, and no worker waits because of it.
 *
 * A client may collect a list between the decision to wake it and the write. Then `wakes_due` is
 * ahead of `wakes_seen`, and the next collect reads the eventfd although there may be no job;
 * otherwise it would stay readable.
 */
#include "signer/keys/sign_service.h"

#include "common/clock.h"
#include "common/cpus.h"
#include "signer/keys/sign_queue.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define THREADS_MAX 1024

#define OWED_CLIENTS_MAX 16
#define OWED_JOBS_MAX	 32
#define OWED_NS		 (4 * NS_PER_MS)

struct sign_worker {
	struct sign_service *service;
	pthread_t thread;
	void *state; /* the engine's */
	bool has_learnt[SIGN_TASK_KINDS];
	struct sign_client *own; /* one that helps: in whose thread; else NULL */

	struct sign_client *owed[OWED_CLIENTS_MAX]; /* clients to wake */
	size_t owed_count;
	size_t owed_jobs; /* jobs given back since the oldest debt */
	uint64_t owed_since_ns;
};

struct sign_service {
	const struct sign_engine *engine;
	struct sign_worker *workers;
	unsigned thread_count;
	unsigned running_count; /* threads to join */
	pthread_mutex_t lock;	/* guards what follows */
	pthread_cond_t work;	/* the queue is not empty, or is_stopping */
	struct sign_queue queue;
	unsigned sleeping_count;
	bool is_stopping;
};

struct sign_client {
	struct sign_service *service;
	int event_fd;
	size_t in_flight;		/* the owner's */
	struct sign_queue submitted;	/* the owner's */
	struct sign_worker helper;	/* the owner's, when it helps */
	uint64_t wakes_seen;		/* the owner's: sum of what the eventfd gave */
	atomic_uint_fast64_t wakes_due; /* times that a worker has written to it, or will */
	atomic_uint waking_count;	/* workers that are about to write */
	atomic_bool has_finished;	/* `finished` is not empty, to look without the lock */
	pthread_mutex_t lock;		/* guards what follows */
	struct task_list finished;
};

static void client_wake(struct sign_client *client)
{
	const uint64_t one = 1;

	if (atomic_load_explicit(&client->has_finished, memory_order_relaxed)) {
		ssize_t size;

		(void)atomic_fetch_add_explicit(&client->wakes_due, 1, memory_order_relaxed);
		size = write(client->event_fd, &one, sizeof(one));
		assert(size == (ssize_t)sizeof(one));
	}
	/* From here on the client may be freed. */
	(void)atomic_fetch_sub_explicit(&client->waking_count, 1, memory_order_release);
}

static void worker_pay(struct sign_worker *worker)
{
	for (size_t i = 0; i < worker->owed_count; i++)
		client_wake(worker->owed[i]);
	worker->owed_count = 0;
	worker->owed_jobs = 0;
}

/* The debt is already counted in the client. */
static void worker_owe(struct sign_worker *worker, struct sign_client *client)
{
	if (worker->owed_count == OWED_CLIENTS_MAX)
		worker_pay(worker);
	if (worker->owed_count == 0)
		worker->owed_since_ns = clock_monotonic_ns();
	worker->owed[worker->owed_count++] = client;
}

static void worker_pay_if_due(struct sign_worker *worker)
{
	if (worker->owed_count > 0 && (worker->owed_jobs >= OWED_JOBS_MAX ||
				       clock_monotonic_ns() - worker->owed_since_ns >= OWED_NS))
		worker_pay(worker);
}

/* Returns whether the client must be woken. It may be freed once it has collected the tasks,
 * unless it must be woken: then not before client_wake(). */
static bool client_finish(struct sign_client *client, struct task_list *tasks)
{
	bool was_empty;

	(void)pthread_mutex_lock(&client->lock);
	was_empty = client->finished.first == NULL;
	task_list_append(&client->finished, tasks);
	if (was_empty) {
		(void)atomic_fetch_add_explicit(&client->waking_count, 1, memory_order_relaxed);
		atomic_store_explicit(&client->has_finished, true, memory_order_release);
	}
	(void)pthread_mutex_unlock(&client->lock);
	return was_empty;
}

/* As client_finish(), in the client's own thread: it collects next, and nobody must wake it. */
static void client_keep(struct sign_client *client, struct task_list *tasks)
{
	(void)pthread_mutex_lock(&client->lock);
	task_list_append(&client->finished, tasks);
	atomic_store_explicit(&client->has_finished, true, memory_order_relaxed);
	(void)pthread_mutex_unlock(&client->lock);
}

/* Gives each task back to its client, neighbours of one client together. */
static void finish(struct sign_worker *worker, struct sign_task *const *tasks, size_t count)
{
	for (size_t i = 0; i < count;) {
		struct sign_client *client = tasks[i]->client;
		struct task_list list = {0};

		for (; i < count && tasks[i]->client == client; i++)
			task_list_add(&list, tasks[i]);
		if (client == worker->own)
			client_keep(client, &list);
		else if (client_finish(client, &list))
			worker_owe(worker, client);
	}
	worker->owed_jobs += count;
	worker_pay_if_due(worker);
}

/* Under the lock. A helper (`own`) takes no key to load. */
static size_t take_group(const struct sign_worker *worker, struct sign_task *tasks[SIGN_GROUP_MAX])
{
	struct sign_service *service = worker->service;
	const struct sign_sharing sharing = {
		.engine = service->engine,
		.workers = service->thread_count + 1, /* one may help */
		.loads_keys = worker->own == NULL,
	};

	return sign_queue_take(&service->queue, &sharing, tasks);
}

static void load_key(struct sign_worker *worker, struct sign_task *task)
{
	struct key_load_job *job = (struct key_load_job *)task;

	worker_pay(worker); /* a load may wait long */
	job->error = key_store_load(job->store, job->reference, &job->key, &job->problem);
	finish(worker, &task, 1);
}

/* How many of a group to sign before they are given back. Eight Ed25519 signatures take less
 * time than one of RSA, and giving each back alone costs a tenth of it. */
static size_t step_of(const struct sign_engine *engine, enum sign_task_kind kind, size_t count)
{
	unsigned together = sign_engine_group_min(engine, kind);

	return kind == SIGN_TASK_ED25519 || (together > 0 && count >= together) ? count : 1;
}

static void sign_group(struct sign_worker *worker, struct sign_task *const *tasks, size_t count)
{
	const struct sign_engine *engine = worker->service->engine;
	const size_t step = step_of(engine, tasks[0]->kind, count);
	struct sign_job *jobs[SIGN_GROUP_MAX];

	for (size_t i = 0; i < count; i++)
		jobs[i] = (struct sign_job *)tasks[i];
	for (size_t i = 0; i < count; i += step) {
		engine->sign(worker->state, jobs + i, step);
		finish(worker, tasks + i, step);
	}
}

/* Waits for work; 0: there will be no more. */
static size_t worker_take(struct sign_worker *worker, struct sign_task *tasks[SIGN_GROUP_MAX],
			  bool *has_more_out)
{
	struct sign_service *service = worker->service;
	size_t count;

	(void)pthread_mutex_lock(&service->lock);
	if (service->queue.count == 0 && worker->owed_count > 0) {
		(void)pthread_mutex_unlock(&service->lock);
		worker_pay(worker);
		(void)pthread_mutex_lock(&service->lock);
	}
	while (service->queue.count == 0 && !service->is_stopping) {
		service->sleeping_count++;
		(void)pthread_cond_wait(&service->work, &service->lock);
		service->sleeping_count--;
	}
	count = take_group(worker, tasks);
	*has_more_out = count > 0 && service->queue.tasks[tasks[0]->kind].count > 0;
	(void)pthread_mutex_unlock(&service->lock);
	return count;
}

/* Each worker asks the engine until it need not again; which of them really does it is the engine's business. */
static void learn(struct sign_worker *worker, enum sign_task_kind kind)
{
	const struct sign_engine *engine = worker->service->engine;

	if (engine->learn == NULL || worker->has_learnt[kind])
		return;
	worker_pay(worker); /* it may take long */
	worker->has_learnt[kind] = engine->learn(worker->state, kind);
}

static void *worker_run(void *argument)
{
	struct sign_worker *worker = argument;
	struct sign_task *tasks[SIGN_GROUP_MAX];
	size_t count;
	bool has_more; /* of the kind */

	while ((count = worker_take(worker, tasks, &has_more)) > 0) {
		const enum sign_task_kind kind = tasks[0]->kind;

		if (kind == SIGN_TASK_LOAD_KEY)
			load_key(worker, tasks[0]);
		else
			sign_group(worker, tasks, count);
		if (has_more)
			learn(worker, kind);
	}
	return NULL;
}

/* What no worker is about to take. */
static size_t take_spare_group(struct sign_worker *helper, struct sign_task *tasks[SIGN_GROUP_MAX])
{
	struct sign_service *service = helper->service;
	size_t count = 0;

	(void)pthread_mutex_lock(&service->lock);
	if (service->sleeping_count == 0)
		count = take_group(helper, tasks);
	(void)pthread_mutex_unlock(&service->lock);
	return count;
}

/* Signals are for the threads that have a loop to handle them in. */
static int worker_start(struct sign_worker *worker)
{
	sigset_t all;
	sigset_t before;
	int r;

	(void)sigfillset(&all);
	r = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r != 0)
		return -r;
	r = pthread_create(&worker->thread, NULL, worker_run, worker);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		(void)pthread_setname_np(worker->thread, "sign");
	return -r;
}

static int start_workers(struct sign_service *service)
{
	for (unsigned i = 0; i < service->thread_count; i++) {
		struct sign_worker *worker = &service->workers[i];
		int r;

		worker->service = service;
		r = service->engine->worker_new(service->engine, &worker->state);
		if (r != 0)
			return r;
		r = worker_start(worker);
		if (r != 0)
			return r;
		service->running_count++;
	}
	return 0;
}

int sign_service_new(unsigned threads, const struct sign_engine *engine,
		     struct sign_service **service_out)
{
	struct sign_service *service = calloc(1, sizeof(*service));
	int r;

	if (service == NULL)
		return -ENOMEM;
	service->engine = engine;
	service->thread_count = threads == 0 ? cpus_allowed() : threads;
	if (service->thread_count > THREADS_MAX)
		service->thread_count = THREADS_MAX;
	(void)pthread_mutex_init(&service->lock, NULL);
	(void)pthread_cond_init(&service->work, NULL);
	service->workers = calloc(service->thread_count, sizeof(*service->workers));
	r = service->workers == NULL ? -ENOMEM : start_workers(service);
	if (r != 0) {
		sign_service_free(service);
		return r;
	}
	*service_out = service;
	return 0;
}

void sign_service_stop(struct sign_service *service)
{
	(void)pthread_mutex_lock(&service->lock);
	service->is_stopping = true;
	(void)pthread_cond_broadcast(&service->work);
	(void)pthread_mutex_unlock(&service->lock);
	while (service->running_count > 0)
		(void)pthread_join(service->workers[--service->running_count].thread, NULL);
}

void sign_service_free(struct sign_service *service)
{
	if (service == NULL)
		return;
	sign_service_stop(service);
	for (unsigned i = 0; service->workers != NULL && i < service->thread_count; i++) {
		if (service->workers[i].state != NULL)
			service->engine->worker_free(service->workers[i].state);
	}
	(void)pthread_cond_destroy(&service->work);
	(void)pthread_mutex_destroy(&service->lock);
	free(service->workers);
	free(service);
}

unsigned sign_service_threads(const struct sign_service *service)
{
	return service->thread_count;
}

int sign_client_new(struct sign_service *service, struct sign_client **client_out)
{
	struct sign_client *client = calloc(1, sizeof(*client));
	int r;

	if (client == NULL)
		return -ENOMEM;
	client->service = service;
	client->helper = (struct sign_worker){.service = service, .own = client};
	client->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = client->event_fd < 0
		    ? -errno
		    : service->engine->worker_new(service->engine, &client->helper.state);
	if (r != 0) {
		if (client->event_fd >= 0)
			(void)close(client->event_fd);
		free(client);
		return r;
	}
	(void)pthread_mutex_init(&client->lock, NULL);
	atomic_init(&client->wakes_due, 0);
	atomic_init(&client->waking_count, 0);
	atomic_init(&client->has_finished, false);
	*client_out = client;
	return 0;
}

void sign_client_free(struct sign_client *client)
{
	if (client == NULL)
		return;
	assert(client->in_flight == 0);
	/* The worker that gave the last job back may not have come to the write yet. */
	while (atomic_load_explicit(&client->waking_count, memory_order_acquire) != 0)
		(void)sched_yield();
	client->service->engine->worker_free(client->helper.state);
	(void)pthread_mutex_destroy(&client->lock);
	(void)close(client->event_fd);
	free(client);
}

int sign_client_fd(const struct sign_client *client)
{
	return client->event_fd;
}

size_t sign_client_in_flight(const struct sign_client *client)
{
	return client->in_flight;
}

static void submit(struct sign_client *client, struct sign_task *task, enum sign_task_kind kind)
{
	task->client = client;
	task->kind = kind;
	sign_queue_add(&client->submitted, task);
	client->in_flight++;
}

void sign_client_submit(struct sign_client *client, struct sign_job *job)
{
	submit(client, &job->task, sign_task_kind_of_key(job->key));
}

void sign_client_submit_load(struct sign_client *client, struct key_load_job *job)
{
	submit(client, &job->task, SIGN_TASK_LOAD_KEY);
}

static void task_cancel(struct sign_task *task)
{
	if (task->kind == SIGN_TASK_LOAD_KEY)
		((struct key_load_job *)task)->error = -ECANCELED;
	else
		((struct sign_job *)task)->error = -ECANCELED;
}

static void cancel(struct sign_client *client)
{
	struct task_list cancelled = {0};

	for (unsigned kind = 0; kind < SIGN_TASK_KINDS; kind++)
		task_list_append(&cancelled, &client->submitted.tasks[kind]);
	client->submitted = (struct sign_queue){0};
	for (struct sign_task *task = cancelled.first; task != NULL; task = task->next)
		task_cancel(task);
	if (client_finish(client, &cancelled))
		client_wake(client);
}

void sign_client_flush(struct sign_client *client)
{
	struct sign_service *service = client->service;
	size_t wake_count = client->submitted.count;
	bool stops;

	if (wake_count == 0)
		return;
	(void)pthread_mutex_lock(&service->lock);
	stops = service->is_stopping;
	if (!stops)
		sign_queue_append(&service->queue, &client->submitted);
	if (wake_count > service->sleeping_count)
		wake_count = service->sleeping_count;
	(void)pthread_mutex_unlock(&service->lock);
	if (stops) {
		cancel(client);
		return;
	}
	/* After the lock is free, so that who wakes up does not wait for it. */
	for (; wake_count > 0; wake_count--)
		(void)pthread_cond_signal(&service->work);
}

static void run_done(struct sign_task *task)
{
	if (task->kind == SIGN_TASK_LOAD_KEY) {
		struct key_load_job *job = (struct key_load_job *)task;

		job->done(job);
	} else {
		struct sign_job *job = (struct sign_job *)task;

		job->done(job);
	}
}

/* Takes what the eventfd has. If the owner reads it, too, that costs a call now and then. */
static void read_wakes(struct sign_client *client)
{
	uint64_t count;

	if (atomic_load_explicit(&client->wakes_due, memory_order_relaxed) == client->wakes_seen)
		return;
	if (read(client->event_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		client->wakes_seen += count;
}

size_t sign_client_collect(struct sign_client *client)
{
	struct task_list finished;
	size_t count;

	/* Before the list is taken: what comes after it is a wake of its own. */
	read_wakes(client);
	if (!atomic_load_explicit(&client->has_finished, memory_order_acquire))
		return 0;
	(void)pthread_mutex_lock(&client->lock);
	finished = client->finished;
	client->finished = (struct task_list){0};
	atomic_store_explicit(&client->has_finished, false, memory_order_relaxed);
	(void)pthread_mutex_unlock(&client->lock);
	count = finished.count;
	client->in_flight -= count;
	while (finished.first != NULL)
		run_done(task_list_take(&finished));
	return count;
}

static size_t finished_count(struct sign_client *client)
{
	size_t count;

	(void)pthread_mutex_lock(&client->lock);
	count = client->finished.count;
	(void)pthread_mutex_unlock(&client->lock);
	return count;
}

/* As long as a worker would let the owner sleep. */
size_t sign_client_help(struct sign_client *client)
{
	const int64_t until_ns = clock_monotonic_ns() + OWED_NS;
	struct sign_task *tasks[SIGN_GROUP_MAX];
	size_t sum = 0;
	size_t count;

	while ((count = take_spare_group(&client->helper, tasks)) > 0) {
		sign_group(&client->helper, tasks, count);
		sum += count;
		if (finished_count(client) >= OWED_JOBS_MAX || clock_monotonic_ns() >= until_ns)
			break;
	}
	worker_pay(&client->helper);
	return sum;
}

void sign_client_drain(struct sign_client *client)
{
	while (client->in_flight > 0) {
		struct pollfd ready = {.fd = client->event_fd, .events = POLLIN};

		sign_client_flush(client);
		(void)poll(&ready, 1, -1);
		(void)sign_client_collect(client);
	}
}
