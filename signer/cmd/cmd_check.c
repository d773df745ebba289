/*
 * postseal check: everything that would go wrong, before it does.
 *
 * How it works: the steps are those of a start, in its order, and as the user that the daemon would be:
 * only so it shows what that user cannot read.
 */
#include "signer/cmd/check_keys.h"
#include "signer/cmd/check_report.h"
#include "signer/cmd/check_spool.h"
#include "signer/cmd/command.h"
#include "signer/cmd/output.h"
#include "signer/cmd/process.h"
#include "signer/cmd/progress.h"
#include "signer/cmd/service.h"
#include "signer/cmd/settings.h"

#include "common/cpus.h"
#include "common/ring.h"
#include "signer/keys/core_dump.h"
#include "signer/keys/sign_engine_choice.h"
#include "signer/message/signing_threads.h"
#include "signer/milter/milter_address.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FLAG_JSON = COMMAND_LINE_LONG,
};

struct check_command {
	struct settings settings;
	struct check_report report;
	struct progress progress;
	size_t lane_keys; /* found, that lanes can sign with */
	bool json;
};

static const struct command_flag flags[] = {
	SETTINGS_FLAG_CONFIG,
	SETTINGS_FLAG_OPTION,
	{FLAG_JSON, "json", NULL, "the report as JSON on stdout"},
};

static const struct command_form form = {
	.name = "postseal check",
	.synopsis = "[-x FILE] [-o NAME=VALUE] [--json]",
	.purpose = "Finds everything that would go wrong, before it does: the configuration, every "
		   "row\n"
		   "of the tables, every key, the spool directory, the engines. As root it looks "
		   "with\n"
		   "the eyes of UserID.",
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
	.notes = "Exit status: 0 no errors (there may be warnings), 78 errors.",
};

static const struct problem_place nowhere;

static void take_problem(void *arg, const struct problem *problem)
{
	struct check_command *command = arg;

	check_report_add(&command->report,
			 problem->level == PROBLEM_WARNING ? CHECK_WARNING : CHECK_ERROR,
			 problem->place, "%s", problem->text);
}

/* The directory that a file would be made in. */
static void check_parent(struct check_command *command, const struct signer_config *config,
			 const char *option, const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');

	snprintf(parent, sizeof(parent), "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
		 slash == NULL ? "." : path);
	if (access(parent, W_OK | X_OK) != 0)
		check_report_add(&command->report, CHECK_ERROR, signer_config_place(config, option),
				 "%s: a file cannot be made there: %s", parent, strerror(errno));
}

static void check_socket(struct check_command *command, const struct signer_config *config)
{
	struct problem_place place = signer_config_place(config, "Socket");
	struct milter_addresses addresses;
	char why[MILTER_ADDRESS_WHY];

	if (milter_addresses_parse(config->socket, &addresses, why) != 0)
		check_report_add(&command->report, CHECK_ERROR, place, "%s", why);
	else if (config->mode_verify)
		check_report_add(&command->report, CHECK_WARNING, place, "%s",
				 SERVICE_NOT_VERIFIED);
}

static void check_process_options(struct check_command *command, const struct signer_config *config)
{
	struct check_report *report = &command->report;
	struct stat status;

	if (config->base_directory != NULL &&
	    (stat(config->base_directory, &status) != 0 || !S_ISDIR(status.st_mode)))
		check_report_add(report, CHECK_ERROR, signer_config_place(config, "BaseDirectory"),
				 "%s: is not a directory", config->base_directory);
	if (config->pid_file != NULL)
		check_parent(command, config, "PidFile", config->pid_file);
	if (config->background && !config->syslog)
		check_report_add(report, CHECK_WARNING, signer_config_place(config, "Syslog"),
				 "a daemon in the background without Syslog logs nowhere");
	if (config->socket != NULL)
		check_socket(command, config);
	if (config->spool_directory == NULL && config->socket == NULL)
		check_report_add(
			report, CHECK_WARNING, nowhere,
			"neither Socket nor SpoolDirectory is set: the daemon has nothing to do");
}

/* From here on this process is what the daemon would be. */
static bool enter(struct check_command *command, const struct signer_config *config)
{
	struct check_report *report = &command->report;
	struct process process;
	char why[PROCESS_WHY_SIZE];

	check_report_section(report, "process");
	check_process_options(command, config);
	if (process_find(config, &process, why) != EX_OK) {
		check_report_add(report, CHECK_ERROR, nowhere, "%s", why);
		return false;
	}
	if ((process.changes_user || config->change_root_directory != NULL) && geteuid() != 0) {
		check_report_add(report, CHECK_WARNING, nowhere,
				 "this is not root, so what follows is not seen with the eyes of "
				 "UserID and ChangeRootDirectory");
		return true;
	}
	if (process_enter(&process, why) != EX_OK) {
		check_report_add(report, CHECK_ERROR, nowhere, "%s", why);
		return false;
	}
	if (process.changes_user)
		check_report_add(report, CHECK_OK, signer_config_place(config, "UserID"),
				 "what follows was looked at as %s", config->user_id);
	return true;
}

static void report_tables(struct check_command *command, const struct signing_context *context)
{
	const struct key_table *table = signing_rules_key_table(context->rules);
	const struct signer_config *config = context->config;

	if (signing_rules_broken_count(context->rules) > 0)
		return; /* each row has been told */
	if (table != NULL)
		check_report_add(&command->report, CHECK_OK, nowhere,
				 "SigningTable and KeyTable: no broken rows, %zu key row%s",
				 key_table_count(table), key_table_count(table) == 1 ? "" : "s");
	else if (config->domain_set != NULL)
		check_report_add(&command->report, CHECK_OK, nowhere, "Domain %s, Selector %s",
				 config->domain_set,
				 config->selector == NULL ? "(none)" : config->selector);
}

static enum ring_engine_kind engine_kind(enum signer_io_engine engine)
{
	switch (engine) {
	case SIGNER_IO_AUTO: return RING_ENGINE_AUTO;
	case SIGNER_IO_URING: return RING_ENGINE_IO_URING;
	case SIGNER_IO_THREADS: return RING_ENGINE_THREADS;
	}
	return RING_ENGINE_AUTO;
}

/* From how many signatures on lanes pay, for each size. */
static void check_lanes(struct check_command *command, const struct lanes_engine *lanes)
{
	char text[LANES_ENGINE_NOTICE_SIZE];

	for (unsigned bits = 1024; bits <= RSA_LANE_BITS_MAX; bits += 1024) {
		lanes_engine_describe(lanes, sign_task_kind_of_bits(bits), text);
		check_report_add(&command->report, CHECK_OK, nowhere, "%s", text);
	}
}

/* Whether there is locked memory for so many threads, and for the keys: as a start would take it. */
static int check_locked_memory(struct check_command *command, struct lanes_engine *lanes,
			       unsigned threads)
{
	const struct sign_engine *engine = lanes_engine_as_engine(lanes);
	void **workers = calloc(threads, sizeof(*workers));
	char text[LANES_ENGINE_NOTICE_SIZE];
	unsigned count = 0;
	int r = workers == NULL ? -ENOMEM : 0;

	while (r == 0 && count < threads) {
		r = engine->worker_new(engine, &workers[count]);
		count += r == 0;
	}
	if (r == 0)
		lanes_engine_lock_keys(lanes);
	while (r == 0 && lanes_engine_take_notice(lanes, text))
		check_report_add(&command->report, CHECK_WARNING, nowhere, "%s", text);
	while (count > 0)
		engine->worker_free(workers[--count]);
	free(workers);
	return r;
}

static void check_sign_engine(struct check_command *command, const struct signer_config *config,
			      unsigned threads)
{
	struct problem_place place = signer_config_place(config, "SignEngine");
	struct problem_place cache_place = signer_config_place(config, "LaneCacheSize");
	struct sign_engine_choice choice;
	int r = sign_engine_choice_init(&choice, config->sign_engine != SIGNER_SIGN_OPENSSL,
					(size_t)config->lane_cache_size);

	if (r != 0) {
		check_report_add(&command->report, CHECK_ERROR, cache_place,
				 "no room for so many keys: %s", strerror(-r));
		return;
	}
	if (choice.lanes != NULL && command->lane_keys > (size_t)config->lane_cache_size)
		check_report_add(&command->report, CHECK_WARNING, cache_place,
				 "%" PRId64
				 " is less than the %zu RSA keys that can sign in lanes: "
				 "keys will be brought into that form again and again",
				 config->lane_cache_size, command->lane_keys);
	if (choice.lanes != NULL)
		r = lanes_engine_learn(choice.lanes);
	if (r == 0 && choice.lanes != NULL)
		r = check_locked_memory(command, choice.lanes, threads);
	if (r != 0)
		check_report_add(&command->report, CHECK_ERROR, place, "cannot start: %s",
				 strerror(-r));
	else if (choice.lanes != NULL)
		check_lanes(command, choice.lanes);
	else
		check_report_add(
			&command->report,
			config->sign_engine == SIGNER_SIGN_LANES ? CHECK_WARNING : CHECK_OK, place,
			"RSA: one signature at a time, by OpenSSL: %s", choice.reason);
	sign_engine_choice_deinit(&choice);
}

static void check_engines(struct check_command *command, const struct signer_config *config)
{
	const struct ring_config ring_config = {
		.engine = engine_kind(config->io_engine),
		.entries = 64,
		.workers = 1,
		.allowed = RING_FILE_OPS | RING_BIT(RING_POLL) | RING_BIT(RING_CALL),
	};
	struct signing_threads threads = signing_threads_of(config, cpus_allowed());
	struct ring *ring;
	int r = ring_new(&ring_config, &ring);

	check_report_section(&command->report, "engines");
	if (r != 0) {
		check_report_add(&command->report, CHECK_ERROR,
				 signer_config_place(config, "IoEngine"), "not to be had here: %s",
				 strerror(-r));
	} else {
		check_report_add(&command->report, CHECK_OK, nowhere, "I/O: %s",
				 ring_engine_reason(ring));
		ring_free(ring);
	}
	check_report_add(&command->report, CHECK_OK, nowhere,
			 "I/O threads: %u, signing threads: %u", threads.io, threads.sign);
	check_sign_engine(command, config, threads.io + threads.sign);
}

static int check_parts(struct check_command *command)
{
	struct signing_context *context;
	int r;

	if (!enter(command, command->settings.config))
		return EX_CONFIG;
	if (core_dump_disable() != 0)
		return EX_OSERR;
	check_report_section(&command->report, "tables");
	r = settings_context(&command->settings, &context);
	if (r != EX_OK)
		return r;
	report_tables(command, context);
	check_report_section(&command->report, "keys");
	r = check_keys(context, &command->report, &command->progress, &command->lane_keys);
	if (r != 0)
		check_report_add(&command->report, CHECK_ERROR, nowhere,
				 "the keys could not be checked: %s", strerror(-r));
	check_report_section(&command->report, "spool");
	if (context->config->spool_directory != NULL)
		check_spool(context->config, &command->report);
	check_engines(command, context->config);
	signing_context_unref(context);
	return EX_OK;
}

static int check(struct check_command *command)
{
	const char *file = settings_file(&command->settings);
	struct check_report *report = &command->report;
	int status;

	check_report_begin(report, command->json);
	check_report_section(report, "configuration");
	command->settings.sink = take_problem;
	command->settings.sink_arg = command;
	status = settings_read(&command->settings);
	if (file == NULL)
		check_report_add(report, CHECK_WARNING, nowhere,
				 "there is no configuration: no -x, and no " SETTINGS_FILE_DEFAULT);
	else if (status == EX_OK)
		check_report_add(report, CHECK_OK, (struct problem_place){.file = file},
				 "no errors");
	if (status == EX_OK)
		status = check_parts(command);
	if (status == EX_OK && report->counts[CHECK_ERROR] > 0)
		status = EX_CONFIG;
	check_report_end(report);
	return output_end(status);
}

static int take_flag(void *arg, int flag, const char *value)
{
	struct check_command *command = arg;

	switch (flag) {
	case FLAG_JSON: command->json = true; return EX_OK;
	default: return settings_flag(&command->settings, &form, flag, value);
	}
}

int cmd_check(int argc, char **argv)
{
	struct check_command command = {0};
	struct command_line line;

	settings_init(&command.settings, SETTINGS_TELL);
	progress_init(&command.progress);
	command_line_init(&line, &form, argc, argv);
	if (command_line_read(&line, take_flag, &command))
		line.status = check(&command);
	settings_close(&command.settings);
	return line.status;
}
