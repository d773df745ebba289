/*
 * check_keys - every private key that the configuration names, opened and tried.
 *
 * Is:       each file once, however many rows name it: is it there, safe, readable, a private key, large
 *           enough, and of the algorithm that its row says?
 * Speed:    one thread a CPU, because each key is read and signs once: half a millisecond for RSA-2048.
 * Errors:   -errno when the check itself cannot go on; all else is in the report.
 * Threads:  one caller; the threads are its own.
 */
#ifndef SIGNER_CMD_CHECK_KEYS_H
#define SIGNER_CMD_CHECK_KEYS_H

#include "signer/cmd/check_report.h"
#include "signer/cmd/progress.h"
#include "signer/message/signing_context.h"

/* `lane_keys_out`: how many can sign and fit the lanes. */
MUST_CHECK int check_keys(const struct signing_context *context, struct check_report *report,
			  struct progress *progress, size_t *lane_keys_out);

#endif
