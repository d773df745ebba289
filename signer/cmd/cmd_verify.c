/*
 * postseal verify: the signatures of messages, with keys from a file or from the configuration.
 *
 * How it works: a message passes by once, in pieces; everything is made once and used for all of
 * them. What is found is written as soon as it is known, one line or JSON object a signature.
 */
#include "signer/cmd/command.h"
#include "signer/cmd/input.h"
#include "signer/cmd/json_stream.h"
#include "signer/cmd/key_finder.h"
#include "signer/cmd/output.h"
#include "signer/cmd/progress.h"
#include "signer/cmd/settings.h"

#include "common/clock.h"
#include "signer/dkim/message_reader.h"
#include "signer/keys/core_dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEADER_SIZE_MAX	 ((size_t)16 << 20)
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
	struct json_stream writer;
	struct progress progress;

	struct signing_context *context; /* NULL: there is no configuration */
	struct public_keys *records;	 /* NULL: there is no file */
	struct key_finder *finder;
	struct header header;
	struct message_reader reader;
	struct verification verification;
	struct verification_options options;

	uint64_t messages;
	uint64_t passed;
	uint64_t unreadable;
};

static const struct command_flag flags[] = {
	SETTINGS_FLAG_CONFIG,
	SETTINGS_FLAG_OPTION,
	{FLAG_KEYS, "keys", "FILE",
	 "key records, a line each: SELECTOR._domainkey.DOMAIN RECORD (TestPublicKeys)"},
	{FLAG_JSON, "json", NULL, "what was found as JSON on stdout"},
};

static const struct command_form form = {
	.name = "postseal verify",
	.synopsis = "[-x FILE] [-o NAME=VALUE] [--keys FILE] [--json] [FILE...]",
	.purpose =
		"Says of each signature of each message (stdin, or FILE...) whether it is good, "
		"and\n"
		"if not, why. Keys come from --keys or TestPublicKeys, and then from the keys "
		"that\n"
		"the configuration signs with; nothing is looked up in the DNS. With --keys and\n"
		"without -x no configuration is read.",
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
	.notes = "Exit status: 0 every message has a signature that passes, 65 one has not, 66 a "
		 "FILE\n"
		 "cannot be read, 78 configuration.",
	.operands_max = SIZE_MAX,
};

/* One word of four for each status. */
static const char *result_word(enum verification_status status)
{
	switch (status) {
	case VERIFICATION_PASS: return "pass";
	case VERIFICATION_BODY_SHORT:
	case VERIFICATION_BODY_DIFFERS: return "fail (body)";
	case VERIFICATION_HEADER_DIFFERS: return "fail (header)";
	case VERIFICATION_NO_KEY: return "no key";
	case VERIFICATION_NEEDS_BODY:
	case VERIFICATION_NEEDS_KEY:
	case VERIFICATION_MALFORMED:
	case VERIFICATION_EXPIRED:
	case VERIFICATION_FROM_FUTURE:
	case VERIFICATION_KEY_MALFORMED:
	case VERIFICATION_KEY_REVOKED:
	case VERIFICATION_KEY_TYPE:
	case VERIFICATION_KEY_HASH:
	case VERIFICATION_KEY_SERVICE:
	case VERIFICATION_KEY_SUBDOMAIN:
	case VERIFICATION_KEY_SMALL: break;
	}
	return "invalid";
}

static const char *reason_of(const struct verification_result *result, const char *why)
{
	if (why[0] != '\0')
		return why;
	if (result->status == VERIFICATION_MALFORMED)
		return dkim_signature_reason(result->reason);
	return verification_status_text(result->status);
}

static void print_line(const char *name, const struct verification_result *result, const char *why)
{
	const struct dkim_signature *signature = &result->signature;

	output_text(stdout, bytes_of_string(name));
	printf(": %s", result_word(result->status));
	if (result->status != VERIFICATION_MALFORMED) {
		fputs(" d=", stdout);
		output_text(stdout, signature->domain);
		fputs(" s=", stdout);
		output_text(stdout, signature->selector);
		printf(" a=%s", dkim_algorithm_name(signature->algorithm));
	}
	if (result->status != VERIFICATION_PASS) {
		fputs(": ", stdout);
		output_text(stdout, bytes_of_string(reason_of(result, why)));
	}
	putchar('\n');
}

static void print_object(struct json_stream *json, const struct verification_result *result,
			 unsigned bits, const char *why)
{
	const struct dkim_signature *signature = &result->signature;

	json_stream_begin(json, NULL, '{');
	json_stream_bool(json, "pass", result->status == VERIFICATION_PASS);
	json_stream_string(json, "status", verification_status_name(result->status));
	json_stream_string(json, "reason",
			   result->status == VERIFICATION_PASS ? NULL : reason_of(result, why));
	if (result->status != VERIFICATION_MALFORMED) {
		json_stream_bytes(json, "domain", signature->domain);
		json_stream_bytes(json, "selector", signature->selector);
		json_stream_bytes(json, "identity", buffer_bytes(&signature->identity));
		json_stream_string(json, "algorithm", dkim_algorithm_name(signature->algorithm));
		json_stream_string(json, "header_canonicalization",
				   canonicalization_name(signature->header_canonicalization));
		json_stream_string(json, "body_canonicalization",
				   canonicalization_name(signature->body_canonicalization));
	}
	if (bits != 0)
		json_stream_number(json, "key_bits", bits);
	json_stream_end(json, '}');
}

/* One signature: finds its key if it needs one, and tells. */
static int judge(struct verify_command *command, const char *name, size_t index, bool *passes)
{
	const struct verification_result *result = verification_result(&command->verification,
								       index);
	char why[KEY_FINDER_WHY_SIZE] = "";
	unsigned bits = 0;

	if (result->status == VERIFICATION_NEEDS_KEY) {
		enum verification_status status;
		int r = key_finder_judge(command->finder, result, &status, &bits, why);

		if (r != 0)
			return r;
		verification_set(&command->verification, index, status);
	}
	if (result->status == VERIFICATION_PASS)
		*passes = true;
	if (command->json)
		print_object(&command->writer, result, bits, why);
	else
		print_line(name, result, why);
	return 0;
}

static void begin_message(struct verify_command *command, const char *name)
{
	if (!command->json)
		return;
	json_stream_begin(&command->writer, NULL, '{');
	json_stream_string(&command->writer, "file", name);
	json_stream_begin(&command->writer, "signatures", '[');
}

/* `fault` NULL: the message could be read. */
static void end_message(struct verify_command *command, const char *name, bool passes,
			const char *fault)
{
	size_t count = fault == NULL ? verification_count(&command->verification) : 0;
	size_t skipped = fault == NULL ? verification_skipped(&command->verification) : 0;

	command->messages++;
	command->passed += passes;
	if (command->json) {
		json_stream_end(&command->writer, ']');
		json_stream_bool(&command->writer, "pass", passes);
		json_stream_number(&command->writer, "skipped", skipped);
		json_stream_string(&command->writer, "error", fault);
		json_stream_end(&command->writer, '}');
		return;
	}
	if (fault != NULL || count == 0) {
		output_text(stdout, bytes_of_string(name));
		printf(": %s\n", fault != NULL ? fault : "none: the message has no signature");
	}
	if (skipped > 0) {
		output_text(stdout, bytes_of_string(name));
		printf(": %zu more signatures were not looked at\n", skipped);
	}
}

/* What is wrong with the message as a whole, in `fault`. */
static int message_fault(struct verify_command *command, int r, char fault[KEY_FINDER_WHY_SIZE])
{
	if (r < 0)
		return r;
	if (message_reader_is_done(&command->reader))
		snprintf(fault, KEY_FINDER_WHY_SIZE, "malformed: its body has a CR without LF");
	else if (r == MESSAGE_E_NO_HEADER)
		snprintf(fault, KEY_FINDER_WHY_SIZE, "malformed: %s", message_reader_reason(r));
	else
		snprintf(fault, KEY_FINDER_WHY_SIZE, "malformed: line %" PRIu64 ": %s",
			 message_reader_lines(&command->reader), message_reader_reason(r));
	return 0;
}

static int push(struct verify_command *command, struct bytes piece)
{
	size_t consumed;
	int r;

	if (!message_reader_is_done(&command->reader)) {
		r = message_reader_push(&command->reader, piece, &consumed);
		if (r != 0)
			return r;
		piece = bytes_skip(piece, consumed);
		if (!message_reader_is_done(&command->reader))
			return 0;
		r = verification_start(&command->verification, &command->header, &command->options);
		if (r != 0)
			return r;
	}
	return verification_push(&command->verification, piece);
}

static int push_end(struct verify_command *command)
{
	int r;

	if (!message_reader_is_done(&command->reader)) {
		r = message_reader_finish(&command->reader);
		if (r == 0)
			r = verification_start(&command->verification, &command->header,
					       &command->options);
		if (r != 0)
			return r;
	}
	return verification_finish(&command->verification);
}

static int hash_message(struct verify_command *command, struct input *input, bool *is_readable)
{
	struct bytes piece;
	int r;

	message_reader_start(&command->reader, &command->header, command->options.fix_crlf);
	for (;;) {
		r = input_read(input, &piece);
		*is_readable = r == 0;
		if (r == 0 && piece.size == 0)
			return push_end(command);
		if (r == 0)
			r = push(command, piece);
		if (r != 0)
			return r;
	}
}

/* -errno is for what has nothing to do with the message. */
static int verify_file(struct verify_command *command, const char *operand)
{
	char fault[KEY_FINDER_WHY_SIZE] = "";
	bool passes = false;
	struct input input;
	int r = input_open(&input, operand);
	bool is_readable = r == 0;
	const char *name = input.name;

	if (is_readable)
		r = hash_message(command, &input, &is_readable);
	input_close(&input);
	begin_message(command, name);
	if (!is_readable) {
		snprintf(fault, sizeof(fault), "cannot read: %s", strerror(-r));
		fprintf(stderr, "postseal verify: %s: %s\n", name, fault);
		command->unreadable++;
		r = 0;
	} else if (r != 0) {
		r = message_fault(command, r, fault);
	} else {
		for (size_t i = 0; r == 0 && i < verification_count(&command->verification); i++)
			r = judge(command, name, i, &passes);
	}
	if (r == 0)
		end_message(command, name, passes, fault[0] == '\0' ? NULL : fault);
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

	if (command->json) {
		json_stream_init(&command->writer, stdout);
		json_stream_begin(&command->writer, NULL, '{');
		json_stream_begin(&command->writer, "messages", '[');
	}
	r = verify_all(command, line);
	if (r != 0)
		return r;
	if (command->json) {
		json_stream_end(&command->writer, ']');
		json_stream_number(&command->writer, "passed", command->passed);
		json_stream_number(&command->writer, "not_passed",
				   command->messages - command->passed);
		json_stream_end(&command->writer, '}');
	} else if (line->operand_count > 1) {
		printf("%" PRIu64 " of %" PRIu64 " messages have a signature that passes\n",
		       command->passed, command->messages);
	}
	return 0;
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

static int prepare(struct verify_command *command)
{
	int status = settings_read(&command->settings);
	int r;

	if (status == EX_OK)
		status = settings_context(&command->settings, &command->context);
	if (status == EX_OK)
		status = load_keys(command);
	if (status == EX_OK && !can_have_keys(command))
		status = command_line_wrong(&form, "there are no keys to verify with: give --keys "
						   "FILE, or -x FILE with keys in it");
	if (status != EX_OK)
		return status;
	command->options = (struct verification_options){
		.now = (uint64_t)clock_realtime_s(),
		.clock_drift = CLOCK_DRIFT_S,
		.signatures_max = SIGNATURES_MAX,
		.fix_crlf = command->context->config->fix_crlf,
	};
	header_init(&command->header, HEADER_SIZE_MAX);
	message_reader_init(&command->reader);
	r = core_dump_disable();
	if (r == 0)
		r = verification_init(&command->verification);
	if (r == 0)
		r = key_finder_new(command->records, command->context, &command->finder);
	if (r != 0)
		fprintf(stderr, "postseal verify: cannot start: %s\n", strerror(-r));
	return r == 0 ? EX_OK : EX_OSERR;
}

static int exit_code(const struct verify_command *command)
{
	if (command->unreadable > 0)
		return EX_NOINPUT;
	return command->passed == command->messages ? EX_OK : EX_DATAERR;
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
	verification_deinit(&command.verification);
	message_reader_deinit(&command.reader);
	header_deinit(&command.header);
	settings_close(&command.settings);
	return line.status;
}
