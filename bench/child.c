/*
 * How it works: stdout and stderr are files in memory, read when the program has ended, so nobody has to
 * empty a pipe beside it. A pipe that closes by itself at exec tells whether exec worked.
 */
#include "bench/child.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than any program here has to say; the rest is left unread. */
#define OUTPUT_MAX ((size_t)1 << 20)

struct child_fds {
	int input;
	int output;
	int errors;
	int exec_error[2]; /* read end, write end */
};

static void fds_close(struct child_fds *fds)
{
	int all[] = {fds->input, fds->output, fds->errors, fds->exec_error[0], fds->exec_error[1]};

	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		if (all[i] >= 0)
			close(all[i]);
	}
}

static int fds_open(struct child_fds *fds, const struct child_program *program)
{
	const char *input = program->stdin_path == NULL ? "/dev/null" : program->stdin_path;

	*fds = (struct child_fds){-1, -1, -1, {-1, -1}};
	fds->input = open(input, O_RDONLY | O_CLOEXEC);
	if (fds->input < 0)
		return -errno;
	fds->output = program->drops_stdout ? open("/dev/null", O_WRONLY | O_CLOEXEC)
					    : memfd_create("stdout", MFD_CLOEXEC);
	fds->errors = memfd_create("stderr", MFD_CLOEXEC);
	if (fds->output < 0 || fds->errors < 0 || pipe2(fds->exec_error, O_CLOEXEC) != 0)
		return -errno;
	return 0;
}

static _Noreturn void become(const struct child_program *program, const struct child_fds *fds)
{
	int error;

	/* When the benchmark is killed, nothing of it may go on. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fds->input, STDIN_FILENO) >= 0 && dup2(fds->output, STDOUT_FILENO) >= 0 &&
	    dup2(fds->errors, STDERR_FILENO) >= 0)
		execvp(program->argv[0], (char *const *)(uintptr_t)program->argv);
	error = errno;
	(void)!write(fds->exec_error[1], &error, sizeof(error));
	_exit(127);
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int wait_for(pid_t pid, struct child_result *result)
{
	struct rusage usage;
	int status;

	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	result->user_s = seconds_of(usage.ru_utime);
	result->system_s = seconds_of(usage.ru_stime);
	result->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
	result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

static int read_memory_file(int fd, struct buffer *buffer)
{
	struct stat status;
	size_t size;
	ssize_t got;
	int r;

	if (fstat(fd, &status) != 0)
		return -errno;
	size = status.st_size > (off_t)OUTPUT_MAX ? OUTPUT_MAX : (size_t)status.st_size;
	r = buffer_reserve(buffer, size + 1);
	if (r != 0)
		return r;
	got = pread(fd, buffer->data, size, 0);
	if (got < 0)
		return -errno;
	buffer->size = (size_t)got;
	return 0;
}

static int start_and_wait(const struct child_program *program, struct child_fds *fds,
			  struct child_result *result)
{
	int64_t start_ns = clock_monotonic_ns();
	int error = 0;
	pid_t pid;
	int r;

	result->start_realtime_ns = clock_realtime_ns();
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(program, fds);
	close(fds->exec_error[1]);
	fds->exec_error[1] = -1;
	r = wait_for(pid, result);
	result->seconds = (double)(clock_monotonic_ns() - start_ns) / (double)NS_PER_S;
	if (r == 0 && read(fds->exec_error[0], &error, sizeof(error)) == (ssize_t)sizeof(error))
		return -error;
	return r;
}

int child_run(const struct child_program *program, struct child_result *result_out,
	      struct failure *failure)
{
	struct child_fds fds;
	int r;

	*result_out = (struct child_result){0};
	(void)malloc_trim(0); /* see Units: what we hold counts as the child's peak */
	r = fds_open(&fds, program);
	if (r == 0)
		r = start_and_wait(program, &fds, result_out);
	if (r == 0 && !program->drops_stdout)
		r = read_memory_file(fds.output, &result_out->output);
	if (r == 0)
		r = read_memory_file(fds.errors, &result_out->errors);
	fds_close(&fds);
	return r == 0 ? 0 : failure_set(failure, r, "%s", program->argv[0]);
}

void child_result_deinit(struct child_result *result)
{
	buffer_deinit(&result->output);
	buffer_deinit(&result->errors);
}

int child_failure(const struct child_program *program, struct child_result *result,
		  struct failure *failure)
{
	struct bytes said = bytes_trim(buffer_bytes(&result->errors));
	struct bytes line = said;

	while (bytes_find(line, '\n') < line.size)
		line = bytes_skip(line, bytes_find(line, '\n') + 1);
	return failure_set(failure, BENCH_E_FAILED, "%s ended with exit code %d: %.*s",
			   program->argv[0], result->exit_code, BYTES_PRINTF(line));
}

int child_find_program(const char *name, char *path_out, size_t path_size)
{
	const char *directories = getenv("PATH");

	/* Daemons and their tools live in sbin, which the PATH of a plain user may lack. */
	const char *const lists[] = {directories == NULL ? "" : directories, "/usr/sbin:/sbin"};

	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		const char *list = lists[i];

		while (*list != '\0') {
			size_t size = strcspn(list, ":");
			int path_length = snprintf(path_out, path_size, "%.*s/%s", (int)size, list,
						   name);

			if (path_length < 0 || (size_t)path_length >= path_size)
				return -ENAMETOOLONG;
			if (access(path_out, X_OK) == 0)
				return 0;
			list += size;
			list += *list == ':';
		}
	}
	return -ENOENT;
}
