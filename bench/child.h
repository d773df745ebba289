/*
 * child - runs a program to its end and says what it took.
 *
 * Is:       wall clock from just before the fork to the end, CPU time and peak memory as the kernel counted
 *           them for this process and its threads, and what it wrote.
 * Is not:   for programs that run on: it waits.
 * Units:    seconds; bytes. The kernel's peak of a process begins with what its parent held at the fork,
 *           so `peak_rss_bytes` is never less than what the benchmark holds, which is a few MiB.
 * Errors:   -errno with a text when it could not be started. That it ended badly is a result.
 * Owns:     a result's buffers; child_result_deinit() gives them back.
 * Threads:  only the main thread may call it: the program is killed when the calling thread ends.
 *
 *	r = child_run(&(struct child_program){.argv = argv}, &result, failure);
 *	if (r == 0 && result.exit_code != 0) ...
 *	child_result_deinit(&result);
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "bench/failure.h"
#include "common/buffer.h"
#include "common/compiler.h"

struct child_program {
	const char *const *argv; /* argv[0] is looked up in PATH unless it has a slash */
	const char *stdin_path;	 /* NULL: nothing to read */
	bool drops_stdout;	 /* thrown away by the kernel instead of kept for `output` */
};

struct child_result {
	int64_t start_realtime_ns; /* for comparing with times of files */
	double seconds;
	double user_s;
	double system_s;
	uint64_t peak_rss_bytes;
	int exit_code; /* 128 + the signal if it was killed */
	struct buffer output;
	struct buffer errors; /* what it wrote to stderr */
};

/* `result_out` needs no init, and is to be deinited in any case. */
MUST_CHECK int child_run(const struct child_program *program, struct child_result *result_out,
			 struct failure *failure);
void child_result_deinit(struct child_result *result);

/* For an end that was not expected: names the program, its exit code and its last line. */
int child_failure(const struct child_program *program, struct child_result *result,
		  struct failure *failure);

/* The first directory of PATH that has the program. Errors: -ENOENT, -ENAMETOOLONG. */
MUST_CHECK int child_find_program(const char *name, char *path_out, size_t path_size);

#endif
