/*
 * Goal:   every bad key file is refused with the right outcome and a text that names it, without
 *         blocking and without losing a descriptor.
 * Method: real files in a directory of the test.
 */
#include "signer/keys/key_file.h"

#include "common/clock.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit_test.h"

#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAEMON 1

static struct temp_dir dir;
static struct safe_path *safe;
static struct key_problem problem;
static struct buffer pem; /* a good key */

static int outcome_of(const char *path, enum safe_path_policy policy)
{
	struct key *key = NULL;
	struct key_file file;
	int r = key_file_open(&file, safe, path, policy, &problem);

	if (r == 0) {
		r = key_file_read(&file, 0, &key, &problem);
		key_file_close(&file);
		key_file_close(&file);
	}
	assert_int_equal(r == 0, key != NULL);
	key_unref(key);
	return r;
}

static void expect(const char *name, int want)
{
	const char *path = temp_dir_name(&dir, name);
	int r = outcome_of(path, SAFE_PATH_REFUSE);

	if (r != want)
		print_error("%s: got %d (%s), want %d\n", name, r, problem.text, want);
	assert_int_equal(r, want);
	if (want == 0)
		assert_string_equal(problem.text, "");
	else if (strchr(name, '/') == NULL)
		assert_memory_equal(problem.text, path, strlen(path));
	else
		assert_memory_equal(problem.text, dir.path, strlen(dir.path));
}

static void good_file_is_read(void **state)
{
	(void)state;
	temp_dir_write(&dir, "k", buffer_bytes(&pem), 0600);
	expect("k", 0);
}

static void bad_files_are_told_apart(void **state)
{
	static const uint8_t garbage[1 << 20] = {1, 2, 3};
	struct buffer small = sample_pem(512);

	(void)state;
	temp_dir_write(&dir, "world", buffer_bytes(&pem), 0644);
	temp_dir_write(&dir, "short", bytes_of(pem.data, pem.size / 2), 0600);
	temp_dir_write(&dir, "empty", bytes_of(NULL, 0), 0600);
	temp_dir_write(&dir, "garbage", bytes_of(garbage, sizeof(garbage)), 0600);
	temp_dir_write(&dir, "small_garbage", bytes_of(garbage, 5000), 0600);
	temp_dir_write(&dir, "small", buffer_bytes(&small), 0600);
	temp_dir_mkdir(&dir, "directory", 0700);
	assert_int_equal(mkfifo(temp_dir_name(&dir, "fifo"), 0600), 0);
	expect("missing", KEY_E_MISSING);
	expect("world/below", KEY_E_MISSING);
	expect("world", KEY_E_UNSAFE);
	expect("short", KEY_E_MALFORMED);
	expect("empty", KEY_E_MALFORMED);
	expect("garbage", KEY_E_MALFORMED);
	expect("small_garbage", KEY_E_MALFORMED);
	expect("small", KEY_E_TOO_SMALL);
	expect("directory", KEY_E_NOT_FILE);
	expect("fifo", KEY_E_NOT_FILE);
	buffer_deinit(&small);
}

static void report_reads_the_key_and_says_what_is_unsafe(void **state)
{
	(void)state;
	temp_dir_write(&dir, "k", buffer_bytes(&pem), 0644);
	assert_int_equal(outcome_of(temp_dir_name(&dir, "k"), SAFE_PATH_REPORT), 0);
	assert_non_null(strstr(problem.text, "/k can be read or written by other users"));
}

static int in_child(int (*run)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(run());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int read_as_daemon(void)
{
	if (setresuid(DAEMON, DAEMON, DAEMON) != 0)
		return 1;
	if (outcome_of(temp_dir_name(&dir, "k"), SAFE_PATH_REFUSE) != KEY_E_UNREADABLE)
		return 2;
	return strstr(problem.text, "/k: Permission denied") != NULL ? 0 : 3;
}

static void unreadable_for_the_user_is_unreadable(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(dir.path, 0755), 0);
	temp_dir_write(&dir, "k", buffer_bytes(&pem), 0600);
	assert_int_equal(in_child(read_as_daemon), 0);
}

/* Being short of descriptors says nothing about the key. */
static int read_without_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	limit.rlim_cur = 32;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 2;
	while (dup(0) >= 0)
		;
	return outcome_of(temp_dir_name(&dir, "k"), SAFE_PATH_REFUSE) == -EMFILE ? 0 : 3;
}

static void no_descriptor_left_is_passed_up(void **state)
{
	(void)state;
	temp_dir_write(&dir, "k", buffer_bytes(&pem), 0600);
	assert_int_equal(in_child(read_without_descriptors), 0);
}

static bool stamp_changed(const struct key_file_stamp *before)
{
	struct key_file_stamp now = key_file_stamp(temp_dir_name(&dir, "k"));

	return !key_file_stamp_equal(before, &now);
}

static void stamp_changes_with_the_file(void **state)
{
	struct key_file_stamp before;

	(void)state;
	temp_dir_write(&dir, "k", buffer_bytes(&pem), 0600);
	before = key_file_stamp(temp_dir_name(&dir, "k"));
	assert_false(stamp_changed(&before));
	temp_dir_replace(&dir, "k", buffer_bytes(&pem), 0600);
	assert_true(stamp_changed(&before));
	before = key_file_stamp(temp_dir_name(&dir, "k"));
	temp_dir_write(&dir, "k", bytes_of(pem.data, 10), 0600);
	assert_true(stamp_changed(&before));
	assert_int_equal(unlink(temp_dir_name(&dir, "k")), 0);
	assert_true(stamp_changed(&before));
	assert_int_equal(key_file_stamp(temp_dir_name(&dir, "k")).inode, 0);
}

static size_t descriptors_before;

static size_t open_descriptors(void)
{
	DIR *list = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(list);
	while (readdir(list) != NULL)
		count++;
	(void)closedir(list);
	return count;
}

static int set_up(void **state)
{
	(void)state;
	descriptors_before = open_descriptors();
	temp_dir_make(&dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(&dir);
	return open_descriptors() == descriptors_before ? 0 : -1;
}

static int set_up_group(void **state)
{
	(void)state;
	pem = sample_pem(SAMPLE_RSA_BITS);
	return safe_path_new(geteuid(), NS_PER_S, &safe);
}

static int tear_down_group(void **state)
{
	(void)state;
	buffer_deinit(&pem);
	safe_path_free(safe);
	return 0;
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(good_file_is_read),
		TEST(bad_files_are_told_apart),
		TEST(report_reads_the_key_and_says_what_is_unsafe),
		TEST(unreadable_for_the_user_is_unreadable),
		TEST(no_descriptor_left_is_passed_up),
		TEST(stamp_changes_with_the_file),
	};

	return cmocka_run_group_tests_name("key_file", tests, set_up_group, tear_down_group);
}
