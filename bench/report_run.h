/*
 * report_run - one result file of a scenario, read and checked, as the report shows it.
 *
 * Is:       the members of docs/bench.md that a report shows. Others are not looked at, so newer files with more
 *           members can be read.
 * Errors:   with a text; -errno if the file cannot be read, BENCH_E_FAILED if it has another form, -ENOMEM.
 * Owns:     everything; texts are borrowed from the document. Deinit it in any case.
 * Threads:  one.
 */
#ifndef BENCH_REPORT_RUN_H
#define BENCH_REPORT_RUN_H

#include "bench/finding.h"
#include "bench/json_node.h"

enum report_scenario {
	REPORT_RSA,
	REPORT_SPOOL,
	REPORT_TIMING,
};

struct report_samples {
	double median;
	bool has_quartiles; /* older files have none */
	double quartile_1;
	double quartile_3;
	double min;
	double max;
	double spread;
};

struct report_directory {
	const char *path;
	const char *file_system;
	const char *device;
};

struct report_machine {
	const char *cpu_model;
	const char *architecture;
	const char *kernel;
	const char *openssl;
	const char *liburing;
	const char *pcre2;
	unsigned cpus;
	unsigned cpus_online;
	double memory_bytes;
	double load_average;
	bool is_quiet;
	struct report_directory *directories;
	size_t directory_count;
};

struct report_setting {
	const char *name;
	char *value;
};

struct report_finding {
	const char *id;
	const char *title;
	const char *unit;
	enum finding_limit limit_kind;
	double limit;
	const char *skipped; /* NULL: it was not, and the rest counts */
	struct report_samples value;
	enum finding_verdict verdict;
};

/* A contender of spool. */
struct report_method {
	const char *title;
	const char *includes;
	const char *skipped; /* NULL: it was not, and the rest counts */
	const char *work;
	struct report_samples per_second;
	double user_us;
	double system_us;
	double peak_rss_bytes; /* 0: not known */
};

/* Percentiles of the time of one piece of work, in microseconds. */
struct report_times {
	double p50_us;
	double p90_us;
	double p99_us;
	double max_us;
};

/* A row of rsa. */
struct report_signing {
	bool in_lanes;
	unsigned bits;
	unsigned threads;
	unsigned lanes_filled;
	struct report_samples per_second;
	struct report_times calls;
};

/* One job at a time, beside the rows of rsa. */
struct report_at_rest {
	bool in_lanes;
	unsigned bits;
	struct report_times jobs;
};

/* Keys into the form of lanes, beside the rows of rsa. */
struct report_key_form {
	unsigned bits;
	struct report_samples per_second;
	struct report_times keys;
};

struct report_cropping {
	double percent;
	double mean_fixed_us;
	double mean_random_us;
	double t;
	double detectable_ns;
};

/* A test of timing. */
struct report_timing_test {
	const char *title;
	double sample_count;
	double max_t;
	struct report_cropping *croppings;
	size_t cropping_count;
};

struct report_run {
	enum report_scenario scenario;
	const char *version;
	const char *ended;
	struct report_machine machine;
	struct report_setting *settings;
	size_t setting_count;
	struct report_finding *findings;
	size_t finding_count;
	/* One of these, as the scenario says. */
	struct report_method *methods;
	struct report_signing *signings;
	struct report_timing_test *timings;
	size_t result_count;
	/* Of rsa, but not in older files. */
	struct report_at_rest *at_rests;
	size_t at_rest_count;
	struct report_key_form *key_forms;
	size_t key_form_count;

	/* private */
	struct json_document document;
};

MUST_CHECK int report_run_init(struct report_run *run, const char *path, struct failure *failure);
void report_run_deinit(struct report_run *run);

#endif
