/*
 * Goal:   what the benchmark measures are right signatures: an engine that makes wrong ones, or none, ends it.
 * Method: batches with OpenSSL, with the portable lanes, and with lanes that are told to go wrong.
 */
#include "tests/unit/unit_test.h"

#include "bench/rsa_batch.h"

#include <string.h>

#define BITS 1024
#define KEYS 2

static struct rsa_keys keys;
static struct secret_memory workspace;

static int set_up(void **state)
{
	struct failure failure;

	(void)state;
	assert_int_equal(rsa_keys_init(&keys, BITS, KEYS, &rsa_lanes_portable, &failure), 0);
	return secret_memory_init(&workspace, rsa_lanes_portable.workspace_size);
}

static int tear_down(void **state)
{
	(void)state;
	rsa_keys_deinit(&keys);
	secret_memory_deinit(&workspace);
	return 0;
}

static void sign_last_wrong(struct rsa_lanes_workspace *space, struct rsa_lane_job *jobs,
			    unsigned count)
{
	rsa_lanes_portable.sign(space, jobs, count);
	jobs[count - 1].signature[BITS / 8 - 1] ^= 1;
}

static void fail_last(struct rsa_lanes_workspace *space, struct rsa_lane_job *jobs, unsigned count)
{
	rsa_lanes_portable.sign(space, jobs, count);
	jobs[count - 1].has_failed = true;
}

static int check(const struct rsa_lanes *lanes, unsigned filled, struct failure *failure)
{
	struct rsa_batch batch;
	int r;

	*failure = (struct failure){""};
	r = rsa_batch_init(&batch, lanes,
			   lanes == NULL ? NULL
					 : (struct rsa_lanes_workspace *)(void *)workspace.data,
			   &keys, filled, 1, failure);
	if (r == 0)
		r = rsa_batch_check(&batch, failure);
	if (r == 0)
		r = rsa_batch_check(&batch, failure); /* other digests and, alone, another key */
	rsa_batch_deinit(&batch);
	return r;
}

static void right_signatures_pass(void **state)
{
	struct failure failure;

	(void)state;
	assert_int_equal(check(NULL, 1, &failure), 0);
	assert_int_equal(check(&rsa_lanes_portable, 1, &failure), 0);
	assert_int_equal(check(&rsa_lanes_portable, RSA_LANES, &failure), 0);
}

static void wrong_signature_ends_it(void **state)
{
	struct rsa_lanes lanes = rsa_lanes_portable;
	struct failure failure;

	(void)state;
	lanes.sign = sign_last_wrong;
	assert_int_equal(check(&lanes, 3, &failure), BENCH_E_FAILED);
	assert_string_equal(failure.text,
			    "portable, RSA-1024, lane 3 of 3: another signature than OpenSSL's");
}

static void signature_that_was_not_made_ends_it(void **state)
{
	struct rsa_lanes lanes = rsa_lanes_portable;
	struct failure failure;

	(void)state;
	lanes.sign = fail_last;
	assert_int_equal(check(&lanes, RSA_LANES, &failure), BENCH_E_FAILED);
	assert_string_equal(failure.text, "portable, RSA-1024: a signature was not made");
}

static void batch_has_several_keys_and_fresh_digests(void **state)
{
	struct failure failure;
	struct rsa_batch batch;
	uint8_t digest[RSA_LANES_DIGEST_SIZE];

	(void)state;
	assert_int_equal(rsa_batch_init(&batch, &rsa_lanes_portable,
					(struct rsa_lanes_workspace *)(void *)workspace.data, &keys,
					2, 1, &failure),
			 0);
	assert_int_equal(rsa_batch_sign(&batch, &failure), 0);
	assert_ptr_not_equal(batch.jobs[0].key, batch.jobs[1].key);
	assert_memory_not_equal(batch.digests[0], batch.digests[1], sizeof(digest));
	memcpy(digest, batch.digests[0], sizeof(digest));
	assert_int_equal(rsa_batch_sign(&batch, &failure), 0);
	assert_memory_not_equal(batch.digests[0], digest, sizeof(digest));
	rsa_batch_deinit(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_signatures_pass),
		cmocka_unit_test(wrong_signature_ends_it),
		cmocka_unit_test(signature_that_was_not_made_ends_it),
		cmocka_unit_test(batch_has_several_keys_and_fresh_digests),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
