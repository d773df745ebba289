/*
 * postseal spool: signs what is in DIR/in. With --once until that is empty, else until it is stopped.
 */
#include "signer/cmd/command.h"
#include "signer/cmd/progress.h"
#include "signer/cmd/settings.h"

#include "common/log.h"
#include "signer/keys/core_dump.h"
#include "signer/spool/spool.h"
#include "signer/spool/spool_dir.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct spool_command {
	const char *config_path;
	bool once;
	bool json;
	struct progress progress;
};

static const char usage[] =
	"usage: postseal spool [-x FILE] [--once] [--json] [DIR]\n"
	"\n"
	"Signs the messages in DIR/in and hands them on in DIR/out. DIR is SpoolDirectory where it "
	"is\n"
	"not given. What can never be signed goes to DIR/failed, with the reason beside it.\n"
	"\n"
	"  -x, --config FILE   read this opendkim.conf (default: " SETTINGS_FILE_DEFAULT ")\n"
	"      --once          stop when DIR/in is empty; without it, wait for more\n"
	"      --json          the summary as JSON on stdout\n"
	"  -o, --option NAME=VALUE   as a last line of FILE would; may be repeated\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit code with --once: 0 all was signed or passed, 65 something went to DIR/failed,\n"
	"75 something had to stay in DIR/in.\n";

static void show_progress(void *arg, const struct spool_result *so_far, uint64_t waiting)
{
	struct spool_command *command = arg;
	uint64_t done = so_far->released_units + so_far->passed_units + so_far->failed_units;

	progress_draw(&command->progress, "signing", done, done + waiting);
}

static void print_json(const struct spool_result *result)
{
	const struct unit_counts *messages = &result->messages;

	printf("{\"signed\": %" PRIu64 ", \"passed\": %" PRIu64 ", \"already_signed\": %" PRIu64
	       ", \"failed\": %" PRIu64 ", \"units_out\": %" PRIu64 ", \"units_failed\": %" PRIu64
	       ", \"units_stayed\": %" PRIu64 ", \"batches\": %" PRIu64 ", \"seconds\": %.3f}\n",
	       messages->signed_count, messages->passed_count, messages->already_signed_count,
	       messages->refused_count, result->released_units + result->passed_units,
	       result->failed_units, result->stayed_units, result->batches, result->seconds);
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

/* What the end of the run means for whoever started it. */
static int exit_code(const struct spool_result *result, bool once)
{
	switch (result->error) {
	case 0: break;
	case SPOOL_DIR_E_LOCKED: return EX_TEMPFAIL;
	case SPOOL_DIR_E_DEVICE: return EX_CONFIG;
	case -ENOENT:
	case -ENOTDIR: return EX_NOINPUT;
	case -ENOMEM: return EX_OSERR;
	default: return EX_IOERR;
	}
	if (!once)
		return EX_OK;
	if (result->stayed_units > 0)
		return EX_TEMPFAIL;
	return result->messages.refused_count > 0 || result->failed_units > 0 ? EX_DATAERR : EX_OK;
}

static int reload(void *arg, struct signing_context **context_out)
{
	struct spool_command *command = arg;
	struct settings settings;
	int r = settings_open(&settings, command->config_path);

	if (r == EX_OK)
		r = settings_context(&settings, context_out);
	settings_close(&settings);
	if (r == EX_OK)
		log_notice("configuration reloaded from %s", command->config_path);
	return r;
}

static int run(struct spool_command *command, struct signing_context *context, const char *path)
{
	struct log_config log_config = {.target = LOG_TARGET_STDERR, .level = LOG_LEVEL_INFO};
	struct spool_options options = {
		.path = path,
		.once = command->once,
		.context = context,
		.reload = reload,
		.progress = command->once && command->progress.shown ? show_progress : NULL,
		.arg = command,
	};
	struct spool_result result;

	if (command->once)
		log_config.level = LOG_LEVEL_WARNING;
	umask(0); /* files get the modes that they are made with */
	if (core_dump_disable() != 0) {
		fputs("postseal: core dumps cannot be switched off\n", stderr);
		return EX_OSERR;
	}
	if (log_open(&log_config) != 0)
		fputs("postseal: logging to stderr at once\n", stderr);
	(void)spool_run(&options, &result);
	log_close();
	progress_end(&command->progress);
	if (result.error != 0)
		fprintf(stderr, "postseal: %s\n", result.error_text);
	else if (command->json)
		print_json(&result);
	else if (command->once)
		print_summary(&result);
	return exit_code(&result, command->once);
}

/* NAME=VALUE */
static int set_option(struct settings *settings, const char *text)
{
	char name[64];
	const char *equals = strchr(text, '=');

	if (equals == NULL || (size_t)(equals - text) >= sizeof(name)) {
		fprintf(stderr, "postseal: -o %s: want NAME=VALUE\n", text);
		return EX_USAGE;
	}
	memcpy(name, text, (size_t)(equals - text));
	name[equals - text] = '\0';
	return settings_set(settings, name, equals + 1);
}

#define OVERRIDES_MAX 64

int cmd_spool(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'x'}, {"once", no_argument, NULL, '1'},
		{"json", no_argument, NULL, 'j'},	  {"option", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	struct spool_command command = {0};
	struct signing_context *context = NULL;
	struct settings settings;
	const char *overrides[OVERRIDES_MAX];
	size_t override_count = 0;
	const char *path;
	int option;
	int r;

	while ((option = getopt_long(argc, argv, "x:o:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'x': command.config_path = optarg; break;
		case '1': command.once = true; break;
		case 'j': command.json = true; break;
		case 'o':
			if (override_count < OVERRIDES_MAX)
				overrides[override_count++] = optarg;
			break;
		case 'h': fputs(usage, stdout); return EX_OK;
		default: fputs(usage, stderr); return EX_USAGE;
		}
	}
	if (argc - optind > 1) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	progress_init(&command.progress);
	r = settings_open(&settings, command.config_path);
	for (size_t i = 0; r == EX_OK && i < override_count; i++)
		r = set_option(&settings, overrides[i]);
	if (r == EX_OK)
		r = settings_context(&settings, &context);
	settings_close(&settings);
	if (r != EX_OK)
		return r;
	path = optind < argc ? argv[optind] : context->config->spool_directory;
	if (path == NULL) {
		fputs("postseal: give a directory, or set SpoolDirectory\n", stderr);
		r = EX_USAGE;
	} else {
		r = run(&command, context, path);
	}
	signing_context_unref(context);
	return r;
}
