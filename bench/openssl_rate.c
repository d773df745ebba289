/*
 * How it works: OpenSSL is called here as its manual shows it, not through signer/keys, so that a slow way of
 * ours to call it would be seen. Contexts are made once: that is how OpenSSL is fastest. All threads
 * are prepared before the first begins: they wait at a gate, which is a mutex that their maker holds.
 */
#include "bench/openssl_rate.h"

#include "common/clock.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define SIGNATURE_ROOM 1024

struct signing_gate {
	pthread_mutex_t mutex; /* held until all threads are there */
	bool is_cancelled;
};

struct signing_thread {
	const struct openssl_rate *rate;
	struct signing_gate *gate;
	EVP_PKEY *key;
	EVP_PKEY_CTX *rsa; /* one of the two */
	EVP_MD_CTX *ed25519;
	pthread_t thread;

	/* Results. */
	bool failed;
	uint64_t signatures;
	int64_t start_ns;
	int64_t end_ns;
	double user_s;
	double system_s;
};

static bool prepare(struct signing_thread *thread)
{
	const struct signer_setup *setup = thread->rate->setup;
	struct bytes pem = secret_memory_bytes(&setup->key_pem);
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);

	if (bio == NULL)
		return false;
	thread->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (thread->key == NULL)
		return false;
	if (setup->kind.type == KEY_ED25519) {
		thread->ed25519 = EVP_MD_CTX_new();
		return thread->ed25519 != NULL &&
		       EVP_DigestSignInit(thread->ed25519, NULL, NULL, NULL, thread->key) == 1;
	}
	thread->rsa = EVP_PKEY_CTX_new(thread->key, NULL);
	return thread->rsa != NULL && EVP_PKEY_sign_init(thread->rsa) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(thread->rsa, RSA_PKCS1_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(thread->rsa, EVP_sha256()) == 1;
}

static bool sign(struct signing_thread *thread, const uint8_t digest[DIGEST_SIZE])
{
	uint8_t signature[SIGNATURE_ROOM];
	size_t size = sizeof(signature);

	if (thread->rsa != NULL)
		return EVP_PKEY_sign(thread->rsa, signature, &size, digest, DIGEST_SIZE) == 1;
	if (EVP_DigestSign(thread->ed25519, signature, &size, digest, DIGEST_SIZE) == 1)
		return true;
	/* OpenSSL from 3.4 on wants an init after each signature, older ones do not. */
	size = sizeof(signature);
	return EVP_DigestSignInit(thread->ed25519, NULL, NULL, NULL, NULL) == 1 &&
	       EVP_DigestSign(thread->ed25519, signature, &size, digest, DIGEST_SIZE) == 1;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void *sign_until_over(void *arg)
{
	struct signing_thread *thread = arg;
	uint8_t digest[DIGEST_SIZE] = {0};
	struct rusage before;
	struct rusage after;
	int64_t deadline_ns;
	bool is_cancelled;

	pthread_mutex_lock(&thread->gate->mutex);
	is_cancelled = thread->gate->is_cancelled;
	pthread_mutex_unlock(&thread->gate->mutex);
	if (is_cancelled)
		return NULL;
	(void)getrusage(RUSAGE_THREAD, &before);
	thread->start_ns = clock_monotonic_ns();
	deadline_ns = thread->start_ns + (int64_t)(thread->rate->seconds * (double)NS_PER_S);
	do {
		memcpy(digest, &thread->signatures, sizeof(thread->signatures));
		if (!sign(thread, digest)) {
			thread->failed = true;
			break;
		}
		thread->signatures++;
		thread->end_ns = clock_monotonic_ns();
	} while (thread->end_ns < deadline_ns);
	(void)getrusage(RUSAGE_THREAD, &after);
	thread->user_s = seconds_of(after.ru_utime) - seconds_of(before.ru_utime);
	thread->system_s = seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
	return NULL;
}

static void thread_deinit(struct signing_thread *thread)
{
	EVP_PKEY_CTX_free(thread->rsa);
	EVP_MD_CTX_free(thread->ed25519);
	EVP_PKEY_free(thread->key);
}

/* The time from the first start to the last end. */
static int add_up(const struct signing_thread *threads, unsigned count, struct measure *measure_out,
		  struct failure *failure)
{
	struct measure measure = {0};
	int64_t start_ns = threads[0].start_ns;
	int64_t end_ns = threads[0].end_ns;

	for (unsigned i = 0; i < count; i++) {
		if (threads[i].failed)
			return failure_set(failure, BENCH_E_FAILED, "OpenSSL does not sign");
		measure.work += threads[i].signatures;
		measure.user_s += threads[i].user_s;
		measure.system_s += threads[i].system_s;
		start_ns = threads[i].start_ns < start_ns ? threads[i].start_ns : start_ns;
		end_ns = threads[i].end_ns > end_ns ? threads[i].end_ns : end_ns;
	}
	measure.seconds = (double)(end_ns - start_ns) / (double)NS_PER_S;
	*measure_out = measure;
	return 0;
}

static int run_threads(struct signing_thread *threads, unsigned count, struct failure *failure)
{
	struct signing_gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	unsigned started = 0;
	int r = 0;

	for (unsigned i = 0; i < count; i++) {
		threads[i].gate = &gate;
		if (!prepare(&threads[i]))
			return failure_set(failure, BENCH_E_FAILED,
					   "OpenSSL does not take the key");
	}
	pthread_mutex_lock(&gate.mutex);
	while (r == 0 && started < count) {
		r = -pthread_create(&threads[started].thread, NULL, sign_until_over,
				    &threads[started]);
		started += r == 0;
	}
	gate.is_cancelled = r != 0;
	pthread_mutex_unlock(&gate.mutex);
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(threads[i].thread, NULL);
	return r == 0 ? 0 : failure_set(failure, r, "a thread cannot be started");
}

int openssl_rate_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	const struct openssl_rate *rate = arg;
	struct signing_thread *threads = calloc(rate->threads, sizeof(threads[0]));
	int r;

	if (threads == NULL)
		return failure_set(failure, -ENOMEM, "threads");
	for (unsigned i = 0; i < rate->threads; i++)
		threads[i].rate = rate;
	r = run_threads(threads, rate->threads, failure);
	if (r == 0)
		r = add_up(threads, rate->threads, measure_out, failure);
	for (unsigned i = 0; i < rate->threads; i++)
		thread_deinit(&threads[i]);
	free(threads);
	return r;
}
