/*
 * Goal:   a run ends when there is nothing left that it can do, says truly what it did, and does not miss
 *         what comes while it runs; a daemon takes what comes and stops when it is told to.
 * Method: spool_run() on small spools. A hook in the ring does what producers and consumers do at just
 *         the wrong moment. The daemon runs in a thread of its own.
 */
#include "signer/spool/spool.h"

#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE "From: a@example.com\r\n\r\nhello\r\n"
#define NOBODYS "From: a@other.example\r\n\r\nhello\r\n"

/* What the world does when an operation is done. */
struct world {
	struct spool_fixture fixture;
	void (*act)(struct world *world, const struct ring_op *op);
	int (*refuse)(struct world *world, const struct ring_op *op);
	unsigned acts;
	unsigned operations;
};

static int before(void *arg, struct ring_op *op)
{
	struct world *world = arg;

	world->operations++;
	return world->refuse == NULL ? 0 : world->refuse(world, op);
}

static int after(void *arg, const struct ring_op *op, int res)
{
	struct world *world = arg;

	if (world->act != NULL && res >= 0)
		world->act(world, op);
	return res;
}

static int run(struct world *world, struct spool_result *result)
{
	const struct ring_fault hook = {before, after, world};

	return spool_fixture_run(&world->fixture, &hook, result);
}

static void put_many(struct world *world, unsigned count)
{
	char path[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "in/m%u", i);
		spool_fixture_put_text(&world->fixture, path, MESSAGE);
	}
}

/* Replaces the key when the first chunk of a large batch has been read, and is slow itself. */
static void replace_the_key(struct world *world, const struct ring_op *op)
{
	const struct timespec pause = {.tv_nsec = 200 * 1000000};

	if (op->opcode != RING_READ || ++world->acts != 2)
		return;
	spool_fixture_replace_key(&world->fixture);
	nanosleep(&pause, NULL);
}

struct key_tally {
	const struct spool_fixture *fixture;
	bool first_is_new;
	bool last_is_new;
};

static void tally_key(void *arg, size_t index, struct bytes message)
{
	struct key_tally *tally = arg;
	struct mail_report report;

	mail_check(message, tally->fixture->key, &report);
	assert_int_equal(report.signatures, 1);
	tally->last_is_new = report.valid == 1;
	if (index == 0)
		tally->first_is_new = report.valid == 1;
}

/* The queue is empty by then, so nothing that waits in it brings the question up. */
static void key_replaced_while_a_batch_is_read_signs_its_rest(void **state)
{
	const char *const options[] = {"SyncMode", "none", NULL};
	struct world world = {.act = replace_the_key};
	struct key_tally tally = {.fixture = &world.fixture};
	struct buffer message = {0};
	struct buffer batch = {0};
	struct spool_result result;
	char body[8001];

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	spool_fixture_open(&world.fixture, options);
	spool_fixture_message(&message, "a@example.com", "id", body);
	while (batch.size < 4 * UNIT_INPUT_CHUNK)
		spool_fixture_add_to_batch(&batch, buffer_bytes(&message));
	spool_fixture_put(&world.fixture, "in/name.bsmtp", buffer_bytes(&batch));
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.released_units, 1);
	assert_true(spool_fixture_get(&world.fixture, "out/name.bsmtp", &batch));
	assert_true(mail_check_each("name.bsmtp", buffer_bytes(&batch), tally_key, &tally));
	assert_false(tally.first_is_new);
	assert_true(tally.last_is_new);
	buffer_deinit(&message);
	buffer_deinit(&batch);
	spool_fixture_close(&world.fixture);
}

static bool is_removal_of(const struct ring_op *op, const char *name)
{
	return op->opcode == RING_UNLINKAT && strcmp(op->path, name) == 0;
}

static void empty_spool_is_done_at_once(void **state)
{
	struct world world = {0};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.released_units + result.passed_units + result.failed_units +
				 result.stayed_units + result.batches,
			 0);
	spool_fixture_close(&world.fixture);
}

static void many_units_are_counted_in_batches(void **state)
{
	const char *const options[] = {"SpoolBatch", "16", NULL};
	struct world world = {0};
	struct spool_result result;
	struct buffer names = {0};

	(void)state;
	spool_fixture_open(&world.fixture, options);
	put_many(&world, 300);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.released_units, 300);
	assert_int_equal(result.messages.signed_count, 300);
	assert_true(result.batches >= 2);
	assert_string_equal(spool_fixture_list(&world.fixture, "in", &names), "");
	buffer_deinit(&names);
	spool_fixture_close(&world.fixture);
}

/* Units of 1 to 9 messages, each with an ID that names the unit and its place in it. */
static void put_numbered(struct spool_fixture *fixture, unsigned unit)
{
	struct buffer message = {0};
	struct buffer batch = {0};
	unsigned count = unit % 3 == 0 ? 1 + unit % 9 : 1;
	char text[64];

	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%u.%u", unit, i);
		spool_fixture_message(&message, "a@example.com", text, "body\r\n.dot\r\n");
		spool_fixture_add_to_batch(&batch, buffer_bytes(&message));
	}
	snprintf(text, sizeof(text), unit % 3 == 0 ? "in/%u.bsmtp" : "in/%u", unit);
	spool_fixture_put(fixture, text, buffer_bytes(unit % 3 == 0 ? &batch : &message));
	buffer_deinit(&message);
	buffer_deinit(&batch);
}

struct numbered {
	const struct spool_fixture *fixture;
	unsigned unit;
	unsigned seen;
};

static void see_numbered(void *arg, size_t index, struct bytes message)
{
	struct numbered *numbered = arg;
	struct mail_report report;
	char id[64];

	snprintf(id, sizeof(id), "<%u.%zu>", numbered->unit, index);
	mail_check(message, numbered->fixture->key, &report);
	assert_string_equal(report.id, id);
	assert_int_equal(report.signatures, 1);
	assert_int_equal(report.valid, 1);
	numbered->seen++;
}

static void check_numbered(const struct spool_fixture *fixture, unsigned units)
{
	struct buffer content = {0};
	char path[64];

	for (unsigned unit = 0; unit < units; unit++) {
		struct numbered numbered = {fixture, unit, 0};

		snprintf(path, sizeof(path), unit % 3 == 0 ? "out/%u.bsmtp" : "out/%u", unit);
		if (!spool_fixture_get(fixture, path, &content))
			fail_msg("%s is not there", path);
		assert_true(mail_check_each(path, buffer_bytes(&content), see_numbered, &numbered));
		assert_int_equal(numbered.seen, unit % 3 == 0 ? 1 + unit % 9 : 1);
	}
	assert_string_equal(spool_fixture_list(fixture, "in", &content), "");
	assert_string_equal(spool_fixture_list(fixture, "tmp", &content), "");
	assert_string_equal(spool_fixture_list(fixture, "failed", &content), "");
	buffer_deinit(&content);
}

static void run_with_threads(const char *engine, const char *io_threads, const char *sign_threads)
{
	const char *const options[] = {"SpoolBatch", "4",	    "IoThreads",
				       io_threads,   "SignThreads", sign_threads,
				       "IoEngine",   engine,	    NULL};
	struct spool_fixture fixture;
	struct spool_result result;
	unsigned units = 120 / stride_of(8);

	spool_fixture_open(&fixture, options);
	for (unsigned round = 0; round < 4 / stride_of(2); round++) {
		spool_fixture_clear(&fixture);
		for (unsigned unit = 0; unit < units; unit++)
			put_numbered(&fixture, unit);
		assert_int_equal(spool_fixture_run(&fixture, NULL, &result), 0);
		assert_int_equal(result.released_units, units);
		assert_int_equal(result.stayed_units, 0);
		check_numbered(&fixture, units);
	}
	spool_fixture_close(&fixture);
}

static void several_threads_take_each_unit_once(void **state)
{
	(void)state;
	run_with_threads("auto", "2", "2");
	run_with_threads("threads", "2", "1");
	run_with_threads("threads", "4", "3");
}

static void add_one_more(struct world *world, const struct ring_op *op)
{
	if (is_removal_of(op, "first") && world->acts++ == 0)
		spool_fixture_put_text(&world->fixture, "in/second", MESSAGE);
}

static void unit_that_comes_during_a_run_is_signed_in_it(void **state)
{
	struct world world = {.act = add_one_more};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	spool_fixture_put_text(&world.fixture, "in/first", MESSAGE);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.released_units, 2);
	assert_true(spool_fixture_has(&world.fixture, "out/second"));
	spool_fixture_close(&world.fixture);
}

/* The consumer has taken it, so the producer may use the name again, while we have not tidied up yet. */
static void use_the_name_again(struct world *world, const struct ring_op *op)
{
	if (!is_removal_of(op, "name") || world->acts++ > 0)
		return;
	spool_fixture_remove(&world->fixture, "out/name");
	spool_fixture_put_text(&world->fixture, "in/name", MESSAGE);
}

static void name_that_is_used_again_is_signed_again(void **state)
{
	struct world world = {.act = use_the_name_again};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	spool_fixture_put_text(&world.fixture, "in/name", MESSAGE);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.released_units, 2);
	assert_true(spool_fixture_has(&world.fixture, "out/name"));
	assert_false(spool_fixture_has(&world.fixture, "in/name"));
	spool_fixture_close(&world.fixture);
}

/* A producer that breaks the contract: another message under the name of one that was just signed. */
static void replace_before_removal(struct world *world, const struct ring_op *op)
{
	if (op->opcode == RING_RENAMEAT && op->new_path != NULL &&
	    strcmp(op->new_path, "name") == 0 && world->acts++ == 0)
		spool_fixture_put_text(&world->fixture, "in/name", NOBODYS);
}

static void replaced_unit_is_not_removed(void **state)
{
	struct world world = {.act = replace_before_removal};
	struct spool_result result;
	struct buffer content = {0};

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	spool_fixture_put_text(&world.fixture, "in/name", MESSAGE);
	assert_int_equal(run(&world, &result), 0);
	assert_true(spool_fixture_get(&world.fixture, "in/name", &content));
	assert_string_equal(buffer_string(&content), NOBODYS);
	assert_true(spool_fixture_get(&world.fixture, "out/name", &content));
	assert_string_not_equal(buffer_string(&content), NOBODYS);
	assert_int_equal(result.stayed_units, 1);
	buffer_deinit(&content);
	spool_fixture_close(&world.fixture);
}

static void append_more(struct world *world)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/in/name", world->fixture.spool);
	file = fopen(path, "ae");
	assert_non_null(file);
	fputs("more\r\n", file);
	fclose(file);
}

static void change_while_first_read(struct world *world, const struct ring_op *op)
{
	if (op->opcode == RING_READ && world->acts++ == 0)
		append_more(world);
}

static void change_while_reading(struct world *world, const struct ring_op *op)
{
	if (op->opcode == RING_READ)
		append_more(world);
}

/* It was not complete when it was found. */
static void unit_that_grew_is_read_again_at_once(void **state)
{
	struct world world = {.act = change_while_first_read};
	struct buffer content = {0};
	struct spool_result result;
	struct mail_report report;

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	spool_fixture_put_text(&world.fixture, "in/name", MESSAGE);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.released_units, 1);
	assert_int_equal(result.stayed_units, 0);
	assert_false(spool_fixture_has(&world.fixture, "in/name"));
	assert_true(spool_fixture_get(&world.fixture, "out/name", &content));
	assert_non_null(strstr(buffer_string(&content), "more\r\n"));
	mail_check(buffer_bytes(&content), world.fixture.key, &report);
	assert_int_equal(report.valid, 1);
	buffer_deinit(&content);
	spool_fixture_close(&world.fixture);
}

static void unit_that_grows_while_it_is_read_is_not_released(void **state)
{
	struct world world = {.act = change_while_reading};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	spool_fixture_put_text(&world.fixture, "in/name", MESSAGE);
	assert_int_equal(run(&world, &result), 0);
	assert_true(spool_fixture_has(&world.fixture, "in/name"));
	assert_false(spool_fixture_has(&world.fixture, "out/name"));
	assert_int_equal(result.stayed_units, 1);
	assert_int_equal(result.messages.signed_count, 0);
	assert_int_equal(spool_fixture_run(&world.fixture, NULL, &result), 0);
	assert_int_equal(result.released_units, 1);
	spool_fixture_close(&world.fixture);
}

static void write_over(struct world *world)
{
	const struct timespec later[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/in/name", world->fixture.spool);
	file = fopen(path, "r+e");
	assert_non_null(file);
	fputs("To: ", file);
	assert_int_equal(fflush(file), 0);
	assert_int_equal(futimens(fileno(file), later), 0); /* clocks of files are coarse */
	fclose(file);
}

static void replace(struct world *world)
{
	spool_fixture_put_text(&world->fixture, "in/name", NOBODYS);
}

static void take_away(struct world *world)
{
	spool_fixture_remove(&world->fixture, "in/name");
}

struct change_world {
	struct world world;
	void (*change)(struct world *world);
};

/* All is written, and nothing of it counts yet. */
static void change_before_it_counts(struct world *world, const struct ring_op *op)
{
	const struct change_world *own = (const struct change_world *)world;

	if (op->opcode == RING_OPENAT && strstr(op->path, ".part") != NULL && world->acts++ == 0)
		own->change(world);
}

/* Where it is afterwards, and what is there. */
static void check_change(void (*change)(struct world *world), const char *sync_mode,
			 const char *place, const char *text)
{
	const char *const options[] = {"SyncMode", sync_mode, NULL};
	struct change_world own = {{.act = change_before_it_counts}, change};
	struct world *world = &own.world;
	struct buffer names = {0};
	struct buffer content = {0};
	struct spool_result result;
	char path[32];

	spool_fixture_open(&world->fixture, options);
	spool_fixture_put_text(&world->fixture, "in/name", MESSAGE);
	assert_int_equal(run(world, &result), 0);
	assert_int_equal(result.stayed_units, 0);
	assert_string_equal(spool_fixture_list(&world->fixture, "in", &names), "");
	assert_string_equal(spool_fixture_list(&world->fixture, "tmp", &names), "");
	if (place == NULL) {
		assert_string_equal(spool_fixture_list(&world->fixture, "out", &names), "");
		assert_string_equal(spool_fixture_list(&world->fixture, "failed", &names), "");
	} else {
		snprintf(path, sizeof(path), "%s/name", place);
		assert_true(spool_fixture_get(&world->fixture, path, &content));
		assert_non_null(strstr(buffer_string(&content), text));
	}
	buffer_deinit(&names);
	buffer_deinit(&content);
	spool_fixture_close(&world->fixture);
}

static void unit_that_changes_before_it_counts_is_read_anew(void **state)
{
	static const char *const sync_modes[] = {"full", "none"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sync_modes); i++) {
		check_change(append_more, sync_modes[i], "out", "more\r\n");
		check_change(write_over, sync_modes[i], "failed", "To: : a@");
		check_change(replace, sync_modes[i], "out", NOBODYS);
		check_change(take_away, sync_modes[i], NULL, NULL);
	}
}

/* It has been read, and is looked at once more before it is moved. */
static int take_away_at_last(struct world *world, const struct ring_op *op)
{
	if (op->opcode == RING_STATX && strcmp(op->path, "pass") == 0 && world->acts++ == 0)
		spool_fixture_remove(&world->fixture, "in/pass");
	return 0;
}

static void unit_that_disappears_is_nobodys_trouble(void **state)
{
	struct world world = {.refuse = take_away_at_last};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	spool_fixture_put_text(&world.fixture, "in/name", MESSAGE);
	spool_fixture_put_text(&world.fixture, "in/pass", NOBODYS);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.released_units, 1);
	assert_int_equal(result.passed_units + result.stayed_units + result.failed_units, 0);
	assert_int_equal(world.acts, 1);
	spool_fixture_close(&world.fixture);
}

static int no_room(struct world *world, const struct ring_op *op)
{
	(void)world;
	return op->opcode == RING_WRITE ? -ENOSPC : 0;
}

/* Each unit would be tried, with a pause behind each, if the run did not see that there is no room. */
static void full_disk_ends_a_run_soon_and_all_stays(void **state)
{
	struct world world = {.refuse = no_room};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	put_many(&world, 2000);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.stayed_units, 2000);
	assert_true(result.seconds < 10);
	assert_int_equal(spool_fixture_run(&world.fixture, NULL, &result), 0);
	assert_int_equal(result.released_units, 2000);
	spool_fixture_close(&world.fixture);
}

static void full_out_ends_a_run_and_the_rest_stays(void **state)
{
	const char *const options[] = {"SpoolMaxOut", "2", NULL};
	struct world world = {0};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, options);
	spool_fixture_put_text(&world.fixture, "out/x", MESSAGE);
	spool_fixture_put_text(&world.fixture, "out/y", MESSAGE);
	put_many(&world, 3);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.stayed_units, 3);
	assert_int_equal(result.released_units, 0);
	spool_fixture_close(&world.fixture);
}

static void out_never_has_more_than_it_may(void **state)
{
	const char *const options[] = {"SpoolMaxOut", "50", "SpoolBatch", "8",
				       "IoThreads",   "2",  NULL};
	struct world world = {0};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, options);
	put_many(&world, 300);
	assert_int_equal(spool_fixture_run(&world.fixture, NULL, &result), 0);
	assert_int_equal(result.released_units, 50);
	assert_int_equal(result.stayed_units, 250);
	spool_fixture_close(&world.fixture);
}

static void too_little_space_ends_a_run_and_the_rest_stays(void **state)
{
	const char *const options[] = {"SpoolMinFree", "1000000000000000", NULL};
	struct world world = {0};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, options);
	put_many(&world, 3);
	assert_int_equal(run(&world, &result), 0);
	assert_int_equal(result.stayed_units, 3);
	spool_fixture_close(&world.fixture);
}

/* Fails the first flush. What was begun before it must never be released, whatever later flushes say. */
struct flush_world {
	struct world world;
	char begun[64][32]; /* names in tmp/ */
	unsigned begun_count;
	bool failed;
};

static int fail_first_flush(struct world *world, const struct ring_op *op)
{
	struct flush_world *flush = (struct flush_world *)world;

	if (op->opcode == RING_OPENAT && op->path[0] == 'u' && !flush->failed &&
	    flush->begun_count < ARRAY_COUNT(flush->begun))
		snprintf(flush->begun[flush->begun_count++], sizeof(flush->begun[0]), "%s",
			 op->path);
	if (op->opcode == RING_RENAMEAT && op->path[0] == 'u') {
		for (unsigned i = 0; i < flush->begun_count; i++)
			assert_string_not_equal(op->path, flush->begun[i]);
	}
	if (op->opcode != RING_SYNCFS || flush->failed)
		return 0;
	flush->failed = true;
	return -EIO;
}

/* Returns whether more had been begun by then than its own batch: a slow machine may not come to that. */
static bool fail_a_flush(void)
{
	const char *const options[] = {"SpoolBatch", "4", "IoEngine", "threads", NULL};
	struct flush_world flush = {.world.refuse = fail_first_flush};
	struct spool_result result;

	spool_fixture_open(&flush.world.fixture, options);
	put_many(&flush.world, 24);
	assert_int_equal(run(&flush.world, &result), 0);
	assert_true(flush.failed);
	assert_int_equal(spool_fixture_run(&flush.world.fixture, NULL, &result), 0);
	assert_int_equal(result.stayed_units, 0);
	spool_fixture_close(&flush.world.fixture);
	return flush.begun_count > 4;
}

static void failed_flush_spoils_all_that_was_begun_before(void **state)
{
	unsigned tries = 0;

	(void)state;
	while (!fail_a_flush())
		assert_true(++tries < 50);
}

/* The second flush of a directory is that of failed/, where units are put, too. */
static int fail_second_fsync(struct world *world, const struct ring_op *op)
{
	return op->opcode == RING_FSYNC && ++world->acts == 2 ? -EIO : 0;
}

static void directory_that_cannot_be_flushed_is_named(void **state)
{
	struct world world = {.refuse = fail_second_fsync};
	struct spool_result result;

	(void)state;
	spool_fixture_open(&world.fixture, NULL);
	spool_fixture_put_text(&world.fixture, "in/a.bsmtp",
			       "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n" MESSAGE ".\r\n"
			       "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nTo: x\r\n.\r\n");
	assert_int_equal(run(&world, &result), -EIO);
	assert_non_null(strstr(result.error_text, ": cannot make failed/ durable: "));
	spool_fixture_close(&world.fixture);
}

struct daemon {
	struct spool_fixture fixture;
	const struct ring_fault *fault;
	struct signing_core core;
	struct spool *spool;
	struct spool_result result;
	pthread_t thread;
};

static void *daemon_main(void *arg)
{
	struct daemon *daemon = arg;

	(void)spool_run(daemon->spool, &daemon->result);
	return NULL;
}

static void start_daemon(struct daemon *daemon, const char *const *options)
{
	struct spool_options spool_options = {.core = &daemon->core, .fault = daemon->fault};

	spool_fixture_open(&daemon->fixture, options);
	spool_options.path = daemon->fixture.spool;
	assert_int_equal(spool_fixture_core(&daemon->fixture, &daemon->core), 0);
	assert_int_equal(spool_new(&spool_options, &daemon->spool), 0);
	assert_int_equal(pthread_create(&daemon->thread, NULL, daemon_main, daemon), 0);
}

static void stop_daemon(struct daemon *daemon)
{
	spool_stop(daemon->spool);
	assert_int_equal(pthread_join(daemon->thread, NULL), 0);
	assert_int_equal(daemon->result.error, 0);
	spool_free(daemon->spool);
	signing_core_deinit(&daemon->core);
}

static void sleep_ms(long ms)
{
	const struct timespec duration = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&duration, NULL);
}

/* How many milliseconds it took. */
static int64_t wait_for(const struct daemon *daemon, const char *path)
{
	int64_t start_ns = clock_monotonic_ns();

	while (!spool_fixture_has(&daemon->fixture, path)) {
		if (clock_monotonic_ns() - start_ns > 20 * NS_PER_S)
			fail_msg("%s did not come", path);
		sleep_ms(1);
	}
	return (clock_monotonic_ns() - start_ns) / NS_PER_MS;
}

static void run_daemon(const char *engine, const char *io_threads)
{
	const char *const options[] = {"IoEngine",  engine,	"SyncMode", "none",
				       "IoThreads", io_threads, NULL};
	struct daemon daemon = {0};
	int64_t ms;

	start_daemon(&daemon, options);
	spool_fixture_put_text(&daemon.fixture, "in/first", MESSAGE);
	(void)wait_for(&daemon, "out/first");
	spool_fixture_put_text(&daemon.fixture, "in/second", MESSAGE);
	ms = wait_for(&daemon, "out/second");
	print_message("%s: a new unit took %d ms\n", engine, (int)ms);
	assert_true(ms < 2000); /* far under the interval of scans: it was announced */
	stop_daemon(&daemon);
	assert_int_equal(daemon.result.released_units, 2);
	spool_fixture_close(&daemon.fixture);
}

static void daemon_takes_what_comes_until_it_is_stopped(void **state)
{
	(void)state;
	run_daemon("auto", "1");
	run_daemon("threads", "1");
	run_daemon("auto", "3");
	run_daemon("threads", "2");
}

static int count_operations(void *arg, struct ring_op *op)
{
	(void)op;
	(*(atomic_uint *)arg)++;
	return 0;
}

/* It looks now and then, and does not go round in circles meanwhile. */
static void daemon_waits_quietly_for_room_in_out(void **state)
{
	const char *const options[] = {"SpoolMaxOut", "1", "SyncMode", "none", NULL};
	atomic_uint operations = 0;
	const struct ring_fault hook = {.before = count_operations, .arg = &operations};
	struct daemon daemon = {.fault = &hook};

	(void)state;
	start_daemon(&daemon, options);
	spool_fixture_put_text(&daemon.fixture, "in/first", MESSAGE);
	(void)wait_for(&daemon, "out/first");
	spool_fixture_put_text(&daemon.fixture, "in/second", MESSAGE);
	sleep_ms(100);
	operations = 0;
	sleep_ms(300);
	print_message("%u operations while out/ is full\n", operations);
	assert_true(operations < 100);
	assert_false(spool_fixture_has(&daemon.fixture, "out/second"));
	spool_fixture_remove(&daemon.fixture, "out/first");
	(void)wait_for(&daemon, "out/second");
	stop_daemon(&daemon);
	spool_fixture_close(&daemon.fixture);
}

/* A producer that is as fast as it can be, and names that are announced while several threads take others. */
static void daemon_with_several_threads_takes_each_unit_once(void **state)
{
	const char *const options[] = {"IoThreads",  "3", "SignThreads", "2",
				       "SpoolBatch", "8", NULL};
	struct daemon daemon = {0};
	const unsigned units = 240;
	char path[64];

	(void)state;
	start_daemon(&daemon, options);
	for (unsigned unit = 0; unit < units; unit++)
		put_numbered(&daemon.fixture, unit);
	for (unsigned unit = 0; unit < units; unit++) {
		snprintf(path, sizeof(path), unit % 3 == 0 ? "out/%u.bsmtp" : "out/%u", unit);
		(void)wait_for(&daemon, path);
	}
	stop_daemon(&daemon);
	check_numbered(&daemon.fixture, units);
	assert_int_equal(daemon.result.released_units, units);
	spool_fixture_close(&daemon.fixture);
}

/* The row of nokey.example names a key that is not there; now it is. */
static void put_missing_key(const struct spool_fixture *fixture)
{
	char key[SPOOL_FIXTURE_PATH + 16];
	char missing[SPOOL_FIXTURE_PATH + 16];

	(void)snprintf(key, sizeof(key), "%s/key.pem", fixture->root);
	(void)snprintf(missing, sizeof(missing), "%s/missing.pem", fixture->root);
	assert_int_equal(link(key, missing), 0);
}

/* What had to stay is tried again at once, and not when it would have been. */
static void new_context_makes_all_due(void **state)
{
	struct daemon daemon = {0};
	int64_t ms;

	(void)state;
	start_daemon(&daemon, NULL);
	spool_fixture_put_text(&daemon.fixture, "in/first", "From: a@nokey.example\r\n\r\nx\r\n");
	sleep_ms(300);
	assert_false(spool_fixture_has(&daemon.fixture, "out/first"));
	put_missing_key(&daemon.fixture);
	signing_core_set_context(&daemon.core, signing_context_ref(daemon.fixture.context));
	spool_wake(daemon.spool);
	ms = wait_for(&daemon, "out/first");
	print_message("signed %lld ms after the reload\n", (long long)ms);
	stop_daemon(&daemon);
	spool_fixture_close(&daemon.fixture);
}

static void second_run_is_told_who_holds_the_spool(void **state)
{
	struct daemon daemon = {0};
	struct spool_result result;
	char want[200];

	(void)state;
	start_daemon(&daemon, NULL);
	spool_fixture_put_text(&daemon.fixture, "in/first", MESSAGE);
	(void)wait_for(&daemon, "out/first");
	assert_int_equal(spool_fixture_run(&daemon.fixture, NULL, &result), SPOOL_DIR_E_LOCKED);
	snprintf(want, sizeof(want), "%s: another postseal works on this spool (process %ld)",
		 daemon.fixture.spool, (long)getpid());
	assert_string_equal(result.error_text, want);
	assert_true(result.seconds >= 2);
	stop_daemon(&daemon);
	spool_fixture_close(&daemon.fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_spool_is_done_at_once),
		cmocka_unit_test(many_units_are_counted_in_batches),
		cmocka_unit_test(several_threads_take_each_unit_once),
		cmocka_unit_test(key_replaced_while_a_batch_is_read_signs_its_rest),
		cmocka_unit_test(unit_that_comes_during_a_run_is_signed_in_it),
		cmocka_unit_test(name_that_is_used_again_is_signed_again),
		cmocka_unit_test(replaced_unit_is_not_removed),
		cmocka_unit_test(unit_that_grew_is_read_again_at_once),
		cmocka_unit_test(unit_that_grows_while_it_is_read_is_not_released),
		cmocka_unit_test(unit_that_changes_before_it_counts_is_read_anew),
		cmocka_unit_test(unit_that_disappears_is_nobodys_trouble),
		cmocka_unit_test(full_disk_ends_a_run_soon_and_all_stays),
		cmocka_unit_test(full_out_ends_a_run_and_the_rest_stays),
		cmocka_unit_test(out_never_has_more_than_it_may),
		cmocka_unit_test(too_little_space_ends_a_run_and_the_rest_stays),
		cmocka_unit_test(failed_flush_spoils_all_that_was_begun_before),
		cmocka_unit_test(directory_that_cannot_be_flushed_is_named),
		cmocka_unit_test(daemon_takes_what_comes_until_it_is_stopped),
		cmocka_unit_test(daemon_with_several_threads_takes_each_unit_once),
		cmocka_unit_test(daemon_waits_quietly_for_room_in_out),
		cmocka_unit_test(new_context_makes_all_due),
		cmocka_unit_test(second_run_is_told_who_holds_the_spool),
	};

	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
