/*
 * How it works: the file is read to its end, whatever fstat() says of its size, so that a pipe is
 * as good as a file. The size is only a hint for the first allocation.
 */
#include "common/config_lines.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE 65536

static int content_read(struct buffer *content, int fd, size_t size_max)
{
	struct stat status;
	ssize_t size;
	int r;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (S_ISREG(status.st_mode) && (uint64_t)status.st_size > size_max)
		return CONFIG_LINES_E_TOO_LARGE;
	/* One byte more than the file has: the read that finds the end needs room, too. */
	r = buffer_reserve(content, (S_ISREG(status.st_mode) ? (size_t)status.st_size : 0) + 1);
	if (r != 0)
		return r;
	for (;;) {
		if (content->size == content->capacity) {
			r = buffer_reserve(content, READ_SIZE);
			if (r != 0)
				return r;
		}
		size = read(fd, content->data + content->size, content->capacity - content->size);
		if (size == 0)
			return 0;
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return -errno;
		content->size += (size_t)size;
		if (content->size > size_max)
			return CONFIG_LINES_E_TOO_LARGE;
	}
}

int config_lines_read(struct config_lines *lines, const char *path, size_t size_max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	*lines = (struct config_lines){0};
	if (fd < 0)
		return -errno;
	r = content_read(&lines->content, fd, size_max);
	(void)close(fd);
	if (r == 0 && bytes_find(buffer_bytes(&lines->content), '\0') < lines->content.size)
		r = CONFIG_LINES_E_NOT_TEXT;
	if (r != 0)
		config_lines_deinit(lines);
	return r;
}

bool config_lines_next(struct config_lines *lines, struct config_line *line_out)
{
	struct bytes rest = bytes_skip(buffer_bytes(&lines->content), lines->offset);
	size_t size;

	if (rest.size == 0)
		return false;
	size = bytes_find(rest, '\n');
	lines->offset += size < rest.size ? size + 1 : size;
	lines->number++;
	*line_out = (struct config_line){
		.text = bytes_slice(rest, 0, size),
		.number = lines->number,
	};
	return true;
}

void config_lines_deinit(struct config_lines *lines)
{
	buffer_deinit(&lines->content);
	*lines = (struct config_lines){0};
}

const char *config_lines_fault(int r)
{
	assert(r != 0);
	if (r == CONFIG_LINES_E_TOO_LARGE)
		return "the file is larger than is allowed";
	if (r == CONFIG_LINES_E_NOT_TEXT)
		return "the file has a NUL byte in it, so it is not a text file";
	return strerror(-r);
}
