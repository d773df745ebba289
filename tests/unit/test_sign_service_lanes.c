/*
 * Goal:   with the engine of lanes behind it, too, the service gives each client all its jobs back, with the
 *         signatures of OpenSSL: while the engine learns, after that, and if it is stopped meanwhile.
 * Method: clients that help, and a mix of all kinds of keys, on both back-ends; workers held in their first
 *         trial.
 */
#include "signer/keys/sign_engine_lanes.h"
#include "signer/keys/sign_service.h"
#include "tests/unit/lane_samples.h"
#include "tests/unit/lane_stage.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <pthread.h>

#define KEYS_MAX 64

static struct lane_sample_set samples;

/* A client of the service, with a job for each number. */
struct client_job {
	struct sign_job job;
	const struct lane_sample *key;
	unsigned done_count;
};

static void count_done(struct sign_job *job)
{
	((struct client_job *)job)->done_count++;
}

static const struct lane_sample *key_for(unsigned number, unsigned sizes)
{
	switch (number % 8) {
	case 0: return &samples.ed25519;
	case 1: return &samples.other;
	case 2: return &samples.unfit;
	default: return &samples.rsa[number / 8 % sizes][number / 3 % LANE_SAMPLE_KEYS];
	}
}

static void submit(struct sign_client *client, struct client_job *own,
		   const struct lane_sample *key)
{
	*own = (struct client_job){.key = key, .job = {.key = key->key, .done = count_done}};
	assert_int_equal(RAND_bytes(own->job.digest, DIGEST_SIZE), 1);
	sign_client_submit(client, &own->job);
}

/* By helping, and by waiting where there is nothing to help with. */
static void collect_all(struct sign_client *client)
{
	struct pollfd event = {.fd = sign_client_fd(client), .events = POLLIN};

	while (sign_client_in_flight(client) > 0) {
		if (sign_client_help(client) == 0)
			assert_int_equal(poll(&event, 1, 60000), 1);
		(void)sign_client_collect(client);
	}
}

struct client_thread {
	pthread_t thread;
	struct sign_service *service;
	unsigned sizes;
	unsigned count;
	struct client_job *jobs;
};

/* Submits all in parts that overlap. */
static void *run_client(void *argument)
{
	struct client_thread *own = argument;
	struct sign_client *client;

	if (sign_client_new(own->service, &client) != 0)
		return own;
	for (unsigned i = 0; i < own->count; i++) {
		submit(client, &own->jobs[i], key_for(i, own->sizes));
		if (i % 50 == 49)
			sign_client_flush(client);
		if (i % 150 == 149)
			(void)sign_client_collect(client);
	}
	sign_client_flush(client);
	collect_all(client);
	sign_client_free(client);
	return NULL;
}

/* Two clients that help, and three workers. */
static void check_service(const struct rsa_lanes *real, unsigned sizes, unsigned count)
{
	struct client_thread clients[2];
	struct sign_service *service;
	struct lanes_engine *engine = lane_stage_engine_new(real, 2 * LANE_SAMPLE_KEYS, 2, sizes);

	assert_int_equal(sign_service_new(3, lanes_engine_as_engine(engine), &service), 0);
	for (size_t i = 0; i < 2; i++) {
		clients[i] = (struct client_thread){
			.service = service, .sizes = sizes, .count = count};
		clients[i].jobs = calloc(count, sizeof(struct client_job));
		assert_non_null(clients[i].jobs);
		assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]),
				 0);
	}
	for (size_t i = 0; i < 2; i++) {
		void *failed;

		assert_int_equal(pthread_join(clients[i].thread, &failed), 0);
		assert_null(failed);
		for (unsigned job = 0; job < count; job++) {
			assert_int_equal(clients[i].jobs[job].done_count, 1);
			lane_sample_assert_signed(clients[i].jobs[job].key,
						  &clients[i].jobs[job].job);
		}
		free(clients[i].jobs);
	}
	assert_int_equal(lanes_engine_faults(engine), 0);
	for (unsigned size = 0; size < sizes; size++)
		assert_true(atomic_load(&lane_stage.batches_of[size]) > 0);
	sign_service_free(service);
	lanes_engine_free(engine);
}

static void portable_service_signs_a_mix_as_openssl(void **state)
{
	(void)state;
	check_service(&rsa_lanes_portable, test_is_slow() ? 1 : 2, 400 / stride_of(8));
}

static void fast_service_signs_a_mix_as_openssl(void **state)
{
	(void)state;
	if (lane_stage_skips_without_fast())
		skip();
	check_service(rsa_lanes_fast(), LANE_SAMPLE_SIZES, rounds_of(800));
}

/* One message at a time is OpenSSL's, and nobody spends time on learning. */
static void jobs_that_come_alone_are_signed_at_once(void **state)
{
	struct client_job job;
	struct sign_service *service;
	struct sign_client *client;
	struct lanes_engine *engine;

	(void)state;
	assert_int_equal(lanes_engine_new(lane_stage_on(&rsa_lanes_portable), KEYS_MAX, &engine),
			 0);
	assert_int_equal(sign_service_new(2, lanes_engine_as_engine(engine), &service), 0);
	assert_int_equal(sign_client_new(service, &client), 0);
	for (unsigned i = 0; i < 20; i++) {
		submit(client, &job, &samples.rsa[0][i % LANE_SAMPLE_KEYS]);
		sign_client_drain(client);
		lane_sample_assert_signed(job.key, &job.job);
	}
	assert_int_equal(atomic_load(&lane_stage.trials), 0);
	assert_int_equal(atomic_load(&lane_stage.batches), 0);
	sign_client_free(client);
	sign_service_free(service);
	lanes_engine_free(engine);
}

static void service_signs_together_from_the_minimum_on(void **state)
{
	struct lanes_engine *engine = lane_stage_engine_new(&rsa_lanes_portable, KEYS_MAX, 3, 1);
	struct client_job jobs[4];
	struct sign_service *service;
	struct sign_client *client;

	(void)state;
	assert_int_equal(sign_service_new(1, lanes_engine_as_engine(engine), &service), 0);
	assert_int_equal(sign_client_new(service, &client), 0);
	for (unsigned count = 2; count <= 4; count++) {
		for (unsigned i = 0; i < count; i++)
			submit(client, &jobs[i], &samples.rsa[0][i]);
		sign_client_drain(client);
		for (unsigned i = 0; i < count; i++)
			lane_sample_assert_signed(jobs[i].key, &jobs[i].job);
		assert_int_equal(atomic_load(&lane_stage.batches), count - 2);
		assert_int_equal(atomic_load(&lane_stage.lanes_filled), count == 2 ? 0 : count);
	}
	sign_client_free(client);
	sign_service_free(service);
	lanes_engine_free(engine);
}

/* A service with a worker that waits in its first trial, because three jobs came at once. */
struct held_service {
	struct lanes_engine *engine;
	struct sign_service *service;
	struct sign_client *client;
	struct client_job first[3];
};

static void held_open(struct held_service *held, unsigned threads)
{
	assert_int_equal(
		lanes_engine_new(lane_stage_on(&rsa_lanes_portable), KEYS_MAX, &held->engine), 0);
	lane_stage.waits = true;
	assert_int_equal(sem_init(&lane_stage.entered, 0, 0), 0);
	assert_int_equal(sem_init(&lane_stage.gate, 0, 0), 0);
	assert_int_equal(
		sign_service_new(threads, lanes_engine_as_engine(held->engine), &held->service), 0);
	assert_int_equal(sign_client_new(held->service, &held->client), 0);
	for (size_t i = 0; i < ARRAY_COUNT(held->first); i++)
		submit(held->client, &held->first[i], &samples.rsa[0][i]);
	sign_client_flush(held->client);
	while (sem_wait(&lane_stage.entered) != 0)
		;
}

static void held_release(void)
{
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(sem_post(&lane_stage.gate), 0);
}

static void held_close(struct held_service *held)
{
	sign_client_free(held->client);
	sign_service_free(held->service);
	lanes_engine_free(held->engine);
	assert_int_equal(sem_destroy(&lane_stage.entered), 0);
	assert_int_equal(sem_destroy(&lane_stage.gate), 0);
}

static void others_sign_while_a_worker_learns(void **state)
{
	struct client_job jobs[20];
	struct held_service held;

	(void)state;
	held_open(&held, 2);
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
		submit(held.client, &jobs[i], &samples.rsa[0][i % LANE_SAMPLE_KEYS]);
	sign_client_drain(held.client);
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
		lane_sample_assert_signed(jobs[i].key, &jobs[i].job);
	assert_int_equal(atomic_load(&lane_stage.trials), 1);
	assert_int_equal(atomic_load(&lane_stage.batches), 0);
	held_release();
	held_close(&held);
}

static void *stop_service(void *argument)
{
	sign_service_stop(argument);
	return NULL;
}

/* It ends its trial, and does what was flushed. */
static void service_that_is_stopped_while_it_learns_ends(void **state)
{
	struct client_job late = {.job = {.error = 0}};
	struct client_job early;
	struct held_service held;
	pthread_t thread;

	(void)state;
	held_open(&held, 1);
	submit(held.client, &early, &samples.rsa[0][0]);
	sign_client_flush(held.client);
	assert_int_equal(pthread_create(&thread, NULL, stop_service, held.service), 0);
	/* Until it is stopping, who waits for a signature helps to make it. */
	while (late.job.error != -ECANCELED) {
		submit(held.client, &late, &samples.rsa[0][1]);
		sign_client_flush(held.client);
		while (late.done_count == 0) {
			(void)sign_client_help(held.client);
			(void)sign_client_collect(held.client);
		}
	}
	held_release();
	assert_int_equal(pthread_join(thread, NULL), 0);
	sign_client_drain(held.client);
	lane_sample_assert_signed(early.key, &early.job);
	for (unsigned size = 1; size < LANE_SAMPLE_SIZES; size++)
		assert_int_equal(lane_stage_group_min(held.engine, size), 0);
	assert_in_range(atomic_load(&lane_stage.trials), 1, 3); /* of one size */
	held_close(&held);
}

static int set_up_group(void **state)
{
	(void)state;
	lane_sample_set_init(&samples);
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	lane_sample_set_deinit(&samples);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(portable_service_signs_a_mix_as_openssl),
		cmocka_unit_test(fast_service_signs_a_mix_as_openssl),
		cmocka_unit_test(jobs_that_come_alone_are_signed_at_once),
		cmocka_unit_test(service_signs_together_from_the_minimum_on),
		cmocka_unit_test(others_sign_while_a_worker_learns),
		cmocka_unit_test(service_that_is_stopped_while_it_learns_ends),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
