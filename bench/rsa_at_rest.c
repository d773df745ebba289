/*
 * How it works: the main thread is the client, and sleeps until its job is done, as an I/O thread does that has
 * nothing else to do. The times of a turn are kept one by one: the classes of a histogram are wider than what
 * two engines differ by.
 */
#include "bench/rsa_at_rest.h"

#include "bench/random_numbers.h"
#include "common/clock.h"
#include "signer/keys/sign_engine_lanes.h"
#include "signer/keys/sign_service.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define TURN_JOBS_MAX 65536
#define LANE_KEYS     16 /* far more than one job at a time can want */

struct signing_service {
	struct lanes_engine *lanes; /* NULL: OpenSSL alone */
	struct sign_service *service;
	struct sign_client *client;
};

static int service_init(struct signing_service *service, const struct rsa_lanes *lanes)
{
	const struct sign_engine *engine = &sign_engine_openssl;
	int r = 0;

	if (lanes != NULL) {
		r = lanes_engine_new(lanes, LANE_KEYS, &service->lanes);
		if (r == 0)
			engine = lanes_engine_as_engine(service->lanes);
	}
	/* In plain C lanes never pay, and to find that out takes seconds. */
	if (r == 0 && lanes != NULL && lanes != &rsa_lanes_portable)
		r = lanes_engine_learn(service->lanes);
	if (r == 0)
		r = sign_service_new(1, engine, &service->service);
	return r == 0 ? sign_client_new(service->service, &service->client) : r;
}

static void service_deinit(struct signing_service *service)
{
	sign_client_free(service->client);
	sign_service_free(service->service);
	lanes_engine_free(service->lanes);
}

static void ignore_done(struct sign_job *job)
{
	(void)job;
}

/* The job is done when this returns. */
static int sign_one(struct signing_service *service, struct sign_job *job, unsigned bits,
		    struct failure *failure)
{
	job->done = ignore_done;
	sign_client_submit(service->client, job);
	sign_client_drain(service->client);
	if (job->error == 0)
		return 0;
	return failure_set(failure, BENCH_E_FAILED, "RSA-%u, at rest: a signature was not made",
			   bits);
}

int rsa_at_rest_new(const struct rsa_lanes *lanes, uint64_t seed, struct rsa_at_rest **at_rest_out,
		    struct failure *failure)
{
	struct rsa_at_rest *at_rest = calloc(1, sizeof(*at_rest));
	int r = -ENOMEM;

	if (at_rest != NULL) {
		at_rest->random = seed;
		at_rest->turn_ns = calloc(TURN_JOBS_MAX, sizeof(at_rest->turn_ns[0]));
		at_rest->services = calloc(RSA_AT_REST_ENGINES, sizeof(at_rest->services[0]));
	}
	if (at_rest != NULL && at_rest->turn_ns != NULL && at_rest->services != NULL) {
		r = service_init(&at_rest->services[0], lanes);
		if (r == 0)
			r = service_init(&at_rest->services[1], NULL);
	}
	if (r == 0) {
		*at_rest_out = at_rest;
		return 0;
	}
	rsa_at_rest_free(at_rest);
	return failure_set(failure, r, "a signature service");
}

void rsa_at_rest_free(struct rsa_at_rest *at_rest)
{
	if (at_rest == NULL)
		return;
	for (size_t i = 0; at_rest->services != NULL && i < RSA_AT_REST_ENGINES; i++)
		service_deinit(&at_rest->services[i]);
	for (size_t i = 0; i < at_rest->row_count; i++)
		key_unref(at_rest->rows[i].key);
	free(at_rest->services);
	free(at_rest->turn_ns);
	free(at_rest);
}

static struct rsa_at_rest_row *add_row(struct rsa_at_rest *at_rest, bool in_lanes, unsigned bits,
				       struct key *key, const double *seconds)
{
	struct rsa_at_rest_row *row = &at_rest->rows[at_rest->row_count++];

	*row = (struct rsa_at_rest_row){
		.in_lanes = in_lanes,
		.bits = bits,
		.owner = at_rest,
		.key = key_ref(key),
		.seconds = seconds,
	};
	snprintf(row->id, sizeof(row->id), "at_rest_%s_rsa%u", in_lanes ? "lanes" : "openssl",
		 bits);
	snprintf(row->title, sizeof(row->title), "RSA-%u at rest, %s", bits,
		 in_lanes ? "lanes engine" : "OpenSSL");
	return row;
}

static int check(struct rsa_at_rest *at_rest, struct key *key, unsigned bits,
		 struct failure *failure)
{
	struct sign_job jobs[RSA_AT_REST_ENGINES] = {{.key = key}, {.key = key}};
	int r = 0;

	random_fill(&at_rest->random, jobs[0].digest, sizeof(jobs[0].digest));
	memcpy(jobs[1].digest, jobs[0].digest, sizeof(jobs[0].digest));
	for (size_t i = 0; r == 0 && i < RSA_AT_REST_ENGINES; i++)
		r = sign_one(&at_rest->services[i], &jobs[i], bits, failure);
	if (r != 0)
		return r;
	if (jobs[0].signature_size == jobs[1].signature_size &&
	    memcmp(jobs[0].signature, jobs[1].signature, jobs[0].signature_size) == 0)
		return 0;
	return failure_set(failure, BENCH_E_FAILED,
			   "RSA-%u, at rest: the engines make different signatures", bits);
}

int rsa_at_rest_add(struct rsa_at_rest *at_rest, const struct rsa_keys *keys, const double *seconds,
		    struct failure *failure)
{
	struct key *key = NULL;
	int r = rsa_keys_open(keys, 0, &key, failure);

	assert(at_rest->row_count + RSA_AT_REST_ENGINES <= ARRAY_COUNT(at_rest->rows));
	if (r == 0)
		r = check(at_rest, key, keys->bits, failure);
	if (r == 0) {
		(void)add_row(at_rest, true, keys->bits, key, seconds);
		(void)add_row(at_rest, false, keys->bits, key, seconds);
	}
	key_unref(key);
	return r;
}

static int by_size(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Of the turn, by nearest rank; the times are in order. */
static double percentile_us(const struct rsa_at_rest *at_rest, double percent)
{
	size_t rank = (size_t)ceil(percent / 100 * (double)at_rest->turn_count);

	return (double)at_rest->turn_ns[rank - 1] / 1000;
}

static void keep_turn(struct rsa_at_rest_row *row)
{
	struct rsa_at_rest *at_rest = row->owner;

	qsort(at_rest->turn_ns, at_rest->turn_count, sizeof(at_rest->turn_ns[0]), by_size);
	samples_add(&row->p50_us, percentile_us(at_rest, 50));
	samples_add(&row->p99_us, percentile_us(at_rest, 99));
}

static int time_job(struct rsa_at_rest_row *row, struct sign_job *job, struct failure *failure)
{
	struct rsa_at_rest *at_rest = row->owner;
	int64_t start_ns;
	int64_t ns;
	int r;

	random_fill(&at_rest->random, job->digest, sizeof(job->digest));
	start_ns = clock_monotonic_ns();
	r = sign_one(&at_rest->services[row->in_lanes ? 0 : 1], job, row->bits, failure);
	ns = clock_monotonic_ns() - start_ns;
	histogram_add(&row->job_ns, (uint64_t)ns);
	at_rest->turn_ns[at_rest->turn_count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
	return r;
}

int rsa_at_rest_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	struct rsa_at_rest_row *row = arg;
	struct rsa_at_rest *at_rest = row->owner;
	struct sign_job job = {.key = row->key};
	const int64_t start_ns = clock_monotonic_ns();
	const int64_t end_ns = start_ns + (int64_t)(*row->seconds * (double)NS_PER_S);
	int r = 0;

	at_rest->turn_count = 0;
	do
		r = time_job(row, &job, failure);
	while (r == 0 && clock_monotonic_ns() < end_ns && at_rest->turn_count < TURN_JOBS_MAX);
	if (r != 0)
		return r;
	*measure_out = (struct measure){
		.seconds = (double)(clock_monotonic_ns() - start_ns) / (double)NS_PER_S,
		.work = at_rest->turn_count,
	};
	keep_turn(row);
	return 0;
}
