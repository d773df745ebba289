/*
 * Goal:   both engines give the same results for the same operations, in every way of running them.
 * Method: each test runs on io_uring and on threads, with file operations handed over and inline. A
 *         small driver submits one operation and turns the ring until it is done. Where io_uring is
 *         off, its half is skipped.
 */
#include "common/ring.h"

#include "common/clock.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct engine_case {
	enum ring_engine_kind engine;
	unsigned inline_ops;
};

struct fixture {
	struct ring *ring;
	char directory[64];
	int dir_fd;
};

struct waiter {
	struct ring_op op; /* first, so that the op leads back here */
	int res;
	unsigned done_count;
};

static void waiter_done(struct ring_op *op, int res)
{
	struct waiter *waiter = (struct waiter *)op;

	waiter->res = res;
	waiter->done_count++;
}

static struct waiter waiter_new(void)
{
	return (struct waiter){.op.done = waiter_done, .res = -9999};
}

static int finish(struct ring *ring, struct waiter *waiter)
{
	while (waiter->done_count == 0)
		assert_int_equal(ring_turn(ring, RING_WAIT_FOREVER), 0);
	waiter->done_count = 0;
	return waiter->res;
}

static int set_up(void **state)
{
	const struct engine_case *engine_case = *state;
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct ring_config config = {
		.engine = engine_case->engine,
		.entries = 16,
		.workers = 3,
		.allowed = RING_FILE_OPS | RING_BIT(RING_POLL) | RING_BIT(RING_CALL),
		.inline_ops = engine_case->inline_ops,
	};

	if (fixture == NULL)
		return -1;
	if (ring_new(&config, &fixture->ring) != 0)
		fixture->ring = NULL; /* io_uring is off here */
	strcpy(fixture->directory, "/tmp/test_ring.XXXXXX");
	if (mkdtemp(fixture->directory) == NULL)
		return -1;
	fixture->dir_fd = open(fixture->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	ring_free(fixture->ring);
	close(fixture->dir_fd);
	rmdir(fixture->directory);
	free(fixture);
	return 0;
}

static struct ring *fixture_ring(struct fixture *fixture)
{
	if (fixture->ring == NULL)
		skip();
	return fixture->ring;
}

static void file_lives_from_create_to_unlink(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct waiter waiter = waiter_new();
	struct statx status;
	char content[16] = {0};
	int fd;

	ring_openat(ring, &waiter.op, fixture->dir_fd, "a", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0640);
	fd = finish(ring, &waiter);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);

	ring_write(ring, &waiter.op, fd, "hello", 5, 3);
	assert_int_equal(finish(ring, &waiter), 5);
	ring_write(ring, &waiter.op, fd, "abc", 3, RING_OFFSET_CURRENT);
	assert_int_equal(finish(ring, &waiter), 3);
	ring_read(ring, &waiter.op, fd, content, sizeof(content), 0);
	assert_int_equal(finish(ring, &waiter), 8); /* short: that is all there is */
	assert_string_equal(content, "abchello");

	ring_fsync(ring, &waiter.op, fd, true);
	assert_int_equal(finish(ring, &waiter), 0);
	ring_statx(ring, &waiter.op, fd, "", AT_EMPTY_PATH, STATX_SIZE | STATX_MODE, &status);
	assert_int_equal(finish(ring, &waiter), 0);
	assert_int_equal(status.stx_size, 8);
	assert_int_equal(status.stx_mode & 0777, 0640);
	ring_ftruncate(ring, &waiter.op, fd, 3);
	assert_int_equal(finish(ring, &waiter), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 3);
	ring_fchown(ring, &waiter.op, fd, getuid(), getgid());
	assert_int_equal(finish(ring, &waiter), 0);
	ring_syncfs(ring, &waiter.op, fd);
	assert_int_equal(finish(ring, &waiter), 0);
	ring_close(ring, &waiter.op, fd);
	assert_int_equal(finish(ring, &waiter), 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);

	ring_renameat(ring, &waiter.op, fixture->dir_fd, "a", fixture->dir_fd, "b",
		      RENAME_NOREPLACE);
	assert_int_equal(finish(ring, &waiter), 0);
	ring_fsync(ring, &waiter.op, fixture->dir_fd, false);
	assert_int_equal(finish(ring, &waiter), 0);
	ring_unlinkat(ring, &waiter.op, fixture->dir_fd, "b");
	assert_int_equal(finish(ring, &waiter), 0);
	assert_int_equal(ring_pending(ring), 0);
}

static void failures_are_negative_errno(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct waiter waiter = waiter_new();
	struct statx status;
	char byte;
	int fd = openat(fixture->dir_fd, "x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ring_openat(ring, &waiter.op, fixture->dir_fd, "none", O_RDONLY | O_CLOEXEC, 0);
	assert_int_equal(finish(ring, &waiter), -ENOENT);
	ring_openat(ring, &waiter.op, fixture->dir_fd, "x", O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(finish(ring, &waiter), -EEXIST);
	ring_read(ring, &waiter.op, fd, &byte, 1, 0);
	assert_int_equal(finish(ring, &waiter), -EBADF);
	ring_write(ring, &waiter.op, -1, "x", 1, 0);
	assert_int_equal(finish(ring, &waiter), -EBADF);
	ring_close(ring, &waiter.op, 9999);
	assert_int_equal(finish(ring, &waiter), -EBADF);
	ring_fsync(ring, &waiter.op, -1, false);
	assert_int_equal(finish(ring, &waiter), -EBADF);
	ring_ftruncate(ring, &waiter.op, -1, 0);
	assert_int_equal(finish(ring, &waiter), -EBADF);
	ring_fchown(ring, &waiter.op, -1, 0, 0);
	assert_int_equal(finish(ring, &waiter), -EBADF);
	ring_syncfs(ring, &waiter.op, -1);
	assert_int_equal(finish(ring, &waiter), -EBADF);
	ring_statx(ring, &waiter.op, fixture->dir_fd, "none", 0, STATX_SIZE, &status);
	assert_int_equal(finish(ring, &waiter), -ENOENT);
	ring_renameat(ring, &waiter.op, fixture->dir_fd, "none", fixture->dir_fd, "y", 0);
	assert_int_equal(finish(ring, &waiter), -ENOENT);
	ring_renameat(ring, &waiter.op, fixture->dir_fd, "x", fixture->dir_fd, "x",
		      RENAME_NOREPLACE);
	assert_int_equal(finish(ring, &waiter), -EEXIST);
	ring_unlinkat(ring, &waiter.op, fixture->dir_fd, "none");
	assert_int_equal(finish(ring, &waiter), -ENOENT);
	close(fd);
	unlinkat(fixture->dir_fd, "x", 0);
}

/* More operations than the kernel's queues hold: all are done, and in order on one file. */
static void many_more_ops_than_entries_all_complete(void **state)
{
	enum { COUNT = 1000 };
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct waiter *waiters = calloc(COUNT, sizeof(*waiters));
	struct statx *results = calloc(COUNT, sizeof(*results));

	assert_non_null(waiters);
	assert_non_null(results);
	for (size_t i = 0; i < COUNT; i++) {
		waiters[i] = waiter_new();
		ring_statx(ring, &waiters[i].op, fixture->dir_fd, "", AT_EMPTY_PATH, STATX_TYPE,
			   &results[i]);
	}
	assert_int_equal(ring_pending(ring), COUNT);
	while (ring_pending(ring) > 0)
		assert_int_equal(ring_turn(ring, RING_WAIT_FOREVER), 0);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(waiters[i].done_count, 1);
		assert_int_equal(waiters[i].res, 0);
		assert_true(S_ISDIR(results[i].stx_mode));
	}
	free(results);
	free(waiters);
}

static void poll_completes_when_readable_and_can_be_armed_again(void **state)
{
	struct ring *ring = fixture_ring(*state);
	struct waiter waiter = waiter_new();
	uint64_t value = 1;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	for (int round = 0; round < 3; round++) {
		ring_poll(ring, &waiter.op, fd, POLLIN);
		assert_int_equal(ring_turn(ring, 0), 0);
		assert_int_equal(ring_turn(ring, NS_PER_MS), 0);
		assert_int_equal(waiter.done_count, 0);
		assert_int_equal(write(fd, &value, sizeof(value)), sizeof(value));
		assert_int_equal(finish(ring, &waiter), POLLIN);
		assert_int_equal(read(fd, &value, sizeof(value)), sizeof(value));
	}
	close(fd);
}

static void poll_of_closed_descriptor_fails(void **state)
{
	struct ring *ring = fixture_ring(*state);
	struct waiter waiter = waiter_new();

	ring_poll(ring, &waiter.op, 9999, POLLIN);
	assert_int_equal(finish(ring, &waiter), -EBADF);
}

struct call_record {
	pthread_t thread;
	int value;
};

static int record_thread(void *arg)
{
	struct call_record *record = arg;

	record->thread = pthread_self();
	return record->value;
}

static void calls_run_in_other_threads_and_return_their_value(void **state)
{
	enum { COUNT = 50 };
	struct ring *ring = fixture_ring(*state);
	struct waiter waiters[COUNT];
	struct call_record records[COUNT];

	for (int i = 0; i < COUNT; i++) {
		waiters[i] = waiter_new();
		records[i] = (struct call_record){.value = i % 2 == 0 ? i : -i};
		ring_call(ring, &waiters[i].op, record_thread, &records[i]);
	}
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(finish(ring, &waiters[i]), records[i].value);
		assert_false(pthread_equal(records[i].thread, pthread_self()));
	}
}

/* A wait may end early (EINTR comes without a signal, too, when an older ring is torn down). */
static void turns_without_work_wait_and_do_not_spin(void **state)
{
	struct ring *ring = fixture_ring(*state);
	int64_t end_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
	unsigned turns = 0;

	while (clock_monotonic_ns() < end_ns) {
		assert_int_equal(ring_turn(ring, 5 * NS_PER_MS), 0);
		turns++;
	}
	assert_true(turns < 50);
}

struct fault_plan {
	unsigned seen;
	unsigned fail_at;
};

static int fail_nth(void *arg, struct ring_op *op)
{
	struct fault_plan *plan = arg;

	(void)op;
	return plan->seen++ == plan->fail_at ? -EIO : 0;
}

static int cancel_renames(void *arg, const struct ring_op *op, int res)
{
	(void)arg;
	return op->opcode == RING_RENAMEAT && res == 0 ? -ECANCELED : res;
}

static void faults_fail_one_op_or_hide_its_success(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct fault_plan plan = {.fail_at = 1};
	struct ring_fault fault = {fail_nth, cancel_renames, &plan};
	struct waiter waiter = waiter_new();
	int fd;

	ring_set_fault(ring, &fault);
	ring_openat(ring, &waiter.op, fixture->dir_fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	fd = finish(ring, &waiter);
	assert_true(fd >= 0);
	ring_write(ring, &waiter.op, fd, "x", 1, 0);
	assert_int_equal(finish(ring, &waiter), -EIO);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0); /* it was not run */
	ring_renameat(ring, &waiter.op, fixture->dir_fd, "f", fixture->dir_fd, "g", 0);
	assert_int_equal(finish(ring, &waiter), -ECANCELED);
	assert_int_equal(faccessat(fixture->dir_fd, "g", F_OK, 0), 0); /* it was */
	close(fd);
	unlinkat(fixture->dir_fd, "g", 0);
}

/* An operation that waits because the kernel has no room yet is still one operation. */
static void fault_is_asked_once_an_op(void **state)
{
	enum { COUNT = 100 };
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct fault_plan plan = {.fail_at = COUNT};
	struct ring_fault fault = {.before = fail_nth, .arg = &plan};
	struct waiter waiters[COUNT];
	struct statx result[COUNT];

	ring_set_fault(ring, &fault);
	for (size_t i = 0; i < COUNT; i++) {
		waiters[i] = waiter_new();
		ring_statx(ring, &waiters[i].op, fixture->dir_fd, "", AT_EMPTY_PATH, STATX_TYPE,
			   &result[i]);
	}
	while (ring_pending(ring) > 0)
		assert_int_equal(ring_turn(ring, RING_WAIT_FOREVER), 0);
	assert_int_equal(plan.seen, COUNT);
}

/* Looks at something three times, one after the other, and writes down each time whose turn it was. */
struct looker {
	struct ring_op op; /* first, so that the op leads back here */
	struct ring *ring;
	int dir_fd;
	struct statx result;
	unsigned looks;
	char name;
	char *log;
};

static void looked(struct ring_op *op, int res)
{
	struct looker *looker = (struct looker *)op;
	char name[2] = {looker->name};

	assert_int_equal(res, 0);
	strcat(looker->log, name);
	if (++looker->looks < 3)
		ring_statx(looker->ring, op, looker->dir_fd, "", AT_EMPTY_PATH, STATX_TYPE,
			   &looker->result);
}

static void inline_ops_run_depth_first(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	char log[16] = "";
	struct looker lookers[3];

	for (size_t i = 0; i < ARRAY_COUNT(lookers); i++) {
		lookers[i] = (struct looker){
			.op.done = looked,
			.ring = ring,
			.dir_fd = fixture->dir_fd,
			.name = (char)('a' + i),
			.log = log,
		};
		ring_statx(ring, &lookers[i].op, fixture->dir_fd, "", AT_EMPTY_PATH, STATX_TYPE,
			   &lookers[i].result);
	}
	assert_int_equal(ring_turn(ring, RING_WAIT_FOREVER), 0);
	assert_string_equal(log, "aaabbbccc");
}

/* So its owner may do something else before it waits. */
static void ring_is_idle_when_a_turn_ran_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	char log[16] = "";
	struct looker looker = {
		.op.done = looked,
		.ring = ring,
		.dir_fd = fixture->dir_fd,
		.looks = 2,
		.log = log,
	};

	assert_int_equal(ring_turn(ring, 0), 0);
	assert_true(ring_is_idle(ring));
	ring_statx(ring, &looker.op, fixture->dir_fd, "", AT_EMPTY_PATH, STATX_TYPE,
		   &looker.result);
	assert_false(ring_is_idle(ring)); /* it is to be handed over */
	while (looker.looks < 3)
		assert_int_equal(ring_turn(ring, RING_WAIT_FOREVER), 0);
	assert_false(ring_is_idle(ring)); /* it ran in the last turn */
	assert_int_equal(ring_turn(ring, 0), 0);
	assert_true(ring_is_idle(ring));
}

/* What does not fit waits for a completion, and not for its owner. */
static void ring_that_is_full_is_idle(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct waiter waiters[40];
	int fds[ARRAY_COUNT(waiters)];

	for (size_t i = 0; i < ARRAY_COUNT(waiters); i++) {
		waiters[i] = waiter_new();
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		assert_true(fds[i] >= 0);
		ring_poll(ring, &waiters[i].op, fds[i], POLLIN);
	}
	assert_false(ring_is_idle(ring));
	assert_int_equal(ring_turn(ring, 0), 0);
	assert_int_equal(ring_turn(ring, 0), 0);
	assert_true(ring_is_idle(ring));
	ring_free(ring);
	fixture->ring = NULL;
	for (size_t i = 0; i < ARRAY_COUNT(waiters); i++)
		close(fds[i]);
}

static void look_again(struct ring_op *op, int res)
{
	struct looker *looker = (struct looker *)op;

	assert_int_equal(res, 0);
	looker->looks++;
	ring_statx(looker->ring, op, looker->dir_fd, "", AT_EMPTY_PATH, STATX_TYPE,
		   &looker->result);
}

static void endless_inline_ops_do_not_starve_a_poll(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct looker looker = {.op.done = look_again, .ring = ring, .dir_fd = fixture->dir_fd};
	struct waiter waiter = waiter_new();
	int fd = eventfd(1, EFD_CLOEXEC);

	ring_statx(ring, &looker.op, fixture->dir_fd, "", AT_EMPTY_PATH, STATX_TYPE,
		   &looker.result);
	ring_poll(ring, &waiter.op, fd, POLLIN);
	assert_int_equal(finish(ring, &waiter), POLLIN);
	assert_true(looker.looks > 0);
	close(fd);
}

static void free_with_armed_poll_lets_go(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct waiter waiter = waiter_new();
	int fd = eventfd(0, EFD_CLOEXEC);

	ring_poll(ring, &waiter.op, fd, POLLIN);
	assert_int_equal(ring_turn(ring, 0), 0);
	ring_free(ring);
	fixture->ring = NULL;
	assert_int_equal(waiter.done_count, 0);
	close(fd);
}

/* What is in the kernel is taken out of it before its buffer may go. */
static void free_with_a_read_under_way_stops_it(void **state)
{
	struct fixture *fixture = *state;
	struct ring *ring = fixture_ring(fixture);
	struct waiter waiter = waiter_new();
	char content[8];
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	ring_read(ring, &waiter.op, fds[0], content, sizeof(content), RING_OFFSET_CURRENT);
	assert_int_equal(ring_turn(ring, 0), 0);
	ring_free(ring);
	fixture->ring = NULL;
	assert_int_equal(write(fds[1], "text", 4), 4);
	assert_int_equal(read(fds[0], content, sizeof(content)), 4);
	assert_int_equal(waiter.done_count, 0);
	close(fds[0]);
	close(fds[1]);
}

#define ON_ENGINE(function, engine_case)                                                           \
	{                                                                                          \
#function " on " #engine_case, function, set_up, tear_down, &engine_case           \
	}
#define ON_ALL_ENGINES(function)                                                                   \
	ON_ENGINE(function, uring), ON_ENGINE(function, uring_inline),                             \
		ON_ENGINE(function, threads), ON_ENGINE(function, threads_inline)

int main(void)
{
	struct engine_case uring = {RING_ENGINE_IO_URING, 0};
	struct engine_case uring_inline = {RING_ENGINE_IO_URING, RING_FILE_OPS};
	struct engine_case threads = {RING_ENGINE_THREADS, 0};
	struct engine_case threads_inline = {RING_ENGINE_THREADS, RING_FILE_OPS};
	const struct CMUnitTest tests[] = {
		ON_ALL_ENGINES(ring_is_idle_when_a_turn_ran_nothing),
		ON_ALL_ENGINES(ring_that_is_full_is_idle),
		ON_ALL_ENGINES(file_lives_from_create_to_unlink),
		ON_ALL_ENGINES(failures_are_negative_errno),
		ON_ALL_ENGINES(many_more_ops_than_entries_all_complete),
		ON_ALL_ENGINES(poll_completes_when_readable_and_can_be_armed_again),
		ON_ALL_ENGINES(poll_of_closed_descriptor_fails),
		ON_ALL_ENGINES(calls_run_in_other_threads_and_return_their_value),
		ON_ALL_ENGINES(turns_without_work_wait_and_do_not_spin),
		ON_ALL_ENGINES(faults_fail_one_op_or_hide_its_success),
		ON_ALL_ENGINES(fault_is_asked_once_an_op),
		ON_ENGINE(inline_ops_run_depth_first, uring_inline),
		ON_ENGINE(inline_ops_run_depth_first, threads_inline),
		ON_ENGINE(endless_inline_ops_do_not_starve_a_poll, uring_inline),
		ON_ENGINE(endless_inline_ops_do_not_starve_a_poll, threads_inline),
		ON_ALL_ENGINES(free_with_armed_poll_lets_go),
		ON_ENGINE(free_with_a_read_under_way_stops_it, uring),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
