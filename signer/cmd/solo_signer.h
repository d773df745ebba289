/*
 * solo_signer - signs one message after the other, and waits for each.
 *
 * Is:       message_signer.h with a signature service of one thread behind it, for commands that have
 *           one message and nothing else to do meanwhile.
 * Use:      init; start, push..., end; then the verdict, reason and fields of `signer`; deinit.
 * Errors:   -errno of init. All else is a verdict.
 * Owns:     the service and what comes with it.
 * Threads:  one, besides its own.
 */
#ifndef SIGNER_CMD_SOLO_SIGNER_H
#define SIGNER_CMD_SOLO_SIGNER_H

#include "signer/keys/sign_service.h"
#include "signer/message/message_signer.h"

struct solo_signer {
	struct message_signer *signer;
	struct message_tools tools;

	/* Private. */
	struct sign_service *service;
	struct sign_client *client;
	bool is_woken;
	bool is_over;
};

MUST_CHECK int solo_signer_init(struct solo_signer *solo);

/* Takes a struct of zeros, and one that init failed on. */
void solo_signer_deinit(struct solo_signer *solo);

/* `context` and `job` are borrowed until the end. */
void solo_signer_start(struct solo_signer *solo, const struct signing_context *context,
		       const char *job, int64_t now_s);
void solo_signer_push(struct solo_signer *solo, struct bytes piece);
void solo_signer_end(struct solo_signer *solo);

/*
 * Opens the log as Syslog and its like say; without Syslog nothing is logged: what there is to say of one
 * message the command says itself. log_close() at the end.
 */
void solo_signer_open_log(const struct signer_config *config);

/* Will nothing of the message be written, whatever comes? */
bool solo_signer_is_refused(const struct solo_signer *solo);

#endif
