/*
 * postseal: signs mail in batches. This file only finds the subcommand.
 */
#include "signer/cmd/command.h"
#include "signer/cmd/output.h"
#include "signer/cmd/version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int unknown(const char *name)
{
	const struct command *nearest = command_nearest(name);

	if (nearest != NULL)
		fprintf(stderr, "postseal: there is no command \"%s\"; did you mean %s?\n", name,
			nearest->name);
	else
		fprintf(stderr, "postseal: there is no command \"%s\"\n", name);
	fputs("try: postseal --help\n", stderr);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;

	/* A reader that goes away is an error of the write, not the end of the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (command != NULL)
		return command->run(argc - 1, argv + 1);
	if (argc > 1 && argv[1][0] != '-')
		return unknown(argv[1]);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return version_print();
	return cmd_daemon(argc, argv);
}
