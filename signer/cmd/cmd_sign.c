/*
 * postseal sign: signs one message, stdin or a file, to stdout.
 *
 * How it works: the message is read once; what is read is held, and goes through the signer. Only
 * when the verdict is final and the signatures are there does the first byte go to stdout, so whoever
 * reads it never has half a message. After a refusal the input is read to its end nevertheless: a
 * mail server that writes into a pipe takes a reader that goes away for a fault of its own.
 */
#include "signer/cmd/command.h"
#include "signer/cmd/held_message.h"
#include "signer/cmd/input.h"
#include "signer/cmd/settings.h"
#include "signer/cmd/solo_signer.h"

#include "common/clock.h"
#include "common/descriptor.h"
#include "common/log.h"
#include "signer/keys/core_dump.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct sign_command {
	struct settings settings;
	bool is_verbose;
	bool has_single_key; /* -d, -s or -k */

	struct input input;
	struct held_message message;
	struct solo_signer solo;
};

static const struct command_flag flags[] = {
	SETTINGS_FLAG_CONFIG,
	SETTINGS_FLAG_OPTION,
	{'d', "domain", "DOMAIN", "sign mail from this domain (with -s and -k, in place of -x)"},
	{'s', "selector", "SELECTOR", "with this selector"},
	{'k', "key", "KEYFILE", "and this private key"},
	{'c', "canonicalization", "CANON", "simple or relaxed, as HEADER/BODY or HEADER alone"},
	{'v', "verbose", NULL, "say on stderr what was done"},
};

static const struct command_form form = {
	.name = "postseal sign",
	.synopsis = "[-x FILE] [-o NAME=VALUE] [-c CANON] [-v] [FILE]\n"
		    "-d DOMAIN -s SELECTOR -k KEYFILE [-o NAME=VALUE] [-c CANON] [-v] [FILE]",
	.purpose = "Signs one message, stdin or FILE, to stdout. A message that the configuration\n"
		   "does not sign comes out as it is. Unless it is signed or passed, nothing is\n"
		   "written. Fit to be a filter, such as Exim's transport_filter.",
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
	.notes = "Exit status: 0 signed or passed, 65 it can never be signed as it is, 66 no such\n"
		 "FILE, 74 input or output failed, 75 not now: try again later, 78 configuration.",
	.operands_max = 1,
};

/* On a terminal somebody wants to know; a mail server does not. */
static bool is_talkative(const struct sign_command *command)
{
	return command->is_verbose || isatty(STDERR_FILENO);
}

static int complain(const struct sign_command *command, int status, const char *what,
		    const char *why)
{
	fprintf(stderr, "postseal sign: %s: %s%s%s\n", command->input.name, what,
		why[0] != '\0' ? ": " : "", why);
	return status;
}

/* Shortage passes by itself, and the mail can wait for that. */
static int status_of_errno(int error)
{
	switch (error) {
	case -ENOMEM:
	case -ENOSPC:
	case -EDQUOT:
	case -EMFILE:
	case -ENFILE:
	case -EAGAIN: return EX_TEMPFAIL;
	default: return EX_IOERR;
	}
}

static int read_message(struct sign_command *command)
{
	struct bytes piece;
	int r;

	do {
		r = input_read(&command->input, &piece);
		if (r != 0)
			return complain(command, r == -EISDIR ? EX_NOINPUT : EX_IOERR,
					"cannot read", strerror(-r));
		if (!solo_signer_is_refused(&command->solo))
			r = held_message_append(&command->message, piece);
		if (r != 0)
			return complain(command, status_of_errno(r), "cannot be held",
					strerror(-r));
		solo_signer_push(&command->solo, piece);
	} while (piece.size > 0);
	solo_signer_end(&command->solo);
	return EX_OK;
}

/* The message with its fields, and without what is cut out of it. */
static int send_signed(const struct held_message *message, const struct message_signer *signer)
{
	uint64_t sent = message_signer_insert_at(signer);
	int r = held_message_send(message, STDOUT_FILENO, 0, sent);

	if (r == 0)
		r = descriptor_write(STDOUT_FILENO, message_signer_fields(signer));
	for (size_t i = 0; r == 0 && i < message_signer_cut_count(signer); i++) {
		struct message_cut cut = message_signer_cut_at(signer, i);

		r = held_message_send(message, STDOUT_FILENO, sent, cut.start);
		sent = cut.end;
	}
	return r == 0 ? held_message_send(message, STDOUT_FILENO, sent, message->size) : r;
}

static int write_message(struct sign_command *command, bool is_signed)
{
	const struct held_message *message = &command->message;
	int r = is_signed ? send_signed(message, command->solo.signer)
			  : held_message_send(message, STDOUT_FILENO, 0, message->size);

	return r == 0 ? EX_OK : complain(command, EX_IOERR, "cannot write it", strerror(-r));
}

static int act_on_verdict(struct sign_command *command)
{
	enum message_verdict verdict = message_signer_verdict(command->solo.signer);
	const char *reason = message_signer_reason(command->solo.signer);

	switch (verdict) {
	case MESSAGE_SIGN:
		if (is_talkative(command))
			complain(command, EX_OK, "signed", "");
		return write_message(command, true);
	case MESSAGE_PASS:
	case MESSAGE_ALREADY_SIGNED:
		if (is_talkative(command))
			complain(command, EX_OK, "passed as it is", reason);
		return write_message(command, false);
	case MESSAGE_REFUSE:
		return complain(command, EX_DATAERR, "cannot be signed as it is", reason);
	case MESSAGE_DEFER:
	case MESSAGE_UNDECIDED: break;
	}
	return complain(command, EX_TEMPFAIL, "cannot be signed now", reason);
}

static int sign(struct sign_command *command, struct signing_context *context)
{
	int r = solo_signer_init(&command->solo);
	int status;

	if (r == 0) {
		solo_signer_start(&command->solo, context, command->input.name, clock_realtime_s());
		status = read_message(command);
	} else {
		status = complain(command, EX_TEMPFAIL, "cannot start", strerror(-r));
	}
	if (status == EX_OK)
		status = act_on_verdict(command);
	solo_signer_deinit(&command->solo);
	return status;
}

static int open_input(struct sign_command *command, const struct command_line *line)
{
	int r = input_open(&command->input, line->operand_count > 0 ? line->operands[0] : NULL);

	if (r == 0)
		return EX_OK;
	return complain(command, r == -ENOMEM ? EX_TEMPFAIL : EX_NOINPUT, "cannot open",
			strerror(-r));
}

static int start(struct sign_command *command, const struct command_line *line)
{
	struct signing_context *context = NULL;
	int status;

	if (command->has_single_key && command->settings.path != NULL)
		return command_line_wrong(&form, "-x and -d, -s, -k are two ways to say the same");
	status = open_input(command, line);
	if (status == EX_OK)
		status = settings_read(&command->settings);
	if (status == EX_OK)
		status = settings_become_user(&command->settings);
	if (status == EX_OK && core_dump_disable() != 0)
		status = complain(command, EX_OSERR, "core dumps cannot be switched off", "");
	if (status == EX_OK)
		status = settings_context(&command->settings, &context);
	if (status != EX_OK)
		return status;
	solo_signer_open_log(context->config);
	status = sign(command, context);
	log_close();
	signing_context_unref(context);
	return status;
}

static int take_flag(void *arg, int flag, const char *value)
{
	struct sign_command *command = arg;
	const char *name = "Canonicalization";

	switch (flag) {
	case 'v': command->is_verbose = true; return EX_OK;
	case 'd': name = "Domain"; break;
	case 's': name = "Selector"; break;
	case 'k': name = "KeyFile"; break;
	case 'c': break;
	default: return settings_flag(&command->settings, &form, flag, value);
	}
	if (flag != 'c')
		command->has_single_key = command->settings.has_no_default = true;
	return settings_override(&command->settings, &form, name, value);
}

int cmd_sign(int argc, char **argv)
{
	struct sign_command command = {.message = HELD_MESSAGE_NEW};
	struct command_line line;

	settings_init(&command.settings, SETTINGS_QUIET);
	command_line_init(&line, &form, argc, argv);
	if (command_line_read(&line, take_flag, &command))
		line.status = start(&command, &line);
	held_message_deinit(&command.message);
	input_close(&command.input);
	settings_close(&command.settings);
	return line.status;
}
