/*
 * Goal:   a spool opens only where it can be worked on, once at a time, and says in words why not.
 * Method: directories made by hand; where root may do anything, a child that is nobody tries.
 */
#include "signer/spool/spool_dir.h"

#include "common/clock.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static int try_open(const char *path, struct buffer *why)
{
	struct spool_dir dir;
	int r = spool_dir_open(path, 0, &dir, why);

	if (r == 0)
		spool_dir_close(&dir);
	return r;
}

static void missing_rooms_are_made(void **state)
{
	struct spool_fixture fixture;
	struct buffer why = {0};
	char path[128];

	(void)state;
	spool_fixture_open(&fixture, NULL);
	snprintf(path, sizeof(path), "%s/fresh", fixture.root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(try_open(path, &why), 0);
	strcat(path, "/failed");
	assert_int_equal(access(path, F_OK), 0);
	buffer_deinit(&why);
	spool_fixture_close(&fixture);
}

static void missing_spool_is_told(void **state)
{
	struct buffer why = {0};

	(void)state;
	assert_int_equal(try_open("/nowhere/at/all", &why), -ENOENT);
	assert_string_equal(
		buffer_string(&why),
		"/nowhere/at/all: there is no such directory; a spool is one that this user may "
		"write in");
	buffer_deinit(&why);
}

static void link_in_the_place_of_a_room_is_refused(void **state)
{
	struct spool_fixture fixture;
	struct buffer why = {0};
	char path[128];

	(void)state;
	spool_fixture_open(&fixture, NULL);
	snprintf(path, sizeof(path), "%s/out", fixture.spool);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_true(try_open(fixture.spool, &why) < 0);
	assert_non_null(strstr(buffer_string(&why), "/out: cannot open: "));
	buffer_deinit(&why);
	spool_fixture_close(&fixture);
}

static void second_one_waits_and_then_says_who_holds_it(void **state)
{
	struct spool_fixture fixture;
	struct spool_dir first;
	struct spool_dir second;
	struct buffer why = {0};
	int64_t start_ns;
	char want[200];

	(void)state;
	spool_fixture_open(&fixture, NULL);
	assert_int_equal(spool_dir_open(fixture.spool, 0, &first, &why), 0);
	start_ns = clock_monotonic_ns();
	assert_int_equal(spool_dir_open(fixture.spool, 200, &second, &why), SPOOL_DIR_E_LOCKED);
	assert_true(clock_monotonic_ns() - start_ns >= 200 * NS_PER_MS);
	snprintf(want, sizeof(want), "%s: another postseal works on this spool (process %ld)",
		 fixture.spool, (long)getpid());
	assert_string_equal(buffer_string(&why), want);
	spool_dir_close(&first);
	assert_int_equal(spool_dir_open(fixture.spool, 0, &second, &why), 0);
	spool_dir_close(&second);
	buffer_deinit(&why);
	spool_fixture_close(&fixture);
}

/* Runs in a child, as somebody who may do less; its exit code is what it returns. */
static int in_child(int (*work)(const char *path), const char *path)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(work(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* 0: the spool is refused with that outcome and these words. Nothing is left behind for valgrind. */
static int check_refused(const char *path, int outcome, const char *words)
{
	struct buffer why = {0};
	int r = try_open(path, &why) == outcome ? 0 : 2;

	if (r == 0 && strstr(buffer_string(&why), words) == NULL)
		r = 3;
	buffer_deinit(&why);
	return r;
}

static int open_as_nobody(const char *path)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return 1;
	return check_refused(path, -EACCES, "/in: cannot change what is in it: ");
}

static void room_that_cannot_be_written_is_refused(void **state)
{
	struct spool_fixture fixture;
	char path[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	spool_fixture_open(&fixture, NULL);
	assert_int_equal(chmod(fixture.root, 0755), 0);
	assert_int_equal(chmod(fixture.spool, 0777), 0);
	snprintf(path, sizeof(path), "%s/in", fixture.spool);
	assert_int_equal(chmod(path, 0555), 0);
	assert_int_equal(in_child(open_as_nobody, fixture.spool), 0);
	spool_fixture_close(&fixture);
}

static int open_with_another_disk(const char *path)
{
	char room[128];

	snprintf(room, sizeof(room), "%s/out", path);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", room, "tmpfs", 0, "size=64k") != 0)
		return 77;
	return check_refused(path, SPOOL_DIR_E_DEVICE,
			     "must be on one file system, but out is on another");
}

static void rooms_on_two_disks_are_refused(void **state)
{
	struct spool_fixture fixture;
	int r;

	(void)state;
	spool_fixture_open(&fixture, NULL);
	r = in_child(open_with_another_disk, fixture.spool);
	spool_fixture_close(&fixture);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

static void room_is_what_the_file_system_has(void **state)
{
	struct spool_fixture fixture;
	struct spool_dir dir;
	struct spool_room room;
	struct buffer why = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	assert_int_equal(spool_dir_open(fixture.spool, 0, &dir, &why), 0);
	assert_int_equal(spool_dir_room(&dir, &room), 0);
	assert_true(room.bytes > 0 && room.inodes > 0);
	spool_dir_close(&dir);
	assert_int_equal(dir.lock_fd, -1);
	buffer_deinit(&why);
	spool_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_rooms_are_made),
		cmocka_unit_test(missing_spool_is_told),
		cmocka_unit_test(link_in_the_place_of_a_room_is_refused),
		cmocka_unit_test(second_one_waits_and_then_says_who_holds_it),
		cmocka_unit_test(room_that_cannot_be_written_is_refused),
		cmocka_unit_test(rooms_on_two_disks_are_refused),
		cmocka_unit_test(room_is_what_the_file_system_has),
	};

	return cmocka_run_group_tests_name("spool_dir", tests, NULL, NULL);
}
