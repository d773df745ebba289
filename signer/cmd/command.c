#include "signer/cmd/command.h"

#include "common/spelling.h"
#include "signer/cmd/settings.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
	{"spool", "sign what is in a spool directory, once or as it comes in", cmd_spool},
	{"sign", "sign one message: stdin or FILE to stdout", cmd_sign},
	{"verify", "verify the signatures of messages", cmd_verify},
	{"genkey", "make a key and its DNS record", cmd_genkey},
	{"check", "find everything that would go wrong, before it does", cmd_check},
	{"dns", "print the SPF, DKIM and DMARC records of domains, or check them", cmd_dns},
	{"explain", "say how a message would be signed, and why", cmd_explain},
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

const struct command *command_nearest(const char *name)
{
	const struct command *nearest = NULL;
	struct spelling spelling;

	spelling_init(&spelling, bytes_of_string(name));
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		if (spelling_is_nearer(&spelling, bytes_of_string(commands[i].name)))
			nearest = &commands[i];
	}
	return nearest;
}

void command_help(void)
{
	printf("postseal %s: signs outgoing mail with DKIM, in batches, by the opendkim.conf that "
	       "you "
	       "have.\n\n"
	       "usage: postseal COMMAND [FLAGS] [OPERANDS]     postseal COMMAND --help tells "
	       "more\n",
	       POSTSEAL_VERSION);
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
		printf("  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "usage: postseal [FLAGS]     the daemon: signs what comes into SpoolDirectory\n"
	      "  -x FILE            read this configuration (default: " SETTINGS_FILE_DEFAULT ")\n"
	      "  -o NAME=VALUE      as a last line of the file would (with --option, too)\n"
	      "  -f                 stay in the foreground\n"
	      "  -l                 log to syslog            -v   log more\n"
	      "  -n                 only check configuration and tables: exit status 0 or 78\n"
	      "  -P FILE            write the process ID     -u USER[:GROUP]   become that user\n"
	      "  -A                 start again after a failure\n"
	      "  -e NAME            print the value of an option\n"
	      "  -V, --version      version and features     -h, --help        this text\n"
	      "  -b -c -d -D -k -L -p -r -s -S -T -W -X      as in opendkim(8)\n"
	      "\n"
	      "examples:\n"
	      "  postseal genkey -s s2026 -d example.com            s2026.private and s2026.txt\n"
	      "  postseal sign -d example.com -s s2026 -k s2026.private < mail > signed\n"
	      "  postseal check -x /etc/opendkim.conf               before it goes live\n"
	      "  postseal spool --once /var/spool/postseal          sign what is there now\n"
	      "  postseal -x /etc/opendkim.conf -f                  and from now on\n"
	      "\n"
	      "manual pages: postseal(8), postseal.conf(5)\n",
	      stdout);
}
