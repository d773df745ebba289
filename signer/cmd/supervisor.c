/*
 * How it works: the parent only waits for signals. A child that failed at once is started again only
 * after a pause, or a fault that stays would keep a CPU busy.
 */
#include "signer/cmd/supervisor.h"

#include "common/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SHORT_LIFE_NS NS_PER_S
#define TEXT_SIZE     200

struct supervisor_mark {
	_Atomic bool is_ready;
};

struct supervisor {
	const struct supervisor_options *options;
	sigset_t signals;
	bool stopping;
};

int supervisor_mark_new(struct supervisor_mark **mark_out)
{
	void *memory = mmap(NULL, sizeof(struct supervisor_mark), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*mark_out = memory;
	return 0;
}

void supervisor_ready(struct supervisor_mark *mark)
{
	if (mark != NULL)
		atomic_store(&mark->is_ready, true);
}

static void set_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
	sigaddset(signals, SIGUSR1);
	sigaddset(signals, SIGCHLD);
}

/* Ended in a way that a new start would only repeat, or as it was told to. */
static bool is_final(const struct supervisor *supervisor, int status)
{
	if (!WIFEXITED(status))
		return false;
	if (!atomic_load(&supervisor->options->mark->is_ready))
		return true;
	switch (WEXITSTATUS(status)) {
	case EX_OK:
	case EX_USAGE:
	case EX_NOINPUT:
	case EX_CONFIG: return true;
	default: return false;
	}
}

static void say_end(const struct supervisor *supervisor, int status, bool is_last)
{
	char text[TEXT_SIZE];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "terminated by signal %d (%s)%s", WTERMSIG(status),
			 sigdescr_np(WTERMSIG(status)), is_last ? ", giving up" : ", restarting");
	else
		snprintf(text, sizeof(text), "exited with status %d%s", WEXITSTATUS(status),
			 is_last ? ", giving up" : ", restarting");
	supervisor->options->say(supervisor->options->arg, is_last, text);
}

/* Waits for the child's end, and hands signals on to it. */
static int watch_child(struct supervisor *supervisor, pid_t child)
{
	int status;

	for (;;) {
		int number = sigwaitinfo(&supervisor->signals, NULL);

		if (number == SIGTERM || number == SIGINT)
			supervisor->stopping = true;
		if (number > 0 && number != SIGCHLD)
			(void)kill(child, number);
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
	}
}

/* A stop that comes during the pause ends it. */
static void pause_before_restart(struct supervisor *supervisor)
{
	const struct timespec pause = {.tv_sec = 1};
	int number = sigtimedwait(&supervisor->signals, NULL, &pause);

	if (number == SIGTERM || number == SIGINT)
		supervisor->stopping = true;
}

static int run_child(const struct supervisor *supervisor)
{
	sigset_t child_signal;

	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &child_signal, NULL);
	return supervisor->options->work(supervisor->options->arg);
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

int supervisor_run(const struct supervisor_options *options)
{
	struct supervisor supervisor = {.options = options};

	set_signals(&supervisor.signals);
	sigprocmask(SIG_BLOCK, &supervisor.signals, NULL);
	for (;;) {
		int64_t start_ns = clock_monotonic_ns();
		pid_t child = fork();
		int status;

		if (child < 0) {
			options->say(options->arg, true, strerror(errno));
			return EX_OSERR;
		}
		if (child == 0)
			_exit(run_child(&supervisor));
		options->forked(options->arg);
		status = watch_child(&supervisor, child);
		if (supervisor.stopping || is_final(&supervisor, status))
			return exit_code(status);
		if (!restart_limit_take(options->limit, clock_monotonic_ns())) {
			say_end(&supervisor, status, true);
			return exit_code(status);
		}
		say_end(&supervisor, status, false);
		if (clock_monotonic_ns() - start_ns < SHORT_LIFE_NS)
			pause_before_restart(&supervisor);
		if (supervisor.stopping)
			return EX_OK;
	}
}

void supervisor_bind(pid_t supervisor)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* It may have ended before that. */
	if (getppid() != supervisor)
		(void)raise(SIGTERM);
}
