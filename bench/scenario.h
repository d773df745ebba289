/*
 * scenario - what postseal_bench.c needs to know of a scenario: one file each.
 *
 * Errors:   `run` returns an exit code of sysexits.h, after it has said on stderr why. A target that is
 *           missed is no error.
 */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

struct scenario {
	const char *name;
	const char *summary;
	/* argv[0] is the name of the scenario. */
	int (*run)(int argc, char **argv);
};

int scenario_report(int argc, char **argv);
int scenario_rsa(int argc, char **argv);
int scenario_spool(int argc, char **argv);
int scenario_timing(int argc, char **argv);

#endif
