/*
 * Goal:   whatever state a batch was stopped in, the next start leaves each message in one place, and
 *         running it again changes nothing.
 * Method: by row, the state on disk is made by hand, and what is left afterwards is listed. Each row runs
 *         a second time on its own result; and again with the first, the second, the nth system call
 *         failing.
 */
#include "signer/spool/recovery.h"

#include "signer/spool/manifest.h"
#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line of the manifest; `tmp_name` NULL: the unit itself. */
struct line {
	const char *name;
	const char *tmp_name;
	enum spool_place place;
};

#define UNIT(name)                                                                                 \
	{                                                                                          \
		name, NULL, SPOOL_OUT                                                              \
	}
#define OUT(tmp)                                                                                   \
	{                                                                                          \
		"a", tmp, SPOOL_OUT                                                                \
	}
#define FAILED(tmp)                                                                                \
	{                                                                                          \
		"a", tmp, SPOOL_FAILED                                                             \
	}
#define NOTE(tmp)                                                                                  \
	{                                                                                          \
		"a.reason", tmp, SPOOL_NOTE                                                        \
	}
#define ALL_OF_A_UNIT                                                                              \
	{                                                                                          \
		UNIT("a"), NOTE("u3"), FAILED("u2"), OUT("u1")                                     \
	}

struct row {
	const char *name;
	const char *files; /* paths, with a blank between */
	struct line lines[5];
	const char *in;
	const char *out;
	const char *failed;
	const char *tmp;
};

static const struct row rows[] = {
	{"empty_spool_stays_empty", "", {{0}}, "", "", "", ""},
	{"files_of_no_manifest_are_dropped", "in/a tmp/u1 tmp/2.part", {{0}}, "a", "", "", ""},

	/* One file, from the marking of the manifest to the removal from in/. */
	{"marked_and_nothing_placed_is_placed",
	 "in/a tmp/u1",
	 {UNIT("a"), OUT("u1")},
	 "",
	 "a",
	 "",
	 ""},
	{"placed_is_removed_from_in", "in/a out/a", {UNIT("a"), OUT("u1")}, "", "a", "", ""},
	{"placed_and_taken_is_not_signed_again", "in/a", {UNIT("a"), OUT("u1")}, "", "", "", ""},
	{"removed_is_over", "out/a", {UNIT("a"), OUT("u1")}, "", "a", "", ""},
	{"removed_and_taken_is_over", "", {UNIT("a"), OUT("u1")}, "", "", "", ""},
	{"removed_before_it_was_placed_is_placed_all_the_same",
	 "tmp/u1",
	 {UNIT("a"), OUT("u1")},
	 "",
	 "a",
	 "",
	 ""},
	{"name_taken_in_out_stays", "in/a tmp/u1 out/a", {UNIT("a"), OUT("u1")}, "a", "a", "", ""},

	/* Three files: failed/ is placed first, then out/, then the note. */
	{"nothing_of_three_placed", "in/a tmp/u1 tmp/u2 tmp/u3", ALL_OF_A_UNIT, "", "a",
	 "a a.reason", ""},
	{"failed_part_placed", "in/a tmp/u1 tmp/u3 failed/a", ALL_OF_A_UNIT, "", "a", "a a.reason",
	 ""},
	{"failed_and_out_placed", "in/a tmp/u3 failed/a out/a", ALL_OF_A_UNIT, "", "a",
	 "a a.reason", ""},
	{"out_taken_before_the_note_was_placed", "in/a tmp/u3 failed/a", ALL_OF_A_UNIT, "", "",
	 "a a.reason", ""},
	{"all_of_three_placed", "in/a failed/a failed/a.reason out/a", ALL_OF_A_UNIT, "", "a",
	 "a a.reason", ""},
	{"name_taken_in_failed_stays", "in/a tmp/u1 tmp/u2 tmp/u3 failed/a", ALL_OF_A_UNIT, "a", "",
	 "a", ""},
	{"name_taken_in_out_takes_the_failed_part_back", "in/a tmp/u1 tmp/u2 tmp/u3 out/a",
	 ALL_OF_A_UNIT, "a", "a", "", ""},
	{"name_taken_in_out_takes_back_what_was_placed_before", "in/a tmp/u1 tmp/u3 failed/a out/a",
	 ALL_OF_A_UNIT, "a", "a", "", ""},

	/* Units of one manifest do not depend on each other. */
	{"each_unit_is_seen_to",
	 "in/a in/b tmp/u1 out/b",
	 {UNIT("b"), {"b", "u9", SPOOL_OUT}, UNIT("a"), OUT("u1")},
	 "",
	 "a b",
	 "",
	 ""},
	{"unit_that_stays_does_not_hold_up_the_next",
	 "in/a in/b tmp/u1 tmp/u9 out/b",
	 {UNIT("b"), {"b", "u9", SPOOL_OUT}, UNIT("a"), OUT("u1")},
	 "b",
	 "a b",
	 "",
	 ""},
};

static void make_files(struct spool_fixture *fixture, const struct row *row)
{
	char *files = strdup(row->files);
	char *rest = NULL;

	assert_non_null(files);
	for (char *path = strtok_r(files, " ", &rest); path != NULL;
	     path = strtok_r(NULL, " ", &rest))
		spool_fixture_put_text(fixture, path, path);
	free(files);
}

/* As it is in in/; of a file that is not there any more nobody asks. */
static struct unit_identity identity_in(const struct spool_fixture *fixture, const char *name)
{
	struct statx status = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/in/%s", fixture->spool, name);
	(void)statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &status);
	return unit_identity_of(&status);
}

static void write_manifest(const struct spool_fixture *fixture, const struct row *row,
			   struct buffer *manifest)
{
	assert_int_equal(manifest_begin(manifest), 0);
	for (const struct line *line = row->lines; line->name != NULL; line++) {
		struct unit_identity identity = identity_in(fixture, line->name);

		if (line->tmp_name == NULL)
			assert_int_equal(manifest_add_unit(manifest, &identity, line->name), 0);
		else
			assert_int_equal(manifest_add_file(manifest, line->tmp_name, line->place,
							   line->name),
					 0);
	}
	assert_int_equal(manifest_end(manifest), 0);
}

/* The linker puts these in the place of the calls that recovery.c makes. */
static bool recovering;
static unsigned calls_left; /* until one fails; 0: none does */

static bool call_fails(void)
{
	if (!recovering || calls_left == 0 || --calls_left > 0)
		return false;
	errno = EIO;
	return true;
}

#define WRAPPED(name, parameters, ...)                                                             \
	int __real_##name parameters;                                                              \
	int __wrap_##name parameters;                                                              \
	int __wrap_##name parameters                                                               \
	{                                                                                          \
		return call_fails() ? -1 : __real_##name(__VA_ARGS__);                             \
	}

/* Leaves in errno what a call may leave there that succeeds. */
struct dirent *__real_readdir64(DIR *directory);
struct dirent *__wrap_readdir64(DIR *directory);
struct dirent *__wrap_readdir64(DIR *directory)
{
	struct dirent *entry = __real_readdir64(directory);

	if (entry != NULL)
		errno = EAGAIN;
	return entry;
}

WRAPPED(fstatat64, (int fd, const char *path, struct stat *status, int flags), fd, path, status,
	flags)
WRAPPED(fsync, (int fd), fd)
WRAPPED(openat64, (int fd, const char *path, int flags, mode_t mode), fd, path, flags, mode)
WRAPPED(renameat2, (int from_fd, const char *from, int to_fd, const char *to, unsigned flags),
	from_fd, from, to_fd, to, flags)
WRAPPED(statx, (int fd, const char *path, int flags, unsigned mask, struct statx *status), fd, path,
	flags, mask, status)
WRAPPED(unlinkat, (int fd, const char *path, int flags), fd, path, flags)

static int recover(const struct spool_fixture *fixture, struct recovery_counts *counts)
{
	struct spool_dir dir;
	struct buffer why = {0};
	int r = spool_dir_open(fixture->spool, 0, &dir, &why);

	assert_int_equal(r, 0);
	recovering = true;
	r = spool_recover(&dir, true, counts, &why);
	recovering = false;
	spool_dir_close(&dir);
	buffer_deinit(&why);
	return r;
}

static void check_names(const struct spool_fixture *fixture, const struct row *row,
			const char *directory, const char *want)
{
	struct buffer names = {0};
	const char *got = spool_fixture_list(fixture, directory, &names);

	if (strcmp(got, want) != 0)
		fail_msg("%s: got '%s' in %s/, want '%s'", row->name, got, directory, want);
	buffer_deinit(&names);
}

static void check_result(const struct spool_fixture *fixture, const struct row *row)
{
	check_names(fixture, row, "in", row->in);
	check_names(fixture, row, "out", row->out);
	check_names(fixture, row, "failed", row->failed);
	check_names(fixture, row, "tmp", row->tmp);
}

static void every_state_is_finished_and_stays_so(void **state)
{
	struct recovery_counts counts;
	struct spool_fixture fixture;
	struct buffer manifest = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		spool_fixture_clear(&fixture);
		make_files(&fixture, &rows[i]);
		if (rows[i].lines[0].name != NULL) {
			write_manifest(&fixture, &rows[i], &manifest);
			spool_fixture_put(&fixture, "tmp/7.manifest", buffer_bytes(&manifest));
		}
		assert_int_equal(recover(&fixture, &counts), 0);
		check_result(&fixture, &rows[i]);
		assert_int_equal(counts.manifests, rows[i].lines[0].name != NULL);
		assert_int_equal(recover(&fixture, &counts), 0);
		check_result(&fixture, &rows[i]);
		assert_int_equal(counts.manifests + counts.placed + counts.removed + counts.dropped,
				 0);
	}
	buffer_deinit(&manifest);
	spool_fixture_close(&fixture);
}

/* One message, placed, whose unit is about to be removed. */
static void make_placed_unit(struct spool_fixture *fixture, struct buffer *manifest)
{
	const struct row row = {.lines = {UNIT("a"), OUT("u1")}};

	spool_fixture_clear(fixture);
	spool_fixture_put_text(fixture, "in/a", "message");
	spool_fixture_put_text(fixture, "out/a", "signed");
	write_manifest(fixture, &row, manifest);
	spool_fixture_put(fixture, "tmp/7.manifest", buffer_bytes(manifest));
}

static void another_file_of_the_same_name_is_not_removed(void **state)
{
	struct recovery_counts counts;
	struct spool_fixture fixture;
	struct buffer manifest = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	make_placed_unit(&fixture, &manifest);
	spool_fixture_put_text(&fixture, "in/a", "another");
	assert_int_equal(recover(&fixture, &counts), 0);
	assert_int_equal(counts.removed, 0);
	assert_true(spool_fixture_has(&fixture, "in/a"));
	assert_false(spool_fixture_has(&fixture, "tmp/7.manifest"));
	buffer_deinit(&manifest);
	spool_fixture_close(&fixture);
}

static void second_name_of_a_unit_does_not_hide_it(void **state)
{
	struct recovery_counts counts;
	struct spool_fixture fixture;
	struct buffer manifest = {0};
	char from[128];
	char to[128];

	(void)state;
	spool_fixture_open(&fixture, NULL);
	make_placed_unit(&fixture, &manifest);
	snprintf(from, sizeof(from), "%s/in/a", fixture.spool);
	snprintf(to, sizeof(to), "%s/elsewhere", fixture.spool);
	assert_int_equal(link(from, to), 0); /* changes its ctime */
	assert_int_equal(recover(&fixture, &counts), 0);
	assert_int_equal(counts.removed, 1);
	assert_false(spool_fixture_has(&fixture, "in/a"));
	buffer_deinit(&manifest);
	spool_fixture_close(&fixture);
}

static void file_that_is_in_both_places_is_placed(void **state)
{
	const struct row row = {.lines = {UNIT("a"), OUT("u1")}};
	struct recovery_counts counts;
	struct spool_fixture fixture;
	struct buffer manifest = {0};
	char from[128];
	char to[128];

	(void)state;
	spool_fixture_open(&fixture, NULL);
	spool_fixture_put_text(&fixture, "in/a", "message");
	spool_fixture_put_text(&fixture, "out/a", "signed");
	snprintf(from, sizeof(from), "%s/out/a", fixture.spool);
	snprintf(to, sizeof(to), "%s/tmp/u1", fixture.spool);
	assert_int_equal(link(from, to), 0);
	write_manifest(&fixture, &row, &manifest);
	spool_fixture_put(&fixture, "tmp/7.manifest", buffer_bytes(&manifest));
	assert_int_equal(recover(&fixture, &counts), 0);
	assert_false(spool_fixture_has(&fixture, "in/a"));
	assert_true(spool_fixture_has(&fixture, "out/a"));
	assert_false(spool_fixture_has(&fixture, "tmp/u1"));
	buffer_deinit(&manifest);
	spool_fixture_close(&fixture);
}

static void damaged_manifest_is_kept_and_removes_nothing(void **state)
{
	struct recovery_counts counts;
	struct spool_fixture fixture;
	struct buffer manifest = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	make_placed_unit(&fixture, &manifest);
	for (size_t size = 0; size < manifest.size; size += 7) {
		spool_fixture_put(&fixture, "tmp/7.manifest", bytes_of(manifest.data, size));
		assert_int_equal(recover(&fixture, &counts), 0);
		assert_true(spool_fixture_has(&fixture, "in/a"));
		assert_true(spool_fixture_has(&fixture, "tmp/7.manifest.damaged"));
		assert_false(spool_fixture_has(&fixture, "tmp/7.manifest"));
	}
	buffer_deinit(&manifest);
	spool_fixture_close(&fixture);
}

/*
 * A start at which any one system call fails says so and leaves what the next start can finish; above all it
 * does not take "cannot look" for "is not there", which would lose the message.
 */
static void failing_call_only_puts_recovery_off(void **state)
{
	struct recovery_counts counts;
	struct spool_fixture fixture;
	struct buffer manifest = {0};

	(void)state;
	spool_fixture_open(&fixture, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		for (unsigned call = 1; call != 0; call++) {
			spool_fixture_clear(&fixture);
			make_files(&fixture, &rows[i]);
			write_manifest(&fixture, &rows[i], &manifest);
			if (rows[i].lines[0].name != NULL)
				spool_fixture_put(&fixture, "tmp/7.manifest",
						  buffer_bytes(&manifest));
			calls_left = call;
			(void)!recover(&fixture, &counts);
			if (calls_left > 0)
				call = UINT_MAX; /* none is left to fail: the last round */
			calls_left = 0;
			assert_int_equal(recover(&fixture, &counts), 0);
			check_result(&fixture, &rows[i]);
		}
	}
	buffer_deinit(&manifest);
	spool_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_finished_and_stays_so),
		cmocka_unit_test(another_file_of_the_same_name_is_not_removed),
		cmocka_unit_test(second_name_of_a_unit_does_not_hide_it),
		cmocka_unit_test(file_that_is_in_both_places_is_placed),
		cmocka_unit_test(damaged_manifest_is_kept_and_removes_nothing),
		cmocka_unit_test(failing_call_only_puts_recovery_off),
	};

	return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
