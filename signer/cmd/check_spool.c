#include "signer/cmd/check_spool.h"

#include "signer/spool/owner.h"
#include "signer/spool/spool_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define INODES_MIN 1000

static const char *const names[] = {"in", "tmp", "out", "failed"};

struct spool_check {
	const struct signer_config *config;
	struct check_report *report;
	struct problem_place place; /* of SpoolDirectory */
	const char *path;
	int fd;
	dev_t device; /* of the first of the four; 0: none is there yet */
	size_t missing_count;
};

/* Without O_PATH nothing of it can be listed, so it must be readable as well. */
static void check_directory(struct spool_check *check, const char *name)
{
	struct stat status;

	if (fstatat(check->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			check->missing_count++;
		else
			check_report_add(check->report, CHECK_ERROR, check->place, "%s/%s: %s",
					 check->path, name, strerror(errno));
		return;
	}
	if (!S_ISDIR(status.st_mode)) {
		check_report_add(check->report, CHECK_ERROR, check->place,
				 "%s/%s: is not a directory", check->path, name);
		return;
	}
	if (faccessat(check->fd, name, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		check_report_add(check->report, CHECK_ERROR, check->place,
				 "%s/%s: cannot be read and written by this user: %s", check->path,
				 name, strerror(errno));
	if (check->device == 0)
		check->device = status.st_dev;
	else if (check->device != status.st_dev)
		check_report_add(
			check->report, CHECK_ERROR, check->place,
			"%s/%s: is on another file system than the others: in, tmp, out and "
			"failed must be on one",
			check->path, name);
}

static void check_directories(struct spool_check *check)
{
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		check_directory(check, names[i]);
	if (check->missing_count == 0)
		return;
	if (faccessat(check->fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		check_report_add(check->report, CHECK_ERROR, check->place,
				 "%s: in, tmp, out or failed is missing and cannot be made: %s",
				 check->path, strerror(errno));
	else
		check_report_add(check->report, CHECK_OK, check->place,
				 "%s: in, tmp, out or failed is missing and will be made",
				 check->path);
}

static void check_writing(struct spool_check *check)
{
	char name[64];
	int tmp_fd = openat(check->fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (tmp_fd < 0)
		return; /* reported, or not there yet */
	(void)snprintf(name, sizeof(name), ".check.%ld", (long)getpid());
	fd = openat(tmp_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		check_report_add(check->report, CHECK_ERROR, check->place,
				 "%s/tmp: a file cannot be made there: %s", check->path,
				 strerror(errno));
	} else {
		close(fd);
		(void)unlinkat(tmp_fd, name, 0);
	}
	close(tmp_fd);
}

static void check_room(struct spool_check *check)
{
	uint64_t wanted = (uint64_t)check->config->spool_min_free_bytes;
	struct statvfs status;
	uint64_t bytes;

	if (fstatvfs(check->fd, &status) != 0) {
		check_report_add(check->report, CHECK_ERROR, check->place, "%s: %s", check->path,
				 strerror(errno));
		return;
	}
	bytes = (uint64_t)status.f_bavail * status.f_frsize;
	if ((status.f_flag & ST_RDONLY) != 0)
		check_report_add(check->report, CHECK_ERROR, check->place,
				 "%s: the file system is read-only", check->path);
	else if (bytes < wanted)
		check_report_add(check->report, CHECK_ERROR, check->place,
				 "%s: %" PRIu64 " MiB are free, SpoolMinFree asks for %" PRIu64
				 " MiB: nothing would be taken in",
				 check->path, bytes >> 20, wanted >> 20);
	else
		check_report_add(check->report, CHECK_OK, check->place,
				 "%s: %" PRIu64 " MiB are free", check->path, bytes >> 20);
	if (status.f_files != 0 && status.f_favail < INODES_MIN)
		check_report_add(check->report, CHECK_ERROR, check->place,
				 "%s: only %" PRIu64 " inodes are free", check->path,
				 (uint64_t)status.f_favail);
}

/* The lock is only looked at: a daemon that starts in this moment waits for it anyway. */
static void check_holder(struct spool_check *check)
{
	int fd = openat(check->fd, ".lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[32] = {0};

	if (fd < 0) {
		if (errno != ENOENT)
			check_report_add(check->report, CHECK_ERROR, check->place, "%s/.lock: %s",
					 check->path, strerror(errno));
		return;
	}
	if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		(void)!pread(fd, text, sizeof(text) - 1, 0);
		check_report_add(check->report, CHECK_OK, check->place,
				 "%s: process %ld works on it now", check->path,
				 strtol(text, NULL, 10));
	}
	close(fd);
}

static void check_content(struct spool_check *check)
{
	uint64_t out_max = (uint64_t)check->config->spool_max_out_units;
	uint64_t out_count = spool_dir_count(check->fd, "out", UINT64_MAX);

	check_report_add(check->report, CHECK_OK, check->place,
			 "%s: %" PRIu64 " units in in/, %" PRIu64 " in out/, %" PRIu64
			 " entries in failed/",
			 check->path, spool_dir_count(check->fd, "in", UINT64_MAX), out_count,
			 spool_dir_count(check->fd, "failed", UINT64_MAX));
	if (out_max != 0 && out_count >= out_max)
		check_report_add(check->report, CHECK_WARNING, check->place,
				 "%s: SpoolMaxOut is reached: nothing is taken in before something "
				 "is taken from out/",
				 check->path);
}

static void check_owner(struct spool_check *check)
{
	struct out_file_rights rights;
	char why[OWNER_WHY_SIZE];

	if (check->config->spool_owner == NULL)
		return;
	if (owner_rights(check->config, &rights, why) != 0)
		check_report_add(check->report, CHECK_ERROR,
				 signer_config_place(check->config, "SpoolOwner"), "%s", why);
	else if (geteuid() != 0 && rights.owner != (uid_t)-1 && rights.owner != geteuid())
		check_report_add(check->report, CHECK_ERROR,
				 signer_config_place(check->config, "SpoolOwner"),
				 "only root can give files away, and this user is not root");
}

void check_spool(const struct signer_config *config, struct check_report *report)
{
	struct spool_check check = {
		.config = config,
		.report = report,
		.place = signer_config_place(config, "SpoolDirectory"),
		.path = config->spool_directory,
	};

	check_owner(&check);
	check.fd = open(check.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (check.fd < 0) {
		check_report_add(report, CHECK_ERROR, check.place, "%s: %s", check.path,
				 strerror(errno));
		return;
	}
	check_directories(&check);
	check_writing(&check);
	check_room(&check);
	check_holder(&check);
	check_content(&check);
	close(check.fd);
}
