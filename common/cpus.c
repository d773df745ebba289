/*
 * How it works: each line of /proc/self/cgroup is "ID:CONTROLLERS:PATH". The v2 line has no
 * controllers, the v1 line that matters has "cpu" among them. A quota binds everything below its
 * group, so each group from ours up to the mount is asked and the smallest answer counts. In a
 * container PATH may be the host's and name nothing here; then only the mount itself, which is
 * the container's group, has an answer.
 */
#include "common/cpus.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* More than any machine has; a quota above it is no limit. */
#define CPUS_MAX 65536

static unsigned cpus_smaller(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a == 0 ? b : a;
	return a < b ? a : b;
}

static unsigned cpus_of_quota(long long quota_us, long long period_us)
{
	long long cpus;

	if (quota_us <= 0 || period_us <= 0)
		return 0;
	cpus = quota_us / period_us + (quota_us % period_us != 0);
	return cpus > CPUS_MAX ? 0 : (unsigned)cpus;
}

/* The first line of DIRECTORY/NAME without its line end; false if there is none. */
static bool cpus_read_line(const char *directory, const char *name, char *line, int line_size)
{
	char path[PATH_MAX];
	FILE *file;
	bool found;
	int size = snprintf(path, sizeof(path), "%s/%s", directory, name);

	if (size < 0 || (size_t)size >= sizeof(path))
		return false;
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	found = fgets(line, line_size, file) != NULL;
	(void)fclose(file);
	if (found)
		line[strcspn(line, "\n")] = '\0';
	return found;
}

static unsigned cpus_quota_of_group(const char *directory, bool unified)
{
	long long quota_us;
	long long period_us;
	char line[64];

	if (unified) {
		/* "max 100000" does not scan as two numbers: no limit. */
		if (!cpus_read_line(directory, "cpu.max", line, sizeof(line)) ||
		    sscanf(line, "%lld %lld", &quota_us, &period_us) != 2)
			return 0;
		return cpus_of_quota(quota_us, period_us);
	}
	if (!cpus_read_line(directory, "cpu.cfs_quota_us", line, sizeof(line)) ||
	    sscanf(line, "%lld", &quota_us) != 1)
		return 0;
	if (!cpus_read_line(directory, "cpu.cfs_period_us", line, sizeof(line)) ||
	    sscanf(line, "%lld", &period_us) != 1)
		return 0;
	return cpus_of_quota(quota_us, period_us);
}

/* Asks MOUNT/PATH and every group above it, up to MOUNT itself. */
static unsigned cpus_quota_of_path(const char *mount, const char *path, bool unified)
{
	char directory[PATH_MAX];
	size_t mount_size = strlen(mount);
	unsigned cpus = 0;
	int size = snprintf(directory, sizeof(directory), "%s%s", mount, path);

	if (size < 0 || (size_t)size >= sizeof(directory))
		return 0;
	for (;;) {
		char *slash;

		cpus = cpus_smaller(cpus, cpus_quota_of_group(directory, unified));
		slash = strrchr(directory + mount_size, '/');
		if (slash == NULL)
			return cpus;
		*slash = '\0';
	}
}

static bool cpus_lists_controller(const char *controllers, const char *wanted)
{
	size_t wanted_size = strlen(wanted);

	while (*controllers != '\0') {
		size_t size = strcspn(controllers, ",");

		if (size == wanted_size && memcmp(controllers, wanted, size) == 0)
			return true;
		controllers += size;
		controllers += *controllers == ',';
	}
	return false;
}

/* `line` is cut into its fields. */
static unsigned cpus_quota_of_line(char *line, const char *mount)
{
	char *controllers = strchr(line, ':');
	char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
	char below[PATH_MAX];
	int size;

	if (path == NULL)
		return 0;
	*controllers++ = '\0';
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	if (*controllers == '\0')
		return cpus_quota_of_path(mount, path, true);
	if (!cpus_lists_controller(controllers, "cpu"))
		return 0;
	/* v1 mounts a hierarchy under the names of its controllers, or "cpu" is a link to it. */
	size = snprintf(below, sizeof(below), "%s/%s", mount, controllers);
	if (size < 0 || (size_t)size >= sizeof(below))
		return 0;
	return cpus_quota_of_path(below, path, false);
}

unsigned cpus_quota(const char *cgroup_file, const char *mount)
{
	char line[PATH_MAX + 256];
	unsigned cpus = 0;
	FILE *file = fopen(cgroup_file, "re");

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		cpus = cpus_smaller(cpus, cpus_quota_of_line(line, mount));
	(void)fclose(file);
	return cpus;
}

static unsigned cpus_affinity(void)
{
	/* The kernel refuses a mask smaller than its own, so ask with growing ones. */
	for (size_t count = CPU_SETSIZE; count <= CPUS_MAX; count *= 2) {
		cpu_set_t *set = CPU_ALLOC(count);
		size_t size = CPU_ALLOC_SIZE(count);
		int cpus = -1;

		if (set == NULL)
			return 0;
		if (sched_getaffinity(0, size, set) == 0)
			cpus = CPU_COUNT_S(size, set);
		else if (errno != EINVAL)
			cpus = 0;
		CPU_FREE(set);
		if (cpus >= 0)
			return (unsigned)cpus;
	}
	return 0;
}

unsigned cpus_allowed(void)
{
	unsigned cpus = cpus_smaller(cpus_affinity(),
				     cpus_quota("/proc/self/cgroup", "/sys/fs/cgroup"));

	return cpus == 0 ? 1 : cpus;
}
