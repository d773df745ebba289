/*
 * Goal:   I/O threads and signing threads together are as many as there are CPUs, unless the configuration
 *         says otherwise; there is always one of each.
 */
#include "signer/message/signing_threads.h"

#include "tests/unit/unit_test.h"

static void threads_are_shared_out_over_the_cpus(void **state)
{
	static const struct {
		int64_t io_threads;
		int64_t sign_threads;
		unsigned cpus;
		struct signing_threads want;
	} cases[] = {
		{0, 0, 1, {1, 1}}, {0, 0, 2, {1, 1}},	     {0, 0, 8, {1, 7}},
		{0, 0, 9, {2, 7}}, {0, 0, 64, {8, 56}},	     {0, 0, 1024, {64, 960}},
		{3, 0, 2, {3, 1}}, {3, 0, 8, {3, 5}},	     {0, 5, 2, {1, 5}},
		{2, 2, 8, {2, 2}}, {1000, 0, 100, {64, 36}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct signer_config config = {
			.io_threads = cases[i].io_threads,
			.sign_threads = cases[i].sign_threads,
		};
		struct signing_threads got = signing_threads_of(&config, cases[i].cpus);

		if (got.io != cases[i].want.io || got.sign != cases[i].want.sign)
			fail_msg("case %zu: got %u and %u", i, got.io, got.sign);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_are_shared_out_over_the_cpus),
	};

	return cmocka_run_group_tests_name("signing_threads", tests, NULL, NULL);
}
