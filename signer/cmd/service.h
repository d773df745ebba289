/*
 * service - a process that signs until it is told to stop: what `postseal spool` and the daemon have in common.
 *
 * Is:       a spool, a milter, or both, with one signature service; it dumps no core, takes the signals, and reads
 *           `settings` again on SIGHUP and SIGUSR1.
 * Is not:   the log: the caller has opened it.
 * Errors:   the exit code, with the reason in `why`.
 */
#ifndef SIGNER_CMD_SERVICE_H
#define SIGNER_CMD_SERVICE_H

#include "signer/cmd/settings.h"
#include "signer/spool/spool.h"

/* What is said at the start, and by `postseal check`, where a milter is to verify, too. */
#define SERVICE_NOT_VERIFIED                                                                       \
	"signatures of incoming mail are not verified: it passes as it is (Mode s says so)"

struct service_options {
	struct settings *settings;
	const char *spool_path;	    /* NULL: no spool */
	bool once;		    /* until the spool is empty */
	const char *sockets;	    /* NULL: no milter */
	void (*started)(void *arg); /* may be NULL */
	void (*progress)(void *arg, const struct spool_result *so_far, uint64_t left);
	void *arg;
};

struct service_result {
	struct spool_result spool;
	struct signing_core_counts signatures;
	bool has_failed;
	char why[512];
};

MUST_CHECK int service_run(const struct service_options *options, struct signing_context *context,
			   struct service_result *result_out);

/* SIGTERM, SIGINT, SIGHUP and SIGUSR1 wait from now on until the service takes them. */
void service_hold_signals(void);

#endif
