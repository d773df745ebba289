/*
 * supervisor - starts a process again when it fails: AutoRestart.
 *
 * Is:       a parent that forks the work, hands its signals on to it, and starts it anew when it was
 *           killed, or ended with a status that another start may change. A work that ends before it
 *           ever was ready is not started again: what is wrong then is for a person to see at once.
 * Use:      status = supervisor_run(&options); `work` runs in the child and returns its exit code.
 * Errors:   the exit code to end with.
 * Threads:  before there are any. SIGTERM, SIGINT, SIGHUP and SIGUSR1 must be blocked; the child finds
 *           them blocked, too.
 */
#ifndef SIGNER_CMD_SUPERVISOR_H
#define SIGNER_CMD_SUPERVISOR_H

#include "signer/cmd/restart_limit.h"

#include <sys/types.h>

/* Lies in memory that parent and child share. */
struct supervisor_mark;

/* -errno */
MUST_CHECK int supervisor_mark_new(struct supervisor_mark **mark_out);

struct supervisor_options {
	int (*work)(void *arg);
	void *arg;
	/* In the parent, once there is a child: what a start could still say, the child says. */
	void (*forked)(void *arg);
	/* One line on what happened; `is_error` when it is the last one. */
	void (*say)(void *arg, bool is_error, const char *text);
	struct restart_limit *limit;
	struct supervisor_mark *mark;
};

int supervisor_run(const struct supervisor_options *options);

/* In the child: it is ready. Nothing where there is no supervisor. */
void supervisor_ready(struct supervisor_mark *mark);

/* In the child, once its user has changed: it ends when its supervisor does, however that ends. */
void supervisor_bind(pid_t supervisor);

#endif
