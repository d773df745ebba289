#include "signer/cmd/held_message.h"

#include "common/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COPY_SIZE ((size_t)64 << 10)

/* Some file systems have no O_TMPFILE; there the name is taken away at once. */
static int open_nameless(void)
{
	const char *directory = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (directory == NULL || directory[0] == '\0')
		directory = "/tmp";
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return -errno;
	if ((size_t)snprintf(path, sizeof(path), "%s/postseal.XXXXXX", directory) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)unlink(path);
	return fd;
}

static int move_to_file(struct held_message *message)
{
	int fd = open_nameless();
	int r;

	if (fd < 0)
		return fd;
	r = descriptor_write(fd, buffer_bytes(&message->memory));
	if (r != 0) {
		close(fd);
		return r;
	}
	message->fd = fd;
	buffer_deinit(&message->memory);
	return 0;
}

int held_message_append(struct held_message *message, struct bytes bytes)
{
	int r = 0;

	if (message->fd < 0 && message->memory.size + bytes.size > HELD_MESSAGE_MEMORY)
		r = move_to_file(message);
	if (r != 0)
		return r;
	r = message->fd < 0 ? buffer_append(&message->memory, bytes)
			    : descriptor_write(message->fd, bytes);
	if (r == 0)
		message->size += bytes.size;
	return r;
}

static int send_from_file(const struct held_message *message, int fd, uint64_t start, uint64_t end)
{
	uint8_t *copy = malloc(COPY_SIZE);
	int r = copy == NULL ? -ENOMEM : 0;

	while (r == 0 && start < end) {
		size_t wanted = end - start < COPY_SIZE ? (size_t)(end - start) : COPY_SIZE;
		ssize_t size = pread(message->fd, copy, wanted, (off_t)start);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			r = size < 0 ? -errno : -EIO;
		else
			r = descriptor_write(fd, bytes_of(copy, (size_t)size));
		start += size > 0 ? (uint64_t)size : 0;
	}
	free(copy);
	return r;
}

int held_message_send(const struct held_message *message, int fd, uint64_t start, uint64_t end)
{
	if (message->fd >= 0)
		return send_from_file(message, fd, start, end);
	return descriptor_write(
		fd, bytes_slice(buffer_bytes(&message->memory), (size_t)start, (size_t)end));
}

void held_message_deinit(struct held_message *message)
{
	buffer_deinit(&message->memory);
	if (message->fd >= 0)
		close(message->fd);
	*message = HELD_MESSAGE_NEW;
}
