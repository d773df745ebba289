/*
 * Goal:   a key file is opened exactly if nobody but root and the user could have touched it.
 * Method: one table of owners and modes of a directory and a file in it, on real files, which
 *         takes root; links, special files and races by hand.
 */
#include "signer/keys/safe_path.h"

#include "common/clock.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGE_NS (60 * NS_PER_S)

/* In every Debian: user and group "daemon", alone in it. Nobody is in group NOBODYS. */
#define DAEMON	1
#define NOBODYS 54321

static struct temp_dir dir;

static int open_as(uid_t user, const char *path, enum safe_path_policy policy, int *fd_out,
		   char *text)
{
	struct safe_path *safe;
	int r;

	assert_int_equal(safe_path_new(user, AGE_NS, &safe), 0);
	r = safe_path_open(safe, path, policy, fd_out, text);
	safe_path_free(safe);
	return r;
}

/* Opens and closes; the outcome and the text count. */
static int try_as(uid_t user, const char *path, char *text)
{
	int fd = -1;
	int r = open_as(user, path, SAFE_PATH_REFUSE, &fd, text);

	assert_int_equal(fd >= 0, r == 0);
	if (fd >= 0)
		assert_int_equal(close(fd), 0);
	return r;
}

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

static bool has_plain_daemon_group(void)
{
	const struct passwd *entry = getpwuid(DAEMON);

	return geteuid() == 0 && entry != NULL && entry->pw_gid == DAEMON &&
	       strcmp(entry->pw_name, "daemon") == 0;
}

struct mode_row {
	const char *name;
	uid_t user;
	struct {
		uid_t owner;
		gid_t group;
		mode_t mode;
	} directory, file;
	const char *want;  /* NULL: safe; else the end of the text, without the path */
	bool is_directory; /* the text names the directory */
};

#define OTHERS "can be read or written by other users"
#define GROUP  "is in group 1 which has multiple users (e.g. \"daemon\")"

static const struct mode_row mode_rows[] = {
	{"private_file_is_safe", 0, {0, 0, 0700}, {0, 0, 0600}, NULL, false},
	{"file_others_read_is_unsafe", 0, {0, 0, 0700}, {0, 0, 0604}, OTHERS, false},
	{"file_others_write_is_unsafe", 0, {0, 0, 0700}, {0, 0, 0602}, OTHERS, false},
	{"file_others_execute_is_safe", 0, {0, 0, 0700}, {0, 0, 0601}, NULL, false},
	{"file_group_without_members_is_safe", 0, {0, 0, 0700}, {0, NOBODYS, 0660}, NULL, false},
	{"file_group_with_member_reads_is_unsafe", 0, {0, 0, 0700}, {0, 1, 0640}, GROUP, false},
	{"file_group_with_member_writes_is_unsafe", 0, {0, 0, 0700}, {0, 1, 0620}, GROUP, false},
	{"file_group_with_member_but_no_right_is_safe", 0, {0, 0, 0700}, {0, 1, 0600}, NULL, false},
	{"file_group_of_the_user_alone_is_safe", DAEMON, {0, 0, 0700}, {0, 1, 0640}, NULL, false},
	{"file_of_another_is_unsafe",
	 0,
	 {0, 0, 0700},
	 {DAEMON, 0, 0600},
	 "is writeable and owned by uid 1 which is not the executing uid (0)",
	 false},
	{"file_of_another_who_may_not_write_is_safe",
	 0,
	 {0, 0, 0700},
	 {DAEMON, 0, 0400},
	 NULL,
	 false},
	{"file_of_the_user_is_safe", DAEMON, {0, 0, 0700}, {DAEMON, 0, 0600}, NULL, false},
	{"file_of_root_for_a_user_is_safe", DAEMON, {0, 0, 0700}, {0, 0, 0600}, NULL, false},
	{"directory_others_read_is_safe", 0, {0, 0, 0755}, {0, 0, 0600}, NULL, false},
	{"directory_others_write_is_unsafe", 0, {0, 0, 0702}, {0, 0, 0600}, OTHERS, true},
	{"directory_sticky_of_root_is_safe", 0, {0, 0, 01777}, {0, 0, 0600}, NULL, false},
	{"directory_sticky_of_the_user_is_unsafe",
	 DAEMON,
	 {DAEMON, 0, 01777},
	 {0, 0, 0600},
	 OTHERS,
	 true},
	{"directory_group_reads_is_safe", 0, {0, 1, 0750}, {0, 0, 0600}, NULL, false},
	{"directory_group_with_member_writes_is_unsafe",
	 0,
	 {0, 1, 0770},
	 {0, 0, 0600},
	 GROUP,
	 true},
	{"directory_group_without_members_writes_is_safe",
	 0,
	 {0, NOBODYS, 0770},
	 {0, 0, 0600},
	 NULL,
	 false},
	{"directory_of_another_is_unsafe",
	 0,
	 {DAEMON, 0, 0700},
	 {0, 0, 0600},
	 "is writeable and owned by uid 1 which is not the executing uid (0)",
	 true},
	{"directory_of_another_who_may_not_write_is_safe",
	 0,
	 {DAEMON, 0, 0555},
	 {0, 0, 0600},
	 NULL,
	 false},
	{"directory_of_the_user_is_safe", DAEMON, {DAEMON, 0, 0700}, {0, 0, 0600}, NULL, false},
};

static void check_mode_row(const struct mode_row *row)
{
	char text[SAFE_PATH_TEXT_SIZE];
	char want[SAFE_PATH_TEXT_SIZE] = "";
	int r;

	temp_dir_mkdir(&dir, "d", 0700);
	temp_dir_write(&dir, "d/k", BYTES_LITERAL("key"), 0600);
	assert_int_equal(chown(temp_dir_name(&dir, "d/k"), row->file.owner, row->file.group), 0);
	assert_int_equal(chmod(temp_dir_name(&dir, "d/k"), row->file.mode), 0);
	assert_int_equal(
		chown(temp_dir_name(&dir, "d"), row->directory.owner, row->directory.group), 0);
	assert_int_equal(chmod(temp_dir_name(&dir, "d"), row->directory.mode), 0);
	r = try_as(row->user, temp_dir_name(&dir, "d/k"), text);
	if (row->want != NULL)
		(void)snprintf(want, sizeof(want), "%s %s",
			       temp_dir_name(&dir, row->is_directory ? "d" : "d/k"), row->want);
	if (strcmp(text, want) != 0)
		print_error("%s: got \"%s\", want \"%s\"\n", row->name, text, want);
	assert_string_equal(text, want);
	assert_int_equal(r, row->want == NULL ? 0 : SAFE_PATH_E_UNSAFE);
	assert_int_equal(unlink(temp_dir_name(&dir, "d/k")), 0);
	assert_int_equal(rmdir(temp_dir_name(&dir, "d")), 0);
}

static void owners_and_modes_follow_the_table(void **state)
{
	(void)state;
	if (!has_plain_daemon_group())
		skip();
	for (size_t i = 0; i < sizeof(mode_rows) / sizeof(mode_rows[0]); i++)
		check_mode_row(&mode_rows[i]);
}

struct path_row {
	const char *name;
	const char *path; /* in the directory */
	int want;
};

/*
 * f  a file          d/f  a file       l -> f           ld -> d         l2 -> ld/f
 * up -> ../NAME/f    here -> .         gone -> nothing  loop -> loop    abs -> /.../d
 */
static const struct path_row path_rows[] = {
	{"file", "f", 0},
	{"slashes_and_dots", ".//d/./f", 0},
	{"parent", "d/../f", 0},
	{"link_to_file", "l", 0},
	{"link_to_directory", "ld/f", 0},
	{"link_through_link", "l2", 0},
	{"link_absolute", "abs/f", 0},
	{"link_to_itself_as_directory", "here/here/here/f", 0},
	{"parent_of_a_link_is_parent_of_its_target", "ld/../f", 0},
	{"missing", "x", -ENOENT},
	{"missing_directory", "x/f", -ENOENT},
	{"link_to_nothing", "gone", -ENOENT},
	{"link_loop", "loop", -ELOOP},
	{"file_as_directory", "f/x", -ENOTDIR},
	{"file_with_slash", "f/", -ENOTDIR},
	{"link_to_file_with_slash", "l/", -ENOTDIR},
	{"file_with_slash_dot", "f/.", -ENOTDIR},
	{"directory", "d", SAFE_PATH_E_NOT_FILE},
	{"directory_with_slash", "d/", SAFE_PATH_E_NOT_FILE},
	{"link_to_directory_alone", "ld", SAFE_PATH_E_NOT_FILE},
	{"fifo", "fifo", SAFE_PATH_E_NOT_FILE},
	{"socket", "socket", SAFE_PATH_E_NOT_FILE},
	{"device", "device", SAFE_PATH_E_NOT_FILE},
};

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(close(fd), 0);
}

static void make_tree(void)
{
	static const char *const links[][2] = {
		{"f", "l"},    {"d", "ld"},	 {"ld/f", "l2"},	  {".", "here"},
		{"x", "gone"}, {"loop", "loop"}, {"/dev/null", "device"},
	};

	temp_dir_write(&dir, "f", BYTES_LITERAL("key"), 0600);
	temp_dir_mkdir(&dir, "d", 0700);
	temp_dir_write(&dir, "d/f", BYTES_LITERAL("key"), 0600);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		assert_int_equal(symlink(links[i][0], temp_dir_name(&dir, links[i][1])), 0);
	assert_int_equal(symlink(temp_dir_name(&dir, "d"), temp_dir_name(&dir, "abs")), 0);
	assert_int_equal(mkfifo(temp_dir_name(&dir, "fifo"), 0600), 0);
	make_socket(temp_dir_name(&dir, "socket"));
}

static void paths_lead_where_the_kernel_goes(void **state)
{
	char text[SAFE_PATH_TEXT_SIZE];

	(void)state;
	make_tree();
	for (size_t i = 0; i < sizeof(path_rows) / sizeof(path_rows[0]); i++) {
		const struct path_row *row = &path_rows[i];
		int r = try_as(geteuid(), temp_dir_name(&dir, row->path), text);

		if (r != row->want)
			print_error("%s: got %d (%s), want %d\n", row->name, r, text, row->want);
		assert_int_equal(r, row->want);
		assert_int_equal(text[0] == '\0', r == 0);
		if (r != 0 && strcmp(row->path, "device") != 0)
			assert_non_null(strstr(text, dir.path));
	}
}

static void relative_path_is_checked_from_the_root(void **state)
{
	char text[SAFE_PATH_TEXT_SIZE];
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	temp_dir_mkdir(&dir, "d", 0702);
	temp_dir_mkdir(&dir, "d/e", 0700);
	temp_dir_write(&dir, "d/e/k", BYTES_LITERAL("key"), 0600);
	assert_int_equal(chdir(temp_dir_name(&dir, "d/e")), 0);
	assert_int_equal(try_as(geteuid(), "k", text), SAFE_PATH_E_UNSAFE);
	assert_non_null(strstr(text, "/d " OTHERS));
	assert_int_equal(try_as(geteuid(), "./k", text), SAFE_PATH_E_UNSAFE);
	assert_int_equal(fchdir(before), 0);
	assert_int_equal(close(before), 0);
}

static void empty_and_overlong_paths_are_refused(void **state)
{
	char text[SAFE_PATH_TEXT_SIZE];
	static char path[3 * PATH_MAX];

	(void)state;
	assert_int_equal(try_as(0, "", text), -ENOENT);
	memset(path, 'a', PATH_MAX + 10);
	assert_int_equal(try_as(0, path, text), -ENAMETOOLONG);
	path[0] = '/';
	path[NAME_MAX + 3] = '\0';
	assert_int_equal(try_as(0, path, text), -ENAMETOOLONG);
}

static void link_target_is_checked_and_so_is_where_the_link_is(void **state)
{
	char text[SAFE_PATH_TEXT_SIZE];

	(void)state;
	temp_dir_mkdir(&dir, "open", 0702);
	temp_dir_mkdir(&dir, "shut", 0700);
	temp_dir_write(&dir, "open/k", BYTES_LITERAL("key"), 0600);
	temp_dir_write(&dir, "shut/k", BYTES_LITERAL("key"), 0600);
	assert_int_equal(symlink("../open/k", temp_dir_name(&dir, "shut/l")), 0);
	assert_int_equal(symlink("../shut/k", temp_dir_name(&dir, "open/l")), 0);
	assert_int_equal(try_as(geteuid(), temp_dir_name(&dir, "shut/k"), text), 0);
	assert_int_equal(try_as(geteuid(), temp_dir_name(&dir, "shut/l"), text),
			 SAFE_PATH_E_UNSAFE);
	assert_non_null(strstr(text, "/open " OTHERS));
	assert_int_equal(try_as(geteuid(), temp_dir_name(&dir, "open/l"), text),
			 SAFE_PATH_E_UNSAFE);
	assert_non_null(strstr(text, "/open " OTHERS));
}

static void link_of_another_in_a_sticky_directory_is_unsafe(void **state)
{
	char text[SAFE_PATH_TEXT_SIZE];

	(void)state;
	if (geteuid() != 0)
		skip();
	temp_dir_write(&dir, "k", BYTES_LITERAL("key"), 0600);
	temp_dir_mkdir(&dir, "sticky", 01777);
	assert_int_equal(symlink("../k", temp_dir_name(&dir, "sticky/l")), 0);
	assert_int_equal(try_as(0, temp_dir_name(&dir, "sticky/l"), text), 0);
	assert_int_equal(lchown(temp_dir_name(&dir, "sticky/l"), DAEMON, 0), 0);
	assert_int_equal(try_as(0, temp_dir_name(&dir, "sticky/l"), text), SAFE_PATH_E_UNSAFE);
	assert_non_null(strstr(text, "/sticky/l is a link owned by uid 1"));
	assert_int_equal(try_as(DAEMON, temp_dir_name(&dir, "sticky/l"), text), 0);
}

static void report_opens_what_is_unsafe_and_says_why(void **state)
{
	char text[SAFE_PATH_TEXT_SIZE];
	char content[8];
	int fd;

	(void)state;
	temp_dir_mkdir(&dir, "d", 0702);
	temp_dir_write(&dir, "d/k", BYTES_LITERAL("key"), 0644);
	assert_int_equal(
		open_as(geteuid(), temp_dir_name(&dir, "d/k"), SAFE_PATH_REPORT, &fd, text), 0);
	assert_non_null(strstr(text, "/d " OTHERS));
	assert_int_equal(read(fd, content, sizeof(content)), 3);
	assert_int_equal(close(fd), 0);
	assert_int_equal(chmod(temp_dir_name(&dir, "d"), 0700), 0);
	assert_int_equal(
		open_as(geteuid(), temp_dir_name(&dir, "d/k"), SAFE_PATH_REPORT, &fd, text), 0);
	assert_non_null(strstr(text, "/d/k " OTHERS));
	assert_int_equal(close(fd), 0);
	assert_int_equal(
		open_as(geteuid(), temp_dir_name(&dir, "d/x"), SAFE_PATH_REPORT, &fd, text),
		-ENOENT);
}

static void unreadable_for_a_user_names_the_path(void **state)
{
	char text[SAFE_PATH_TEXT_SIZE];
	int status;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(dir.path, 0755), 0);
	temp_dir_mkdir(&dir, "d", 0700);
	temp_dir_write(&dir, "d/k", BYTES_LITERAL("key"), 0600);
	temp_dir_write(&dir, "k", BYTES_LITERAL("key"), 0600);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (setresuid(DAEMON, DAEMON, DAEMON) != 0)
			_exit(1);
		if (try_as(DAEMON, temp_dir_name(&dir, "k"), text) != -EACCES ||
		    strstr(text, "/k: Permission denied") == NULL)
			_exit(2);
		if (try_as(DAEMON, temp_dir_name(&dir, "d/k"), text) != -EACCES ||
		    strstr(text, "/d/k: Permission denied") == NULL)
			_exit(3);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

struct swapper {
	char shut[PATH_MAX];
	char open[PATH_MAX];
	atomic_bool stop;
};

static void *swap_directories(void *argument)
{
	struct swapper *swapper = argument;

	while (!atomic_load(&swapper->stop))
		(void)renameat2(AT_FDCWD, swapper->shut, AT_FDCWD, swapper->open, RENAME_EXCHANGE);
	return NULL;
}

/* Whatever the other thread does, the file from the unsafe directory never comes out. */
static void directory_swapped_meanwhile_is_never_trusted(void **state)
{
	struct swapper swapper;
	struct safe_path *safe;
	pthread_t thread;
	const unsigned rounds = rounds_of(2000);
	unsigned opened = 0;

	(void)state;
	temp_dir_mkdir(&dir, "shut", 0700);
	temp_dir_mkdir(&dir, "open", 0702);
	temp_dir_write(&dir, "shut/k", BYTES_LITERAL("good"), 0600);
	temp_dir_write(&dir, "open/k", BYTES_LITERAL("evil"), 0600);
	(void)snprintf(swapper.shut, sizeof(swapper.shut), "%s", temp_dir_name(&dir, "shut"));
	(void)snprintf(swapper.open, sizeof(swapper.open), "%s", temp_dir_name(&dir, "open"));
	atomic_init(&swapper.stop, false);
	assert_int_equal(safe_path_new(geteuid(), AGE_NS, &safe), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap_directories, &swapper), 0);
	/* On a busy machine the other thread may have the time for itself. */
	for (unsigned i = 0; i < rounds || (opened == 0 && i < 100 * rounds); i++) {
		char text[SAFE_PATH_TEXT_SIZE];
		char content[4] = {0};
		int fd;

		if (safe_path_open(safe, temp_dir_name(&dir, "shut/k"), SAFE_PATH_REFUSE, &fd,
				   text) != 0)
			continue;
		opened++;
		assert_int_equal(read(fd, content, sizeof(content)), 4);
		assert_memory_equal(content, "good", 4);
		assert_int_equal(close(fd), 0);
	}
	atomic_store(&swapper.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	safe_path_free(safe);
	assert_true(opened > 0);
}

static size_t descriptors_before;

static int set_up(void **state)
{
	(void)state;
	descriptors_before = open_descriptors();
	temp_dir_make(&dir);
	return 0;
}

/* Every test leaves as many descriptors open as it found. */
static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(&dir);
	return open_descriptors() == descriptors_before ? 0 : -1;
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(owners_and_modes_follow_the_table),
		TEST(paths_lead_where_the_kernel_goes),
		TEST(relative_path_is_checked_from_the_root),
		TEST(empty_and_overlong_paths_are_refused),
		TEST(link_target_is_checked_and_so_is_where_the_link_is),
		TEST(link_of_another_in_a_sticky_directory_is_unsafe),
		TEST(report_opens_what_is_unsafe_and_says_why),
		TEST(unreadable_for_a_user_names_the_path),
		TEST(directory_swapped_meanwhile_is_never_trusted),
	};

	(void)umask(022);
	return cmocka_run_group_tests_name("safe_path", tests, NULL, NULL);
}
