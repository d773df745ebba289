/*
 * postseal explain: how a message would be signed, and why.
 *
 * How it works: the message goes through the same signer as in the spool, so the verdict and what the
 * signatures say are what would be; nothing is written anywhere. Beside it the tables are asked once
 * more, for the rows that led there. With --from there is no message, and the signer gets one that has
 * only what no message can be without.
 */
#include "signer/cmd/command.h"
#include "signer/cmd/explain_report.h"
#include "signer/cmd/input.h"
#include "signer/cmd/output.h"
#include "signer/cmd/settings.h"

#include "common/clock.h"
#include "common/log.h"
#include "signer/keys/core_dump.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	FLAG_JSON = COMMAND_LINE_LONG,
	FLAG_FROM,
};

struct explain_command {
	struct settings settings;
	const char *from; /* NULL: there is a message, in `input` */
	struct input input;
	bool json;
	bool is_verbose;
	struct signing_context *context;
	struct explanation explanation;
};

static const struct command_flag flags[] = {
	SETTINGS_FLAG_CONFIG,
	SETTINGS_FLAG_OPTION,
	{FLAG_FROM, "from", "ADDRESS", "a message from this address, in place of a message"},
	{'v', "verbose", NULL, "also every row that was looked at, and every header field"},
	{FLAG_JSON, "json", NULL, "all of it as JSON on stdout"},
};

static const struct command_form form = {
	.name = "postseal explain",
	.synopsis = "[-x FILE] [-o NAME=VALUE] [-v] [--json] [FILE]\n"
		    "[-x FILE] [-o NAME=VALUE] [-v] [--json] --from ADDRESS",
	.purpose =
		"Says how a message (stdin, or FILE) would be signed: which row of the tables "
		"matched,\n"
		"with which key, what the signature would say, and why not otherwise. Nothing is\n"
		"signed or written.",
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
	.notes = "Exit status: 0 it would be signed or passed, 65 it can never be signed as it is, "
		 "66 no\n"
		 "such FILE, 75 it cannot be signed now, 78 configuration.",
	.operands_max = 1,
};

static int complain(int status, const char *what, int error)
{
	fprintf(stderr, "postseal explain: %s: %s\n", what, strerror(-error));
	return status;
}

static int push_address(struct explain_command *command)
{
	struct buffer text = {0};
	int r = buffer_printf(&text, "From: <%s>\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\n",
			      command->from);

	if (r == 0)
		r = explanation_push(&command->explanation, buffer_bytes(&text));
	buffer_deinit(&text);
	return r == 0 ? EX_OK : complain(EX_OSERR, command->from, r);
}

static int read_message(struct explain_command *command)
{
	struct input *input = &command->input;
	struct bytes piece;
	int r;

	do {
		r = input_read(input, &piece);
		if (r == 0)
			r = explanation_push(&command->explanation, piece);
	} while (r == 0 && piece.size > 0);
	if (r == 0)
		return EX_OK;
	return complain(r == -ENOMEM   ? EX_OSERR
			: r == -EISDIR ? EX_NOINPUT
				       : EX_IOERR,
			input->name, r);
}

static int exit_code(enum message_verdict verdict)
{
	switch (verdict) {
	case MESSAGE_SIGN:
	case MESSAGE_PASS:
	case MESSAGE_ALREADY_SIGNED: return EX_OK;
	case MESSAGE_REFUSE: return EX_DATAERR;
	case MESSAGE_DEFER:
	case MESSAGE_UNDECIDED: break;
	}
	return EX_TEMPFAIL;
}

static int explain(struct explain_command *command)
{
	const char *name = command->from == NULL ? command->input.name : NULL;
	int status;
	int r = explanation_start(&command->explanation, command->context, name,
				  clock_realtime_s());

	if (r != 0)
		return complain(EX_OSERR, "cannot start", r);
	status = command->from == NULL ? read_message(command) : push_address(command);
	if (status != EX_OK)
		return status;
	r = explanation_end(&command->explanation, command->is_verbose);
	if (r != 0)
		return complain(EX_OSERR, "cannot go on", r);
	if (command->json)
		explain_report_json(&command->explanation);
	else
		explain_report_text(&command->explanation, command->is_verbose);
	return output_end(exit_code(message_signer_verdict(command->explanation.solo.signer)));
}

/* What the user who calls may read, which is not always what UserID may. */
static int open_input(struct explain_command *command, const struct command_line *line)
{
	int r = input_open(&command->input, line->operand_count > 0 ? line->operands[0] : NULL);

	return r == 0 ? EX_OK
		      : complain(r == -ENOMEM ? EX_OSERR : EX_NOINPUT, command->input.name, r);
}

static int start(struct explain_command *command, const struct command_line *line)
{
	int status = EX_OK;

	if (command->from != NULL && line->operand_count > 0)
		return command_line_wrong(&form, "--from and FILE are two ways to say the same");
	if (command->from != NULL && strpbrk(command->from, "<>\r\n") != NULL)
		return command_line_wrong(&form, "--from: want an address, like joe@example.com");
	if (command->from == NULL)
		status = open_input(command, line);
	/* Nothing is done, so syslog is not to hear of it either. */
	if (status == EX_OK)
		status = settings_override(&command->settings, &form, "Syslog", "no");
	if (status == EX_OK)
		status = settings_read(&command->settings);
	if (status == EX_OK)
		status = settings_become_user(&command->settings);
	if (status == EX_OK && core_dump_disable() != 0)
		status = complain(EX_OSERR, "core dumps cannot be switched off", -errno);
	if (status == EX_OK)
		status = settings_context(&command->settings, &command->context);
	if (status != EX_OK)
		return status;
	solo_signer_open_log(command->context->config);
	status = explain(command);
	explanation_deinit(&command->explanation);
	log_close();
	return status;
}

static int take_flag(void *arg, int flag, const char *value)
{
	struct explain_command *command = arg;

	switch (flag) {
	case FLAG_FROM: command->from = value; return EX_OK;
	case FLAG_JSON: command->json = true; return EX_OK;
	case 'v': command->is_verbose = true; return EX_OK;
	default: return settings_flag(&command->settings, &form, flag, value);
	}
}

int cmd_explain(int argc, char **argv)
{
	struct explain_command command = {0};
	struct command_line line;

	settings_init(&command.settings, SETTINGS_QUIET);
	command_line_init(&line, &form, argc, argv);
	if (command_line_read(&line, take_flag, &command))
		line.status = start(&command, &line);
	input_close(&command.input);
	signing_context_unref(command.context);
	settings_close(&command.settings);
	return line.status;
}
