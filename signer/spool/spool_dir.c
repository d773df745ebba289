/*
 * How it works: the lock is flock(2) on SPOOL/.lock, which the kernel drops when the process ends,
 * however it ends. It is tried again for a while, because operations that a killed process left in
 * its ring may hold the descriptor a little longer than the process lived. The file tells who holds
 * the lock; only the flock itself counts.
 */
#include "signer/spool/spool_dir.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOCK_RETRY_NS (20 * NS_PER_MS)

/* Lays the reason into `why` as far as memory allows, and gives back the error. */
static PRINTF_LIKE(3, 4) int explain(struct buffer *why, int error, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buffer_clear(why);
	(void)!buffer_append_string(why, text);
	return error;
}

static void sleep_ns(int64_t ns)
{
	struct timespec duration = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

	nanosleep(&duration, NULL);
}

/* The process that says in the lock file that it holds it; 0: unknown. */
static long lock_holder(int lock_fd)
{
	char text[32] = {0};
	ssize_t size = pread(lock_fd, text, sizeof(text) - 1, 0);

	return size > 0 ? strtol(text, NULL, 10) : 0;
}

static int take_lock(struct spool_dir *dir, const char *path, unsigned wait_ms, struct buffer *why)
{
	int64_t deadline_ns = clock_monotonic_ns() + wait_ms * NS_PER_MS;
	char text[32];
	int size;

	dir->lock_fd = openat(dir->root_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			      0600);
	if (dir->lock_fd < 0)
		return explain(why, -errno, "%s/.lock: %s", path, strerror(errno));
	while (flock(dir->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return explain(why, -errno, "%s/.lock: %s", path, strerror(errno));
		if (clock_monotonic_ns() >= deadline_ns)
			return explain(why, SPOOL_DIR_E_LOCKED,
				       "%s: another postseal works on this spool (process %ld)",
				       path, lock_holder(dir->lock_fd));
		sleep_ns(LOCK_RETRY_NS);
	}
	/* Best effort: the number is only for the message above. */
	size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(dir->lock_fd, 0) == 0)
		(void)!pwrite(dir->lock_fd, text, (size_t)size, 0);
	return 0;
}

static int open_room(struct spool_dir *dir, const char *path, const char *name, int *fd_out,
		     struct buffer *why)
{
	struct stat status;

	if (mkdirat(dir->root_fd, name, 0770) != 0 && errno != EEXIST)
		return explain(why, -errno, "%s/%s: cannot create: %s", path, name,
			       strerror(errno));
	*fd_out = openat(dir->root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd_out < 0 || fstat(*fd_out, &status) != 0)
		return explain(why, -errno, "%s/%s: cannot open: %s", path, name, strerror(errno));
	/* Better now than when a signed unit cannot be removed. */
	if (faccessat(dir->root_fd, name, W_OK | X_OK, AT_EACCESS) != 0)
		return explain(why, -errno, "%s/%s: cannot change what is in it: %s", path, name,
			       strerror(errno));
	if (dir->device == 0)
		dir->device = status.st_dev;
	if (dir->device != status.st_dev)
		return explain(why, SPOOL_DIR_E_DEVICE,
			       "%s: in, tmp, out and failed must be on one file system, "
			       "but %s is on another",
			       path, name);
	return 0;
}

static bool has_ordered_renames(int fd)
{
	struct statfs status;

	if (fstatfs(fd, &status) != 0)
		return false;
	switch (status.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case TMPFS_MAGIC: return true;
	default: return false;
	}
}

int spool_dir_open(const char *path, unsigned wait_ms, struct spool_dir *dir_out,
		   struct buffer *why)
{
	struct spool_dir dir = SPOOL_DIR_CLOSED;
	int r;

	dir.root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir.root_fd < 0 && errno == ENOENT)
		return explain(why, -ENOENT,
			       "%s: there is no such directory; a spool is one that this user may "
			       "write in",
			       path);
	if (dir.root_fd < 0)
		return explain(why, -errno, "%s: %s", path, strerror(errno));
	r = take_lock(&dir, path, wait_ms, why);
	if (r == 0)
		r = open_room(&dir, path, "in", &dir.in_fd, why);
	if (r == 0)
		r = open_room(&dir, path, "tmp", &dir.tmp_fd, why);
	if (r == 0)
		r = open_room(&dir, path, "out", &dir.out_fd, why);
	if (r == 0)
		r = open_room(&dir, path, "failed", &dir.failed_fd, why);
	if (r != 0) {
		spool_dir_close(&dir);
		return r;
	}
	dir.ordered_renames = has_ordered_renames(dir.tmp_fd);
	*dir_out = dir;
	return 0;
}

void spool_dir_close(struct spool_dir *dir)
{
	/* The lock last: until then nobody else may start. */
	int fds[] = {dir->failed_fd, dir->out_fd,  dir->tmp_fd,
		     dir->in_fd,     dir->root_fd, dir->lock_fd};

	for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	*dir = SPOOL_DIR_CLOSED;
}

int spool_dir_room(const struct spool_dir *dir, struct spool_room *room_out)
{
	struct statvfs status;

	if (fstatvfs(dir->tmp_fd, &status) != 0)
		return -errno;
	room_out->bytes = (uint64_t)status.f_bavail * status.f_frsize;
	room_out->inodes = status.f_files == 0 ? UINT64_MAX : status.f_favail;
	return 0;
}

DIR *spool_dir_names(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = fd < 0 ? NULL : fdopendir(fd);
	int error = errno;

	if (names == NULL && fd >= 0)
		close(fd);
	errno = error;
	return names;
}

uint64_t spool_dir_count(int dir_fd, const char *name, uint64_t enough)
{
	DIR *names = spool_dir_names(dir_fd, name);
	uint64_t count = 0;
	struct dirent *entry;

	if (names == NULL)
		return 0;
	while (count < enough && (entry = readdir(names)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(names);
	return count;
}
