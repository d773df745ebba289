/*
 * scratch - directories that are gone when the work is over, however it ends.
 *
 * Is:       runs the work in a process of its own, in a new process group, and removes the directories when
 *           that process has ended, crashed, or was stopped by SIGINT, SIGTERM or SIGHUP.
 * Errors:   an exit code (sysexits.h): that of the work; 128 + the signal when it was killed by one;
 *           EX_CANTCREAT and EX_OSERR, with a line on stderr, when it could not begin.
 * Owns:     the directories, and every process that the work leaves behind: they are killed.
 * Threads:  call it before there is a second thread.
 *
 *	code = scratch_run((const char *const[]){"/dev/shm"}, 1, work, arg);
 */
#ifndef BENCH_SCRATCH_H
#define BENCH_SCRATCH_H

#include "common/compiler.h"

#include <stddef.h>

#define SCRATCH_PARENTS_MAX 2

/* `paths` are new, empty directories, mode 0700, one in each parent. Returns an exit code. */
typedef int scratch_work(const char *const *paths, void *arg);

MUST_CHECK int scratch_run(const char *const *parents, size_t parent_count, scratch_work *work,
			   void *arg);

#endif
