/*
 * postseal-bench timing: whether the time of a batch in lanes depends on keys or digests.
 *
 * How it works: for each size two tests, one after the other: of the key and of the digest. No files and no
 * processes, so nothing is left behind, however it ends.
 */
#include "bench/scenario.h"

#include "bench/finding.h"
#include "bench/result_file.h"
#include "bench/rsa_options.h"
#include "bench/status_line.h"
#include "bench/text_table.h"
#include "bench/timing_test.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#define SECONDS_DEFAULT 10
#define TESTS_MAX	(4 * TIMING_SECRET_COUNT)

static const char usage[] =
	"usage: postseal-bench timing [OPTION...]\n"
	"\n"
	"Looks for secrets in the time that eight signatures in lanes take. Batches with a fixed "
	"key\n"
	"and batches with random keys are signed in random order, and their mean times are "
	"compared\n"
	"(Welch's t); then the same with a fixed digest and random ones. Slow calls hide small\n"
	"differences, so the comparison is made for all calls, and again for the faster ones "
	"only.\n"
	"\n"
	"  --bits LIST    sizes of keys (default: 1024,2048)\n"
	"  --seconds S    length of a test; there are two for each size (default: 10)\n"
	"  --engine NAME  lanes     the fast ones; needs AVX-512 IFMA (default)\n"
	"                 portable  those in plain C, which are a thousand times slower\n"
	"  --seed N       another order, other digests (default: 1)\n"
	"  --json FILE    the results for machines; - is stdout\n"
	"  -h, --help     this text\n"
	"\n"
	"Below 4.5, |t| shows no evidence that the time depends on the secret, in as many calls "
	"as\n"
	"were made. It never proves that it does not. From 4.5 on: try again on a quiet machine "
	"with\n"
	"another --seed and more --seconds; a real difference grows with the square root of the "
	"calls.\n"
	"`detectable` is the difference of the means that would have given 4.5.\n"
	"\n"
	"Exit code: 0 when all was measured, whatever the figures say.\n";

struct timing_options {
	const struct rsa_lanes *lanes;
	struct argument_list bits;
	struct run_options run;
};

/* What one test found. */
struct timing_result {
	unsigned bits;
	enum timing_secret secret;
	char id[32];
	char title[64];
	char finding_id[40];
	char finding_title[80];
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];
};

struct timing_run {
	const struct timing_options *options;
	struct timing_result results[TESTS_MAX];
	struct finding findings[TESTS_MAX];
	size_t count;
	struct status_line status;
};

enum {
	OPTION_BITS = RUN_OPTIONS_OWN,
	OPTION_ENGINE,
};

static const struct option long_options[] = {
	{"bits", required_argument, NULL, OPTION_BITS},
	{"engine", required_argument, NULL, OPTION_ENGINE},
	{NULL, 0, NULL, 0},
};

static int set_engine(struct timing_options *options, const char *text)
{
	bool openssl;

	if (strcmp(text, "lanes") != 0 && strcmp(text, "portable") != 0)
		return argument_refuse("--engine", text, "lanes or portable");
	return rsa_options_engine(text, &options->lanes, &openssl);
}

static int set_option(void *arg, int option, const char *text)
{
	struct timing_options *options = arg;

	switch (option) {
	case OPTION_BITS: return rsa_options_bits(text, &options->bits);
	case OPTION_ENGINE: return set_engine(options, text);
	default: return EX_USAGE;
	}
}

static int parse(struct timing_options *options, int argc, char **argv)
{
	static const struct run_rules rules = {
		.usage = usage,
		.own = long_options,
		.letters = "h",
		.seconds_min = 0.001,
		.seconds_max = 86400,
		.set = set_option,
	};
	int r;

	*options = (struct timing_options){
		.bits = {{1024, 2048}, 2},
		.run = {.seconds = SECONDS_DEFAULT, .seed = 1},
	};
	r = run_options_parse(&options->run, &rules, options, argc, argv);
	if (r == 0 && options->lanes == NULL)
		r = set_engine(options, "lanes");
	return r;
}

static void name_result(struct timing_result *result, unsigned bits, enum timing_secret secret)
{
	static const char *const names[] = {
		[TIMING_OF_KEY] = "key",
		[TIMING_OF_DIGEST] = "digest",
	};
	const char *name = names[secret];

	result->bits = bits;
	result->secret = secret;
	snprintf(result->id, sizeof(result->id), "rsa%u_%s", bits, name);
	snprintf(result->title, sizeof(result->title), "RSA-%u, fixed %s or random ones", bits,
		 name);
	snprintf(result->finding_id, sizeof(result->finding_id), "rsa%u_%s_max_t", bits, name);
	snprintf(result->finding_title, sizeof(result->finding_title),
		 "RSA-%u, fixed %s or random ones: largest |t|", bits, name);
}

static void add_finding(struct timing_run *run, const struct timing_result *result)
{
	struct finding *finding = &run->findings[run->count];

	*finding = (struct finding){
		.id = result->finding_id,
		.title = result->finding_title,
		.unit = "",
		.limit_kind = FINDING_AT_MOST,
		.limit = TIMING_T_LIMIT,
	};
	samples_add(&finding->samples, timing_max_t(result->croppings));
}

static int run_test(struct timing_run *run, struct timing_test *test, unsigned bits,
		    enum timing_secret secret, struct failure *failure)
{
	struct timing_result *result = &run->results[run->count];
	struct timing_samples samples;
	int r = timing_samples_init(&samples);

	name_result(result, bits, secret);
	status_line_step(&run->status, "%s", result->title);
	if (r != 0)
		return failure_set(failure, r, "times");
	r = timing_test_run(test, secret, run->options->run.seconds, &samples, failure);
	if (r == 0 && timing_samples_compare(&samples, result->croppings) != 0)
		r = failure_set(failure, -ENOMEM, "times");
	timing_samples_deinit(&samples);
	if (r == 0) {
		add_finding(run, result);
		run->count++;
	}
	return r;
}

static int run_size(struct timing_run *run, unsigned bits, struct failure *failure)
{
	struct timing_test test;
	int r = timing_test_init(&test, run->options->lanes, bits, run->options->run.seed, failure);

	for (unsigned secret = 0; r == 0 && secret < TIMING_SECRET_COUNT; secret++)
		r = run_test(run, &test, bits, secret, failure);
	timing_test_deinit(&test);
	return r;
}

static void print_result(const struct timing_result *result, struct text_table *table)
{
	for (size_t i = 0; i < TIMING_CROPPING_COUNT; i++) {
		const struct timing_cropping *cropping = &result->croppings[i];

		text_table_cell(table, "%s", result->title);
		text_table_cell(table, "%g %%", cropping->percent);
		text_table_cell(table, "%zu", cropping->counts[TIMING_FIXED]);
		text_table_cell(table, "%zu", cropping->counts[TIMING_RANDOM]);
		text_table_cell(table, "%.3f", cropping->mean_ns[TIMING_FIXED] / 1000);
		text_table_cell(table, "%.3f", cropping->mean_ns[TIMING_RANDOM] / 1000);
		text_table_cell(table, "%+.2f", cropping->t);
		text_table_cell(table, "%.1f", cropping->detectable_ns);
	}
}

static int print_results(const struct timing_run *run, FILE *file)
{
	static const char *const heads[] = {"test",	"calls up to", "fixed", "random",
					    "fixed us", "random us",   "t",	"detectable ns"};
	struct text_table table;
	int r;

	text_table_init(&table, "lrrrrrrr");
	for (size_t i = 0; i < ARRAY_COUNT(heads); i++)
		text_table_cell(&table, "%s", heads[i]);
	for (size_t i = 0; i < run->count; i++)
		print_result(&run->results[i], &table);
	r = text_table_print(&table, file);
	text_table_deinit(&table);
	if (r != 0)
		return r;
	fputs("\n|t| below 4.5: no evidence, in these calls, that the time depends on the secret; "
	      "that is "
	      "no proof.\n\n",
	      file);
	return findings_print(run->findings, run->count, file);
}

static void write_result(const struct timing_result *result, struct json_stream *json)
{
	const struct timing_cropping *all = &result->croppings[0];

	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "id", result->id);
	json_stream_string(json, "title", result->title);
	json_stream_number(json, "bits", result->bits);
	json_stream_string(json, "secret", result->secret == TIMING_OF_KEY ? "key" : "digest");
	json_stream_number(json, "samples", all->counts[TIMING_FIXED] + all->counts[TIMING_RANDOM]);
	json_stream_real(json, "max_t", timing_max_t(result->croppings));
	json_stream_begin(json, "croppings", '[');
	for (size_t i = 0; i < TIMING_CROPPING_COUNT; i++) {
		const struct timing_cropping *cropping = &result->croppings[i];

		json_stream_begin(json, NULL, '{');
		json_stream_real(json, "percent", cropping->percent);
		json_stream_number(json, "fixed", cropping->counts[TIMING_FIXED]);
		json_stream_number(json, "random", cropping->counts[TIMING_RANDOM]);
		json_stream_real(json, "mean_fixed_us", cropping->mean_ns[TIMING_FIXED] / 1000);
		json_stream_real(json, "mean_random_us", cropping->mean_ns[TIMING_RANDOM] / 1000);
		json_stream_real(json, "t", cropping->t);
		json_stream_real(json, "detectable_ns", cropping->detectable_ns);
		json_stream_end(json, '}');
	}
	json_stream_end(json, ']');
	json_stream_end(json, '}');
}

static int write_results(const struct timing_run *run, const struct machine *machine,
			 struct failure *failure)
{
	const struct timing_options *options = run->options;
	struct result_file file;
	int r;

	if (options->run.json_path == NULL)
		return 0;
	r = result_file_open(&file, options->run.json_path, "timing", machine, failure);
	if (r != 0)
		return r;
	json_stream_begin(&file.json, "settings", '{');
	json_stream_string(&file.json, "lanes", options->lanes->name);
	rsa_options_write_list(&options->bits, &file.json, "bits");
	run_options_write_json(&options->run, &file.json);
	json_stream_end(&file.json, '}');
	json_stream_begin(&file.json, "results", '[');
	for (size_t i = 0; i < run->count; i++)
		write_result(&run->results[i], &file.json);
	json_stream_end(&file.json, ']');
	findings_write_json(run->findings, run->count, &file.json, "findings");
	return result_file_close(&file, failure);
}

static int run_all(struct timing_run *run, const struct machine *machine, struct failure *failure)
{
	const struct argument_list *bits = &run->options->bits;
	int r = 0;

	status_line_init(&run->status, (unsigned)bits->count * TIMING_SECRET_COUNT);
	for (size_t i = 0; r == 0 && i < bits->count; i++)
		r = run_size(run, bits->values[i], failure);
	status_line_end(&run->status);
	if (r == 0 && print_results(run, argument_people(run->options->run.json_path)) != 0)
		r = failure_set(failure, -EIO, "the tables");
	return r == 0 ? write_results(run, machine, failure) : r;
}

int scenario_timing(int argc, char **argv)
{
	struct failure failure = {""};
	struct timing_options options;
	struct timing_run run = {.options = &options};
	struct machine machine;
	FILE *file;
	int r = parse(&options, argc, argv);

	if (r == RUN_OPTIONS_HELP)
		return EX_OK;
	if (r != 0)
		return r;
	machine_describe(&machine);
	file = argument_people(options.run.json_path);
	machine_print(&machine, file);
	fprintf(file, "lanes      %s\n\n", options.lanes->name);
	fflush(file);
	machine_warn(&machine);
	if (run_all(&run, &machine, &failure) == 0)
		return EX_OK;
	fprintf(stderr, "postseal-bench: %s\n", failure.text);
	return EX_SOFTWARE;
}
