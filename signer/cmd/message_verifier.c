#include "signer/cmd/message_verifier.h"

#include <inttypes.h>
#include <stdio.h>

#define HEADER_SIZE_MAX ((size_t)16 << 20)

int message_verifier_init(struct message_verifier *verifier,
			  const struct verification_options *options)
{
	*verifier = (struct message_verifier){.options = *options};
	header_init(&verifier->header, HEADER_SIZE_MAX);
	message_reader_init(&verifier->reader);
	return verification_init(&verifier->verification);
}

void message_verifier_deinit(struct message_verifier *verifier)
{
	verification_deinit(&verifier->verification);
	message_reader_deinit(&verifier->reader);
	header_deinit(&verifier->header);
}

void message_verifier_start(struct message_verifier *verifier, uint64_t first_line)
{
	verifier->first_line = first_line;
	verifier->fault = 0;
	message_reader_start(&verifier->reader, &verifier->header, verifier->options.fix_crlf);
}

/* Keeps what is wrong with the message, and passes on what is wrong with us. */
static int keep_fault(struct message_verifier *verifier, int r)
{
	if (r <= 0)
		return r;
	verifier->fault = r;
	return 0;
}

static int start_body(struct message_verifier *verifier)
{
	return verification_start(&verifier->verification, &verifier->header, &verifier->options);
}

static int push(struct message_verifier *verifier, struct bytes piece)
{
	size_t consumed;
	int r;

	if (!message_reader_is_done(&verifier->reader)) {
		r = message_reader_push(&verifier->reader, piece, &consumed);
		if (r != 0 || !message_reader_is_done(&verifier->reader))
			return r;
		r = start_body(verifier);
		if (r != 0)
			return r;
		piece = bytes_skip(piece, consumed);
	}
	return verification_push(&verifier->verification, piece);
}

int message_verifier_push(struct message_verifier *verifier, struct bytes piece)
{
	return verifier->fault != 0 ? 0 : keep_fault(verifier, push(verifier, piece));
}

static int end(struct message_verifier *verifier)
{
	int r = 0;

	if (!message_reader_is_done(&verifier->reader)) {
		r = message_reader_finish(&verifier->reader);
		if (r == 0)
			r = start_body(verifier);
	}
	return r == 0 ? verification_finish(&verifier->verification) : r;
}

int message_verifier_end(struct message_verifier *verifier)
{
	return verifier->fault != 0 ? 0 : keep_fault(verifier, end(verifier));
}

bool message_verifier_fault(const struct message_verifier *verifier,
			    char text[MESSAGE_VERIFIER_FAULT_SIZE])
{
	const struct message_reader *reader = &verifier->reader;

	if (verifier->fault == 0)
		return false;
	if (message_reader_is_done(reader))
		(void)snprintf(text, MESSAGE_VERIFIER_FAULT_SIZE,
			       "malformed: its body has a CR without LF");
	else if (verifier->fault == MESSAGE_E_NO_HEADER)
		(void)snprintf(text, MESSAGE_VERIFIER_FAULT_SIZE, "malformed: %s",
			       message_reader_reason(verifier->fault));
	else
		(void)snprintf(text, MESSAGE_VERIFIER_FAULT_SIZE, "malformed: line %" PRIu64 ": %s",
			       verifier->first_line - 1 + message_reader_lines(reader),
			       message_reader_reason(verifier->fault));
	return true;
}
