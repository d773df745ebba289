/*
 * postseal without a subcommand: the daemon that listens at Socket and watches SpoolDirectory, with OpenDKIM's flags.
 *
 * How it works: the flags become options, as a last line of the file would set them. The order of the
 * start matters: the configuration is read while all of the system is in sight; then the terminal is
 * left, the process ID written, the supervisor started; and the process that works gives up its rights
 * before it opens a table, so that what it could not read again at a reload is known at once.
 */
#include "signer/cmd/background.h"
#include "signer/cmd/command.h"
#include "signer/cmd/key_reference.h"
#include "signer/cmd/output.h"
#include "signer/cmd/pid_file.h"
#include "signer/cmd/process.h"
#include "signer/cmd/service.h"
#include "signer/cmd/settings.h"
#include "signer/cmd/supervisor.h"
#include "signer/cmd/version.h"

#include "common/log.h"
#include "signer/keys/core_dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_NAME "postseal"

struct daemon {
	struct settings settings;
	struct process process;
	struct background background;
	const char *extract;	      /* -e */
	bool checks_only;	      /* -n */
	bool shows_version;	      /* -V */
	bool is_verbose;	      /* -v */
	pid_t supervisor;	      /* 0: there is none */
	struct supervisor_mark *mark; /* NULL: there is none */

	/* Copies of what outlives the first configuration, because no reload changes it. */
	char *file; /* the absolute path of the configuration */
	char *spool_directory;
	char *sockets;
	char *pid_file;
	char *log_name;
	bool logs_to_syslog;
	int log_facility;
	bool changes_root;
};

/* What a letter of OpenDKIM's says of which option. */
static const struct option_flag {
	int letter;
	const char *name;
	const char *value; /* NULL: the flag has one */
} option_flags[] = {
	{'A', "AutoRestart", "yes"},	 {'b', "Mode", NULL},
	{'c', "Canonicalization", NULL}, {'d', "Domain", NULL},
	{'D', "SubDomains", "yes"},	 {'f', "Background", "no"},
	{'k', "KeyFile", NULL},		 {'l', "Syslog", "yes"},
	{'L', "Minimum", NULL},		 {'p', "Socket", NULL},
	{'P', "PidFile", NULL},		 {'r', "RequiredHeaders", "yes"},
	{'s', "Selector", NULL},	 {'S', "SignatureAlgorithm", NULL},
	{'T', "DNSTimeout", NULL},	 {'u', "UserID", NULL},
	{'W', "LogWhy", "yes"},
};

static const struct command_flag flags[] = {
	SETTINGS_FLAG_CONFIG,
	{'o', "option", "NAME=VALUE",
	 "as a last line of the file would; a value without = is OmitHeaders"},
	{'f', NULL, NULL, "stay in the foreground (Background no)"},
	{'n', NULL, NULL, "only check configuration and tables: exit status 0 or 78"},
	{'l', NULL, NULL, "log to syslog (Syslog yes)"},
	{'P', NULL, "FILE", "write the process ID there (PidFile)"},
	{'u', NULL, "USER[:GROUP]", "become that user (UserID)"},
	{'e', NULL, "NAME", "print the value of an option and exit"},
	{'v', NULL, NULL, "log more"},
	{'V', NULL, NULL, "print version and features and exit"},
	{'A', NULL, NULL, "start again after a failure (AutoRestart yes)"},
	{'b', NULL, "MODES", "s to sign, v to verify, or both (Mode)"},
	{'c', NULL, "CANON", "canonicalization, HEADER/BODY (Canonicalization)"},
	{'d', NULL, "DOMAINS", "sign for these (Domain)"},
	{'D', NULL, NULL, "and for their subdomains (SubDomains yes)"},
	{'k', NULL, "KEYFILE", "with this private key (KeyFile)"},
	{'s', NULL, "SELECTOR", "of this selector (Selector)"},
	{'S', NULL, "ALGORITHM", "rsa-sha256 or ed25519-sha256 (SignatureAlgorithm)"},
	{'p', NULL, "SOCKET", "where a milter listens (Socket)"},
	{'r', NULL, NULL, "refuse messages that RFC 5322 forbids (RequiredHeaders yes)"},
	{'W', NULL, NULL, "log why a message is signed or not (LogWhy yes)"},
	{'L', NULL, "MIN", "of verifiers only: has no effect (Minimum)"},
	{'T', NULL, "SECONDS", "of verifiers only: has no effect (DNSTimeout)"},
	{'X', NULL, NULL, "taken and without effect: no option is deprecated"},
	{'F', NULL, "TIME", NULL},
	{'Q', NULL, NULL, NULL},
	{'t', NULL, "FILES", NULL},
};

static const struct command_form form = {
	.name = "postseal",
	.help = command_help,
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
};

static int take_flag(void *arg, int flag, const char *value)
{
	struct daemon *daemon = arg;
	for (size_t i = 0; i < ARRAY_COUNT(option_flags); i++) {
		const struct option_flag *known = &option_flags[i];

		if (known->letter == flag)
			return settings_override(&daemon->settings, &form, known->name,
						 known->value != NULL ? known->value : value);
	}
	switch (flag) {
	case 'n': daemon->checks_only = true; return EX_OK;
	case 'e': daemon->extract = value; return EX_OK;
	case 'v': daemon->is_verbose = true; return EX_OK;
	case 'V': daemon->shows_version = true; return EX_OK;
	case 'X': return EX_OK;
	case 'F':
	case 't':
		return command_line_wrong(&form, "-%c: to verify messages: postseal verify FILE...",
					  flag);
	case 'Q': return command_line_wrong(&form, "-Q: to query the tables: postseal explain");
	case 'o':
		if (strchr(value, '=') == NULL)
			return settings_override(&daemon->settings, &form, "OmitHeaders", value);
		return settings_flag(&daemon->settings, &form, flag, value);
	default: return settings_flag(&daemon->settings, &form, flag, value);
	}
}

static int say(int status, const char *what, const char *why)
{
	fprintf(stderr, "postseal: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
	return status;
}

/* -e */
static int extract(struct daemon *daemon)
{
	struct buffer text = {0};
	int r = settings_read(&daemon->settings);

	if (r != EX_OK)
		return r;
	r = signer_config_print_value(daemon->settings.config, daemon->extract, &text);
	if (r == SIGNER_CONFIG_E_INVALID)
		return command_line_wrong(&form, "-e %s: there is no such option", daemon->extract);
	if (r == 0 && text.size > 0)
		printf("%.*s\n", BYTES_PRINTF(buffer_bytes(&text)));
	buffer_deinit(&text);
	return r == 0 ? output_end(EX_OK) : say(EX_OSERR, "cannot print", strerror(-r));
}

static const char nothing_to_do[] =
	"neither Socket nor SpoolDirectory is set, so there is nothing to do";

static bool has_work(const struct signer_config *config)
{
	return config->socket != NULL || config->spool_directory != NULL;
}

/*
 * Tries KeyFile, which all mail needs. (A KeyTable may name a hundred thousand keys: they are tried when
 * mail needs them, and by check.)
 */
static int try_key_file(struct daemon *daemon, const struct signing_context *context)
{
	const struct signer_config *config = context->config;
	struct problem_place place = signer_config_place(config, "KeyFile");
	struct key_problem problem;
	struct key *key = NULL;
	int r;

	if (config->key_file == NULL || config->key_table_set != NULL)
		return 0;
	r = key_reference_load(context->keys, config->key_file, bytes_of(NULL, 0), &key, &problem);
	if (r > 0)
		problems_error(&daemon->settings.problems, place, "%s", problem.text);
	else if (r == 0 && problem.text[0] != '\0')
		problems_warning(&daemon->settings.problems, place, "%s", problem.text);
	key_unref(key);
	return r;
}

/* -n: all that a start would read, and every row of it. */
static int check_only(struct daemon *daemon)
{
	struct signing_context *context;
	char why[PROCESS_WHY_SIZE];
	int r = settings_read(&daemon->settings);

	if (r == EX_OK)
		r = process_find(daemon->settings.config, &daemon->process, why) == EX_OK
			    ? EX_OK
			    : say(EX_CONFIG, why, "");
	if (r == EX_OK)
		r = settings_become_user(&daemon->settings);
	if (r == EX_OK && !has_work(daemon->settings.config))
		fprintf(stderr, "warning: %s\n", nothing_to_do);
	if (r == EX_OK)
		r = settings_context(&daemon->settings, &context);
	if (r != EX_OK)
		return r;
	if (core_dump_disable() != 0)
		r = say(EX_OSERR, "core dumps cannot be switched off", "");
	else if (try_key_file(daemon, context) != 0 ||
		 signing_rules_broken_count(context->rules) > 0)
		r = EX_CONFIG;
	signing_context_unref(context);
	return r;
}

static void open_log(const struct daemon *daemon)
{
	const struct log_config log_config = {
		.target = daemon->logs_to_syslog ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR,
		.level = daemon->is_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
		.name = daemon->log_name,
		.facility = daemon->log_facility,
	};

	if (log_open(&log_config) != 0)
		fputs("postseal: no memory for the log, lines go to stderr at once\n", stderr);
}

/* The reason for an end, where it is seen: before the start is over on stderr, too. */
static int give_up(const struct daemon *daemon, int status, const char *why)
{
	log_error("%s", why);
	if (daemon->logs_to_syslog && daemon->settings.voice == SETTINGS_TELL)
		fprintf(stderr, "postseal: %s\n", why);
	return status;
}

static void started(void *arg)
{
	struct daemon *daemon = arg;

	daemon->settings.voice = SETTINGS_LOG;
	supervisor_ready(daemon->mark);
	background_ready(&daemon->background);
}

static int serve(struct daemon *daemon)
{
	const struct service_options options = {
		.settings = &daemon->settings,
		.spool_path = daemon->spool_directory,
		.sockets = daemon->sockets,
		.started = started,
		.arg = daemon,
	};
	struct signing_context *context = NULL;
	char why[PROCESS_WHY_SIZE];
	struct service_result result;
	int status = process_enter(&daemon->process, why);

	if (status != EX_OK)
		return give_up(daemon, status, why);
	if (daemon->supervisor != 0)
		supervisor_bind(daemon->supervisor);
	status = settings_context(&daemon->settings, &context);
	if (status != EX_OK)
		return give_up(daemon, status, "the configuration has errors");
	/* Mail waits until the key can be used, so that is no reason not to start. */
	if (core_dump_disable() == 0)
		(void)!try_key_file(daemon, context);
	status = service_run(&options, context, &result);
	signing_context_unref(context);
	return result.has_failed ? give_up(daemon, status, result.why) : status;
}

/* The process that works: the only one, or the supervisor's child. */
static int work(void *arg)
{
	struct daemon *daemon = arg;
	int status;

	open_log(daemon);
	log_notice("postseal %s starting", POSTSEAL_VERSION);
	status = serve(daemon);
	log_notice("postseal %s terminating with status %d, %" PRIu64 " log lines dropped",
		   POSTSEAL_VERSION, status, log_dropped());
	log_close();
	return status;
}

/* The log has a thread, which no fork may copy: so it is open for one line only. */
static void say_as_supervisor(void *arg, bool is_error, const char *text)
{
	const struct daemon *daemon = arg;

	open_log(daemon);
	log_line(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s", text);
	log_close();
}

static void detach(void *arg)
{
	struct daemon *daemon = arg;

	background_detach(&daemon->background);
}

static int supervise(struct daemon *daemon)
{
	const struct signer_config *config = daemon->settings.config;
	struct restart_limit limit;
	struct supervisor_options options = {
		.work = work,
		.arg = daemon,
		.forked = detach,
		.say = say_as_supervisor,
		.limit = &limit,
	};
	int status;

	if (supervisor_mark_new(&daemon->mark) != 0)
		return say(EX_OSERR, "out of memory", "");
	options.mark = daemon->mark;
	if (restart_limit_init(&limit, config->auto_restart_count, config->auto_restart_rate.count,
			       config->auto_restart_rate.interval_seconds) != 0)
		return say(EX_OSERR, "out of memory", "");
	daemon->supervisor = getpid();
	status = supervisor_run(&options);
	restart_limit_deinit(&limit);
	return status;
}

static int run(struct daemon *daemon)
{
	bool restarts = daemon->settings.config->auto_restart;
	int status;
	int r = 0;

	if (daemon->settings.config->background)
		r = background_start(&daemon->background);
	if (r != 0)
		return say(EX_OSERR, "cannot go to the background", strerror(-r));
	if (daemon->pid_file != NULL)
		r = pid_file_write(daemon->pid_file, getpid());
	if (r != 0) {
		fprintf(stderr, "postseal: PidFile: %s: %s\n", daemon->pid_file, strerror(-r));
		return EX_CANTCREAT;
	}
	status = restarts ? supervise(daemon) : work(daemon);
	/* Where the root has changed, the path would name another file. */
	if (daemon->pid_file != NULL && (restarts || !daemon->changes_root))
		pid_file_remove(daemon->pid_file, getpid());
	return status;
}

static char *copy(const char *text)
{
	return text == NULL ? NULL : strdup(text);
}

static int copy_facts(struct daemon *daemon)
{
	const struct signer_config *config = daemon->settings.config;
	const char *file = daemon->settings.path;

	/* A reload must find the file, even if the working directory is another by then. */
	daemon->file = file == NULL ? NULL : realpath(file, NULL);
	if (daemon->file != NULL)
		daemon->settings.path = daemon->file;
	daemon->spool_directory = copy(config->spool_directory);
	daemon->sockets = copy(config->socket);
	daemon->pid_file = copy(config->pid_file);
	daemon->log_name = copy(config->syslog_name != NULL ? config->syslog_name : PROGRAM_NAME);
	daemon->logs_to_syslog = config->syslog;
	daemon->log_facility = config->syslog_facility;
	daemon->changes_root = config->change_root_directory != NULL;
	if ((config->spool_directory != NULL && daemon->spool_directory == NULL) ||
	    (config->socket != NULL && daemon->sockets == NULL) || daemon->log_name == NULL ||
	    (config->pid_file != NULL && daemon->pid_file == NULL))
		return say(EX_OSERR, "out of memory", "");
	return EX_OK;
}

static int start(struct daemon *daemon)
{
	const struct signer_config *config;
	char why[PROCESS_WHY_SIZE];
	int r;

	if (daemon->shows_version)
		return version_print();
	if (daemon->extract != NULL)
		return extract(daemon);
	if (daemon->checks_only)
		return check_only(daemon);
	service_hold_signals();
	r = settings_read(&daemon->settings);
	if (r != EX_OK)
		return r;
	config = daemon->settings.config;
	if (!has_work(config))
		return say(EX_CONFIG, nothing_to_do, "");
	if (process_find(config, &daemon->process, why) != EX_OK)
		return say(EX_CONFIG, why, "");
	r = copy_facts(daemon);
	return r == EX_OK ? run(daemon) : r;
}

int cmd_daemon(int argc, char **argv)
{
	struct daemon daemon = {.background = BACKGROUND_NONE};
	struct command_line line;

	settings_init(&daemon.settings, SETTINGS_TELL);
	command_line_init(&line, &form, argc, argv);
	if (command_line_read(&line, take_flag, &daemon))
		line.status = start(&daemon);
	settings_close(&daemon.settings);
	free(daemon.file);
	free(daemon.spool_directory);
	free(daemon.sockets);
	free(daemon.pid_file);
	free(daemon.log_name);
	return line.status;
}
