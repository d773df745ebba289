/*
 * postseal-bench: measures postseal beside what it is compared with. This file only finds the scenario.
 */
#include "bench/scenario.h"

#include "common/compiler.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct scenario scenarios[] = {
	{"rsa", "RSA signatures eight at a time, beside OpenSSL's", scenario_rsa},
	{"spool", "sign a spool of messages, beside OpenSSL, the disk and other signers",
	 scenario_spool},
	{"timing", "look for secrets in the time of signatures", scenario_timing},
	{"report", "make an HTML page of what the others wrote with --json", scenario_report},
};

static void print_usage(FILE *file)
{
	fputs("usage: postseal-bench SCENARIO [OPTION...]\n\n", file);
	for (size_t i = 0; i < ARRAY_COUNT(scenarios); i++)
		fprintf(file, "  %-8s %s\n", scenarios[i].name, scenarios[i].summary);
	fputs("\npostseal-bench SCENARIO --help lists the options of one.\n", file);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("postseal-bench " POSTSEAL_VERSION);
		return EX_OK;
	}
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_usage(stdout);
		return EX_OK;
	}
	for (size_t i = 0; argc > 1 && i < ARRAY_COUNT(scenarios); i++) {
		if (strcmp(argv[1], scenarios[i].name) == 0)
			return scenarios[i].run(argc - 1, argv + 1);
	}
	print_usage(stderr);
	return EX_USAGE;
}
