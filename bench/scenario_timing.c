/*
 * postseal-bench timing: whether the time of a batch in lanes depends on keys or digests.
 *
 * How it works: for each size two tests, one after the other: of the key and of the digest. No files and no
 * processes, so nothing is left behind, however it ends.
 */
#include "bench/scenario.h"

#include "bench/finding.h"
#include "bench/result_file.h"
#include "bench/status_line.h"
#include "bench/text_table.h"
#include "bench/timing_options.h"
#include "bench/timing_test.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#define TESTS_MAX (4 * TIMING_SECRET_COUNT)

/* What one test found. */
struct timing_result {
	unsigned bits;
	enum timing_secret secret;
	char id[32];
	char title[64];
	char t_id[40];
	char t_title[80];
	char detectable_id[40];
	char detectable_title[80];
	struct timing_cropping croppings[TIMING_CROPPING_COUNT];
};

struct timing_run {
	const struct timing_options *options;
	struct timing_result results[TESTS_MAX];
	size_t count;
	struct finding findings[2 * TESTS_MAX];
	size_t finding_count;
	struct status_line status;
};

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
	snprintf(result->t_id, sizeof(result->t_id), "rsa%u_%s_max_t", bits, name);
	snprintf(result->t_title, sizeof(result->t_title),
		 "RSA-%u, fixed %s or random ones: largest |t|", bits, name);
	snprintf(result->detectable_id, sizeof(result->detectable_id), "rsa%u_%s_detectable", bits,
		 name);
	snprintf(result->detectable_title, sizeof(result->detectable_title),
		 "RSA-%u, fixed %s or random ones: detectable", bits, name);
}

/* How far apart the classes are, and how far they would have to be to be seen. */
static void add_findings(struct timing_run *run, const struct timing_result *result)
{
	const struct timing_cropping *fast = &result->croppings[TIMING_CROPPING_FAST];
	struct finding *t = &run->findings[run->finding_count++];
	struct finding *detectable = &run->findings[run->finding_count++];

	*t = (struct finding){
		.id = result->t_id,
		.title = result->t_title,
		.unit = "",
		.limit_kind = FINDING_AT_MOST,
		.limit = TIMING_T_LIMIT,
	};
	*detectable = (struct finding){
		.id = result->detectable_id,
		.title = result->detectable_title,
		.unit = "%",
	};
	/* A t of 0 for want of calls would look like the best of all. */
	if (!(fast->detectable_ns > 0)) {
		(void)failure_set(&t->skipped, BENCH_E_SKIPPED, "too few calls");
		(void)failure_set(&detectable->skipped, BENCH_E_SKIPPED, "too few calls");
		return;
	}
	samples_add(&t->samples, timing_max_t(result->croppings));
	samples_add(&detectable->samples, timing_detectable_percent(fast));
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
		add_findings(run, result);
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
	      "no proof.\nDetectable: a difference of the means that gives 4.5 on average, among "
	      "the "
	      "fastest 90 % of the calls;\nhalf of all runs would show it, and nearly all one that "
	      "is "
	      "half as large again.\n\n",
	      file);
	return findings_print(run->findings, run->finding_count, file);
}

static void write_result(const struct timing_result *result, struct json_stream *json)
{
	const struct timing_cropping *all = &result->croppings[0];
	const struct timing_cropping *fast = &result->croppings[TIMING_CROPPING_FAST];

	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "id", result->id);
	json_stream_string(json, "title", result->title);
	json_stream_number(json, "bits", result->bits);
	json_stream_string(json, "secret", result->secret == TIMING_OF_KEY ? "key" : "digest");
	json_stream_number(json, "samples", all->counts[TIMING_FIXED] + all->counts[TIMING_RANDOM]);
	json_stream_real(json, "max_t", timing_max_t(result->croppings));
	json_stream_real(json, "detectable_ns", fast->detectable_ns);
	json_stream_real(json, "detectable_percent", timing_detectable_percent(fast));
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
	findings_write_json(run->findings, run->finding_count, &file.json, "findings");
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
	int r = timing_options_parse(&options, argc, argv);

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
