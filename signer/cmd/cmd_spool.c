/*
 * postseal spool: signs what is in DIR/in. With --once until that is empty, else until it is stopped.
 */
#include "common/json_stream.h"
#include "signer/cmd/command.h"
#include "signer/cmd/output.h"
#include "signer/cmd/progress.h"
#include "signer/cmd/service.h"
#include "signer/cmd/settings.h"

#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	FLAG_ONCE = COMMAND_LINE_LONG,
	FLAG_JSON,
};

struct spool_command {
	struct settings settings;
	bool once;
	bool json;
	struct progress progress;
};

static const struct command_flag flags[] = {
	SETTINGS_FLAG_CONFIG,
	SETTINGS_FLAG_OPTION,
	{FLAG_ONCE, "once", NULL, "stop when DIR/in is empty; without it, wait for more"},
	{FLAG_JSON, "json", NULL, "the summary as JSON on stdout"},
};

static const struct command_form form = {
	.name = "postseal spool",
	.synopsis = "[-x FILE] [-o NAME=VALUE] [--once] [--json] [DIR]",
	.purpose =
		"Signs the messages in DIR/in and hands them on in DIR/out. DIR is SpoolDirectory\n"
		"where it is not given. What can never be signed goes to DIR/failed, with the\n"
		"reason beside it.",
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
	.notes = "Signals: SIGTERM and SIGINT end it with nothing half done, SIGHUP and SIGUSR1 "
		 "read\n"
		 "the configuration again.\n"
		 "Exit status with --once: 0 all was signed or passed, 65 something went to\n"
		 "DIR/failed, 75 something had to stay in DIR/in.",
	.operands_max = 1,
};

static void show_progress(void *arg, const struct spool_result *so_far, uint64_t left)
{
	struct spool_command *command = arg;
	uint64_t done = so_far->released_units + so_far->passed_units + so_far->failed_units;

	progress_draw(&command->progress, "signing", done, done + left);
}

static void print_json(const struct service_result *ran)
{
	const struct spool_result *result = &ran->spool;
	const struct unit_counts *messages = &result->messages;
	struct json_stream json;

	json_stream_init(&json, stdout, JSON_STREAM_ITEM_A_LINE);
	json_stream_begin(&json, NULL, '{');
	json_stream_number(&json, "signed", messages->signed_count);
	json_stream_number(&json, "passed", messages->passed_count);
	json_stream_number(&json, "already_signed", messages->already_signed_count);
	json_stream_number(&json, "failed", messages->refused_count);
	json_stream_number(&json, "units_out", result->released_units + result->passed_units);
	json_stream_number(&json, "units_failed", result->failed_units);
	json_stream_number(&json, "units_stayed", result->stayed_units);
	json_stream_number(&json, "batches", result->batches);
	json_stream_number(&json, "signatures_in_lanes", ran->signatures.in_lanes);
	json_stream_number(&json, "signatures_made_again", ran->signatures.made_again);
	json_stream_number(&json, "log_lines_dropped", log_dropped());
	json_stream_seconds(&json, "seconds", result->seconds);
	json_stream_string(&json, "error", ran->has_failed ? ran->why : NULL);
	json_stream_end(&json, '}');
}

static void print_summary(const struct spool_result *result)
{
	const struct unit_counts *messages = &result->messages;
	double rate = result->seconds > 0 ? (double)messages->signed_count / result->seconds : 0;

	printf("%" PRIu64 " signed, %" PRIu64 " passed, %" PRIu64 " already signed, %" PRIu64
	       " failed, %" PRIu64 " stay in in/  (%.2f s, %.0f signed/s)\n",
	       messages->signed_count, messages->passed_count, messages->already_signed_count,
	       messages->refused_count, result->stayed_units, result->seconds, rate);
}

static void report(const struct spool_command *command, const struct service_result *result)
{
	if (result->has_failed)
		fprintf(stderr, "postseal: %s\n", result->why);
	if (command->json)
		print_json(result);
	else if (command->once && !result->has_failed)
		print_summary(&result->spool);
}

static int run(struct spool_command *command, struct signing_context *context, const char *path)
{
	const struct log_config log_config = {
		.target = LOG_TARGET_STDERR,
		.level = command->once ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		.before = command->once && command->progress.shown ? PROGRESS_ERASE : NULL,
	};
	const struct service_options options = {
		.settings = &command->settings,
		.spool_path = path,
		.once = command->once,
		.progress = command->once && command->progress.shown ? show_progress : NULL,
		.arg = command,
	};
	struct service_result result;
	int status;

	/* Files get the modes that they are made with, unless UMask takes something off. */
	umask(context->config->umask_bits >= 0 ? (mode_t)context->config->umask_bits : 0);
	command->settings.voice = SETTINGS_LOG;
	if (log_open(&log_config) != 0)
		fputs("postseal: no memory for the log, lines go to stderr at once\n", stderr);
	status = service_run(&options, context, &result);
	progress_end(&command->progress);
	log_close();
	report(command, &result);
	return output_end(status);
}

static int start(struct spool_command *command, const struct command_line *line)
{
	struct signing_context *context = NULL;
	const char *path;
	int r;

	service_hold_signals();
	r = settings_read(&command->settings);
	if (r == EX_OK)
		r = settings_become_user(&command->settings);
	if (r == EX_OK)
		r = settings_context(&command->settings, &context);
	if (r != EX_OK)
		return r;
	path = line->operand_count > 0 ? line->operands[0] : context->config->spool_directory;
	if (path == NULL)
		r = command_line_wrong(&form, "give a directory, or set SpoolDirectory");
	else
		r = run(command, context, path);
	signing_context_unref(context);
	return r;
}

static int take_flag(void *arg, int flag, const char *value)
{
	struct spool_command *command = arg;

	switch (flag) {
	case FLAG_ONCE: command->once = true; return EX_OK;
	case FLAG_JSON: command->json = true; return EX_OK;
	default: return settings_flag(&command->settings, &form, flag, value);
	}
}

int cmd_spool(int argc, char **argv)
{
	struct spool_command command = {0};
	struct command_line line;

	settings_init(&command.settings, SETTINGS_TELL);
	progress_init(&command.progress);
	command_line_init(&line, &form, argc, argv);
	if (command_line_read(&line, take_flag, &command))
		line.status = start(&command, &line);
	settings_close(&command.settings);
	return line.status;
}
