/*
 * Goal:   running out of memory anywhere in keys, store and service is -ENOMEM, loses nothing and
 *         crashes nothing.
 * Method: each scenario runs again and again, with the first allocation failed, then the second,
 *         and so on until one run has none to fail; those of OpenSSL count, too.
 */
#include "common/clock.h"
#include "signer/keys/key_file.h"
#include "signer/keys/key_generate.h"
#include "signer/keys/key_store.h"
#include "signer/keys/sign_service.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static struct temp_dir dir;
static struct key_problem problem;
static struct key *rsa_key;
static struct buffer rsa_pem;
static struct buffer ed25519_pem;

static int use_public_key(const struct key *key)
{
	static const uint8_t digest[DIGEST_SIZE];
	struct public_key *public_key;
	struct buffer p = {0};
	int r = public_key_new(key_type(key), key_public(key), &public_key);

	if (r != 0)
		return r;
	r = public_key_verify(public_key, digest, BYTES_LITERAL("no signature"));
	if (r == PUBLIC_KEY_E_MISMATCH)
		r = public_key_append_p(public_key_record(public_key), &p);
	public_key_free(public_key);
	buffer_deinit(&p);
	return r;
}

static int parse(struct bytes pem)
{
	struct key *key;
	int r = key_new("NAME", pem, 0, &key, &problem);

	if (r != 0)
		return r;
	r = use_public_key(key);
	key_unref(key);
	return r;
}

static int parse_rsa(void)
{
	return parse(buffer_bytes(&rsa_pem));
}

static int parse_ed25519(void)
{
	return parse(buffer_bytes(&ed25519_pem));
}

static int look_up(struct key_store *store, const char *reference, int want)
{
	struct key *key = NULL;
	int r = key_store_load(store, reference, &key, &problem);

	key_unref(key);
	return r == want ? 0 : r;
}

static int use_store(void)
{
	const struct key_store_config config = {
		.keys_max = 1, .require_safe = true, .user = geteuid()};
	struct key_store *store;
	int r = key_store_new(&config, &store);

	if (r != 0)
		return r;
	r = look_up(store, temp_dir_name(&dir, "rsa"), 0);
	if (r == 0)
		r = look_up(store, temp_dir_name(&dir, "ed25519"), 0);
	if (r == 0)
		r = look_up(store, temp_dir_name(&dir, "missing"), KEY_E_MISSING);
	if (r == 0)
		r = look_up(store, (const char *)ed25519_pem.data, 0);
	key_store_free(store);
	return r;
}

static void job_done(struct sign_job *job)
{
	(void)job;
}

static int sign_with(struct sign_client *client, struct key *key)
{
	struct sign_job job = {.key = key, .done = job_done};
	struct pollfd event = {.fd = sign_client_fd(client), .events = POLLIN};

	sign_client_submit(client, &job);
	sign_client_flush(client);
	while (sign_client_in_flight(client) > 0) {
		(void)poll(&event, 1, -1);
		(void)sign_client_collect(client);
	}
	return job.error;
}

static int use_service(void)
{
	struct sign_service *service = NULL;
	struct sign_client *client = NULL;
	int r = sign_service_new(1, &sign_engine_openssl, &service);

	if (r == 0)
		r = sign_client_new(service, &client);
	for (int i = 0; r == 0 && i < 40; i++) /* enough to get a copy of the key */
		r = sign_with(client, rsa_key);
	sign_client_free(client);
	sign_service_free(service);
	return r;
}

static int generate(void)
{
	struct secret_memory pem = {0};
	int r = key_generate(KEY_ED25519, 0, &pem);

	secret_memory_deinit(&pem);
	return r;
}

struct scenario {
	const char *name;
	int (*run)(void);
	int otherwise; /* what OpenSSL may make of it, when it does not say why it failed */
};

static const struct scenario scenarios[] = {
	{"parse_rsa", parse_rsa, KEY_E_BROKEN},
	{"parse_ed25519", parse_ed25519, KEY_E_BROKEN},
	{"use_store", use_store, KEY_E_BROKEN},
	{"use_service", use_service, SIGN_JOB_E_FAILED},
	{"generate", generate, KEY_GENERATE_E_FAILED},
};

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(scenarios); i++) {
		size_t nth = 1;
		bool has_failed = true;

		assert_int_equal(scenarios[i].run(), 0);
		for (; has_failed; nth += stride_of(3)) {
			int r;

			failing_memory_arm(nth);
			r = scenarios[i].run();
			has_failed = failing_memory_disarm();
			if (r != 0 && r != -ENOMEM && r != scenarios[i].otherwise)
				print_error("%s: allocation %zu: got %d (%s)\n", scenarios[i].name,
					    nth, r, problem.text);
			assert_true(r == 0 ||
				    (has_failed && (r == -ENOMEM || r == scenarios[i].otherwise)));
			ERR_clear_error();
		}
		assert_true(nth > 2);
		assert_int_equal(scenarios[i].run(), 0);
	}
}

static int set_up_group(void **state)
{
	(void)state;
	rsa_pem = sample_pem(SAMPLE_RSA_BITS);
	ed25519_pem = sample_pem(0);
	if (buffer_string(&ed25519_pem) == NULL ||
	    key_new("NAME", buffer_bytes(&rsa_pem), 0, &rsa_key, &problem) != 0)
		return -1;
	temp_dir_make(&dir);
	temp_dir_write(&dir, "rsa", buffer_bytes(&rsa_pem), 0600);
	temp_dir_write(&dir, "ed25519", buffer_bytes(&ed25519_pem), 0600);
	return 0;
}

static int tear_down_group(void **state)
{
	(void)state;
	temp_dir_remove(&dir);
	key_unref(rsa_key);
	buffer_deinit(&rsa_pem);
	buffer_deinit(&ed25519_pem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
	};

	failing_memory_hook_openssl();
	return cmocka_run_group_tests_name("key_allocations", tests, set_up_group, tear_down_group);
}
