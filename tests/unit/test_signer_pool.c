/*
 * Goal:   signers are used again; one that a message has made large is not kept.
 * Method: signers are taken, given a header, and given back.
 */
#include "signer/message/signer_pool.h"

#include "signer/keys/sign_engine.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

static void wake(struct message_signer *signer, void *arg)
{
	(void)signer;
	(void)arg;
	fail_msg("nothing is asked for");
}

/* A message of nobody's, with a header of that size. */
static void use(const struct spool_fixture *fixture, struct message_signer *signer, size_t size)
{
	struct buffer text = {0};
	struct bytes piece;

	assert_int_equal(buffer_append_string(&text, "From: a@other.example\r\n"), 0);
	while (text.size < size)
		assert_int_equal(buffer_append_string(&text, "Subject: a subject\r\n"), 0);
	assert_int_equal(buffer_append_string(&text, "\r\n"), 0);
	message_signer_start(signer, fixture->context, "test", 0, wake, NULL);
	piece = buffer_bytes(&text);
	assert_int_equal(message_signer_push(signer, &piece), MESSAGE_OVER);
	assert_int_equal(message_signer_verdict(signer), MESSAGE_PASS);
	buffer_deinit(&text);
}

static void large_signer_is_not_kept(void **state)
{
	const char *const options[] = {"MaximumHeaders", "0", NULL};
	struct message_signer *first;
	struct message_signer *second;
	struct spool_fixture fixture;
	struct sign_service *service;
	struct sign_client *client;
	struct message_tools tools;
	struct signer_pool *pool;

	(void)state;
	spool_fixture_open(&fixture, options);
	assert_int_equal(sign_service_new(1, &sign_engine_openssl, &service), 0);
	assert_int_equal(sign_client_new(service, &client), 0);
	assert_int_equal(message_tools_init(&tools, client), 0);
	assert_int_equal(signer_pool_new(&tools, &pool), 0);
	assert_int_equal(signer_pool_take(pool, &first), 0);
	use(&fixture, first, 8000);
	signer_pool_give_back(pool, first);
	assert_int_equal(signer_pool_take(pool, &second), 0);
	assert_ptr_equal(second, first);
	use(&fixture, second, 10000000);
	assert_true(message_signer_memory(second) > 10000000);
	signer_pool_give_back(pool, second);
	assert_int_equal(signer_pool_take(pool, &first), 0);
	assert_true(message_signer_memory(first) < 100000);
	signer_pool_give_back(pool, first);
	signer_pool_free(pool);
	message_tools_deinit(&tools);
	sign_client_free(client);
	sign_service_free(service);
	spool_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_signer_is_not_kept),
	};

	return cmocka_run_group_tests_name("signer_pool", tests, NULL, NULL);
}
