/*
 * Goal:   names come out oldest first, none is forgotten, and memory does not grow with the directory.
 * Method: files with set times in a directory, scanned; names pushed before, during and after a scan.
 */
#include "signer/spool/unit_queue.h"

#include "common/clock.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench {
	struct spool_fixture fixture;
	struct spool_dir dir;
	struct unit_queue *queue;
	struct retry_table *retries;
	_Atomic bool stop;
	void (*some_found)(void *arg);
	unsigned found_count;
};

static void open_bench(struct bench *bench)
{
	struct buffer why = {0};

	*bench = (struct bench){0};
	spool_fixture_open(&bench->fixture, NULL);
	assert_int_equal(spool_dir_open(bench->fixture.spool, 0, &bench->dir, &why), 0);
	assert_int_equal(unit_queue_new(&bench->queue), 0);
	assert_int_equal(retry_table_new(&bench->retries), 0);
	buffer_deinit(&why);
}

static void close_bench(struct bench *bench)
{
	retry_table_free(bench->retries);
	unit_queue_free(bench->queue);
	spool_dir_close(&bench->dir);
	spool_fixture_close(&bench->fixture);
}

static void add_file(struct bench *bench, const char *name, time_t age_s, size_t size)
{
	const struct timespec times[2] = {{.tv_sec = 1000000 - age_s}, {.tv_sec = 1000000 - age_s}};
	int fd = openat(bench->dir.in_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static int scan(struct bench *bench)
{
	const struct unit_queue_scan scan = {
		.dir = &bench->dir,
		.retries = bench->retries,
		.stop = &bench->stop,
		.some_found = bench->some_found,
		.arg = bench,
	};

	return unit_queue_scan(bench->queue, &scan);
}

static const struct input_file unknown;

/* All that is queued, with a blank behind each. */
static const char *drain(struct bench *bench, struct buffer *names)
{
	char name[NAME_MAX + 1];
	struct input_file file;

	buffer_clear(names);
	while (unit_queue_pop(bench->queue, name, &file))
		assert_int_equal(buffer_printf(names, "%s ", name), 0);
	assert_int_equal(unit_queue_count(bench->queue), 0);
	return buffer_string(names) == NULL ? "" : buffer_string(names);
}

static void scan_finds_the_oldest_first(void **state)
{
	struct buffer names = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench);
	add_file(&bench, "young", 1, 0);
	add_file(&bench, "old", 100, 0);
	add_file(&bench, "middle", 50, 0);
	add_file(&bench, ".hidden", 200, 0);
	assert_int_equal(scan(&bench), 0);
	assert_int_equal(unit_queue_count(bench.queue), 3);
	assert_string_equal(drain(&bench, &names), "old middle young ");
	assert_false(unit_queue_has_more(bench.queue));
	buffer_deinit(&names);
	close_bench(&bench);
}

static void what_was_found_comes_with_the_name(void **state)
{
	char name[NAME_MAX + 1];
	struct input_file file;
	struct bench bench;
	struct stat status;

	(void)state;
	open_bench(&bench);
	add_file(&bench, "a", 1, 12345);
	assert_int_equal(scan(&bench), 0);
	assert_true(unit_queue_pop(bench.queue, name, &file));
	assert_int_equal(file.identity.size, 12345);
	assert_int_equal(fstatat(bench.dir.in_fd, "a", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(file.identity.inode, status.st_ino);
	assert_int_equal(file.identity.mtime_s, status.st_mtim.tv_sec);
	assert_int_equal(file.identity.mtime_ns, status.st_mtim.tv_nsec);
	assert_int_equal(file.mode, status.st_mode);
	assert_int_equal(file.owner, status.st_uid);
	assert_int_equal(file.group, status.st_gid);
	unit_queue_push(bench.queue, "b", &(struct input_file){.identity.size = 77});
	assert_true(unit_queue_pop(bench.queue, name, &file));
	assert_string_equal(name, "b");
	assert_int_equal(file.identity.size, 77);
	close_bench(&bench);
}

static void name_that_waits_is_not_scanned(void **state)
{
	struct buffer names = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench);
	add_file(&bench, "a", 1, 0);
	add_file(&bench, "b", 2, 0);
	(void)retry_table_stays(bench.retries, "a", clock_monotonic_ns());
	assert_int_equal(scan(&bench), 0);
	assert_string_equal(drain(&bench, &names), "b ");
	buffer_deinit(&names);
	close_bench(&bench);
}

static void pushed_names_follow_in_order(void **state)
{
	struct buffer names = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench);
	add_file(&bench, "a", 1, 0);
	assert_int_equal(scan(&bench), 0);
	unit_queue_push(bench.queue, "x", &unknown);
	unit_queue_push(bench.queue, "y", &unknown);
	assert_string_equal(drain(&bench, &names), "a x y ");
	unit_queue_push(bench.queue, "z", &unknown);
	assert_string_equal(drain(&bench, &names), "z ");
	buffer_deinit(&names);
	close_bench(&bench);
}

/* Called by the scan for each name: a unit is announced behind the place that the scan has reached. */
static struct bench *announcing;
static unsigned announced;

int __real_statx(int fd, const char *path, int flags, unsigned mask, struct statx *status);
int __wrap_statx(int fd, const char *path, int flags, unsigned mask, struct statx *status);
int __wrap_statx(int fd, const char *path, int flags, unsigned mask, struct statx *status)
{
	if (strcmp(path, "odd") == 0 || strcmp(path, "gone") == 0) {
		errno = strcmp(path, "gone") == 0 ? ENOENT : EIO;
		return -1;
	}
	if (announcing != NULL && announced++ == 0)
		unit_queue_push(announcing->queue, "announced",
				&(struct input_file){.identity.size = 5});
	return __real_statx(fd, path, flags, mask, status);
}

/* A name that is passed over would be forgotten without a word. */
static void name_that_cannot_be_looked_at_is_taken(void **state)
{
	char name[NAME_MAX + 1];
	struct bench bench;
	struct input_file file;

	(void)state;
	open_bench(&bench);
	add_file(&bench, "gone", 1, 1);
	add_file(&bench, "odd", 1, 1);
	assert_int_equal(scan(&bench), 0);
	assert_true(unit_queue_pop(bench.queue, name, &file));
	assert_string_equal(name, "odd");
	assert_int_equal(file.identity.size, 0);
	assert_false(unit_queue_pop(bench.queue, name, &file));
	close_bench(&bench);
}

static void name_announced_during_a_scan_is_not_lost(void **state)
{
	struct buffer names = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench);
	add_file(&bench, "a", 1, 0);
	announcing = &bench;
	assert_int_equal(scan(&bench), 0);
	announcing = NULL;
	assert_string_equal(drain(&bench, &names), "a announced ");
	buffer_deinit(&names);
	close_bench(&bench);
}

static void scan_that_is_stopped_leaves_the_queue(void **state)
{
	struct buffer names = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench);
	add_file(&bench, "a", 1, 0);
	unit_queue_push(bench.queue, "x", &unknown);
	bench.stop = true;
	assert_int_equal(scan(&bench), -ECANCELED);
	assert_string_equal(drain(&bench, &names), "x ");
	buffer_deinit(&names);
	close_bench(&bench);
}

static void cleared_names_are_counted(void **state)
{
	char name[NAME_MAX + 1];
	struct bench bench;
	struct input_file file;

	(void)state;
	open_bench(&bench);
	add_file(&bench, "a", 1, 0);
	add_file(&bench, "b", 1, 0);
	assert_int_equal(scan(&bench), 0);
	assert_true(unit_queue_pop(bench.queue, name, &file));
	assert_int_equal(unit_queue_clear(bench.queue), 1);
	assert_false(unit_queue_pop(bench.queue, name, &file));
	assert_int_equal(unit_queue_clear(bench.queue), 0);
	close_bench(&bench);
}

static void add_many(struct bench *bench, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char name[NAME_MAX + 1];

		snprintf(name, sizeof(name), "n%06u", i);
		add_file(bench, name, (time_t)i + 1, 0);
	}
}

static void count_found(void *arg)
{
	struct bench *bench = arg;

	bench->found_count++;
	assert_int_equal(unit_queue_count(bench->queue), UNIT_QUEUE_EARLY);
}

static void take_ten(void *arg)
{
	struct bench *bench = arg;
	struct input_file file;
	char name[NAME_MAX + 1];

	for (unsigned i = 0; i < 10; i++)
		assert_true(unit_queue_pop(bench->queue, name, &file));
}

static void first_names_are_queued_while_the_scan_goes_on(void **state)
{
	struct input_file file;
	char name[NAME_MAX + 1];
	struct bench bench;

	(void)state;
	open_bench(&bench);
	bench.some_found = count_found;
	add_many(&bench, UNIT_QUEUE_EARLY - 1);
	assert_int_equal(scan(&bench), 0);
	assert_int_equal(bench.found_count, 0);
	assert_int_equal(unit_queue_count(bench.queue), UNIT_QUEUE_EARLY - 1);
	(void)unit_queue_clear(bench.queue);
	add_many(&bench, 2 * UNIT_QUEUE_EARLY);
	assert_int_equal(scan(&bench), 0);
	assert_int_equal(bench.found_count, 1);
	assert_int_equal(unit_queue_count(bench.queue), 2 * UNIT_QUEUE_EARLY);
	/* Nobody took one of them, so all are in order. */
	for (unsigned i = 2 * UNIT_QUEUE_EARLY; i-- > 0;) {
		char want[NAME_MAX + 1];

		snprintf(want, sizeof(want), "n%06u", i);
		assert_true(unit_queue_pop(bench.queue, name, &file));
		assert_string_equal(name, want);
	}
	close_bench(&bench);
}

static void names_taken_while_the_scan_goes_on_are_not_queued_again(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench);
	bench.some_found = take_ten;
	add_many(&bench, 2 * UNIT_QUEUE_EARLY);
	assert_int_equal(scan(&bench), 0);
	assert_int_equal(unit_queue_count(bench.queue), 2 * UNIT_QUEUE_EARLY - 10);
	close_bench(&bench);
}

static void names_that_wait_are_not_pushed_aside_by_a_scan(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench);
	bench.some_found = count_found;
	unit_queue_push(bench.queue, "x", &unknown);
	add_many(&bench, UNIT_QUEUE_EARLY);
	assert_int_equal(scan(&bench), 0);
	assert_int_equal(bench.found_count, 0);
	close_bench(&bench);
}

/* Whoever was popped was there at that time, however it came into the queue. */
static void time_of_the_last_name_is_known(void **state)
{
	struct bench bench;
	int64_t before_ns;
	int64_t scanned_ns;

	(void)state;
	open_bench(&bench);
	before_ns = clock_monotonic_ns();
	assert_int_equal(scan(&bench), 0);
	scanned_ns = unit_queue_filled_ns(bench.queue);
	assert_true(scanned_ns >= before_ns);
	before_ns = clock_monotonic_ns();
	unit_queue_push(bench.queue, "x", &unknown);
	assert_true(unit_queue_filled_ns(bench.queue) >= before_ns);
	assert_true(unit_queue_filled_ns(bench.queue) <= clock_monotonic_ns());
	close_bench(&bench);
}

static void more_than_the_maximum_is_left_for_later_and_told(void **state)
{
	const unsigned more = 1000;
	char name[NAME_MAX + 1];
	char last[NAME_MAX + 1] = "";
	struct bench bench;
	unsigned count = 0;
	struct input_file file;

	(void)state;
	open_bench(&bench);
	/* Made with the youngest first; links, because inodes cost more time than names. */
	add_many(&bench, UNIT_QUEUE_MAX + more);
	assert_int_equal(scan(&bench), 0);
	assert_true(unit_queue_has_more(bench.queue));
	assert_int_equal(unit_queue_count(bench.queue), UNIT_QUEUE_MAX);
	while (unit_queue_pop(bench.queue, name, &file)) {
		assert_true(last[0] == '\0' || strcmp(name, last) < 0);
		memcpy(last, name, sizeof(last));
		count++;
	}
	assert_int_equal(count, UNIT_QUEUE_MAX);
	snprintf(name, sizeof(name), "n%06u", more);
	assert_string_equal(last, name);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan_finds_the_oldest_first),
		cmocka_unit_test(what_was_found_comes_with_the_name),
		cmocka_unit_test(name_that_waits_is_not_scanned),
		cmocka_unit_test(pushed_names_follow_in_order),
		cmocka_unit_test(name_that_cannot_be_looked_at_is_taken),
		cmocka_unit_test(name_announced_during_a_scan_is_not_lost),
		cmocka_unit_test(scan_that_is_stopped_leaves_the_queue),
		cmocka_unit_test(cleared_names_are_counted),
		cmocka_unit_test(first_names_are_queued_while_the_scan_goes_on),
		cmocka_unit_test(names_taken_while_the_scan_goes_on_are_not_queued_again),
		cmocka_unit_test(names_that_wait_are_not_pushed_aside_by_a_scan),
		cmocka_unit_test(time_of_the_last_name_is_known),
		cmocka_unit_test(more_than_the_maximum_is_left_for_later_and_told),
	};

	return cmocka_run_group_tests_name("unit_queue", tests, NULL, NULL);
}
