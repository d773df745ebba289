/*
 * postseal verify: the signatures of messages, with keys from a file or from the configuration.
 *
 * How it works: a message passes by once, in pieces; everything is made once and used for all of
 * them. A file of which the name says that it is a batch goes through the reader that the spool has
 * for it, so both see the same messages in it.
 */
#include "signer/cmd/command.h"
#include "signer/cmd/input.h"
#include "signer/cmd/key_finder.h"
#include "signer/cmd/message_verifier.h"
#include "signer/cmd/output.h"
#include "signer/cmd/progress.h"
#include "signer/cmd/settings.h"
#include "signer/cmd/verify_report.h"

#include "common/clock.h"
#include "signer/keys/core_dump.h"
#include "signer/spool/bsmtp_reader.h"
#include "signer/spool/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIGNATURES_MAX	 100
#define CLOCK_DRIFT_S	 300
#define PROGRESS_FILES	 64 /* between two looks at the clock */
#define PROGRESS_STEP_NS (100 * NS_PER_MS)

enum {
	FLAG_KEYS = COMMAND_LINE_LONG,
	FLAG_JSON,
};

struct verify_command {
	struct settings settings;
	const char *keys_path;
	bool json;
	struct progress progress;

	struct signing_context *context; /* NULL: there is no configuration */
	struct public_keys *records;	 /* NULL: there is no file */
	struct key_finder *finder;
	struct message_verifier verifier;
	struct bsmtp_reader batch;
	struct verify_report report;
	uint64_t unreadable; /* files */
};

static const struct command_flag flags[] = {
	SETTINGS_FLAG_CONFIG,
	SETTINGS_FLAG_OPTION,
	{FLAG_KEYS, "keys", "FILE",
	 "key records: what genkey wrote (.txt), or a line each: SELECTOR._domainkey.DOMAIN "
	 "RECORD"},
	{FLAG_JSON, "json", NULL, "what was found as JSON on stdout"},
};

static const struct command_form form = {
	.name = "postseal verify",
	.synopsis = "[-x FILE] [-o NAME=VALUE] [--keys FILE] [--json] [FILE...]",
	.purpose =
		"Says of each signature of each message whether it is good, and if not, why. A "
		"FILE\n"
		"(or stdin) is one message, a FILE.bsmtp is a batch of messages (RFC 2442). Keys "
		"come\n"
		"from --keys or TestPublicKeys, and then from the keys that the configuration "
		"signs\n"
		"with; nothing is looked up in the DNS. With --keys and without -x no "
		"configuration\n"
		"is read.",
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
	.notes = "Exit status: 0 every message of every FILE has a signature that passes, 65 one "
		 "has\n"
		 "not, 66 a FILE cannot be read, 78 configuration.",
	.operands_max = SIZE_MAX,
};

/* Finds the keys that signatures need, and tells what became of each. */
static int judge(struct verify_command *command)
{
	struct verification *verification = &command->verifier.verification;
	int r = 0;

	for (size_t i = 0; r == 0 && i < verification_count(verification); i++) {
		const struct verification_result *result = verification_result(verification, i);
		char why[KEY_FINDER_WHY_SIZE] = "";
		enum verification_status status;
		unsigned bits = 0;

		if (result->status == VERIFICATION_NEEDS_KEY) {
			r = key_finder_judge(command->finder, result, &status, &bits, why);
			if (r == 0)
				verification_set(verification, i, status);
		}
		if (r == 0)
			verify_report_signature(&command->report, result, bits, why);
	}
	return r;
}

/* `number`: of the message in its batch; 0: the file is none. */
static int end_message(struct verify_command *command, const char *file, uint64_t number)
{
	struct verification *verification = &command->verifier.verification;
	char fault[MESSAGE_VERIFIER_FAULT_SIZE];
	int r = message_verifier_end(&command->verifier);

	if (r != 0)
		return r;
	verify_report_message(&command->report, file, number);
	if (message_verifier_fault(&command->verifier, fault)) {
		verify_report_message_end(&command->report, fault, 0);
		return 0;
	}
	r = judge(command);
	verify_report_message_end(&command->report, NULL, verification_skipped(verification));
	return r;
}

/* What is wrong with a file as a whole, in the place of a message. */
static void report_file(struct verify_command *command, const char *file, const char *fault)
{
	verify_report_message(&command->report, file, 0);
	verify_report_message_end(&command->report, fault, 0);
}

static void report_unreadable(struct verify_command *command, const char *file, int error)
{
	char fault[256];

	(void)snprintf(fault, sizeof(fault), "cannot read: %s", strerror(-error));
	fprintf(stderr, "postseal verify: %s: %s\n", file, fault);
	report_file(command, file, fault);
	command->unreadable++;
}

static int verify_single(struct verify_command *command, struct input *input)
{
	struct bytes piece;
	int r;

	message_verifier_start(&command->verifier, 1);
	do {
		r = input_read(input, &piece);
		if (r != 0) {
			report_unreadable(command, input->name, r);
			return 0;
		}
		r = message_verifier_push(&command->verifier, piece);
	} while (r == 0 && piece.size > 0);
	return r == 0 ? end_message(command, input->name, 0) : r;
}

/* What the file says next. `number` counts its messages. */
static int batch_event(struct verify_command *command, const char *file,
		       const struct bsmtp_event *event, uint64_t *number)
{
	switch (event->kind) {
	case BSMTP_DATA:
		++*number;
		message_verifier_start(&command->verifier, bsmtp_reader_line(&command->batch));
		return 0;
	case BSMTP_TEXT: return message_verifier_push(&command->verifier, event->text);
	case BSMTP_DATA_END: return end_message(command, file, *number);
	case BSMTP_NOTHING:
	case BSMTP_SESSION:
	case BSMTP_MAIL:
	case BSMTP_RCPT: break;
	}
	return 0;
}

/* Gives what batch_event() gives, or a BSMTP_E_*. */
static int push_batch(struct verify_command *command, const char *file, struct bytes piece,
		      uint64_t *number)
{
	struct bsmtp_event event;
	int r = 0;

	while (r == 0 && piece.size > 0) {
		r = bsmtp_reader_next(&command->batch, &piece, &event);
		if (r == 0)
			r = batch_event(command, file, &event, number);
	}
	return r;
}

static void report_broken_batch(struct verify_command *command, const char *file, int error)
{
	char fault[256];

	(void)snprintf(fault, sizeof(fault), "malformed: line %" PRIu64 ": %s",
		       bsmtp_reader_line(&command->batch), bsmtp_error_text(error));
	report_file(command, file, fault);
}

/* Messages before the place where a batch is broken have been told by then. */
static int verify_batch(struct verify_command *command, struct input *input)
{
	uint64_t number = 0;
	struct bytes piece;
	int r;

	bsmtp_reader_init(&command->batch);
	do {
		r = input_read(input, &piece);
		if (r != 0) {
			report_unreadable(command, input->name, r);
			return 0;
		}
		r = push_batch(command, input->name, piece, &number);
	} while (r == 0 && piece.size > 0);
	if (r == 0)
		r = bsmtp_reader_end(&command->batch);
	if (r > 0)
		report_broken_batch(command, input->name, r);
	else if (r == 0 && number == 0)
		report_file(command, input->name, "none: the batch holds no message");
	return r < 0 ? r : 0;
}

static int verify_file(struct verify_command *command, const char *operand)
{
	struct input input;
	int r = input_open(&input, operand);

	if (r == 0) {
		r = unit_name_is_batch(input.name) ? verify_batch(command, &input)
						   : verify_single(command, &input);
	} else if (r != -ENOMEM) {
		report_unreadable(command, input.name, r);
		r = 0;
	}
	input_close(&input);
	return r;
}

static int verify_all(struct verify_command *command, const struct command_line *line)
{
	int64_t due_ns = clock_monotonic_ns() + PROGRESS_STEP_NS;
	int r = 0;

	if (line->operand_count == 0)
		return verify_file(command, NULL);
	for (size_t i = 0; r == 0 && i < line->operand_count; i++) {
		r = verify_file(command, line->operands[i]);
		if (i % PROGRESS_FILES == 0 && clock_monotonic_ns() >= due_ns) {
			progress_draw(&command->progress, "verifying", i + 1, line->operand_count);
			due_ns = clock_monotonic_ns() + PROGRESS_STEP_NS;
		}
	}
	progress_end(&command->progress);
	return r;
}

static int report(struct verify_command *command, const struct command_line *line)
{
	int r;

	verify_report_begin(&command->report, command->json);
	r = verify_all(command, line);
	if (r == 0)
		verify_report_end(&command->report, command->report.messages > 1);
	return r;
}

static int load_keys(struct verify_command *command)
{
	struct problem_place place = {.name = "--keys"};
	const char *path = command->keys_path;
	int r;

	if (path == NULL && command->context != NULL) {
		path = command->context->config->test_public_keys_file;
		place = signer_config_place(command->context->config, "TestPublicKeys");
	}
	if (path == NULL)
		return EX_OK;
	/* What is wrong in this file is what the person asks about: it is told at once. */
	command->settings.voice = SETTINGS_TELL;
	r = public_keys_load(path, place, &command->settings.problems, &command->records);
	if (r < 0)
		fprintf(stderr, "postseal verify: %s: %s\n", path, strerror(-r));
	return r == 0 ? EX_OK : r == -ENOMEM ? EX_OSERR : EX_CONFIG;
}

static bool can_have_keys(const struct verify_command *command)
{
	const struct signer_config *config = command->context->config;

	return command->records != NULL || config->key_table_set != NULL ||
	       config->key_file != NULL;
}

static int make_tools(struct verify_command *command)
{
	const struct verification_options options = {
		.now = (uint64_t)clock_realtime_s(),
		.clock_drift = CLOCK_DRIFT_S,
		.signatures_max = SIGNATURES_MAX,
		.fix_crlf = command->context->config->fix_crlf,
	};
	int r = core_dump_disable();

	if (r == 0)
		r = message_verifier_init(&command->verifier, &options);
	if (r == 0)
		r = key_finder_new(command->records, command->context, &command->finder);
	return r;
}

static int prepare(struct verify_command *command)
{
	int status = settings_read(&command->settings);
	int r;

	/* With --keys no key of the configuration is read, as a rule, and root's own mail must be. */
	if (status == EX_OK && command->keys_path == NULL)
		status = settings_become_user(&command->settings);
	if (status == EX_OK)
		status = settings_context(&command->settings, &command->context);
	if (status == EX_OK)
		status = load_keys(command);
	if (status == EX_OK && !can_have_keys(command))
		status = command_line_wrong(&form, "there are no keys to verify with: give --keys "
						   "FILE, or -x FILE with keys in it");
	if (status != EX_OK)
		return status;
	r = make_tools(command);
	if (r != 0)
		fprintf(stderr, "postseal verify: cannot start: %s\n", strerror(-r));
	return r == 0 ? EX_OK : EX_OSERR;
}

static int exit_code(const struct verify_command *command)
{
	if (command->unreadable > 0)
		return EX_NOINPUT;
	return command->report.passed == command->report.messages ? EX_OK : EX_DATAERR;
}

static int start(struct verify_command *command, const struct command_line *line)
{
	int status;
	int r;

	/* Lines for people are progress enough where they go to the same terminal. */
	progress_init(&command->progress);
	if (isatty(STDOUT_FILENO) || line->operand_count < 2)
		command->progress.shown = false;
	command->settings.has_no_default = command->keys_path != NULL;
	status = prepare(command);
	if (status != EX_OK)
		return status;
	r = report(command, line);
	if (r != 0) {
		fprintf(stderr, "postseal verify: %s\n", strerror(-r));
		return EX_OSERR;
	}
	return output_end(exit_code(command));
}

static int take_flag(void *arg, int flag, const char *value)
{
	struct verify_command *command = arg;

	switch (flag) {
	case FLAG_KEYS: command->keys_path = value; return EX_OK;
	case FLAG_JSON: command->json = true; return EX_OK;
	default: return settings_flag(&command->settings, &form, flag, value);
	}
}

int cmd_verify(int argc, char **argv)
{
	struct verify_command command = {0};
	struct command_line line;

	settings_init(&command.settings, SETTINGS_QUIET);
	command_line_init(&line, &form, argc, argv);
	if (command_line_read(&line, take_flag, &command))
		line.status = start(&command, &line);
	key_finder_free(command.finder);
	public_keys_free(command.records);
	signing_context_unref(command.context);
	message_verifier_deinit(&command.verifier);
	settings_close(&command.settings);
	return line.status;
}
