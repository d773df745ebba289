/*
 * Goal:   a group is alone only if nobody else is listed in it or has it as primary group; the
 *         answer is remembered; no descriptor is lost.
 * Method: user and group files of our own, mounted over /etc in a child with its own mounts (root
 *         only; skipped where that is not allowed).
 */
#include "signer/keys/group_members.h"

#include "common/clock.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit_test.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT_RUN 77

static const char users[] = "root:x:0:0::/:/bin/sh\n"
			    "mail:x:100:100::/:/bin/sh\n"
			    "ann:x:101:201::/:/bin/sh\n"
			    "bob:x:102:102::/:/bin/sh\n"
			    "toor:x:0:300::/:/bin/sh\n";

static const char groups[] = "root:x:0:\n"
			     "mail:x:100:\n"
			     "listed:x:200:mail,bob\n"
			     "primary:x:201:\n"
			     "own:x:202:mail,root\n"
			     "unknown:x:203:mail,carol\n"
			     "roots:x:300:toor\n";

struct member_row {
	const char *name;
	gid_t group;
	int outcome;
	const char *member;
};

/* Asked for the user "mail". */
static const struct member_row member_rows[] = {
	{"own_primary_group_is_alone", 100, 0, ""},
	{"other_listed_is_found", 200, GROUP_MEMBERS_E_OTHERS, "bob"},
	{"other_with_primary_group_is_found", 201, GROUP_MEMBERS_E_OTHERS, "ann"},
	{"user_and_root_listed_are_alone", 202, 0, ""},
	{"unknown_name_counts_as_other", 203, GROUP_MEMBERS_E_OTHERS, "carol"},
	{"second_name_of_root_is_root", 300, 0, ""},
	{"group_that_does_not_exist_is_alone", 999, 0, ""},
};

static size_t open_descriptors(void)
{
	DIR *list = opendir("/proc/self/fd");
	size_t count = 0;

	if (list == NULL)
		return 0;
	while (readdir(list) != NULL)
		count++;
	(void)closedir(list);
	return count;
}

static void mount_over(const struct temp_dir *dir, const char *name, const char *content,
		       const char *target)
{
	temp_dir_write(dir, name, bytes_of_string(content), 0644);
	if (mount(temp_dir_name(dir, name), target, "none", MS_BIND, NULL) != 0)
		_exit(CANNOT_RUN);
}

static int check_rows(struct group_members *members)
{
	char name[GROUP_MEMBERS_NAME_SIZE];

	for (size_t i = 0; i < sizeof(member_rows) / sizeof(member_rows[0]); i++) {
		const struct member_row *row = &member_rows[i];
		int r;

		name[0] = '\0';
		r = group_members_check(members, row->group, name);
		if (r != row->outcome || strcmp(name, row->member) != 0) {
			(void)fprintf(stderr, "%s: got %d \"%s\", want %d \"%s\"\n", row->name, r,
				      name, row->outcome, row->member);
			return 1;
		}
	}
	return 0;
}

static int check_memory(const struct temp_dir *dir)
{
	char name[GROUP_MEMBERS_NAME_SIZE];
	struct group_members *lasting;
	struct group_members *fresh;

	if (group_members_new(100, 60 * NS_PER_S, &lasting) != 0 ||
	    group_members_new(100, 0, &fresh) != 0)
		return 2;
	if (group_members_check(lasting, 202, name) != 0 ||
	    group_members_check(fresh, 202, name) != 0)
		return 3;
	temp_dir_write(dir, "group", bytes_of_string("own:x:202:bob\n"), 0644);
	if (group_members_check(lasting, 202, name) != 0)
		return 4; /* the answer was to last */
	if (group_members_check(fresh, 202, name) != GROUP_MEMBERS_E_OTHERS)
		return 5; /* the answer was not to last */
	group_members_free(lasting);
	group_members_free(fresh);
	return 0;
}

static void child_run(const struct temp_dir *dir)
{
	struct group_members *members;
	size_t before;
	int r;

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(CANNOT_RUN);
	mount_over(dir, "passwd", users, "/etc/passwd");
	mount_over(dir, "group", groups, "/etc/group");
	if (group_members_new(100, 0, &members) != 0)
		_exit(10);
	r = check_rows(members); /* the first round may open what NSS keeps */
	before = open_descriptors();
	if (r == 0)
		r = check_rows(members);
	group_members_free(members);
	if (r == 0 && open_descriptors() != before)
		r = 11;
	if (r == 0)
		r = check_memory(dir);
	_exit(r);
}

static void members_are_found_and_remembered(void **state)
{
	struct temp_dir dir;
	int status;
	pid_t child;

	(void)state;
	temp_dir_make(&dir);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		child_run(&dir);
	assert_int_equal(waitpid(child, &status, 0), child);
	temp_dir_remove(&dir);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT_RUN)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_and_remembered),
	};

	return cmocka_run_group_tests_name("group_members", tests, NULL, NULL);
}
