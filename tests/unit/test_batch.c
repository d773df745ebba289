/*
 * Goal:   the steps of a batch come in the order that makes it safe at any moment: what the manifest names is
 *         durable before the manifest counts, the manifest counts before anything is put in its place, the unit
 *         is looked at between the two,
 *         what is in its place is durable before a unit is removed, and units are removed before the manifest.
 * Method: a hook in the ring writes down all operations of a run, begun and done; then the order is checked
 *         for each unit. What happens when a step fails is in tests/crash/test_spool_faults.c.
 */
#include "signer/spool/batch.h"

#include "tests/crash/spool_scenario.h"
#include "tests/unit/unit_test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define EVENTS_MAX 4000

/* An operation on a name, or a flush; when it was begun and when it was done. */
struct event {
	enum ring_opcode opcode;
	const struct ring_op *op;
	char path[64];
	char new_path[64];
	unsigned begun;
	unsigned done; /* 0: not yet */
};

struct record {
	struct event events[EVENTS_MAX];
	size_t count;
	unsigned clock;
};

static int begin(void *arg, struct ring_op *op)
{
	struct record *record = arg;
	struct event *event = &record->events[record->count++];

	assert_true(record->count <= EVENTS_MAX);
	*event = (struct event){.opcode = op->opcode, .op = op, .begun = ++record->clock};
	if (op->opcode == RING_OPENAT || op->opcode == RING_STATX || op->opcode == RING_RENAMEAT ||
	    op->opcode == RING_UNLINKAT)
		snprintf(event->path, sizeof(event->path), "%s", op->path);
	if (op->opcode == RING_RENAMEAT)
		snprintf(event->new_path, sizeof(event->new_path), "%s", op->new_path);
	return 0;
}

static int end(void *arg, const struct ring_op *op, int res)
{
	struct record *record = arg;

	for (size_t i = record->count; i-- > 0;) {
		if (record->events[i].op == op && record->events[i].done == 0) {
			record->events[i].done = ++record->clock;
			break;
		}
	}
	return res;
}

static struct record *record_run(const char *engine, const char *sync_mode)
{
	const char *const options[] = {"IoEngine",   engine, "SyncMode", sync_mode,
				       "SpoolBatch", "4",    NULL};
	struct record *record = calloc(1, sizeof(*record));
	const struct ring_fault fault = {begin, end, record};
	struct spool_fixture fixture;
	struct spool_scenario scenario;
	struct spool_result result;

	assert_non_null(record);
	spool_fixture_open(&fixture, options);
	spool_scenario_open(&scenario, &fixture);
	spool_scenario_fill(&scenario);
	assert_int_equal(spool_fixture_run(&fixture, &fault, &result), 0);
	spool_scenario_close(&scenario);
	spool_fixture_close(&fixture);
	return record;
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text);

	return size >= strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

static bool is_marking(const struct event *event)
{
	return event->opcode == RING_RENAMEAT && ends_with(event->new_path, ".manifest");
}

static bool is_unmarking(const struct event *event)
{
	return event->opcode == RING_UNLINKAT && ends_with(event->path, ".manifest");
}

/* Of a file in tmp/ into out/ or failed/. */
static bool is_placing(const struct event *event)
{
	return event->opcode == RING_RENAMEAT && event->path[0] == 'u' &&
	       strchr(event->path, '.') == NULL;
}

/* Of a unit from in/. */
static bool is_removal(const struct event *event)
{
	return event->opcode == RING_UNLINKAT && event->path[0] == 'u' &&
	       strchr(event->path, '.') != NULL;
}

static bool is_flush(const struct event *event)
{
	return event->opcode == RING_SYNCFS || event->opcode == RING_FSYNC;
}

/* Some flush was begun after `from` was done, and was done before `to` was begun. */
static bool flushed_between(const struct record *record, unsigned from, unsigned to)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct event *event = &record->events[i];

		if (is_flush(event) && event->begun > from && event->done != 0 && event->done < to)
			return true;
	}
	return false;
}

static const struct event *find(const struct record *record, enum ring_opcode opcode,
				const char *path)
{
	for (size_t i = 0; i < record->count; i++) {
		if (record->events[i].opcode == opcode && strcmp(record->events[i].path, path) == 0)
			return &record->events[i];
	}
	return NULL;
}

/* The last marking that was done before. */
static const struct event *marking_before(const struct record *record, unsigned time)
{
	const struct event *found = NULL;

	for (size_t i = 0; i < record->count; i++) {
		if (is_marking(&record->events[i]) && record->events[i].done != 0 &&
		    record->events[i].done < time)
			found = &record->events[i];
	}
	return found;
}

static bool looked_at_between(const struct record *record, const char *unit, unsigned from,
			      unsigned to)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct event *event = &record->events[i];

		if (event->opcode == RING_STATX && strcmp(event->path, unit) == 0 &&
		    event->begun > from && event->done != 0 && event->done < to)
			return true;
	}
	return false;
}

static void check_placing(const struct record *record, const struct event *placing, bool durable)
{
	const struct event *created = find(record, RING_OPENAT, placing->path);
	const struct event *marking = marking_before(record, placing->begun);

	assert_non_null(created);
	/* A note decides nothing, and that on a unit that is moved whole needs no manifest. */
	if (ends_with(placing->new_path, ".reason"))
		return;
	if (marking == NULL)
		fail_msg("%s was placed as %s before a manifest counted", placing->path,
			 placing->new_path);
	if (durable && !flushed_between(record, created->done, marking->begun))
		fail_msg("%s was not flushed before a manifest counted", placing->path);
	if (!looked_at_between(record, placing->new_path, created->done, placing->begun))
		fail_msg("%s was placed for a unit that nobody looked at again", placing->path);
}

/* The manifest does not count any more when this begins; UINT_MAX: it always does. */
static unsigned unmarking_begun(const struct record *record, const char *manifest)
{
	for (size_t i = 0; i < record->count; i++) {
		if (is_unmarking(&record->events[i]) &&
		    strcmp(record->events[i].path, manifest) == 0)
			return record->events[i].begun;
	}
	return UINT_MAX;
}

/*
 * Several batches are on their way at once, so which manifest is the unit's is not told by time alone:
 * one of them must count from before the unit was placed until after it was removed.
 */
static bool some_manifest_counts(const struct record *record, const struct event *placing,
				 const struct event *removal)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct event *marking = &record->events[i];

		if (is_marking(marking) && marking->done != 0 && marking->done < placing->begun &&
		    removal->done < unmarking_begun(record, marking->new_path))
			return true;
	}
	return false;
}

static void check_removal(const struct record *record, const struct event *removal, bool durable)
{
	const struct event *first_placing = NULL;

	for (size_t i = 0; i < record->count; i++) {
		const struct event *event = &record->events[i];

		if (!is_placing(event) || strcmp(event->new_path, removal->path) != 0)
			continue;
		if (first_placing == NULL || event->begun < first_placing->begun)
			first_placing = event;
		if (event->done == 0 || event->done > removal->begun)
			fail_msg("%s was removed before it was placed", removal->path);
		if (durable && !flushed_between(record, event->done, removal->begun))
			fail_msg("%s was removed before its place was durable", removal->path);
	}
	if (first_placing == NULL)
		fail_msg("%s was removed, and nothing was placed for it", removal->path);
	if (!some_manifest_counts(record, first_placing, removal))
		fail_msg("%s was removed after its manifest", removal->path);
}

static void check_run(const char *engine, const char *sync_mode)
{
	bool durable = strcmp(sync_mode, "full") == 0;
	struct record *record = record_run(engine, sync_mode);
	unsigned placings = 0;
	unsigned removals = 0;
	unsigned flushes = 0;

	for (size_t i = 0; i < record->count; i++) {
		const struct event *event = &record->events[i];

		flushes += is_flush(event);
		if (is_placing(event)) {
			check_placing(record, event, durable);
			placings++;
		} else if (is_removal(event)) {
			check_removal(record, event, durable);
			removals++;
		}
	}
	print_message("%s, %s: %u files placed, %u units removed, %u flushes\n", engine, sync_mode,
		      placings, removals, flushes);
	assert_true(placings > 8 && removals > 3);
	assert_int_equal(flushes > 0, durable);
	free(record);
}

static void steps_are_in_order(void **state)
{
	(void)state;
	check_run("auto", "full");
	check_run("threads", "full");
	check_run("auto", "none");
	check_run("threads", "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_in_order),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
