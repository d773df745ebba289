/*
 * Goal:   whatever operation fails, and however, no message is lost, doubled or let out unsigned, and a run
 *         without trouble brings all of them home.
 * Method: a spool with one unit of each kind is signed again and again. In round N the Nth operation of
 *         the ring fails, until a round has fewer; in the next round of rounds it fails in another way, on
 *         the other engine, or with the other SyncMode. After each a consumer takes what is in out/,
 *         in every other round, and the spool is signed without trouble.
 *         EIO is tried at every N with SyncMode full, all else at some N, from a different start each
 *         time. Where a run is slow all is.
 */
#include "tests/crash/spool_scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPEATS_MAX 8

/* How operations fail in a round of rounds. */
struct fault_kind {
	const char *name;
	int error;
	bool done;	  /* it is done all the same; */
	bool first_only;  /* but only the first of several */
	bool short_count; /* half of what was asked for */
	unsigned repeats; /* so many in a row */
};

static const struct fault_kind kinds[] = {
	{"EIO", -EIO, false, false, false, 1},
	{"ENOSPC of eight in a row", -ENOSPC, false, false, false, 8},
	{"EMFILE", -EMFILE, false, false, false, 1},
	{"ECANCELED, though done", -ECANCELED, true, false, false, 1},
	{"EIO of two in a row, though done", -EIO, true, false, false, 2},
	{"EIO of two in a row, the first of them done", -EIO, true, true, false, 2},
	{"a short count", 0, false, false, true, 1},
};

struct fault {
	const struct fault_kind *kind;
	pthread_mutex_t mutex;			   /* there may be several rings */
	unsigned at;				   /* the operation that fails, from 1 */
	unsigned count;				   /* operations so far */
	const struct ring_op *marked[REPEATS_MAX]; /* fail when they are done */
};

struct setting {
	const char *engine;
	const char *sync_mode;
	const char *io_threads;
};

static const struct setting settings[] = {
	{"auto", "full", "1"},
	{"threads", "full", "1"},
	{"auto", "none", "1"},
	{"threads", "none", "2"},
};

static void mark(struct fault *fault, const struct ring_op *op)
{
	for (size_t i = 0; i < REPEATS_MAX; i++) {
		if (fault->marked[i] == NULL) {
			fault->marked[i] = op;
			return;
		}
	}
}

static bool take_mark(struct fault *fault, const struct ring_op *op)
{
	for (size_t i = 0; i < REPEATS_MAX; i++) {
		if (fault->marked[i] == op) {
			fault->marked[i] = NULL;
			return true;
		}
	}
	return false;
}

/* What becomes of the operation that is hit: an error at once, or 0. */
static int hit(struct fault *fault, struct ring_op *op)
{
	const struct fault_kind *kind = fault->kind;

	if (kind->short_count) {
		if ((op->opcode == RING_READ || op->opcode == RING_WRITE) && op->size > 1)
			op->size /= 2;
		return 0;
	}
	/* A close that is not done would leave a descriptor behind. */
	if (!(kind->done && !(kind->first_only && fault->count > fault->at)) &&
	    op->opcode != RING_CLOSE)
		return kind->error;
	mark(fault, op);
	return 0;
}

static int before(void *arg, struct ring_op *op)
{
	struct fault *fault = arg;
	int r = 0;

	pthread_mutex_lock(&fault->mutex);
	fault->count++;
	if (fault->count >= fault->at && fault->count < fault->at + fault->kind->repeats)
		r = hit(fault, op);
	pthread_mutex_unlock(&fault->mutex);
	return r;
}

static int after(void *arg, const struct ring_op *op, int res)
{
	struct fault *fault = arg;
	bool marked;

	pthread_mutex_lock(&fault->mutex);
	marked = take_mark(fault, op);
	pthread_mutex_unlock(&fault->mutex);
	if (!marked || res < 0)
		return res;
	if (op->opcode == RING_OPENAT)
		close(res);
	return fault->kind->error;
}

struct bench {
	struct spool_fixture fixture;
	struct spool_scenario scenario;
	unsigned rounds;
	unsigned failures;
};

static void say(struct bench *bench, const struct setting *setting, const struct fault *fault,
		const char *what)
{
	bench->failures++;
	printf("%s, SyncMode %s, %s at operation %u: %s\n", setting->engine, setting->sync_mode,
	       fault->kind->name, fault->at, what);
}

/* One round. False: there was no Nth operation. */
static bool run_round(struct bench *bench, const struct setting *setting, struct fault *fault)
{
	const struct ring_fault ring_fault = {before, after, fault};
	unsigned descriptors;
	struct spool_result result;
	char text[300];
	const char *wrong;

	spool_scenario_fill(&bench->scenario);
	descriptors = spool_fixture_descriptors();
	memset(fault->marked, 0, sizeof(fault->marked));
	fault->count = 0;
	(void)spool_fixture_run(&bench->fixture, &ring_fault, &result);
	if (fault->at % 2 == 1)
		spool_scenario_take(&bench->scenario, 1);
	if (spool_fixture_descriptors() != descriptors)
		say(bench, setting, fault, "a descriptor is left open");
	if (spool_fixture_run(&bench->fixture, NULL, &result) != 0)
		say(bench, setting, fault, result.error_text);
	wrong = spool_scenario_check(&bench->scenario, text, sizeof(text));
	if (wrong != NULL)
		say(bench, setting, fault, wrong);
	bench->rounds++;
	return fault->count >= fault->at;
}

static void run_rounds(struct bench *bench, const struct setting *setting, size_t kind)
{
	struct fault fault = {
		.kind = &kinds[kind],
		.mutex = PTHREAD_MUTEX_INITIALIZER,
	};
	const bool is_every = kind == 0 && strcmp(setting->sync_mode, "full") == 0;
	unsigned step = spool_scenario_step(is_every ? 1 : 17);
	unsigned rounds = 0;

	fault.at = 1 + (unsigned)kind % step;
	for (; run_round(bench, setting, &fault); rounds++)
		fault.at += step;
	printf("%s, SyncMode %s, %s I/O threads, %s: %u rounds\n", setting->engine,
	       setting->sync_mode, setting->io_threads, kinds[kind].name, rounds);
	fflush(stdout);
}

int main(void)
{
	struct bench bench = {0};
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* What the spool says about thousands of failures is not looked at. */
	if (getenv("VERBOSE") == NULL && null_fd >= 0)
		(void)dup2(null_fd, STDERR_FILENO);
	spool_fixture_open(&bench.fixture, NULL);
	spool_scenario_open(&bench.scenario, &bench.fixture);
	for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
		const char *const options[] = {
			"IoEngine",  settings[i].engine,     "SyncMode",   settings[i].sync_mode,
			"IoThreads", settings[i].io_threads, "SpoolBatch", "4",
			NULL};

		spool_fixture_configure(&bench.fixture, options);
		for (size_t kind = 0; kind < ARRAY_COUNT(kinds); kind++)
			run_rounds(&bench, &settings[i], kind);
	}
	spool_scenario_close(&bench.scenario);
	spool_fixture_close(&bench.fixture);
	printf("%u rounds, %u failures\n", bench.rounds, bench.failures);
	return bench.failures == 0 ? 0 : 1;
}
