/*
 * settings - the configuration of a command: file, command line, and the complaints about both.
 *
 * Use:      settings_open(); settings_set() for what the command line says; settings_context() when all
 *           is said. Complaints go to stderr as they come up, `file:line: name: text`.
 * Errors:   exit codes: EX_OK, EX_CONFIG, EX_NOINPUT, EX_OSERR.
 * Threads:  one.
 */
#ifndef SIGNER_CMD_SETTINGS_H
#define SIGNER_CMD_SETTINGS_H

#include "common/problems.h"
#include "signer/message/signing_context.h"
#include "signer/tables/signer_config.h"

/* Read where no -x is given, if it is there. */
#define SETTINGS_FILE_DEFAULT "/etc/opendkim.conf"

struct settings {
	struct problems problems;
	struct signer_config *config; /* until settings_context() takes it over */
	const char *program;	      /* for complaints that are about no file */
};

/* `path` NULL: the default file, or no file if that is not there. */
MUST_CHECK int settings_open(struct settings *settings, const char *path);
void settings_close(struct settings *settings);

MUST_CHECK int settings_set(struct settings *settings, const char *name, const char *value);

/* Checks all, and makes it ready to sign with. */
MUST_CHECK int settings_context(struct settings *settings, struct signing_context **context_out);

#endif
