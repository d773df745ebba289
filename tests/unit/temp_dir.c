#include "tests/unit/temp_dir.h"

#include "tests/unit/unit_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void temp_dir_make(struct temp_dir *dir)
{
	(void)snprintf(dir->path, sizeof(dir->path), "/tmp/postseal-test-XXXXXX");
	assert_non_null(mkdtemp(dir->path));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

void temp_dir_remove(struct temp_dir *dir)
{
	(void)nftw(dir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *temp_dir_name(const struct temp_dir *dir, const char *name)
{
	static char names[8][PATH_MAX];
	static unsigned next;
	char *place = names[next++ % 8];

	(void)snprintf(place, PATH_MAX, "%s/%s", dir->path, name);
	return place;
}

void temp_dir_write(const struct temp_dir *dir, const char *name, struct bytes content, mode_t mode)
{
	int fd = open(temp_dir_name(dir, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.data, content.size), (ssize_t)content.size);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

void temp_dir_replace(const struct temp_dir *dir, const char *name, struct bytes content,
		      mode_t mode)
{
	temp_dir_write(dir, ".new", content, mode);
	assert_int_equal(rename(temp_dir_name(dir, ".new"), temp_dir_name(dir, name)), 0);
}

void temp_dir_mkdir(const struct temp_dir *dir, const char *name, mode_t mode)
{
	assert_int_equal(mkdir(temp_dir_name(dir, name), 0700), 0);
	assert_int_equal(chmod(temp_dir_name(dir, name), mode), 0);
}
