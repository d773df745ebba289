/*
 * spool - signs what is in SPOOL/in, until it is empty or until it is told to stop.
 *
 * Is:       the whole engine: recovery, I/O threads, watch of the directory.
 * Is not:   signals, or what a new configuration is (signer/cmd): the owner says so.
 * Use:      new; run, which blocks until the end; free. spool_stop() ends it with nothing half done.
 * Errors:   spool_result.error; SPOOL_DIR_E_* or -errno, with one line for a person.
 * Owns:     its threads while it runs.
 * Threads:  one runs it; stop and wake are for any, between new and free. One run at a time for one spool; its lock sees
 *           to that.
 */
#ifndef SIGNER_SPOOL_SPOOL_H
#define SIGNER_SPOOL_SPOOL_H

#include "signer/message/signing_core.h"
#include "signer/spool/unit.h"

struct spool_result {
	struct unit_counts messages;
	uint64_t released_units; /* signed ones, and batches with signed or passed messages */
	uint64_t passed_units;	 /* moved to out/ unchanged */
	uint64_t failed_units;	 /* moved to failed/, or with a part there */
	uint64_t stayed_units;	 /* in in/ still, at the end of an --once */
	uint64_t batches;
	double seconds;
	int error;
	char error_text[512];
};

struct spool_options {
	struct signing_core *core; /* borrowed */
	const char *path;
	bool once;

	/* Called once, when the spool is locked and in/ is watched. NULL: nobody waits for that. */
	void (*started)(void *arg);

	/* Called about ten times a second with what was done so far and the units known to be left. */
	void (*progress)(void *arg, const struct spool_result *so_far, uint64_t left);
	void *arg;

	/* For tests: what makes operations of the rings fail. NULL: nothing does. */
	const struct ring_fault *fault;
};

struct spool;

MUST_CHECK int spool_new(const struct spool_options *options, struct spool **spool_out);
void spool_free(struct spool *spool);

/* Returns result_out->error. */
int spool_run(struct spool *spool, struct spool_result *result_out);

void spool_stop(struct spool *spool);

/* There is a new context. */
void spool_wake(struct spool *spool);

#endif
