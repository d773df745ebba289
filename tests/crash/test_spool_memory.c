/*
 * Goal:   whatever allocation fails, in our code, in OpenSSL or in libc, nothing crashes, no message is
 *         lost, doubled or let out unsigned, and a run without trouble brings all of them home.
 * Method: malloc() and its like are ours, for the whole process. In round N the Nth allocation of a run
 *         fails, and only that; then all from the Nth on for a while. After each a consumer takes what
 *         is in out/, in every other round, and the spool is signed without trouble. Descriptors are
 *         counted, and so is the memory that is still in use.
 *         One failure is tried at every N, several in a row at some; where a run is slow both are.
 */
#include "tests/crash/replaced_malloc.h"
#include "tests/crash/spool_scenario.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_uint allocations;
static atomic_uint fail_from; /* 0: none fails */
static atomic_uint fail_count;

bool allocation_fails(void)
{
	unsigned from = atomic_load(&fail_from);
	unsigned number;

	if (from == 0)
		return false;
	number = atomic_fetch_add(&allocations, 1) + 1;
	return number >= from && number < from + atomic_load(&fail_count);
}

struct bench {
	struct spool_fixture fixture;
	struct spool_scenario scenario;
	unsigned rounds;
	unsigned failures;
};

static void say(struct bench *bench, const char *engine, unsigned at, unsigned count,
		const char *what)
{
	bench->failures++;
	printf("%s, %u allocations from %u on: %s\n", engine, count, at, what);
	fflush(stdout);
}

/* One round. False: there was no Nth allocation. */
static bool run_round(struct bench *bench, const char *engine, unsigned at, unsigned count)
{
	const char *const options[] = {"IoEngine",   engine, "SyncMode", "none",
				       "SpoolBatch", "4",    NULL};
	struct spool_result result;
	unsigned descriptors;
	unsigned done;
	char text[300];
	const char *wrong;

	spool_fixture_configure(&bench->fixture, options);
	spool_scenario_fill(&bench->scenario);
	descriptors = spool_fixture_descriptors();
	atomic_store(&allocations, 0);
	atomic_store(&fail_count, count);
	atomic_store(&fail_from, at);
	(void)spool_fixture_run(&bench->fixture, NULL, &result);
	atomic_store(&fail_from, 0);
	done = atomic_load(&allocations);
	if (at % 2 == 1)
		spool_scenario_take(&bench->scenario, 1);
	if (spool_fixture_descriptors() != descriptors)
		say(bench, engine, at, count, "a descriptor is left open");
	/* As the next process would: OpenSSL may say of a key that it is broken when memory is short. */
	spool_fixture_configure(&bench->fixture, options);
	if (spool_fixture_run(&bench->fixture, NULL, &result) != 0)
		say(bench, engine, at, count, result.error_text);
	wrong = spool_scenario_check(&bench->scenario, text, sizeof(text));
	if (wrong != NULL)
		say(bench, engine, at, count, wrong);
	bench->rounds++;
	return done >= at;
}

static void run_rounds(struct bench *bench, const char *engine, unsigned count, unsigned step)
{
	const char *only = getenv("ONLY"); /* this N, for whoever looks for a fault */
	unsigned at = only != NULL ? (unsigned)atoi(only) : 1 + bench->rounds % step;

	while (run_round(bench, engine, at, count) && only == NULL)
		at += step;
	printf("%s, %u at once: up to allocation %u\n", engine, count, at);
	fflush(stdout);
}

int main(void)
{
	const unsigned step = spool_scenario_step(1);
	const unsigned wide_step = spool_scenario_step(20);
	struct bench bench = {0};
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (getenv("VERBOSE") == NULL && null_fd >= 0)
		(void)dup2(null_fd, STDERR_FILENO);
	spool_fixture_open(&bench.fixture, NULL);
	spool_scenario_open(&bench.scenario, &bench.fixture);
	run_rounds(&bench, "auto", 1, step);
	run_rounds(&bench, "threads", 1, step);
	run_rounds(&bench, "auto", 5, wide_step);
	run_rounds(&bench, "threads", 50, wide_step);
	spool_scenario_close(&bench.scenario);
	spool_fixture_close(&bench.fixture);
	printf("%u rounds, %u failures\n", bench.rounds, bench.failures);
	return bench.failures == 0 ? 0 : 1;
}
