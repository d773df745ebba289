/*
 * Goal: a file is there complete or not at all, whatever was there before, and nothing else is left.
 */
#include "tests/unit/unit_test.h"

#include "signer/cmd/new_file.h"
#include "tests/unit/temp_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct temp_dir dir;

static int make_dir(void **state)
{
	(void)state;
	temp_dir_make(&dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	temp_dir_remove(&dir);
	return 0;
}

static void content_is(const char *name, const char *wanted)
{
	char text[64] = {0};
	FILE *file = fopen(temp_dir_name(&dir, name), "r");

	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen(wanted));
	fclose(file);
	assert_string_equal(text, wanted);
}

static int entries(void)
{
	DIR *directory = opendir(dir.path);
	int count = -2; /* . and .. */

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static int write_file(const char *name, mode_t mode)
{
	struct new_file file;
	int r = new_file_open(&file, temp_dir_name(&dir, name), mode);

	if (r == 0)
		r = new_file_write(&file, BYTES_LITERAL("new"));
	if (r == 0)
		r = new_file_place(&file);
	new_file_close(&file);
	return r;
}

static void file_appears_with_its_mode_whatever_the_umask(void **state)
{
	mode_t old = umask(077);
	struct stat status;

	(void)state;
	assert_int_equal(write_file("a", 0644), 0);
	umask(old);
	content_is("a", "new");
	assert_int_equal(stat(temp_dir_name(&dir, "a"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_int_equal(entries(), 1);
}

static void file_that_was_there_is_replaced_as_another_file(void **state)
{
	struct stat before;
	struct stat after;

	(void)state;
	temp_dir_write(&dir, "a", BYTES_LITERAL("old"), 0600);
	assert_int_equal(stat(temp_dir_name(&dir, "a"), &before), 0);
	assert_int_equal(write_file("a", 0600), 0);
	assert_int_equal(stat(temp_dir_name(&dir, "a"), &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	content_is("a", "new");
	assert_int_equal(entries(), 1);
}

static void file_that_is_not_placed_leaves_nothing(void **state)
{
	struct new_file file;

	(void)state;
	temp_dir_write(&dir, "a", BYTES_LITERAL("old"), 0600);
	assert_int_equal(new_file_open(&file, temp_dir_name(&dir, "a"), 0600), 0);
	assert_int_equal(new_file_write(&file, BYTES_LITERAL("new")), 0);
	content_is("a", "old");
	new_file_close(&file);
	content_is("a", "old");
	assert_int_equal(entries(), 1);
}

static void link_in_the_way_is_replaced_not_followed(void **state)
{
	struct stat status;

	(void)state;
	temp_dir_write(&dir, "victim", BYTES_LITERAL("old"), 0600);
	assert_int_equal(symlink("victim", temp_dir_name(&dir, "a")), 0);
	assert_int_equal(write_file("a", 0600), 0);
	assert_int_equal(lstat(temp_dir_name(&dir, "a"), &status), 0);
	assert_true(S_ISREG(status.st_mode));
	content_is("victim", "old");
}

static void directory_in_the_way_is_an_error_and_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdir(temp_dir_name(&dir, "a"), 0700), 0);
	assert_int_equal(write_file("a", 0600), -EISDIR);
	assert_int_equal(entries(), 1);
}

static void directory_that_is_missing_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(write_file("nowhere/a", 0600), -ENOENT);
}

static void path_that_is_too_long_is_an_error(void **state)
{
	struct new_file file;
	char path[PATH_MAX];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(new_file_open(&file, path, 0600), -ENAMETOOLONG);
	new_file_close(&file);
}

static void name_without_directory_is_in_the_working_one(void **state)
{
	char old[PATH_MAX];
	struct new_file file;

	(void)state;
	assert_non_null(getcwd(old, sizeof(old)));
	assert_int_equal(chdir(dir.path), 0);
	assert_int_equal(new_file_open(&file, "a", 0600), 0);
	assert_int_equal(new_file_place(&file), 0);
	new_file_close(&file);
	assert_int_equal(chdir(old), 0);
	content_is("a", "");
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(file_appears_with_its_mode_whatever_the_umask),
		IN_DIR(file_that_was_there_is_replaced_as_another_file),
		IN_DIR(file_that_is_not_placed_leaves_nothing),
		IN_DIR(link_in_the_way_is_replaced_not_followed),
		IN_DIR(directory_in_the_way_is_an_error_and_leaves_nothing),
		IN_DIR(directory_that_is_missing_is_an_error),
		cmocka_unit_test(path_that_is_too_long_is_an_error),
		IN_DIR(name_without_directory_is_in_the_working_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
