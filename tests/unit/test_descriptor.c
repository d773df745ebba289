/*
 * Goal: all bytes arrive, in order, whatever write() makes of them.
 * Method: write() is wrapped: it takes a few bytes at a time, is interrupted, or fails.
 */
#include "tests/unit/unit_test.h"

#include "common/descriptor.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

static struct {
	size_t take_max;
	int fail_every; /* EINTR at each such call; 0: never */
	int error;	/* not 0: what every call fails with */
	int calls;
	uint8_t bytes[64];
	size_t size;
} pipe_end;

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	if (fd != -1)
		return __real_write(fd, data, size);
	pipe_end.calls++;
	errno = pipe_end.error;
	if (pipe_end.error != 0)
		return -1;
	errno = EINTR;
	if (pipe_end.fail_every != 0 && pipe_end.calls % pipe_end.fail_every == 0)
		return -1;
	if (size > pipe_end.take_max)
		size = pipe_end.take_max;
	assert_true(size <= sizeof(pipe_end.bytes) - pipe_end.size);
	memcpy(pipe_end.bytes + pipe_end.size, data, size);
	pipe_end.size += size;
	return (ssize_t)size;
}

static void short_and_interrupted_writes_go_on(void **state)
{
	const struct bytes text = BYTES_LITERAL("all of it, in the order of its bytes");

	(void)state;
	for (size_t take_max = 1; take_max <= text.size; take_max++) {
		pipe_end.take_max = take_max;
		pipe_end.fail_every = 3;
		pipe_end.size = 0;
		assert_int_equal(descriptor_write(-1, text), 0);
		assert_true(bytes_equal(bytes_of(pipe_end.bytes, pipe_end.size), text));
	}
}

static void nothing_is_not_written(void **state)
{
	(void)state;
	pipe_end.calls = 0;
	assert_int_equal(descriptor_write(-1, bytes_of(NULL, 0)), 0);
	assert_int_equal(pipe_end.calls, 0);
}

static void failure_ends_it(void **state)
{
	(void)state;
	pipe_end.error = ENOSPC;
	assert_int_equal(descriptor_write(-1, BYTES_LITERAL("x")), -ENOSPC);
	pipe_end.error = 0;
	pipe_end.fail_every = 0;
	pipe_end.take_max = 0;
	assert_int_equal(descriptor_write(-1, BYTES_LITERAL("x")), -EIO);
}

static void room_is_what_the_limit_leaves(void **state)
{
	struct rlimit before;
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(before.rlim_max >= 100);
	limit = (struct rlimit){.rlim_cur = 64, .rlim_max = 100};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(descriptor_room(20, 4, 3), 20);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 100); /* all that there may be */
	assert_int_equal(descriptor_room(99, 4, 3), 3);
	assert_int_equal(descriptor_room(100, 1, 0), 0);
	assert_int_equal(descriptor_room(101, 1, 7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_and_interrupted_writes_go_on),
		cmocka_unit_test(nothing_is_not_written), cmocka_unit_test(failure_ends_it),
		cmocka_unit_test(room_is_what_the_limit_leaves), /* last: the limit stays */
	};

	return cmocka_run_group_tests_name("descriptor", tests, NULL, NULL);
}
