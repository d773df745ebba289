/*
 * How it works: the working name is in the same directory, because rename(2) does not leave a file
 * system; it begins with a dot and ends in random letters, and is made with O_EXCL, which follows no
 * link.
 */
#include "signer/cmd/new_file.h"

#include "common/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bytes of the path up to and with its last slash. */
static size_t directory_size(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

int new_file_open(struct new_file *file, const char *path, mode_t mode)
{
	size_t directory = directory_size(path);
	int size;

	*file = (struct new_file){.fd = -1};
	size = snprintf(file->working_path, sizeof(file->working_path), "%.*s.%s.XXXXXX",
			(int)directory, path, path + directory);
	if (size < 0 || (size_t)size >= sizeof(file->working_path))
		return -ENAMETOOLONG;
	/* Shorter than the working path, which has room. */
	memcpy(file->path, path, strlen(path) + 1);
	file->fd = mkostemp(file->working_path, O_CLOEXEC);
	if (file->fd < 0)
		return -errno;
	file->is_made = true;
	return fchmod(file->fd, mode) == 0 ? 0 : -errno;
}

int new_file_write(struct new_file *file, struct bytes bytes)
{
	return descriptor_write(file->fd, bytes);
}

/* The name counts only when the directory is durable, too. */
static int flush_directory(const struct new_file *file)
{
	char directory[PATH_MAX];
	size_t size = directory_size(file->path);
	int fd;
	int r;

	snprintf(directory, sizeof(directory), "%.*s", size == 0 ? 1 : (int)size,
		 size == 0 ? "." : file->path);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return r;
}

int new_file_place(struct new_file *file)
{
	if (fsync(file->fd) != 0 || rename(file->working_path, file->path) != 0)
		return -errno;
	file->is_made = false;
	return flush_directory(file);
}

void new_file_close(struct new_file *file)
{
	if (file->is_made)
		(void)unlink(file->working_path);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct new_file){.fd = -1};
}
