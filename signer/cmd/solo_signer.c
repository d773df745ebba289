#include "signer/cmd/solo_signer.h"

#include "common/log.h"

#include <poll.h>

int solo_signer_init(struct solo_signer *solo)
{
	int r;

	*solo = (struct solo_signer){0};
	r = sign_service_new(1, &sign_engine_openssl, &solo->service);
	if (r == 0)
		r = sign_client_new(solo->service, &solo->client);
	if (r == 0)
		r = message_tools_init(&solo->tools, solo->client);
	if (r == 0)
		r = message_signer_new(&solo->tools, &solo->signer);
	return r;
}

/* Waits until something has come back from the service. */
static void collect(struct solo_signer *solo)
{
	struct pollfd poll_fd = {.fd = sign_client_fd(solo->client), .events = POLLIN};

	sign_client_flush(solo->client);
	(void)poll(&poll_fd, 1, -1);
	(void)sign_client_collect(solo->client);
}

void solo_signer_deinit(struct solo_signer *solo)
{
	/* A message that ended early may have left work with the service. */
	if (solo->client != NULL)
		sign_client_drain(solo->client);
	message_signer_free(solo->signer);
	message_tools_deinit(&solo->tools);
	sign_client_free(solo->client);
	sign_service_free(solo->service);
	*solo = (struct solo_signer){0};
}

static void woken(struct message_signer *signer, void *arg)
{
	struct solo_signer *solo = arg;

	(void)signer;
	solo->is_woken = true;
}

void solo_signer_start(struct solo_signer *solo, const struct signing_context *context,
		       const char *job, int64_t now_s)
{
	solo->is_woken = false;
	solo->is_over = false;
	message_signer_start(solo->signer, context, job, now_s, woken, solo);
}

/* Until the keys are loaded, or the signatures made. */
static void wait(struct solo_signer *solo)
{
	while (!solo->is_woken)
		collect(solo);
	solo->is_woken = false;
}

void solo_signer_push(struct solo_signer *solo, struct bytes piece)
{
	while (piece.size > 0 && !solo->is_over) {
		switch (message_signer_push(solo->signer, &piece)) {
		case MESSAGE_WAIT: wait(solo); break;
		case MESSAGE_OVER: solo->is_over = true; break;
		case MESSAGE_MORE:
		case MESSAGE_DECIDED:
		case MESSAGE_SIGNING: break;
		}
	}
}

void solo_signer_end(struct solo_signer *solo)
{
	while (!solo->is_over) {
		switch (message_signer_end(solo->signer)) {
		case MESSAGE_WAIT: wait(solo); break;
		case MESSAGE_SIGNING:
			wait(solo);
			solo->is_over = true;
			break;
		case MESSAGE_OVER: solo->is_over = true; break;
		case MESSAGE_MORE:
		case MESSAGE_DECIDED: break;
		}
	}
}

bool solo_signer_is_refused(const struct solo_signer *solo)
{
	enum message_verdict verdict = message_signer_verdict(solo->signer);

	return solo->is_over && (verdict == MESSAGE_REFUSE || verdict == MESSAGE_DEFER);
}

void solo_signer_open_log(const struct signer_config *config)
{
	const struct log_config log_config = {
		.target = config->syslog ? LOG_TARGET_SYSLOG : LOG_TARGET_NONE,
		.level = LOG_LEVEL_INFO,
		.name = config->syslog_name != NULL ? config->syslog_name : "postseal",
		.facility = config->syslog_facility,
	};

	/* If it cannot be opened, lines go to stderr: that is no reason to refuse the message. */
	(void)!log_open(&log_config);
}
