/*
 * Goal:   nothing is left of a run, neither files nor processes, however it ends.
 * Method: works that end in each way; after each, the parent directory has to be empty.
 */
#include "tests/unit/unit_test.h"

#include "bench/scratch.h"
#include "tests/unit/temp_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static void assert_empty(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);

	while ((entry = readdir(dir)) != NULL)
		assert_int_equal(entry->d_name[0], '.');
	closedir(dir);
}

static void fill(const char *path)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/spool", path);
	if (mkdir(name, 0700) != 0)
		abort();
	strcat(name, "/file");
	close(open(name, O_WRONLY | O_CREAT, 0600));
}

static int fill_and_return(const char *const *paths, void *arg)
{
	fill(paths[0]);
	fill(paths[1]);
	return *(int *)arg;
}

static int fill_and_crash(const char *const *paths, void *arg)
{
	(void)arg;
	fill(paths[0]);
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

/* Has a child, as a run of postseal would be; both write their process number and wait. */
static int fill_and_wait(const char *const *paths, void *arg)
{
	int fd = *(int *)arg;
	pid_t numbers[2] = {getpid(), fork()};

	if (numbers[1] == 0) {
		for (;;)
			pause();
	}
	fill(paths[0]);
	if (write(fd, numbers, sizeof(numbers)) != (ssize_t)sizeof(numbers))
		return EX_IOERR;
	for (;;)
		pause();
}

static void test_exit_code_is_that_of_the_work(void **state)
{
	struct temp_dir dir;
	int code = 7;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(
		scratch_run((const char *const[]){dir.path, dir.path}, 2, fill_and_return, &code),
		7);
	assert_empty(dir.path);
	temp_dir_remove(&dir);
}

static void test_crash_leaves_nothing(void **state)
{
	struct temp_dir dir;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(scratch_run((const char *const[]){dir.path}, 1, fill_and_crash, NULL),
			 128 + SIGABRT);
	assert_empty(dir.path);
	temp_dir_remove(&dir);
}

static void stop_with(int signal_number)
{
	struct temp_dir dir;
	pid_t numbers[2];
	int status;
	int fds[2];
	pid_t pid;

	temp_dir_make(&dir);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		_exit(scratch_run((const char *const[]){dir.path}, 1, fill_and_wait, &fds[1]));
	assert_int_equal(read(fds[0], numbers, sizeof(numbers)), sizeof(numbers));
	assert_int_equal(kill(pid, signal_number), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + signal_number);
	assert_int_equal(kill(numbers[0], 0), -1);
	assert_int_equal(kill(numbers[1], 0), -1);
	assert_empty(dir.path);
	close(fds[0]);
	close(fds[1]);
	temp_dir_remove(&dir);
}

static void test_signal_stops_all_and_leaves_nothing(void **state)
{
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(signals); i++)
		stop_with(signals[i]);
}

static void test_missing_parent_is_told_and_the_other_removed(void **state)
{
	struct temp_dir dir;
	int code = 0;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(scratch_run((const char *const[]){dir.path, "/nonexistent"}, 2,
				     fill_and_return, &code),
			 EX_CANTCREAT);
	assert_empty(dir.path);
	temp_dir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_code_is_that_of_the_work),
		cmocka_unit_test(test_crash_leaves_nothing),
		cmocka_unit_test(test_signal_stops_all_and_leaves_nothing),
		cmocka_unit_test(test_missing_parent_is_told_and_the_other_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
