/*
 * command - the subcommands of postseal, by name.
 *
 * Is:       for each a name, a line on what it does, and the function that does it, cmd_NAME.c.
 * Errors:   `run` returns an exit code of sysexits.h, after it has said on stderr why.
 */
#ifndef SIGNER_CMD_COMMAND_H
#define SIGNER_CMD_COMMAND_H

#include "common/compiler.h"
#include "signer/cmd/command_line.h"

#include <sysexits.h>

struct command {
	const char *name;
	const char *summary;
	/* argv[0] is the name of the command. */
	int (*run)(int argc, char **argv);
};

int cmd_check(int argc, char **argv);
int cmd_dns(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_genkey(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_spool(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);

/* The one whose name is nearest to a wrong one, or NULL if none is near. */
const struct command *command_nearest(const char *name);

/* The help of the program as a whole, on stdout. */
void command_help(void);

/* Without a subcommand: the daemon, with OpenDKIM's flags. */
int cmd_daemon(int argc, char **argv);

#endif
