/*
 * Goal:   the number of CPUs follows affinity and the quotas of control groups.
 * Method: made-up trees of control group files; the affinity of this thread changed for real.
 */
#include "common/cpus.h"

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit_test.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

struct quota_row {
	const char *name;
	const char *cgroup; /* /proc/self/cgroup */
	struct {
		const char *directory; /* made first, with its parents */
		const char *file;
		const char *content;
	} files[4];
	unsigned cpus;
};

static const struct quota_row quota_rows[] = {
	{"no_groups_no_quota", "", {{0}}, 0},
	{"v2_without_file_no_quota", "0::/\n", {{0}}, 0},
	{"v2_max_no_quota", "0::/a\n", {{"a", "cpu.max", "max 100000\n"}}, 0},
	{"v2_two_cpus", "0::/a\n", {{"a", "cpu.max", "200000 100000\n"}}, 2},
	{"v2_part_of_a_cpu_counts_whole", "0::/a\n", {{"a", "cpu.max", "150000 100000\n"}}, 2},
	{"v2_half_a_cpu_is_one", "0::/a\n", {{"a", "cpu.max", "50000 100000\n"}}, 1},
	{"v2_parent_smaller_binds",
	 "0::/a/b\n",
	 {{"a/b", "cpu.max", "800000 100000\n"}, {"a", "cpu.max", "300000 100000\n"}},
	 3},
	{"v2_child_smaller_binds",
	 "0::/a/b\n",
	 {{"a/b", "cpu.max", "100000 100000\n"}, {"a", "cpu.max", "300000 100000\n"}},
	 1},
	{"v2_path_of_the_host_falls_back_to_the_mount",
	 "0::/docker/0123\n",
	 {{".", "cpu.max", "400000 100000\n"}},
	 4},
	{"v1_quota",
	 "5:memory:/x\n3:cpu,cpuacct:/a\n0::/\n",
	 {{"cpu,cpuacct/a", "cpu.cfs_quota_us", "250000\n"},
	  {"cpu,cpuacct/a", "cpu.cfs_period_us", "100000\n"}},
	 3},
	{"v1_minus_one_no_quota",
	 "3:cpu,cpuacct:/a\n",
	 {{"cpu,cpuacct/a", "cpu.cfs_quota_us", "-1\n"},
	  {"cpu,cpuacct/a", "cpu.cfs_period_us", "100000\n"}},
	 0},
	{"v1_cpuset_is_not_cpu",
	 "3:cpuset:/a\n",
	 {{"cpuset/a", "cpu.cfs_quota_us", "100000\n"},
	  {"cpuset/a", "cpu.cfs_period_us", "100000\n"}},
	 0},
	{"nonsense_no_quota", "x\n:\n0::/a\n", {{"a", "cpu.max", "many\n"}}, 0},
	{"zero_period_no_quota", "0::/a\n", {{"a", "cpu.max", "100000 0\n"}}, 0},
};

static void make_parents(const struct temp_dir *dir, const char *path)
{
	char part[64];

	for (const char *end = path; *end != '\0';) {
		end += 1;
		end += strcspn(end, "/");
		(void)snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		if (strcmp(part, ".") != 0 && part[0] != '\0') {
			FILE *probe = fopen(temp_dir_name(dir, part), "re");

			if (probe != NULL)
				(void)fclose(probe);
			else
				temp_dir_mkdir(dir, part, 0700);
		}
	}
}

static void quota_follows_control_groups(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(quota_rows) / sizeof(quota_rows[0]); i++) {
		const struct quota_row *row = &quota_rows[i];
		struct temp_dir dir;
		char path[128];
		unsigned got;

		temp_dir_make(&dir);
		temp_dir_write(&dir, "cgroup", bytes_of_string(row->cgroup), 0600);
		for (size_t f = 0; f < 4 && row->files[f].directory != NULL; f++) {
			make_parents(&dir, row->files[f].directory);
			(void)snprintf(path, sizeof(path), "%s/%s", row->files[f].directory,
				       row->files[f].file);
			temp_dir_write(&dir, path, bytes_of_string(row->files[f].content), 0600);
		}
		got = cpus_quota(temp_dir_name(&dir, "cgroup"), dir.path);
		if (got != row->cpus)
			print_error("%s: got %u, want %u\n", row->name, got, row->cpus);
		assert_int_equal(got, row->cpus);
		temp_dir_remove(&dir);
	}
}

static void file_missing_no_quota(void **state)
{
	(void)state;
	assert_int_equal(cpus_quota("/nonexistent/cgroup", "/nonexistent"), 0);
}

static void affinity_of_one_cpu_is_one(void **state)
{
	cpu_set_t before;
	cpu_set_t one;
	int cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(cpus_allowed(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	assert_true(cpus_allowed() >= 1);
	assert_true(cpus_allowed() <= (unsigned)CPU_COUNT(&before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quota_follows_control_groups),
		cmocka_unit_test(file_missing_no_quota),
		cmocka_unit_test(affinity_of_one_cpu_is_one),
	};

	return cmocka_run_group_tests_name("cpus", tests, NULL, NULL);
}
