/*
 * How it works: what the command line says of options is kept, and said again after each reading of
 * the file. A command that handles one message holds complaints back and tells them only if they
 * keep it from its work: an administrator reads them from check or from the daemon, not a thousand
 * times from a filter.
 */
#include "signer/cmd/settings.h"

#include "signer/cmd/process.h"

#include "common/log.h"
#include "signer/tables/signing_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define TEXT_SIZE	1024
#define HELD_BYTES_MAX	(64 * 1024)
#define OPTION_NAME_MAX 64

static void hold(struct settings *settings, const char *text)
{
	if (settings->held.size + strlen(text) < HELD_BYTES_MAX)
		(void)!buffer_printf(&settings->held, "%s\n", text);
}

static void take_problem(void *context, const struct problem *problem)
{
	struct settings *settings = context;
	bool is_warning = problem->level == PROBLEM_WARNING;
	char text[TEXT_SIZE];

	if (settings->sink != NULL) {
		settings->sink(settings->sink_arg, problem);
		return;
	}
	(void)problem_format(problem, text, sizeof(text));
	switch (settings->voice) {
	case SETTINGS_TELL: fprintf(stderr, "%s%s\n", is_warning ? "warning: " : "", text); return;
	case SETTINGS_QUIET:
		if (!is_warning)
			hold(settings, text);
		return;
	case SETTINGS_LOG:
		log_line(is_warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "%s", text);
		return;
	}
}

/* The exit code for what the tables returned. */
static int conclude(struct settings *settings, int r)
{
	if (r != 0 && settings->held.size > 0)
		fwrite(settings->held.data, 1, settings->held.size, stderr);
	buffer_clear(&settings->held);
	if (r == 0)
		return EX_OK;
	if (r < 0 && settings->voice == SETTINGS_LOG)
		log_error("configuration: %s", strerror(-r));
	else if (r < 0)
		fprintf(stderr, "postseal: %s\n", strerror(-r));
	return r == -ENOMEM ? EX_OSERR : EX_CONFIG;
}

void settings_init(struct settings *settings, enum settings_voice voice)
{
	*settings = (struct settings){.voice = voice};
}

void settings_close(struct settings *settings)
{
	signer_config_free(settings->config);
	settings->config = NULL;
	buffer_deinit(&settings->held);
}

static int add_override(struct settings *settings, const struct command_form *form,
			struct bytes name, const char *value)
{
	if (settings->override_count == SETTINGS_OVERRIDES_MAX)
		return command_line_wrong(form, "more than %d options on the command line",
					  SETTINGS_OVERRIDES_MAX);
	settings->overrides[settings->override_count++] = (struct settings_override){name, value};
	return EX_OK;
}

int settings_override(struct settings *settings, const struct command_form *form, const char *name,
		      const char *value)
{
	return add_override(settings, form, bytes_of_string(name), value);
}

int settings_flag(struct settings *settings, const struct command_form *form, int flag,
		  const char *value)
{
	const char *equals;

	if (flag == 'x') {
		settings->path = value;
		return EX_OK;
	}
	equals = strchr(value, '=');
	if (equals == NULL || equals == value || equals - value > OPTION_NAME_MAX)
		return command_line_wrong(form, "-o %s: want NAME=VALUE", value);
	return add_override(settings, form, bytes_of(value, (size_t)(equals - value)), equals + 1);
}

const char *settings_file(const struct settings *settings)
{
	if (settings->path != NULL)
		return settings->path;
	if (settings->has_no_default || access(SETTINGS_FILE_DEFAULT, F_OK) != 0)
		return NULL;
	return SETTINGS_FILE_DEFAULT;
}

/* Goes on behind an error of the text, so that a person sees all of them. */
static int read_all(struct settings *settings, struct signer_config *config)
{
	const char *path = settings_file(settings);
	int r = path == NULL ? 0 : signer_config_read(config, path, &settings->problems);

	for (size_t i = 0; r >= 0 && i < settings->override_count; i++) {
		const struct settings_override *override = &settings->overrides[i];
		char name[OPTION_NAME_MAX + 1];

		snprintf(name, sizeof(name), "%.*s", BYTES_PRINTF(override->name));
		r = signer_config_set(config, name, override->value, &settings->problems);
	}
	if (r >= 0)
		r = signer_config_check(config, &settings->problems);
	if (r < 0)
		return r;
	return settings->problems.error_count > 0 ? SIGNER_CONFIG_E_INVALID : 0;
}

int settings_read(struct settings *settings)
{
	struct signer_config *config = NULL;
	int r;

	signer_config_free(settings->config);
	settings->config = NULL;
	problems_init(&settings->problems, take_problem, settings);
	r = signer_config_new(&config);
	if (r == 0)
		r = read_all(settings, config);
	if (r == 0)
		settings->config = config;
	else
		signer_config_free(config);
	return conclude(settings, r);
}

int settings_become_user(const struct settings *settings)
{
	char why[PROCESS_WHY_SIZE];
	int status = process_become_user(settings->config, why);

	if (status != EX_OK)
		fprintf(stderr, "postseal: %s\n", why);
	return status;
}

int settings_context(struct settings *settings, struct signing_context **context_out)
{
	struct signing_context *context;
	int r = signing_context_new(settings->config, &settings->problems, &context);

	if (r != 0)
		return conclude(settings, r);
	settings->config = NULL;
	if (context->config->check_signing_table &&
	    signing_rules_broken_count(context->rules) > 0) {
		signing_context_unref(context);
		return conclude(settings, SIGNER_CONFIG_E_INVALID);
	}
	*context_out = context;
	return conclude(settings, 0);
}
