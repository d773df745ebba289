/*
 * How it works: the calling thread starts the parts, each with threads of its own, and then waits for signals, for the end
 * of a part, and for the next second, in which it looks after keys. It is the only one that reads a configuration.
 */
#include "signer/cmd/service.h"

#include "common/cpus.h"
#include "common/log.h"
#include "signer/keys/core_dump.h"
#include "signer/message/signing_threads.h"
#include "signer/milter/milter_server.h"
#include "signer/spool/owner.h"
#include "signer/spool/spool_dir.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#define LOOK_AFTER_MS 1000

struct service {
	const struct service_options *options;
	struct service_result *result;
	struct signing_threads threads;
	struct signing_core core;
	int signal_fd;
	int event_fd; /* some part has news */

	struct spool *spool;
	pthread_t spool_thread;
	bool spool_runs; /* its thread is to be joined */
	_Atomic bool spool_has_started;
	_Atomic bool spool_is_over;

	struct milter_server *milter;
	_Atomic bool milter_has_failed;

	bool told_started;
	bool stops;
};

static void set_of_signals(sigset_t *signals)
{
	(void)sigemptyset(signals);
	(void)sigaddset(signals, SIGTERM);
	(void)sigaddset(signals, SIGINT);
	(void)sigaddset(signals, SIGHUP);
	(void)sigaddset(signals, SIGUSR1);
}

void service_hold_signals(void)
{
	sigset_t signals;

	set_of_signals(&signals);
	(void)sigaddset(&signals,
			SIGXFSZ); /* a file over the limit of sizes is an error like others */
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
}

static int fail(struct service *service, int status, const char *what, int error)
{
	service->result->has_failed = true;
	(void)snprintf(service->result->why, sizeof(service->result->why), "%s%s%s", what,
		       error < 0 ? ": " : "", error < 0 ? strerror(-error) : "");
	return status;
}

static void tell_event(struct service *service)
{
	const uint64_t one = 1;

	(void)!write(service->event_fd, &one, sizeof(one));
}

static void spool_started(void *arg)
{
	struct service *service = arg;

	atomic_store(&service->spool_has_started, true);
	tell_event(service);
}

static void show_progress(void *arg, const struct spool_result *so_far, uint64_t left)
{
	const struct service *service = arg;

	service->options->progress(service->options->arg, so_far, left);
}

static void *spool_main(void *arg)
{
	struct service *service = arg;

	(void)spool_run(service->spool, &service->result->spool);
	atomic_store(&service->spool_is_over, true);
	tell_event(service);
	return NULL;
}

static int start_spool(struct service *service)
{
	const struct service_options *options = service->options;
	const struct spool_options spool_options = {
		.core = &service->core,
		.path = options->spool_path,
		.once = options->once,
		.started = spool_started,
		.progress = options->progress == NULL ? NULL : show_progress,
		.arg = service,
	};
	int r = spool_new(&spool_options, &service->spool);

	if (r == 0)
		r = -pthread_create(&service->spool_thread, NULL, spool_main, service);
	if (r != 0)
		return fail(service, EX_OSERR, "cannot start", r);
	service->spool_runs = true;
	return EX_OK;
}

static void milter_failed(void *arg, const char *why)
{
	struct service *service = arg;

	log_error("the milter cannot go on: %s", why);
	atomic_store(&service->milter_has_failed, true);
	tell_event(service);
}

static int start_milter(struct service *service, bool verifies)
{
	const struct milter_server_options options = {
		.core = &service->core,
		.sockets = service->options->sockets,
		.io_threads = service->threads.io,
		.failed = milter_failed,
		.arg = service,
	};
	char why[MILTER_ADDRESS_WHY];
	int r = milter_server_new(&options, &service->milter, why);

	if (r == 0)
		r = milter_server_start(service->milter, why);
	if (r == 0) {
		if (verifies)
			log_warning("%s", SERVICE_NOT_VERIFIED);
		return EX_OK;
	}
	return fail(service, r == MILTER_ADDRESS_E_WRONG ? EX_CONFIG : EX_UNAVAILABLE, why, 0);
}

static int start_core(struct service *service, struct signing_context *context)
{
	int r = core_dump_disable();

	if (r != 0)
		return fail(service, EX_OSERR, "core dumps cannot be switched off", r);
	service->threads = signing_threads_of(context->config, cpus_allowed());
	r = signing_core_init(&service->core, context, service->threads.sign);
	if (r == SIGNING_CORE_E_LANE_CACHE)
		return fail(service, EX_OSERR, "no room for the keys of LaneCacheSize", -ENOMEM);
	return r == 0 ? EX_OK : fail(service, EX_OSERR, "cannot start", r);
}

static int open_events(struct service *service)
{
	sigset_t signals;

	set_of_signals(&signals);
	service->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	service->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (service->signal_fd < 0 || service->event_fd < 0)
		return fail(service, EX_OSERR, "cannot start", -errno);
	return EX_OK;
}

/* One reload at a time; a bad configuration changes nothing. */
static void reload(struct service *service)
{
	struct settings *settings = service->options->settings;
	const char *file = settings_file(settings);
	struct signing_context *context = NULL;
	int status = settings_read(settings);

	if (status == EX_OK)
		status = settings_context(settings, &context);
	if (status != EX_OK) {
		log_error("the new configuration has errors, the old one stays in force");
		return;
	}
	signing_core_set_context(&service->core, context);
	if (service->spool != NULL)
		spool_wake(service->spool);
	if (service->milter != NULL)
		milter_server_wake(service->milter);
	log_notice("configuration reloaded from %s", file == NULL ? "the command line" : file);
}

static void take_signals(struct service *service)
{
	struct signalfd_siginfo info;
	bool reloads = false;

	while (read(service->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP || info.ssi_signo == SIGUSR1)
			reloads = true;
		else
			service->stops = true;
	}
	if (reloads && !service->stops)
		reload(service);
}

/* Once: when all parts are there. */
static void tell_started(struct service *service)
{
	if (service->told_started ||
	    (service->spool != NULL && !atomic_load(&service->spool_has_started)))
		return;
	service->told_started = true;
	signing_core_tell_engine(&service->core);
	signing_core_lock_keys(&service->core);
	if (service->options->started != NULL)
		service->options->started(service->options->arg);
}

static void take_events(struct service *service)
{
	uint64_t count;

	(void)!read(service->event_fd, &count, sizeof(count));
	if (!atomic_load(&service->spool_is_over) || service->result->spool.error == 0)
		tell_started(service);
	service->stops |= atomic_load(&service->spool_is_over) ||
			  atomic_load(&service->milter_has_failed);
}

static void serve(struct service *service)
{
	struct pollfd ready[] = {
		{.fd = service->signal_fd, .events = POLLIN},
		{.fd = service->event_fd, .events = POLLIN},
	};

	if (service->spool == NULL)
		tell_started(service);
	while (!service->stops) {
		(void)poll(ready, ARRAY_COUNT(ready), LOOK_AFTER_MS);
		take_signals(service);
		take_events(service);
		if (service->told_started)
			signing_core_look_after(&service->core);
	}
}

/* Messages under way come to their end first. */
static void stop(struct service *service)
{
	if (service->spool_runs)
		spool_stop(service->spool);
	milter_server_free(service->milter);
	if (service->spool_runs)
		(void)pthread_join(service->spool_thread, NULL);
	spool_free(service->spool);
	if (service->told_started) {
		signing_core_look_after(&service->core);
		signing_core_tell_faults(&service->core);
		service->result->signatures = signing_core_counts(&service->core);
	}
	signing_core_deinit(&service->core);
	if (service->signal_fd >= 0)
		(void)close(service->signal_fd);
	if (service->event_fd >= 0)
		(void)close(service->event_fd);
}

/* What the end of the spool means for whoever started it. */
static int spool_status(const struct spool_result *result, bool once)
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

/* Of what has run to its end. */
static int end_status(struct service *service)
{
	const struct spool_result *spool = &service->result->spool;

	if (atomic_load(&service->milter_has_failed))
		return fail(service, EX_IOERR, "the milter has failed", 0);
	if (spool->error != 0)
		return fail(service, spool_status(spool, false), spool->error_text, 0);
	return spool_status(spool, service->options->once);
}

int service_run(const struct service_options *options, struct signing_context *context,
		struct service_result *result_out)
{
	struct service service = {
		.options = options, .result = result_out, .signal_fd = -1, .event_fd = -1};
	int status;

	*result_out = (struct service_result){0};
	status = start_core(&service, context);
	if (status != EX_OK)
		return status;
	status = open_events(&service);
	if (status == EX_OK && options->sockets != NULL)
		status = start_milter(&service, context->config->mode_verify);
	if (status == EX_OK && options->spool_path != NULL)
		status = start_spool(&service);
	if (status == EX_OK)
		serve(&service);
	stop(&service);
	return status == EX_OK ? end_status(&service) : status;
}
