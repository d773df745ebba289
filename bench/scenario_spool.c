/*
 * postseal-bench spool: postseal over a spool of messages, beside what limits it and what it replaces.
 *
 * How it works: the command line becomes one contest, which runs in a process that may be killed at any
 * time (scratch.h). The ratios are those of the same round.
 */
#include "bench/scenario.h"

#include "bench/argument.h"
#include "bench/finding.h"
#include "bench/result_file.h"
#include "bench/scratch.h"
#include "bench/spool_contest.h"
#include "bench/spool_options.h"
#include "bench/spool_suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FINDINGS_MAX 8
#define NOWHERE	     SIZE_MAX

/* One run of the scenario, and where in the contest is what. */
struct spool_run {
	const struct spool_options *options;
	struct machine machine;
	struct spool_places places;
	char memory_spool[PATH_MAX];
	char disk_spool[PATH_MAX];
	struct signer_setup setup;
	struct spool_load load;
	struct spool_contest contest;
	size_t memory;
	size_t memory_openssl;
	size_t disk;
	size_t openssl;
	size_t raw_first;
	size_t raw_count;
	size_t other_first;
	struct finding findings[FINDINGS_MAX];
	size_t finding_count;
};

static int join(char path_out[PATH_MAX], const char *directory, const char *name,
		struct failure *failure)
{
	int size = snprintf(path_out, PATH_MAX, "%s/%s", directory, name);

	return size < PATH_MAX ? 0 : failure_set(failure, -ENAMETOOLONG, "%s", directory);
}

static int prepare(struct spool_run *run, struct failure *failure)
{
	const struct spool_options *options = run->options;
	char setup_path[PATH_MAX];
	int r;

	run->load = (struct spool_load){
		.maker = {options->run.seed, options->size, 1, 1},
		.message_count = options->count,
		.is_bsmtp = options->is_bsmtp,
		.messages_per_unit = options->messages_per_unit,
	};
	r = join(setup_path, run->places.memory, "setup", failure);
	if (r == 0)
		r = signer_setup_init(&run->setup, options->kind, &run->load.maker, 1, setup_path,
				      failure);
	if (r == 0)
		r = join(run->memory_spool, run->places.memory, "spool", failure);
	if (r == 0)
		r = spool_load_make_rooms(run->memory_spool, failure);
	if (r == 0 && run->places.disk != NULL) {
		r = join(run->disk_spool, run->places.disk, "spool", failure);
		if (r == 0)
			r = spool_load_make_rooms(run->disk_spool, failure);
	}
	return r;
}

static void add_pipelines(struct spool_run *run)
{
	struct pipeline pipeline = {
		.postseal_path = run->options->postseal_path,
		.setup = &run->setup,
		.load = &run->load,
		.spool_path = run->memory_spool,
		.options = run->options->postseal_options,
	};

	if (run->options->uses_memory)
		run->memory = spool_contest_add_pipeline(&run->contest, "postseal_memory",
							 "postseal, spool in memory", &pipeline);
	if (run->options->uses_memory && run->options->baselines &&
	    run->options->kind.type == KEY_RSA) {
		pipeline.signs_by_openssl = true;
		run->memory_openssl = spool_contest_add_pipeline(
			&run->contest, "postseal_memory_openssl",
			"postseal, spool in memory, SignEngine openssl", &pipeline);
		pipeline.signs_by_openssl = false;
	}
	if (run->places.disk == NULL)
		return;
	run->load.is_durable = true;
	pipeline.spool_path = run->disk_spool;
	pipeline.syncs = true;
	run->disk = spool_contest_add_pipeline(&run->contest, "postseal_disk",
					       "postseal, spool on disk", &pipeline);
	run->load.is_durable = false;
}

static int add_raws(struct spool_run *run, struct failure *failure)
{
	struct spool_load load = run->load;
	struct raw_spool raw = {
		.load = &load,
		.spool_path = run->disk_spool,
		.seconds_max = run->options->run.seconds,
	};
	struct pipeline pipeline = {
		.postseal_path = run->options->postseal_path,
		.setup = &run->setup,
		.load = &run->load,
		.spool_path = run->memory_spool,
		.options = run->options->postseal_options,
	};
	int r = pipeline_growth(&pipeline, &raw.growth, failure);

	if (r != 0)
		return r;
	load.is_durable = true;
	run->raw_first = run->contest.count;
	run->raw_count = spool_contest_add_raws(&run->contest, &raw, run->machine.cpus);
	return 0;
}

static int add_contenders(struct spool_run *run, struct failure *failure)
{
	struct openssl_rate rate = {&run->setup, run->machine.cpus, run->options->run.seconds};
	struct other_signer other = {&run->setup, &run->load, run->memory_spool,
				     run->options->run.seconds};
	int r = 0;

	spool_contest_init(&run->contest);
	run->memory = run->memory_openssl = run->disk = run->openssl = run->raw_first =
		run->other_first = NOWHERE;
	add_pipelines(run);
	if (!run->options->baselines)
		return 0;
	run->openssl = spool_contest_add_openssl(&run->contest, &rate);
	if (run->places.disk != NULL)
		r = add_raws(run, failure);
	run->other_first = run->contest.count;
	spool_contest_add_others(&run->contest, &other);
	return r;
}

static void add_ratio(struct spool_run *run, const char *id, const char *title,
		      const struct contender *a, const struct contender *b)
{
	struct finding *finding = &run->findings[run->finding_count];

	if (a == NULL || b == NULL || contender_was_skipped(a) || contender_was_skipped(b))
		return;
	run->finding_count++;
	*finding = (struct finding){.id = id, .title = title, .unit = ""};
	contenders_ratio(a, b, &finding->samples);
}

/* What a message costs in CPU time beside its signature. */
static void add_cpu(struct spool_run *run, const char *id, const char *title,
		    const struct contender *postseal, const struct contender *openssl)
{
	struct finding *finding = &run->findings[run->finding_count];
	struct samples message_us;
	struct samples signature_us;

	if (postseal == NULL || openssl == NULL)
		return;
	run->finding_count++;
	*finding = (struct finding){.id = id, .title = title, .unit = "us"};
	contender_cpu_us(postseal, &message_us);
	contender_cpu_us(openssl, &signature_us);
	samples_difference(&message_us, &signature_us, &finding->samples);
}

static const struct contender *contender_at(const struct spool_run *run, size_t place)
{
	return place == NOWHERE ? NULL : &run->contest.contenders[place];
}

static void find(struct spool_run *run)
{
	const struct contender *memory = contender_at(run, run->memory);
	const struct contender *by_openssl = contender_at(run, run->memory_openssl);
	const struct contender *disk = contender_at(run, run->disk);
	const struct contender *openssl = contender_at(run, run->openssl);
	const struct contender *any = memory != NULL ? memory : disk;
	const struct contender *raw =
		run->raw_first == NOWHERE
			? NULL
			: contender_best(&run->contest.contenders[run->raw_first], run->raw_count);

	add_ratio(run, "memory_to_openssl", "in memory / OpenSSL on all CPUs", memory, openssl);
	add_ratio(run, "memory_to_memory_openssl", "in memory / the same, SignEngine openssl",
		  memory, by_openssl);
	add_ratio(run, "disk_to_openssl", "on disk / OpenSSL on all CPUs", disk, openssl);
	add_cpu(run, "memory_cpu_beside_signature", "CPU beside the signature, in memory",
		by_openssl != NULL ? by_openssl : memory, openssl);
	if (run->options->kind.type != KEY_RSA)
		add_cpu(run, "disk_cpu_beside_signature", "CPU beside the signature, on disk", disk,
			openssl);
	add_ratio(run, "disk_to_raw", "on disk / best raw method", disk, raw);
	add_ratio(run, "disk_to_memory", "on disk / in memory", disk, memory);
	if (run->other_first == NOWHERE)
		return;
	add_ratio(run, "postseal_to_dkimpy", "postseal / dkimpy", any,
		  contender_at(run, run->other_first));
	add_ratio(run, "postseal_to_opendkim_testmsg", "postseal / opendkim-testmsg", any,
		  contender_at(run, run->other_first + 1));
}

static int write_results(const struct spool_run *run, const struct spool_suite *suite,
			 struct failure *failure)
{
	struct result_file file;
	int r;

	if (run->options->run.json_path == NULL)
		return 0;
	r = result_file_open(&file, run->options->run.json_path, "spool", &run->machine, failure);
	if (r != 0)
		return r;
	spool_options_write_json(run->options, &file.json, "settings");
	if (suite != NULL) {
		spool_suite_write_json(suite, &file.json);
	} else {
		json_stream_begin(&file.json, "results", '[');
		for (size_t i = 0; i < run->contest.count; i++)
			contender_write_json(&run->contest.contenders[i], &file.json);
		json_stream_end(&file.json, ']');
		findings_write_json(run->findings, run->finding_count, &file.json, "findings");
	}
	return result_file_close(&file, failure);
}

static int print_results(const struct spool_run *run, struct failure *failure)
{
	FILE *file = argument_people(run->options->run.json_path);
	int r = contenders_print(run->contest.contenders, run->contest.count, file);

	fputc('\n', file);
	if (r == 0 && run->finding_count > 0)
		r = findings_print(run->findings, run->finding_count, file);
	return r == 0 ? 0 : failure_set(failure, r, "the tables");
}

static int run_contest(struct spool_run *run, struct failure *failure)
{
	struct status_line status;
	int r = prepare(run, failure);

	if (r == 0)
		r = add_contenders(run, failure);
	if (r == 0) {
		status_line_init(&status, turns_count(run->contest.contenders, run->contest.count,
						      run->options->run.rounds));
		r = spool_contest_run(&run->contest, run->options->run.rounds, &status, failure);
		status_line_end(&status);
	}
	if (r == 0) {
		find(run);
		r = print_results(run, failure);
	}
	if (r == 0)
		r = write_results(run, NULL, failure);
	signer_setup_deinit(&run->setup);
	return r;
}

static int run_suite(const struct spool_run *run, struct failure *failure)
{
	struct spool_suite *suite = NULL;
	int r = spool_suite_new(run->options, &run->places, &suite);

	if (r != 0)
		return failure_set(failure, r, "the suite");
	r = spool_suite_run(suite, failure);
	if (r == 0 && spool_suite_print(suite, argument_people(run->options->run.json_path)) != 0)
		r = failure_set(failure, -EIO, "the tables");
	if (r == 0)
		r = write_results(run, suite, failure);
	spool_suite_free(suite);
	return r;
}

static bool lies_in_memory(const struct machine_directory *directory)
{
	return strcmp(directory->file_system, "tmpfs") == 0 ||
	       strcmp(directory->file_system, "ramfs") == 0;
}

/* A place that is not what it was named for makes the ratios mean something else. */
static void warn_of_places(const struct spool_run *run)
{
	const struct machine_directory *directories = run->machine.directories;

	if (!lies_in_memory(&directories[0]))
		fprintf(stderr, "postseal-bench: warning: %s is %s, not a file system in memory\n",
			directories[0].path, directories[0].file_system);
	if (run->machine.directory_count > 1 && lies_in_memory(&directories[1]))
		fprintf(stderr, "postseal-bench: warning: %s is %s, not a disk\n",
			directories[1].path, directories[1].file_system);
}

/* In the process that scratch_run() made. */
static int work(const char *const *paths, void *arg)
{
	const struct spool_options *options = arg;
	struct spool_run *run = calloc(1, sizeof(*run));
	struct failure failure = {""};
	FILE *file = argument_people(options->run.json_path);
	int r;

	if (run == NULL) {
		fputs("postseal-bench: no memory\n", stderr);
		return EX_OSERR;
	}
	run->options = options;
	run->places = (struct spool_places){.memory = paths[0],
					    .disk = options->disk_dir == NULL ? NULL : paths[1]};
	machine_describe(&run->machine);
	machine_add_directory(&run->machine, options->memory_dir);
	if (options->disk_dir != NULL)
		machine_add_directory(&run->machine, options->disk_dir);
	machine_print(&run->machine, file);
	fputc('\n', file);
	fflush(file);
	machine_warn(&run->machine);
	warn_of_places(run);
	r = options->suite ? run_suite(run, &failure) : run_contest(run, &failure);
	free(run);
	if (r == 0)
		return EX_OK;
	fprintf(stderr, "postseal-bench: %s\n", failure.text);
	return EX_SOFTWARE;
}

int scenario_spool(int argc, char **argv)
{
	struct spool_options options;
	const char *parents[SCRATCH_PARENTS_MAX];
	int r = spool_options_parse(&options, argc, argv);

	if (r == RUN_OPTIONS_HELP)
		return EX_OK;
	if (r != 0)
		return r;
	parents[0] = options.memory_dir;
	parents[1] = options.disk_dir;
	return scratch_run(parents, options.disk_dir == NULL ? 1 : 2, work, &options);
}
