/*
 * Goal:   one job at a time is measured in both engines, and each turn leaves its percentiles.
 * Method: short turns with a small key. No figure is compared with another.
 */
#include "tests/unit/unit_test.h"

#include "bench/rsa_at_rest.h"

#define BITS  1024
#define TURNS 3

static void check_row(const struct rsa_at_rest_row *row, uint64_t jobs)
{
	assert_int_equal(row->bits, BITS);
	assert_int_equal(row->job_ns.count, jobs);
	assert_int_equal(row->p50_us.count, TURNS);
	assert_int_equal(row->p99_us.count, TURNS);
	for (size_t i = 0; i < TURNS; i++) {
		assert_true(row->p50_us.values[i] > 0);
		assert_true(row->p99_us.values[i] >= row->p50_us.values[i]);
		assert_true(row->p99_us.values[i] * 1000 <= (double)row->job_ns.max);
	}
}

static void test_turns_of_both_engines(void **state)
{
	struct rsa_at_rest *at_rest = NULL;
	struct rsa_keys keys = {0};
	struct failure failure;
	double seconds = 0; /* one job */
	uint64_t jobs[RSA_AT_REST_ENGINES] = {0};

	(void)state;
	assert_int_equal(rsa_keys_init(&keys, BITS, 1, NULL, &failure), 0);
	assert_int_equal(rsa_at_rest_new(&rsa_lanes_portable, 1, &at_rest, &failure), 0);
	assert_int_equal(rsa_at_rest_add(at_rest, &keys, &seconds, &failure), 0);
	assert_int_equal(at_rest->row_count, RSA_AT_REST_ENGINES);
	assert_true(at_rest->rows[0].in_lanes);
	assert_false(at_rest->rows[1].in_lanes);
	assert_string_equal(at_rest->rows[0].id, "at_rest_lanes_rsa1024");
	for (unsigned turn = 0; turn < TURNS; turn++) {
		for (size_t i = 0; i < RSA_AT_REST_ENGINES; i++) {
			struct measure measure;

			assert_int_equal(rsa_at_rest_run(&at_rest->rows[i], &measure, &failure), 0);
			assert_true(turn == 0 ? measure.work == 1 : measure.work > 1);
			assert_true(measure.seconds >= seconds);
			jobs[i] += measure.work;
		}
		seconds = 0.02;
	}
	for (size_t i = 0; i < RSA_AT_REST_ENGINES; i++)
		check_row(&at_rest->rows[i], jobs[i]);
	rsa_at_rest_free(at_rest);
	rsa_keys_deinit(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns_of_both_engines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
