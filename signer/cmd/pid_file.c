#include "signer/cmd/pid_file.h"

#include "signer/cmd/new_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int pid_file_write(const char *path, pid_t process)
{
	struct new_file file;
	char text[32];
	int size = snprintf(text, sizeof(text), "%ld\n", (long)process);
	int r = new_file_open(&file, path, 0644);

	if (r == 0)
		r = new_file_write(&file, bytes_of(text, (size_t)size));
	if (r == 0)
		r = new_file_place(&file);
	new_file_close(&file);
	return r;
}

void pid_file_remove(const char *path, pid_t process)
{
	char text[32] = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (size > 0 && strtol(text, NULL, 10) == (long)process)
		(void)unlink(path);
}
