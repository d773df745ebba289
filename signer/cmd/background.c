#include "signer/cmd/background.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static int status_of_child(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return EX_OSERR;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

static _Noreturn void wait_until_ready(int fd, pid_t child)
{
	char byte;
	ssize_t size;

	do {
		size = read(fd, &byte, 1);
	} while (size < 0 && errno == EINTR);
	_exit(size == 1 ? EX_OK : status_of_child(child));
}

int background_start(struct background *background)
{
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	child = fork();
	if (child < 0) {
		int error = errno;

		close(fds[0]);
		close(fds[1]);
		return -error;
	}
	if (child > 0) {
		close(fds[1]);
		wait_until_ready(fds[0], child);
	}
	close(fds[0]);
	(void)setsid(); /* a new child leads no group, so it cannot fail */
	background->ready_fd = fds[1];
	return 0;
}

void background_detach(const struct background *background)
{
	int null_fd;

	if (background->ready_fd < 0)
		return;
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return; /* a bare root directory: what we still write goes where it went before */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null_fd, fd);
	if (null_fd > STDERR_FILENO)
		close(null_fd);
}

void background_ready(struct background *background)
{
	if (background->ready_fd < 0)
		return;
	background_detach(background);
	/* The parent may have been killed; that is no reason to stop. */
	(void)!write(background->ready_fd, "", 1);
	close(background->ready_fd);
	background->ready_fd = -1;
}
