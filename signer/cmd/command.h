/*
 * command - what main.c needs to know of a subcommand.
 *
 * Is:       a name, a line on what it does, and the function that does it. One file a command.
 * Errors:   `run` returns an exit code of sysexits.h, after it has said on stderr why.
 */
#ifndef SIGNER_CMD_COMMAND_H
#define SIGNER_CMD_COMMAND_H

#include "common/compiler.h"

#include <sysexits.h>

struct command {
	const char *name;
	const char *summary;
	/* argv[0] is the name of the command. */
	int (*run)(int argc, char **argv);
};

int cmd_spool(int argc, char **argv);

/* Without a subcommand: the daemon, with OpenDKIM's flags. */
int cmd_daemon(int argc, char **argv);

#endif
