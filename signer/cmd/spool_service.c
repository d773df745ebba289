#include "signer/cmd/spool_service.h"

#include "common/log.h"
#include "signer/keys/core_dump.h"
#include "signer/spool/owner.h"
#include "signer/spool/spool_dir.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

void spool_service_hold_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* Runs in a worker of the ring; one reload at a time. */
static int reload(void *arg, struct signing_context **context_out)
{
	struct spool_service *service = arg;
	struct settings *settings = service->settings;
	const char *file = settings_file(settings);
	int r = settings_read(settings);

	if (r == EX_OK)
		r = settings_context(settings, context_out);
	if (r == EX_OK)
		log_notice("configuration reloaded from %s",
			   file == NULL ? "the command line" : file);
	return r;
}

/* What the end of the run means for whoever started it. */
static int exit_code(const struct spool_result *result, bool once)
{
	switch (result->error) {
	case 0: break;
	case SPOOL_DIR_E_LOCKED: return EX_TEMPFAIL;
	case SPOOL_DIR_E_DEVICE:
	case OWNER_E_UNKNOWN: return EX_CONFIG;
	case -ENOENT:
	case -ENOTDIR: return EX_NOINPUT;
	case -ENOMEM: return EX_OSERR;
	default: return EX_IOERR;
	}
	if (!once)
		return EX_OK;
	if (result->stayed_units > 0)
		return EX_TEMPFAIL;
	return result->messages.refused_count > 0 || result->failed_units > 0 ? EX_DATAERR : EX_OK;
}

static void started(void *arg)
{
	struct spool_service *service = arg;

	if (service->started != NULL)
		service->started(service->arg);
}

static void show_progress(void *arg, const struct spool_result *so_far, uint64_t left)
{
	struct spool_service *service = arg;

	service->progress(service->arg, so_far, left);
}

int spool_service_run(struct spool_service *service, struct signing_context *context,
		      struct spool_result *result_out)
{
	struct spool_options options = {
		.path = service->path,
		.once = service->once,
		.context = context,
		.reload = reload,
		.started = started,
		.progress = service->progress == NULL ? NULL : show_progress,
		.arg = service,
	};
	int r = core_dump_disable();

	if (r != 0) {
		*result_out = (struct spool_result){.error = r};
		snprintf(result_out->error_text, sizeof(result_out->error_text),
			 "core dumps cannot be switched off: %s", strerror(-r));
		return EX_OSERR;
	}
	(void)spool_run(&options, result_out);
	return exit_code(result_out, service->once);
}
