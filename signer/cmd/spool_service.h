/*
 * spool_service - a run of the spool: what `postseal spool` and the daemon have in common.
 *
 * Is:       a process that dumps no core, works until it is told to stop (or until in/ is empty, with
 *           `once`), and reads `settings` again on SIGHUP and SIGUSR1.
 * Is not:   the log: the caller has opened it.
 * Errors:   the exit code, with the reason in result.error_text.
 */
#ifndef SIGNER_CMD_SPOOL_SERVICE_H
#define SIGNER_CMD_SPOOL_SERVICE_H

#include "signer/cmd/settings.h"
#include "signer/spool/spool.h"

struct spool_service {
	struct settings *settings;
	const char *path;
	bool once;
	void (*started)(void *arg); /* may be NULL */
	void (*progress)(void *arg, const struct spool_result *so_far, uint64_t left);
	void *arg;
};

MUST_CHECK int spool_service_run(struct spool_service *service, struct signing_context *context,
				 struct spool_result *result_out);

/* SIGTERM, SIGINT, SIGHUP and SIGUSR1 wait from now on until the spool takes them. */
void spool_service_hold_signals(void);

#endif
