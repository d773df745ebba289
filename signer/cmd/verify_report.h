/*
 * verify_report - what verify found, written as soon as it is known: for people or as JSON.
 *
 * Is:       one line or JSON object a signature, and the counts of messages.
 * Use:      verify_report_begin(); per message verify_report_message(), verify_report_signature()...,
 *           verify_report_message_end(); verify_report_end().
 * Errors:   none here; whoever ends the program asks stdout (output.h).
 * Owns:     nothing.
 */
#ifndef SIGNER_CMD_VERIFY_REPORT_H
#define SIGNER_CMD_VERIFY_REPORT_H

#include "common/json_stream.h"
#include "signer/dkim/verification.h"

struct verify_report {
	uint64_t messages;
	uint64_t passed;

	/* Private. */
	bool is_json;
	struct json_stream json;
	const char *file;
	uint64_t number;
	size_t signatures; /* of this message, so far */
	bool passes;
};

void verify_report_begin(struct verify_report *report, bool is_json);

/* `number`: of the message in its batch, from 1; 0: the file is no batch. */
void verify_report_message(struct verify_report *report, const char *file, uint64_t number);

/* `bits`: size of the key, 0 if there is none. `why` says more than the status, or is "". */
void verify_report_signature(struct verify_report *report, const struct verification_result *result,
			     unsigned bits, const char *why);

/* `fault`: what is wrong with the message as a whole; NULL: nothing. `skipped`: signatures not looked at. */
void verify_report_message_end(struct verify_report *report, const char *fault, size_t skipped);

/* `with_sum`: people get to read how many passed, too. */
void verify_report_end(struct verify_report *report, bool with_sum);

#endif
