/*
 * Goal:   every job that is submitted comes back once, with a right signature, to the thread that
 *         submitted it, however the clients behave; wake-ups are not lost.
 * Method: all signatures verified; clients that poll, that spin, that do both, and that help; an engine
 *         that fails, one that waits for the test, and one whose workers do while helpers go on.
 */
#include "signer/keys/sign_service.h"

#include "common/clock.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_COUNT 4
#define MANY	  (300 / stride_of(3))

static struct key *keys[KEY_COUNT]; /* two of RSA, two of Ed25519 */
static struct public_key *public_keys[KEY_COUNT];
static struct key_problem problem;

struct batch {
	size_t done_count;
	size_t error_count;
	struct sign_client *client;
	size_t more; /* submit this many again, from done() */
};

struct batch_job {
	struct sign_job job;
	struct batch *batch;
	size_t which; /* key */
	bool is_done;
};

static void job_done(struct sign_job *job)
{
	struct batch_job *own = (struct batch_job *)job;
	struct batch *batch = own->batch;

	batch->done_count++;
	if (own->is_done || job->error != 0 ||
	    public_key_verify(public_keys[own->which], job->digest,
			      bytes_of(job->signature, job->signature_size)) != 0)
		batch->error_count++;
	own->is_done = true;
	if (batch->more > 0) {
		batch->more--;
		own->is_done = false;
		job->digest[3]++;
		sign_client_submit(batch->client, job);
	}
}

static struct batch_job *submit_batch(struct batch *batch, size_t count)
{
	struct batch_job *jobs = calloc(count, sizeof(*jobs));

	if (jobs == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		jobs[i].batch = batch;
		jobs[i].which = i * 7 / 3 % KEY_COUNT;
		jobs[i].job.key = keys[jobs[i].which];
		jobs[i].job.done = job_done;
		jobs[i].job.digest[0] = (uint8_t)i;
		jobs[i].job.digest[1] = (uint8_t)(i >> 8);
		sign_client_submit(batch->client, &jobs[i].job);
	}
	return jobs;
}

enum waiting { BY_POLL, BY_SPINNING, BY_READING_THE_FD, BY_HELPING };

/* Returns whether all came back in time. */
static bool collect_all(struct batch *batch, size_t count, enum waiting waiting)
{
	struct pollfd event = {.fd = sign_client_fd(batch->client), .events = POLLIN};
	int64_t deadline_ns = clock_monotonic_ns() + 60 * NS_PER_S;
	uint64_t value;

	while (batch->done_count < count && clock_monotonic_ns() < deadline_ns) {
		sign_client_flush(batch->client);
		if (waiting == BY_SPINNING)
			(void)sched_yield();
		else if (waiting == BY_HELPING && sign_client_help(batch->client) > 0)
			; /* something may be there to collect, or another client's was done */
		else if (poll(&event, 1, 10000) != 1)
			return false; /* a wake-up was lost */
		if (waiting == BY_READING_THE_FD)
			(void)!read(event.fd, &value, sizeof(value));
		(void)sign_client_collect(batch->client);
	}
	return batch->done_count == count;
}

static bool run_client(struct sign_service *service, size_t count, size_t more,
		       enum waiting waiting)
{
	struct batch batch = {.more = more};
	struct batch_job *jobs;
	bool is_good;

	if (sign_client_new(service, &batch.client) != 0)
		return false;
	jobs = submit_batch(&batch, count);
	is_good = sign_client_in_flight(batch.client) == count &&
		  collect_all(&batch, count + more, waiting) && batch.error_count == 0 &&
		  sign_client_in_flight(batch.client) == 0 &&
		  sign_client_collect(batch.client) == 0;
	if (is_good)
		sign_client_free(batch.client);
	free(jobs);
	return is_good;
}

static struct sign_service *new_service(unsigned threads)
{
	struct sign_service *service;

	assert_int_equal(sign_service_new(threads, &sign_engine_openssl, &service), 0);
	return service;
}

static void polling_client_gets_every_job_back(void **state)
{
	struct sign_service *service = new_service(2);

	(void)state;
	assert_int_equal(sign_service_threads(service), 2);
	assert_true(run_client(service, 1, 0, BY_POLL));
	assert_true(run_client(service, 1, 50, BY_POLL));
	assert_true(run_client(service, MANY, MANY, BY_POLL));
	sign_service_free(service);
}

static void spinning_client_gets_every_job_back(void **state)
{
	struct sign_service *service = new_service(2);

	(void)state;
	assert_true(run_client(service, MANY, MANY, BY_SPINNING));
	sign_service_free(service);
}

static void client_that_reads_the_fd_itself_gets_every_job_back(void **state)
{
	struct sign_service *service = new_service(2);

	(void)state;
	assert_true(run_client(service, MANY, MANY, BY_READING_THE_FD));
	sign_service_free(service);
}

static void helping_client_gets_every_job_back(void **state)
{
	struct sign_service *service = new_service(1);

	(void)state;
	assert_true(run_client(service, MANY, MANY, BY_HELPING));
	sign_service_free(service);
}

static void threads_zero_is_one_per_cpu(void **state)
{
	struct sign_service *service = new_service(0);

	(void)state;
	assert_true(sign_service_threads(service) >= 1);
	assert_true(run_client(service, 10, 0, BY_POLL));
	sign_service_free(service);
}

struct client_thread {
	pthread_t thread;
	struct sign_service *service;
	enum waiting waiting;
};

static void *run_client_thread(void *argument)
{
	struct client_thread *client = argument;

	for (int i = 0; i < 5 / (int)stride_of(5); i++) {
		if (!run_client(client->service, 40, 40, client->waiting))
			return client;
	}
	return NULL;
}

static void many_clients_do_not_mix(void **state)
{
	struct sign_service *service = new_service(3);
	struct client_thread clients[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(clients); i++) {
		clients[i].service = service;
		clients[i].waiting = (enum waiting)(i % 4);
		assert_int_equal(
			pthread_create(&clients[i].thread, NULL, run_client_thread, &clients[i]),
			0);
	}
	for (size_t i = 0; i < ARRAY_COUNT(clients); i++) {
		void *failed;

		assert_int_equal(pthread_join(clients[i].thread, &failed), 0);
		assert_null(failed);
	}
	sign_service_free(service);
}

static bool is_readable(struct sign_client *client, int timeout_ms)
{
	struct pollfd event = {.fd = sign_client_fd(client), .events = POLLIN};

	return poll(&event, 1, timeout_ms) == 1;
}

static void fd_is_readable_until_collected(void **state)
{
	struct sign_service *service = new_service(1);
	struct batch batch = {0};
	struct batch_job *jobs;

	(void)state;
	assert_int_equal(sign_client_new(service, &batch.client), 0);
	jobs = submit_batch(&batch, 3);
	assert_false(is_readable(batch.client, 20)); /* not flushed yet */
	sign_client_flush(batch.client);
	assert_true(is_readable(batch.client, 10000));
	while (batch.done_count < 3)
		(void)sign_client_collect(batch.client);
	sign_service_stop(service); /* now the write that came late has come */
	(void)sign_client_collect(batch.client);
	assert_false(is_readable(batch.client, 20));
	assert_int_equal(batch.error_count, 0);
	sign_client_free(batch.client);
	sign_service_free(service);
	free(jobs);
}

static void stop_finishes_what_is_queued_and_cancels_the_rest(void **state)
{
	struct sign_service *service = new_service(2);
	struct batch batch = {0};
	struct batch late = {0};
	struct batch_job *jobs;
	struct batch_job *late_jobs;

	(void)state;
	assert_int_equal(sign_client_new(service, &batch.client), 0);
	late.client = batch.client;
	jobs = submit_batch(&batch, 200);
	sign_client_flush(batch.client);
	sign_service_stop(service);
	late_jobs = submit_batch(&late, 5);
	sign_client_flush(late.client);
	assert_true(is_readable(batch.client, 0));
	assert_int_equal(sign_client_collect(batch.client), 205);
	assert_int_equal(batch.done_count, 200);
	assert_int_equal(batch.error_count, 0);
	assert_int_equal(late.done_count, 5);
	assert_int_equal(late.error_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(late_jobs[i].job.error, -ECANCELED);
	sign_client_free(batch.client);
	sign_service_free(service);
	free(jobs);
	free(late_jobs);
}

struct load_batch {
	size_t done_count;
	int error;
	char text[KEY_PROBLEM_TEXT_SIZE];
	struct key *key;
};

struct load {
	struct key_load_job job;
	struct load_batch *batch;
};

static void load_done(struct key_load_job *job)
{
	struct load_batch *batch = ((struct load *)job)->batch;

	batch->done_count++;
	batch->error = job->error;
	memcpy(batch->text, job->problem.text, sizeof(batch->text));
	batch->key = job->error == 0 ? job->key : NULL;
}

static void load_one(struct sign_client *client, struct key_store *store, const char *path,
		     struct load_batch *batch)
{
	struct load *load = calloc(1, sizeof(*load));

	assert_non_null(load);
	*batch = (struct load_batch){0};
	load->batch = batch;
	load->job.store = store;
	load->job.reference = path;
	load->job.done = load_done;
	sign_client_submit_load(client, &load->job);
	sign_client_flush(client);
	while (batch->done_count == 0) {
		assert_true(is_readable(client, 10000));
		(void)sign_client_collect(client);
	}
	free(load);
}

static void key_is_loaded_by_a_worker(void **state)
{
	const struct key_store_config config = {
		.keys_max = 10, .require_safe = true, .user = geteuid()};
	static struct load_batch batch;
	struct sign_service *service = new_service(2);
	struct buffer pem = sample_pem(0);
	struct sign_client *client;
	struct key_store *store;
	struct temp_dir dir;
	struct key *key;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "k", buffer_bytes(&pem), 0600);
	assert_int_equal(key_store_new(&config, &store), 0);
	assert_int_equal(sign_client_new(service, &client), 0);
	load_one(client, store, temp_dir_name(&dir, "k"), &batch);
	assert_int_equal(batch.error, 0);
	assert_int_equal(
		key_store_peek(store, temp_dir_name(&dir, "k"), KEY_STORE_ASK, &key, &problem), 0);
	assert_ptr_equal(key, batch.key);
	key_unref(key);
	key_unref(batch.key);
	load_one(client, store, temp_dir_name(&dir, "missing"), &batch);
	assert_int_equal(batch.error, KEY_E_MISSING);
	assert_non_null(strstr(batch.text, "/missing: No such file"));
	sign_client_free(client);
	sign_service_free(service);
	key_store_free(store);
	temp_dir_remove(&dir);
	buffer_deinit(&pem);
}

/* A key that is replaced while it is in use, over and over: jobs hold their own reference. */
static void key_freed_by_the_caller_after_done_is_safe(void **state)
{
	struct sign_service *service = new_service(2);
	struct batch batch = {0};

	(void)state;
	assert_int_equal(sign_client_new(service, &batch.client), 0);
	for (int i = 0; i < 200; i++) {
		struct buffer pem = sample_pem(0);
		struct batch_job job = {.batch = &batch};

		assert_int_equal(key_new("NAME", buffer_bytes(&pem), 0, &job.job.key, &problem), 0);
		job.job.done = job_done;
		sign_client_submit(batch.client, &job.job);
		batch.done_count = 0;
		assert_true(collect_all(&batch, 1, BY_POLL));
		assert_int_equal(job.job.error, 0);
		key_unref(job.job.key);
		buffer_deinit(&pem);
	}
	sign_client_free(batch.client);
	sign_service_free(service);
}

/* An engine that takes eight at once, and refuses those whose digest begins with 1. */
static int picky_worker_new(const struct sign_engine *engine, void **worker_out)
{
	(void)engine;
	*worker_out = malloc(1);
	return *worker_out == NULL ? -ENOMEM : 0;
}

static atomic_size_t largest_group;
static sem_t gate;

static void picky_sign(void *worker, struct sign_job *const *jobs, size_t count)
{
	(void)worker;
	while (sem_wait(&gate) != 0)
		;
	if (count > atomic_load(&largest_group))
		atomic_store(&largest_group, count);
	for (size_t i = 0; i < count; i++)
		jobs[i]->error = jobs[i]->digest[0] == 1 ? SIGN_JOB_E_FAILED : 0;
}

static unsigned from_three_on(const struct sign_engine *engine, enum sign_task_kind kind)
{
	(void)engine;
	(void)kind;
	return 3;
}

static const struct sign_engine picky_engine = {
	.group_min = from_three_on,
	.worker_new = picky_worker_new,
	.worker_free = free,
	.sign = picky_sign,
};

static void count_error(struct sign_job *job)
{
	struct batch_job *own = (struct batch_job *)job;

	own->batch->done_count++;
	own->batch->error_count += job->error == SIGN_JOB_E_FAILED;
}

static void engine_gets_groups_and_its_errors_come_back(void **state)
{
	struct batch_job jobs[100];
	struct batch batch = {0};
	struct sign_service *service;

	(void)state;
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	atomic_store(&largest_group, 0);
	assert_int_equal(sign_service_new(2, &picky_engine, &service), 0);
	assert_int_equal(sign_client_new(service, &batch.client), 0);
	for (size_t i = 0; i < 100; i++) {
		jobs[i] = (struct batch_job){.batch = &batch};
		jobs[i].job.key = keys[0];
		jobs[i].job.done = count_error;
		jobs[i].job.digest[0] = i % 4 == 0;
		sign_client_submit(batch.client, &jobs[i].job);
	}
	sign_client_flush(batch.client);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(sem_post(&gate), 0);
	assert_true(collect_all(&batch, 100, BY_POLL));
	assert_int_equal(batch.error_count, 25);
	assert_int_equal(atomic_load(&largest_group), SIGN_GROUP_MAX);
	sign_client_free(batch.client);
	sign_service_free(service);
	assert_int_equal(sem_destroy(&gate), 0);
}

static unsigned from_three_on_where_keys_fit(const struct sign_engine *engine,
					     enum sign_task_kind kind)
{
	(void)engine;
	return kind == SIGN_TASK_RSA_1024 ? 3 : 0;
}

static atomic_size_t asked_to_learn;

/* Done the third time. */
static bool learn_slowly(void *worker, enum sign_task_kind kind)
{
	(void)worker;
	(void)kind;
	return atomic_fetch_add(&asked_to_learn, 1) == 2;
}

static const struct sign_engine sized_engine = {
	.learn = learn_slowly,
	.group_min = from_three_on_where_keys_fit,
	.worker_new = picky_worker_new,
	.worker_free = free,
	.sign = picky_sign,
};

/* The largest group that the engine gets of many jobs with a key of 1024 bits. */
static size_t largest_group_of(EVP_PKEY *evp)
{
	struct buffer text = sample_text(evp, PKCS8_DER);
	struct batch_job jobs[100];
	struct batch batch = {0};
	struct sign_service *service;
	struct key *key;

	assert_int_equal(key_new("NAME", buffer_bytes(&text), 0, &key, &problem), 0);
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	atomic_store(&largest_group, 0);
	atomic_store(&asked_to_learn, 0);
	assert_int_equal(sign_service_new(1, &sized_engine, &service), 0);
	assert_int_equal(sign_client_new(service, &batch.client), 0);
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
		jobs[i] = (struct batch_job){.batch = &batch, .job = {.key = key}};
		jobs[i].job.done = count_error;
		sign_client_submit(batch.client, &jobs[i].job);
	}
	sign_client_flush(batch.client);
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
		assert_int_equal(sem_post(&gate), 0);
	assert_true(collect_all(&batch, ARRAY_COUNT(jobs), BY_POLL));
	sign_client_free(batch.client);
	sign_service_free(service);
	assert_int_equal(sem_destroy(&gate), 0);
	key_unref(key);
	buffer_deinit(&text);
	EVP_PKEY_free(evp);
	return atomic_load(&largest_group);
}

/* They would be signed one by one all the same, while other workers have nothing to do. */
static void keys_that_lanes_cannot_take_are_not_grouped(void **state)
{
	(void)state;
	assert_int_equal(largest_group_of(sample_rsa(1024)), SIGN_GROUP_MAX);
	assert_int_equal(largest_group_of(sample_rsa_with(1024, 3, 2)), 1);
	assert_int_equal(largest_group_of(sample_rsa_with(1024, 65537, 3)), 1);
}

static void worker_asks_until_it_has_learnt(void **state)
{
	(void)state;
	(void)largest_group_of(sample_rsa(1024));
	assert_int_equal(atomic_load(&asked_to_learn), 3);
}

/* An engine whose workers wait at the gate, while who helps, the thread of the test, signs. */
static pthread_t test_thread;
static sem_t entered;

static void held_sign(void *worker, struct sign_job *const *jobs, size_t count)
{
	(void)worker;
	if (!pthread_equal(pthread_self(), test_thread)) {
		assert_int_equal(sem_post(&entered), 0);
		while (sem_wait(&gate) != 0)
			;
	}
	for (size_t i = 0; i < count; i++)
		jobs[i]->error = 0;
}

static const struct sign_engine held_engine = {
	.worker_new = picky_worker_new,
	.worker_free = free,
	.sign = held_sign,
};

/* One worker, which holds the only job of `first`. */
struct held {
	struct sign_service *service;
	struct batch first;
	struct batch_job *jobs;
};

static void hold_open(struct held *held)
{
	*held = (struct held){0};
	test_thread = pthread_self();
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	assert_int_equal(sem_init(&entered, 0, 0), 0);
	assert_int_equal(sign_service_new(1, &held_engine, &held->service), 0);
	assert_int_equal(sign_client_new(held->service, &held->first.client), 0);
	held->jobs = submit_batch(&held->first, 1);
	sign_client_flush(held->first.client);
	while (sem_wait(&entered) != 0)
		;
}

static void hold_close(struct held *held)
{
	for (int i = 0; i < 1000; i++)
		assert_int_equal(sem_post(&gate), 0);
	sign_client_drain(held->first.client);
	sign_client_free(held->first.client);
	sign_service_free(held->service);
	free(held->jobs);
	assert_int_equal(sem_destroy(&gate), 0);
	assert_int_equal(sem_destroy(&entered), 0);
}

static void nobody_helps_while_a_worker_sleeps(void **state)
{
	struct sign_service *service = new_service(1);
	struct batch batch = {0};
	struct batch_job *jobs;

	(void)state;
	assert_int_equal(sign_client_new(service, &batch.client), 0);
	assert_int_equal(sign_client_help(batch.client), 0); /* nothing to do */
	assert_true(run_client(service, 1, 0, BY_POLL));
	usleep(20000); /* the worker is asleep again */
	jobs = submit_batch(&batch, 1);
	assert_int_equal(sign_client_help(batch.client), 0); /* not flushed */
	assert_true(collect_all(&batch, 1, BY_POLL));
	sign_client_free(batch.client);
	sign_service_free(service);
	free(jobs);
}

static void helper_signs_while_all_workers_are_busy(void **state)
{
	struct held held;
	struct batch_job *jobs;

	(void)state;
	hold_open(&held);
	jobs = submit_batch(&held.first, 20);
	sign_client_flush(held.first.client);
	assert_int_equal(sign_client_help(held.first.client), 20);
	assert_false(is_readable(held.first.client, 20)); /* nobody wakes who is awake */
	assert_int_equal(sign_client_collect(held.first.client), 20);
	assert_int_equal(sign_client_in_flight(held.first.client), 1);
	hold_close(&held);
	assert_int_equal(held.first.done_count, 21);
	free(jobs);
}

static void helper_stops_when_there_is_enough_to_collect(void **state)
{
	struct held held;
	struct batch_job *jobs;
	size_t count;

	(void)state;
	hold_open(&held);
	jobs = submit_batch(&held.first, 400);
	sign_client_flush(held.first.client);
	count = sign_client_help(held.first.client);
	assert_in_range(count, 1, 100);
	assert_int_equal(sign_client_collect(held.first.client), count);
	hold_close(&held);
	assert_int_equal(held.first.done_count, 401);
	free(jobs);
}

static void helper_wakes_other_clients_for_what_is_theirs(void **state)
{
	struct held held;
	struct batch other = {0};
	struct batch_job *jobs;

	(void)state;
	hold_open(&held);
	assert_int_equal(sign_client_new(held.service, &other.client), 0);
	jobs = submit_batch(&other, 5);
	sign_client_flush(other.client);
	assert_int_equal(sign_client_help(held.first.client), 5);
	assert_true(is_readable(other.client, 0));
	assert_int_equal(sign_client_collect(other.client), 5);
	assert_int_equal(sign_client_collect(held.first.client), 0);
	sign_client_free(other.client);
	hold_close(&held);
	free(jobs);
}

/* The disk of a key file may be slow, and who helps has other things to do. */
static void helper_leaves_loads_to_the_workers(void **state)
{
	const struct key_store_config config = {.keys_max = 10, .user = geteuid()};
	struct load_batch batch = {0};
	struct load load = {.batch = &batch};
	struct key_store *store;
	struct held held;

	(void)state;
	hold_open(&held);
	assert_int_equal(key_store_new(&config, &store), 0);
	load.job = (struct key_load_job){
		.store = store, .reference = "/nonexistent/key", .done = load_done};
	sign_client_submit_load(held.first.client, &load.job);
	sign_client_flush(held.first.client);
	assert_int_equal(sign_client_help(held.first.client), 0);
	assert_int_equal(batch.done_count, 0);
	hold_close(&held);
	assert_int_equal(batch.done_count, 1);
	assert_int_equal(batch.error, KEY_E_MISSING);
	key_store_free(store);
}

static int failing_worker_new(const struct sign_engine *engine, void **worker_out)
{
	static int calls;

	if (++calls % 3 == 0)
		return -ENOMEM;
	return picky_worker_new(engine, worker_out);
}

static void engine_that_cannot_start_stops_the_others(void **state)
{
	struct sign_engine engine = picky_engine;
	struct sign_service *service;

	(void)state;
	engine.worker_new = failing_worker_new;
	assert_int_equal(sign_service_new(5, &engine, &service), -ENOMEM);
}

static int set_up_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		struct buffer pem = sample_pem(i < 2 ? SAMPLE_RSA_BITS : 0);

		assert_int_equal(key_new("NAME", buffer_bytes(&pem), 0, &keys[i], &problem), 0);
		assert_int_equal(
			public_key_new(key_type(keys[i]), key_public(keys[i]), &public_keys[i]), 0);
		buffer_deinit(&pem);
	}
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		key_unref(keys[i]);
		public_key_free(public_keys[i]);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(polling_client_gets_every_job_back),
		cmocka_unit_test(spinning_client_gets_every_job_back),
		cmocka_unit_test(client_that_reads_the_fd_itself_gets_every_job_back),
		cmocka_unit_test(helping_client_gets_every_job_back),
		cmocka_unit_test(threads_zero_is_one_per_cpu),
		cmocka_unit_test(many_clients_do_not_mix),
		cmocka_unit_test(fd_is_readable_until_collected),
		cmocka_unit_test(stop_finishes_what_is_queued_and_cancels_the_rest),
		cmocka_unit_test(key_is_loaded_by_a_worker),
		cmocka_unit_test(key_freed_by_the_caller_after_done_is_safe),
		cmocka_unit_test(engine_gets_groups_and_its_errors_come_back),
		cmocka_unit_test(keys_that_lanes_cannot_take_are_not_grouped),
		cmocka_unit_test(worker_asks_until_it_has_learnt),
		cmocka_unit_test(nobody_helps_while_a_worker_sleeps),
		cmocka_unit_test(helper_signs_while_all_workers_are_busy),
		cmocka_unit_test(helper_stops_when_there_is_enough_to_collect),
		cmocka_unit_test(helper_wakes_other_clients_for_what_is_theirs),
		cmocka_unit_test(helper_leaves_loads_to_the_workers),
		cmocka_unit_test(engine_that_cannot_start_stops_the_others),
	};

	return cmocka_run_group_tests_name("sign_service", tests, set_up_group, tear_down_group);
}
