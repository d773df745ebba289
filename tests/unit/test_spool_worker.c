/*
 * Goal:   when a ring fails, the run ends with its error, and nothing is lost by it, whatever was under way:
 *         neither if the failure passes by, nor if it does not.
 * Method: a spool with one unit of each kind. The linker puts a ring_turn() in front of the real one that
 *         fails at the Nth turn, for every third N that a run has (stride_of), once or from then on. Then a run without
 *         trouble, and each message must be where it belongs. What is freed too early or not at all the
 *         sanitizers find.
 */
#include "signer/spool/spool_worker.h"

#include "tests/crash/spool_scenario.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

int __real_ring_turn(struct ring *ring, int64_t wait_ns);
int __wrap_ring_turn(struct ring *ring, int64_t wait_ns);
static atomic_uint turns;
static unsigned fail_from; /* 0: never */
static unsigned fail_count;

int __wrap_ring_turn(struct ring *ring, int64_t wait_ns)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	unsigned turn = ++turns;

	if (fail_from == 0 || turn < fail_from || turn - fail_from >= fail_count)
		return __real_ring_turn(ring, wait_ns);
	/* The kernel may be busy with what it was given before; nobody asks it any more. */
	nanosleep(&pause, NULL);
	return -EBADF;
}

static bool run_round(struct spool_scenario *scenario, unsigned from, unsigned count)
{
	struct spool_result result;
	const char *wrong;
	char text[300];
	bool failed;

	spool_scenario_fill(scenario);
	turns = 0;
	fail_from = from;
	fail_count = count;
	failed = spool_fixture_run(scenario->fixture, NULL, &result) != 0;
	fail_from = 0;
	assert_int_equal(failed, turns >= from);
	if (failed)
		assert_int_equal(result.error, -EBADF);
	assert_int_equal(spool_fixture_run(scenario->fixture, NULL, &result), 0);
	wrong = spool_scenario_check(scenario, text, sizeof(text));
	if (wrong != NULL)
		fail_msg("%u turns fail from turn %u on: %s", count, from, wrong);
	return failed;
}

static void run_rounds(const char *engine, const char *io_threads, const char *sync_mode,
		       unsigned first)
{
	const char *const options[] = {"IoEngine",   engine,	 "IoThreads",
				       io_threads,   "SyncMode", sync_mode,
				       "SpoolBatch", "4",	 NULL};
	struct spool_scenario scenario;
	struct spool_fixture fixture;
	unsigned from = first;
	unsigned rounds = 0;

	spool_fixture_open(&fixture, options);
	spool_scenario_open(&scenario, &fixture);
	for (; run_round(&scenario, from, rounds % 2 == 0 ? 1 : 1000); rounds++)
		from += 3 * stride_of(3);
	print_message("%s, %s I/O threads, SyncMode %s: %u rounds\n", engine, io_threads, sync_mode,
		      rounds);
	spool_scenario_close(&scenario);
	spool_fixture_close(&fixture);
}

static void ring_that_fails_at_any_turn_loses_nothing(void **state)
{
	(void)state;
	run_rounds("auto", "1", "full", 1);
	run_rounds("threads", "1", "full", 2);
	run_rounds("auto", "1", "none", 3);
	run_rounds("threads", "2", "full", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_that_fails_at_any_turn_loses_nothing),
	};

	return cmocka_run_group_tests_name("spool_worker", tests, NULL, NULL);
}
