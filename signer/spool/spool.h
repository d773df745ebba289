/*
 * spool - signs what is in SPOOL/in, until it is empty or until it is told to stop.
 *
 * Is:       the whole engine: recovery, I/O threads, signature service, watch of the directory.
 * Is not:   options and output (signer/cmd).
 * Use:      spool_run(&options, &result); it blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1 and takes them
 *           itself: the first two end it with nothing half done, the others call `reload`.
 * Errors:   spool_result.error; SPOOL_DIR_E_* or -errno, with one line for a person.
 * Owns:     its threads while it runs; a reference to the context.
 * Threads:  one call at a time for one spool; the lock sees to that.
 */
#ifndef SIGNER_SPOOL_SPOOL_H
#define SIGNER_SPOOL_SPOOL_H

#include "signer/message/signing_context.h"
#include "signer/spool/unit.h"

struct spool_result {
	struct unit_counts messages;
	uint64_t released_units; /* signed ones, and batches with signed or passed messages */
	uint64_t passed_units;	 /* moved to out/ unchanged */
	uint64_t failed_units;	 /* moved to failed/, or with a part there */
	uint64_t stayed_units;	 /* in in/ still, at the end of an --once */
	uint64_t batches;
	uint64_t signatures_in_lanes;	/* of RSA, with others at once */
	uint64_t signatures_made_again; /* wrong in lanes, and right by OpenSSL */
	double seconds;
	int error;
	char error_text[512];
};

struct spool_options {
	const char *path;
	bool once;
	struct signing_context *context; /* borrowed: spool_run() takes its own reference */

	/* A new context in the place of the one in force; nonzero: the old one stays. NULL: no reload. */
	int (*reload)(void *arg, struct signing_context **context_out);

	/* Called once, when the spool is locked and in/ is watched. NULL: nobody waits for that. */
	void (*started)(void *arg);

	/* Called about ten times a second with what was done so far and the units known to be left. */
	void (*progress)(void *arg, const struct spool_result *so_far, uint64_t left);
	void *arg;

	/* For tests: what makes operations of the rings fail. NULL: nothing does. */
	const struct ring_fault *fault;
};

/* Returns result_out->error. */
int spool_run(const struct spool_options *options, struct spool_result *result_out);

#endif
