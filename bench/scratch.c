/*
 * How it works: the parent does nothing but wait for signals: that of its child's end, or one that asks it
 * to stop, upon which it kills the child's whole group. It has made itself the one that orphans go to,
 * so it sees the end of every process before it removes what they wrote to.
 */
#include "bench/scratch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* Directories that nftw() keeps open; our trees are three deep. */
#define OPEN_DIRECTORIES_MAX 8

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	if (remove(path) != 0 && errno != ENOENT)
		fprintf(stderr, "postseal-bench: %s: %s\n", path, strerror(errno));
	return 0;
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, OPEN_DIRECTORIES_MAX, FTW_DEPTH | FTW_PHYS);
}

/* What is left of the group ends now; when wait() knows no more children, it has ended. */
static void end_all(pid_t group)
{
	(void)kill(-group, SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

static int exit_code_of(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return 128 + WTERMSIG(status);
}

/* Returns the exit code of the work. */
static int watch(pid_t worker, const sigset_t *signals)
{
	int status;

	for (;;) {
		int signal_number = sigwaitinfo(signals, NULL);

		if (signal_number == SIGCHLD) {
			if (waitpid(worker, &status, WNOHANG) == worker) {
				end_all(worker);
				return exit_code_of(status);
			}
		} else if (signal_number > 0) {
			end_all(worker);
			return 128 + signal_number;
		}
	}
}

static _Noreturn void be_worker(const char *const *paths, scratch_work *work, void *arg,
				const sigset_t *signals_before)
{
	/* Our own group may not be the terminal's: then writing to it must not stop us. */
	(void)signal(SIGTTOU, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpgid(0, 0);
	(void)sigprocmask(SIG_SETMASK, signals_before, NULL);
	exit(work(paths, arg));
}

static int run_in(const char *const *paths, scratch_work *work, void *arg, const sigset_t *signals,
		  const sigset_t *signals_before)
{
	pid_t worker;

	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(NULL);
	worker = fork();
	if (worker < 0) {
		fprintf(stderr, "postseal-bench: fork: %s\n", strerror(errno));
		return EX_OSERR;
	}
	if (worker == 0)
		be_worker(paths, work, arg, signals_before);
	(void)setpgid(worker, worker); /* here too: whoever comes first */
	return watch(worker, signals);
}

int scratch_run(const char *const *parents, size_t parent_count, scratch_work *work, void *arg)
{
	char paths[SCRATCH_PARENTS_MAX][PATH_MAX];
	const char *path_list[SCRATCH_PARENTS_MAX];
	sigset_t signals;
	sigset_t signals_before;
	size_t made = 0;
	int code = EX_OK;

	assert(parent_count <= SCRATCH_PARENTS_MAX);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &signals, &signals_before);
	while (code == EX_OK && made < parent_count) {
		int size = snprintf(paths[made], PATH_MAX, "%s/postseal-bench-XXXXXX",
				    parents[made]);

		errno = ENAMETOOLONG;
		if (size >= PATH_MAX || mkdtemp(paths[made]) == NULL) {
			fprintf(stderr, "postseal-bench: %s: cannot make a directory: %s\n",
				parents[made], strerror(errno));
			code = EX_CANTCREAT;
		} else {
			path_list[made] = paths[made];
			made++;
		}
	}
	if (code == EX_OK)
		code = run_in(path_list, work, arg, &signals, &signals_before);
	while (made > 0)
		remove_tree(paths[--made]);
	(void)sigprocmask(SIG_SETMASK, &signals_before, NULL);
	return code;
}
