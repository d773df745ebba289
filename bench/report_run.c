/*
 * How it works: everything is read as if the form were right; the document keeps the first thing that was not,
 * and is asked at the end.
 */
#include "bench/report_run.h"

#include "bench/result_file.h"
#include "signer/lanes/rsa_lanes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX   4096
#define THREADS_MAX 65536

static const char *const scenario_names[] = {
	[REPORT_RSA] = "rsa",
	[REPORT_SPOOL] = "spool",
	[REPORT_TIMING] = "timing",
};

/* Room for the items of an array; NULL with a count of 0 if there are none, or no memory. */
static void *new_items(const struct json_node *array, size_t item_size, size_t *count_out,
		       int *error)
{
	size_t count = json_node_count(array);
	void *items = NULL;

	if (count > ITEMS_MAX) {
		json_node_refuse(array, "too many items");
		count = 0;
	}
	if (count > 0) {
		items = calloc(count, item_size);
		if (items == NULL)
			*error = -ENOMEM;
	}
	*count_out = items == NULL ? 0 : count;
	return items;
}

static struct report_samples read_samples(const struct json_node *node, const char *name)
{
	struct json_node samples = json_node_member(node, name);
	const bool has_quartiles = json_node_has(&samples, "quartile_1");

	return (struct report_samples){
		.median = json_node_number_of(&samples, "median"),
		.has_quartiles = has_quartiles,
		.quartile_1 = has_quartiles ? json_node_number_of(&samples, "quartile_1") : 0,
		.quartile_3 = has_quartiles ? json_node_number_of(&samples, "quartile_3") : 0,
		.min = json_node_number_of(&samples, "min"),
		.max = json_node_number_of(&samples, "max"),
		.spread = json_node_number_of(&samples, "spread"),
	};
}

static void read_directories(struct report_machine *machine, const struct json_node *node,
			     int *error)
{
	struct json_node array = json_node_member(node, "directories");

	machine->directories = new_items(&array, sizeof(machine->directories[0]),
					 &machine->directory_count, error);
	for (size_t i = 0; i < machine->directory_count; i++) {
		struct json_node item = json_node_item(&array, i);

		machine->directories[i] = (struct report_directory){
			.path = json_node_string_of(&item, "path"),
			.file_system = json_node_string_of(&item, "file_system"),
			.device = json_node_string_of(&item, "device"),
		};
	}
}

static void read_machine(struct report_machine *machine, const struct json_node *root, int *error)
{
	struct json_node node = json_node_member(root, "machine");

	*machine = (struct report_machine){
		.cpu_model = json_node_string_of(&node, "cpu_model"),
		.architecture = json_node_string_of(&node, "architecture"),
		.kernel = json_node_string_of(&node, "kernel"),
		.openssl = json_node_string_of(&node, "openssl"),
		.liburing = json_node_string_of(&node, "liburing"),
		.pcre2 = json_node_string_of(&node, "pcre2"),
		.cpus = json_node_whole_of(&node, "cpus", 0, THREADS_MAX),
		.cpus_online = json_node_whole_of(&node, "cpus_online", 0, THREADS_MAX),
		.memory_bytes = json_node_number_of(&node, "memory_bytes"),
		.load_average = json_node_number_of(&node, "load_average"),
		.is_quiet = json_node_bool_of(&node, "is_quiet"),
	};
	read_directories(machine, &node, error);
}

static size_t count_names(const struct json_node *object)
{
	size_t count = 0;

	for (const char *name = json_node_next_name(object, NULL); name != NULL;
	     name = json_node_next_name(object, name))
		count++;
	return count;
}

static void read_settings(struct report_run *run, const struct json_node *root, int *error)
{
	struct json_node node = json_node_member(root, "settings");
	const char *name = NULL;
	size_t count = count_names(&node);

	if (count == 0)
		return;
	run->settings = calloc(count, sizeof(run->settings[0]));
	if (run->settings == NULL) {
		*error = -ENOMEM;
		return;
	}
	while (run->setting_count < count) {
		struct report_setting *setting = &run->settings[run->setting_count++];

		name = json_node_next_name(&node, name);
		setting->name = name;
		setting->value = json_node_text_of(&node, name);
		if (setting->value == NULL)
			*error = -ENOMEM;
	}
}

static const char *skipped_of(const struct json_node *item)
{
	return json_node_has(item, "skipped") ? json_node_string_of(item, "skipped") : NULL;
}

/* Older files say only on which side of the limit the median is. */
static enum finding_verdict read_verdict(const struct json_node *item)
{
	const bool is_met = json_node_bool_of(item, "is_met");
	struct json_node verdict = json_node_member(item, "verdict");
	const char *name;

	if (!json_node_has(item, "verdict"))
		return is_met ? FINDING_PASS : FINDING_SHORT;
	name = json_node_string_of(item, "verdict");
	for (enum finding_verdict i = FINDING_PASS; i <= FINDING_SHORT; i++) {
		if (strcmp(finding_verdict_name(i), name) == 0)
			return i;
	}
	json_node_refuse(&verdict, "want pass, near or short");
	return FINDING_SHORT;
}

static void read_finding(struct report_finding *finding, const struct json_node *item)
{
	finding->id = json_node_string_of(item, "id");
	finding->title = json_node_string_of(item, "title");
	finding->unit = json_node_string_of(item, "unit");
	finding->skipped = skipped_of(item);
	if (json_node_has(item, "at_least")) {
		finding->limit_kind = FINDING_AT_LEAST;
		finding->limit = json_node_number_of(item, "at_least");
	} else if (json_node_has(item, "at_most")) {
		finding->limit_kind = FINDING_AT_MOST;
		finding->limit = json_node_number_of(item, "at_most");
	}
	if (finding->skipped != NULL)
		return;
	finding->value = read_samples(item, "value");
	if (finding->limit_kind != FINDING_NO_LIMIT)
		finding->verdict = read_verdict(item);
}

static void read_findings(struct report_run *run, const struct json_node *root, int *error)
{
	struct json_node array = json_node_member(root, "findings");

	run->findings = new_items(&array, sizeof(run->findings[0]), &run->finding_count, error);
	for (size_t i = 0; i < run->finding_count; i++) {
		struct json_node item = json_node_item(&array, i);

		read_finding(&run->findings[i], &item);
	}
}

static void read_method(struct report_method *method, const struct json_node *item)
{
	method->title = json_node_string_of(item, "title");
	method->includes = json_node_string_of(item, "includes");
	method->skipped = skipped_of(item);
	if (method->skipped != NULL)
		return;
	method->work = json_node_string_of(item, "work");
	method->per_second = read_samples(item, "per_second");
	method->user_us = json_node_number_of(item, "user_us");
	method->system_us = json_node_number_of(item, "system_us");
	if (json_node_has(item, "peak_rss_bytes"))
		method->peak_rss_bytes = json_node_number_of(item, "peak_rss_bytes");
}

static bool read_is_lanes(const struct json_node *item)
{
	struct json_node engine = json_node_member(item, "engine");
	const char *name = json_node_string_of(item, "engine");

	if (strcmp(name, "lanes") != 0 && strcmp(name, "openssl") != 0)
		json_node_refuse(&engine, "want lanes or openssl");
	return strcmp(name, "lanes") == 0;
}

static struct report_times read_times(const struct json_node *item, const char *name)
{
	struct json_node times = json_node_member(item, name);

	return (struct report_times){
		.p50_us = json_node_number_of(&times, "p50"),
		.p90_us = json_node_number_of(&times, "p90"),
		.p99_us = json_node_number_of(&times, "p99"),
		.max_us = json_node_number_of(&times, "max"),
	};
}

static unsigned read_bits(const struct json_node *item)
{
	return json_node_whole_of(item, "bits", 1, RSA_LANE_BITS_MAX);
}

static void read_signing(struct report_signing *signing, const struct json_node *item)
{
	*signing = (struct report_signing){
		.in_lanes = read_is_lanes(item),
		.bits = read_bits(item),
		.threads = json_node_whole_of(item, "threads", 1, THREADS_MAX),
		.lanes_filled = json_node_whole_of(item, "lanes_filled", 1, RSA_LANES),
		.per_second = read_samples(item, "per_second"),
		.calls = read_times(item, "call_us"),
	};
}

static void read_at_rests(struct report_run *run, const struct json_node *root, int *error)
{
	struct json_node array = json_node_member(root, "at_rest");

	run->at_rests = new_items(&array, sizeof(run->at_rests[0]), &run->at_rest_count, error);
	for (size_t i = 0; i < run->at_rest_count; i++) {
		struct json_node item = json_node_item(&array, i);

		run->at_rests[i] = (struct report_at_rest){
			.in_lanes = read_is_lanes(&item),
			.bits = read_bits(&item),
			.jobs = read_times(&item, "job_us"),
		};
	}
}

static void read_key_forms(struct report_run *run, const struct json_node *root, int *error)
{
	struct json_node array = json_node_member(root, "key_forms");

	run->key_forms = new_items(&array, sizeof(run->key_forms[0]), &run->key_form_count, error);
	for (size_t i = 0; i < run->key_form_count; i++) {
		struct json_node item = json_node_item(&array, i);

		run->key_forms[i] = (struct report_key_form){
			.bits = read_bits(&item),
			.per_second = read_samples(&item, "per_second"),
			.keys = read_times(&item, "key_us"),
		};
	}
}

static void read_timing(struct report_timing_test *timing, const struct json_node *item, int *error)
{
	struct json_node array = json_node_member(item, "croppings");

	timing->title = json_node_string_of(item, "title");
	timing->sample_count = json_node_number_of(item, "samples");
	timing->max_t = json_node_number_of(item, "max_t");
	timing->croppings = new_items(&array, sizeof(timing->croppings[0]), &timing->cropping_count,
				      error);
	for (size_t i = 0; i < timing->cropping_count; i++) {
		struct json_node cropping = json_node_item(&array, i);

		timing->croppings[i] = (struct report_cropping){
			.percent = json_node_number_of(&cropping, "percent"),
			.mean_fixed_us = json_node_number_of(&cropping, "mean_fixed_us"),
			.mean_random_us = json_node_number_of(&cropping, "mean_random_us"),
			.t = json_node_number_of(&cropping, "t"),
			.detectable_ns = json_node_number_of(&cropping, "detectable_ns"),
		};
	}
}

static void read_results(struct report_run *run, const struct json_node *root, int *error)
{
	static const size_t sizes[] = {
		[REPORT_RSA] = sizeof(struct report_signing),
		[REPORT_SPOOL] = sizeof(struct report_method),
		[REPORT_TIMING] = sizeof(struct report_timing_test),
	};
	struct json_node array = json_node_member(root, "results");
	void *items = new_items(&array, sizes[run->scenario], &run->result_count, error);

	switch (run->scenario) {
	case REPORT_RSA: run->signings = items; break;
	case REPORT_SPOOL: run->methods = items; break;
	case REPORT_TIMING: run->timings = items; break;
	}
	for (size_t i = 0; i < run->result_count; i++) {
		struct json_node item = json_node_item(&array, i);

		switch (run->scenario) {
		case REPORT_RSA: read_signing(&run->signings[i], &item); break;
		case REPORT_SPOOL: read_method(&run->methods[i], &item); break;
		case REPORT_TIMING: read_timing(&run->timings[i], &item, error); break;
		}
	}
}

static void read_head(struct report_run *run, const struct json_node *root)
{
	struct json_node program = json_node_member(root, "program");
	struct json_node scenario = json_node_member(root, "scenario");
	const char *name;
	size_t i = 0;

	if (strcmp(json_node_string_of(root, "program"), "postseal-bench") != 0)
		json_node_refuse(&program, "want postseal-bench");
	(void)json_node_whole_of(root, "format", RESULT_FILE_FORMAT, RESULT_FILE_FORMAT);
	run->version = json_node_string_of(root, "version");
	run->ended = json_node_string_of(root, "ended");
	name = json_node_string_of(root, "scenario");
	while (i < ARRAY_COUNT(scenario_names) && strcmp(scenario_names[i], name) != 0)
		i++;
	if (i < ARRAY_COUNT(scenario_names))
		run->scenario = (enum report_scenario)i;
	else
		json_node_refuse(&scenario, "want rsa, spool or timing");
}

int report_run_init(struct report_run *run, const char *path, struct failure *failure)
{
	struct json_node root;
	int error = 0;
	int r;

	*run = (struct report_run){.scenario = REPORT_RSA};
	r = json_document_open(&run->document, path, failure);
	if (r != 0)
		return r;
	root = json_document_root(&run->document);
	read_head(run, &root);
	/* What another program wrote, or a newer one, says nothing by what else is wrong with it. */
	r = json_document_error(&run->document, failure);
	if (r != 0)
		return r;
	read_machine(&run->machine, &root, &error);
	read_settings(run, &root, &error);
	read_results(run, &root, &error);
	if (json_node_has(&root, "at_rest"))
		read_at_rests(run, &root, &error);
	if (json_node_has(&root, "key_forms"))
		read_key_forms(run, &root, &error);
	read_findings(run, &root, &error);
	if (error != 0)
		return failure_set(failure, error, "%s", path);
	return json_document_error(&run->document, failure);
}

void report_run_deinit(struct report_run *run)
{
	for (size_t i = 0; i < run->setting_count; i++)
		free(run->settings[i].value);
	for (size_t i = 0; run->timings != NULL && i < run->result_count; i++)
		free(run->timings[i].croppings);
	free(run->machine.directories);
	free(run->settings);
	free(run->findings);
	free(run->methods);
	free(run->signings);
	free(run->timings);
	free(run->at_rests);
	free(run->key_forms);
	json_document_close(&run->document);
	*run = (struct report_run){.scenario = REPORT_RSA};
}
