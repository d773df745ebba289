/*
 * other_signers - other people's signers over the same messages, as contenders, where they are installed.
 *
 * Is:       dkimpy in one Python process that signs message after message in a loop, its start not counted;
 *           and opendkim-testmsg, which signs one message a process, its start counted.
 * Is not:   OpenDKIM as a milter: `postseal-bench milter` is for that.
 * Units:    messages a second, one at a time.
 * Errors:   BENCH_E_SKIPPED with the reason when it is not installed, or cannot sign with such a key.
 * Owns:     nothing.
 * Threads:  the main thread (child.h).
 */
#ifndef BENCH_OTHER_SIGNERS_H
#define BENCH_OTHER_SIGNERS_H

#include "bench/signer_setup.h"
#include "bench/spool_load.h"
#include "bench/turns.h"

struct other_signer {
	const struct signer_setup *setup;
	const struct spool_load *load; /* the first few hundred of its messages are signed */
	const char *spool_path;	       /* its in/ is used to lay them down */
	double seconds;
};

/* `arg` is a struct other_signer. */
int dkimpy_run(void *arg, struct measure *measure_out, struct failure *failure);
int opendkim_testmsg_run(void *arg, struct measure *measure_out, struct failure *failure);

#endif
