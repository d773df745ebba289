/*
 * postseal: signs mail in batches. This file only finds the subcommand.
 */
#include "signer/cmd/command.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
	{"spool", "sign what is in a spool directory", cmd_spool},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "usage: postseal spool\n");
	return EX_USAGE;
}
