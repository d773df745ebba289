/*
 * settings - the configuration of a command: file, command line, and the complaints about both.
 *
 * Is:       -x and -o of all commands, and what other flags say of options; read as often as
 *           wanted, so that a reload keeps what the command line said.
 * Use:      settings_init(&settings, SETTINGS_TELL);
 *           settings_flag() for each flag that the command does not know itself, and
 *           settings_override() for those that stand for an option;
 *           settings_read(), settings_become_user() where nothing else does that, then
 *           settings_context(); read and context again for a reload; settings_close().
 * Errors:   exit codes: EX_OK, EX_USAGE, EX_CONFIG, EX_OSERR. What is wrong goes to stderr as it comes up,
 *           `file:line: name: text`, or where `sink` takes it.
 * Owns:     the configuration, until settings_context() hands it over. Names and values are borrowed.
 * Threads:  one.
 */
#ifndef SIGNER_CMD_SETTINGS_H
#define SIGNER_CMD_SETTINGS_H

#include "common/buffer.h"
#include "common/problems.h"
#include "signer/cmd/command_line.h"
#include "signer/message/signing_context.h"
#include "signer/tables/signer_config.h"

/* Read where no -x is given, if it is there. */
#define SETTINGS_FILE_DEFAULT "/etc/opendkim.conf"

#define SETTINGS_OVERRIDES_MAX 256

/* Rows of a table of flags. */
#define SETTINGS_FLAG_CONFIG                                                                       \
	{                                                                                          \
		'x', "config", "FILE",                                                             \
			"read this opendkim.conf (default: " SETTINGS_FILE_DEFAULT ")"             \
	}
#define SETTINGS_FLAG_OPTION                                                                       \
	{                                                                                          \
		'o', "option", "NAME=VALUE", "as a last line of the file would; may be repeated"   \
	}

enum settings_voice {
	SETTINGS_TELL, /* all complaints go to stderr */
	SETTINGS_QUIET, /* errors only, and only if they end it: for a command that handles one message */
	SETTINGS_LOG, /* to the log: for a daemon that is in the background */
};

struct settings {
	enum settings_voice voice;
	bool has_no_default; /* without -x there is no file */
	const char *path;    /* -x; NULL: none was given */
	/* NULL: as `voice` says. */
	void (*sink)(void *arg, const struct problem *problem);
	void *sink_arg;

	struct problems problems; /* of the last read */
	struct signer_config *config;

	/* Private. */
	struct buffer held; /* complaints that are told if it comes to an end */
	struct settings_override {
		struct bytes name;
		const char *value;
	} overrides[SETTINGS_OVERRIDES_MAX];
	size_t override_count;
};

void settings_init(struct settings *settings, enum settings_voice voice);
void settings_close(struct settings *settings);

/* -x and -o; EX_USAGE, with a message, for a NAME=VALUE that is none. */
MUST_CHECK int settings_flag(struct settings *settings, const struct command_form *form, int flag,
			     const char *value);

/* As -o name=value. */
MUST_CHECK int settings_override(struct settings *settings, const struct command_form *form,
				 const char *name, const char *value);

/* The file that is read: -x, or the default one if it is there; NULL: none. */
const char *settings_file(const struct settings *settings);

/* Reads file and command line, and checks all. */
MUST_CHECK int settings_read(struct settings *settings);

/*
 * Root becomes UserID: tables and keys are then seen as the daemon sees them, and what is made in the
 * spool belongs to the same user.
 */
MUST_CHECK int settings_become_user(const struct settings *settings);

/* Takes `config`, and makes it ready to sign with. */
MUST_CHECK int settings_context(struct settings *settings, struct signing_context **context_out);

#endif
