/*
 * postseal-bench rsa: RSA signatures in the lanes of vectors, beside OpenSSL's.
 *
 * How it works: no files and no processes, so nothing is left behind, however it ends.
 */
#include "bench/scenario.h"

#include "bench/result_file.h"
#include "bench/rsa_results.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

static int write_results(const struct rsa_results *results, const struct machine *machine,
			 struct failure *failure)
{
	const struct rsa_options *options = results->contest->options;
	struct result_file file;
	int r;

	if (options->run.json_path == NULL)
		return 0;
	r = result_file_open(&file, options->run.json_path, "rsa", machine, failure);
	if (r != 0)
		return r;
	rsa_options_write_json(options, results->contest->seconds, &file.json, "settings");
	rsa_results_write_json(results, &file.json);
	return result_file_close(&file, failure);
}

static int run_contest(const struct rsa_options *options, const struct machine *machine,
		       struct failure *failure)
{
	struct rsa_contest *contest = NULL;
	struct rsa_results results;
	int r = rsa_contest_new(options, &contest, failure);

	if (r == 0)
		r = rsa_contest_run(contest, failure);
	if (r == 0) {
		rsa_results_init(&results, contest, machine->cpus);
		r = rsa_results_print(&results, argument_people(options->run.json_path));
		if (r != 0)
			(void)failure_set(failure, r, "the tables");
	}
	if (r == 0)
		r = write_results(&results, machine, failure);
	rsa_contest_free(contest);
	return r;
}

static void print_engines(const struct rsa_options *options, FILE *file)
{
	if (options->lanes != NULL)
		fprintf(file, "lanes      %s\n", options->lanes->name);
	else if (rsa_lanes_fast() == NULL)
		fputs("lanes      none: no AVX-512 IFMA in this CPU or in this build; OpenSSL "
		      "alone\n",
		      file);
}

int scenario_rsa(int argc, char **argv)
{
	struct failure failure = {""};
	struct rsa_options options;
	struct machine machine;
	FILE *file;
	int r;

	machine_describe(&machine);
	r = rsa_options_parse(&options, machine.cpus, argc, argv);
	if (r == RUN_OPTIONS_HELP)
		return EX_OK;
	if (r != 0)
		return r;
	file = argument_people(options.run.json_path);
	machine_print(&machine, file);
	print_engines(&options, file);
	fputc('\n', file);
	fflush(file);
	machine_warn(&machine);
	if (run_contest(&options, &machine, &failure) == 0)
		return EX_OK;
	fprintf(stderr, "postseal-bench: %s\n", failure.text);
	return EX_SOFTWARE;
}
