#include "signer/cmd/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static void print_problem(void *context, const struct problem *problem)
{
	char text[1024];

	(void)context;
	(void)problem_format(problem, text, sizeof(text));
	fprintf(stderr, "%s%s\n", problem->level == PROBLEM_WARNING ? "warning: " : "", text);
}

/* The exit code for what the tables returned. What is wrong with the text has been printed. */
static int exit_code(int r)
{
	if (r == 0)
		return EX_OK;
	if (r < 0)
		fprintf(stderr, "postseal: %s\n", strerror(-r));
	return r == -ENOMEM ? EX_OSERR : EX_CONFIG;
}

int settings_open(struct settings *settings, const char *path)
{
	int r;

	*settings = (struct settings){0};
	problems_init(&settings->problems, print_problem, settings);
	r = signer_config_new(&settings->config);
	if (r != 0)
		return exit_code(r);
	if (path == NULL && access(SETTINGS_FILE_DEFAULT, F_OK) == 0)
		path = SETTINGS_FILE_DEFAULT;
	if (path == NULL)
		return EX_OK;
	return exit_code(signer_config_read(settings->config, path, &settings->problems));
}

void settings_close(struct settings *settings)
{
	signer_config_free(settings->config);
	settings->config = NULL;
}

int settings_set(struct settings *settings, const char *name, const char *value)
{
	return exit_code(signer_config_set(settings->config, name, value, &settings->problems));
}

int settings_context(struct settings *settings, struct signing_context **context_out)
{
	int r = signer_config_check(settings->config, &settings->problems);

	if (r == 0 && settings->problems.error_count == 0)
		r = signing_context_new(settings->config, &settings->problems, context_out);
	else if (r == 0)
		r = SIGNER_CONFIG_E_INVALID;
	if (r == 0)
		settings->config = NULL;
	return exit_code(r);
}
