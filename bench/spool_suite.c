/*
 * How it works: each experiment is a function that makes its load, runs a contest, keeps the contenders as
 * results, and adds findings. They share one spool in each place, which every run leaves empty.
 *
 * Counts are for a machine with two CPUs: each turn takes one to three seconds there, so that the start
 * of the program is a small part of it. --scale changes all of them.
 */
#include "bench/spool_suite.h"

#include "bench/finding.h"
#include "bench/machine.h"
#include "bench/spool_contest.h"
#include "common/cpus.h"
#include "signer/lanes/rsa_lanes.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESULTS_MAX  32
#define FINDINGS_MAX 16

/* Enough that the start, some 30 ms, and the first use of each key are not what is measured. */
#define RSA_MESSAGES	 60000
#define ED25519_MESSAGES 60000
#define DISK_MESSAGES	 10000
#define BSMTP_MESSAGES	 20480
#define WAITING_UNITS	 100000
#define WAITING_SIZE	 1024
#define LARGE_BYTES	 ((uint64_t)2 << 30)
#define TABLE_ROWS	 100000
#define TABLE_DOMAINS	 64
#define TABLE_MESSAGES	 60000
/* Keys in use, and what the cache of keys in lane form has room for: with all of them, and with few. */
#define MANY_KEYS      512
#define MANY_KEYS_FIT  1000
#define FEW_KEYS_FIT   32
#define MIB	       (1024.0 * 1024.0)
#define BSMTP_PER_UNIT 256

#define NO_LANES "there are no lanes here"

struct spool_suite {
	const struct spool_options *options;
	unsigned cpus;
	char memory_spool[PATH_MAX];
	char disk_spool[PATH_MAX];
	char setup_paths[4][PATH_MAX];
	struct signer_setup rsa;
	struct signer_setup ed25519;
	struct signer_setup many_rows;
	struct signer_setup many_keys;
	struct status_line status;
	struct spool_contest contest; /* of the experiment that runs */

	/* Copies, with texts of their own. */
	struct suite_result {
		struct contender contender;
		char id[64];
		char title[96];
	} * results;
	size_t result_count;
	struct finding findings[FINDINGS_MAX];
	size_t finding_count;
};

static unsigned scaled(const struct spool_suite *suite, unsigned count)
{
	double value = suite->options->scale * count;

	return value < 1 ? 1 : (unsigned)value;
}

static struct finding *add_finding(struct spool_suite *suite, const char *id, const char *title,
				   const char *unit)
{
	struct finding *finding = &suite->findings[suite->finding_count++];

	assert(suite->finding_count <= FINDINGS_MAX);
	*finding = (struct finding){.id = id, .title = title, .unit = unit};
	return finding;
}

static void limit(struct finding *finding, enum finding_limit kind, double value)
{
	finding->limit_kind = kind;
	finding->limit = value;
}

/* The contender at `place`, for the tables at the end. */
static void keep(struct spool_suite *suite, size_t place)
{
	const struct contender *contender = &suite->contest.contenders[place];
	struct suite_result *result = &suite->results[suite->result_count++];

	assert(suite->result_count <= RESULTS_MAX);
	result->contender = *contender;
	snprintf(result->id, sizeof(result->id), "%s", contender->id);
	snprintf(result->title, sizeof(result->title), "%s", contender->title);
	result->contender.id = result->id;
	result->contender.title = result->title;
}

static int run(struct spool_suite *suite, unsigned rounds, struct failure *failure)
{
	return spool_contest_run(&suite->contest, rounds, &suite->status, failure);
}

static void rate_ratio(const struct spool_suite *suite, size_t a, size_t b,
		       struct samples *ratio_out)
{
	contenders_ratio(&suite->contest.contenders[a], &suite->contest.contenders[b], ratio_out);
}

static void add_rss(struct finding *finding, const struct contender *contender)
{
	for (size_t i = 0; i < contender->count; i++)
		samples_add(&finding->samples, (double)contender->measures[i].peak_rss_bytes / MIB);
}

static struct spool_load load_of(const struct spool_suite *suite, unsigned message_count)
{
	return (struct spool_load){
		.maker = {suite->options->run.seed, 4096, 1, 1},
		.message_count = scaled(suite, message_count),
		.messages_per_unit = 1,
	};
}

/* Senders that are spread over the whole table. */
static struct mail_maker many_rows_maker(const struct spool_suite *suite)
{
	unsigned rows = scaled(suite, TABLE_ROWS);
	unsigned domains = rows < TABLE_DOMAINS ? rows : TABLE_DOMAINS;

	return (struct mail_maker){suite->options->run.seed, 4096, domains, rows / domains};
}

static struct pipeline pipeline_of(const struct spool_suite *suite,
				   const struct signer_setup *setup, const struct spool_load *load)
{
	return (struct pipeline){
		.postseal_path = suite->options->postseal_path,
		.setup = setup,
		.load = load,
		.spool_path = suite->memory_spool,
		.options = suite->options->postseal_options,
	};
}

static void cpu_beside_signature(const struct spool_suite *suite, size_t postseal, size_t openssl,
				 struct samples *us_out)
{
	struct samples message_us;
	struct samples signature_us;

	contender_cpu_us(&suite->contest.contenders[postseal], &message_us);
	contender_cpu_us(&suite->contest.contenders[openssl], &signature_us);
	samples_difference(&message_us, &signature_us, us_out);
}

static int measure_rsa_in_memory(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, RSA_MESSAGES);
	struct pipeline pipeline = pipeline_of(suite, &suite->rsa, &load);
	struct openssl_rate rate = {&suite->rsa, suite->cpus, suite->options->run.seconds};
	struct finding *finding;
	size_t lanes;
	size_t postseal;
	size_t openssl;
	int r;

	spool_contest_init(&suite->contest);
	lanes = spool_contest_add_pipeline(&suite->contest, "postseal_memory_rsa2048",
					   "postseal in memory, RSA-2048, 4 KB", &pipeline);
	pipeline.signs_by_openssl = true;
	postseal = spool_contest_add_pipeline(
		&suite->contest, "postseal_memory_rsa2048_openssl",
		"postseal in memory, RSA-2048, 4 KB, SignEngine openssl", &pipeline);
	openssl = spool_contest_add_openssl(&suite->contest, &rate);
	r = run(suite, suite->options->run.rounds, failure);
	if (r != 0)
		return r;
	finding = add_finding(suite, "memory_rsa2048_lanes_to_openssl",
			      "in memory, RSA-2048, 4 KB / the same, SignEngine openssl", "");
	limit(finding, FINDING_AT_LEAST, 2.3);
	if (rsa_lanes_fast() == NULL)
		(void)failure_set(&finding->skipped, BENCH_E_SKIPPED, NO_LANES);
	else
		rate_ratio(suite, lanes, postseal, &finding->samples);
	finding = add_finding(suite, "memory_rsa2048_to_openssl",
			      "in memory, RSA-2048, 4 KB, SignEngine openssl / OpenSSL on all CPUs",
			      "");
	limit(finding, FINDING_AT_LEAST, 0.85);
	rate_ratio(suite, postseal, openssl, &finding->samples);
	finding = add_finding(suite, "memory_rsa2048_cpu_beside_signature",
			      "CPU a message beside the signature, in memory, RSA-2048, "
			      "SignEngine openssl",
			      "us");
	limit(finding, FINDING_AT_MOST, 45);
	cpu_beside_signature(suite, postseal, openssl, &finding->samples);
	keep(suite, lanes);
	keep(suite, postseal);
	keep(suite, openssl);
	return 0;
}

static struct mail_maker many_keys_maker(const struct spool_suite *suite)
{
	return (struct mail_maker){suite->options->run.seed, 4096, MANY_KEYS, 1};
}

static void find_many_keys(struct spool_suite *suite, size_t fit, size_t do_not_fit, size_t openssl)
{
	struct finding *to_fit = add_finding(
		suite, "memory_many_keys_to_cached",
		"in memory, RSA-2048, 512 keys: LaneCacheSize 32 / LaneCacheSize 1000", "");
	struct finding *to_openssl = add_finding(
		suite, "memory_many_keys_to_openssl",
		"in memory, RSA-2048, 512 keys: LaneCacheSize 32 / SignEngine openssl", "");

	if (rsa_lanes_fast() == NULL) {
		(void)failure_set(&to_fit->skipped, BENCH_E_SKIPPED, NO_LANES);
		(void)failure_set(&to_openssl->skipped, BENCH_E_SKIPPED, NO_LANES);
		return;
	}
	rate_ratio(suite, do_not_fit, fit, &to_fit->samples);
	rate_ratio(suite, do_not_fit, openssl, &to_openssl->samples);
}

/* What it costs when the cache has not room for the keys, as a whole. */
static int measure_many_keys(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, RSA_MESSAGES);
	struct pipeline pipeline = pipeline_of(suite, &suite->many_keys, &load);
	size_t fit;
	size_t do_not_fit;
	size_t openssl;
	int r;

	load.maker = many_keys_maker(suite);
	spool_contest_init(&suite->contest);
	pipeline.lane_keys = MANY_KEYS_FIT;
	fit = spool_contest_add_pipeline(
		&suite->contest, "postseal_many_keys",
		"postseal in memory, RSA-2048, 512 keys, LaneCacheSize 1000", &pipeline);
	pipeline.lane_keys = FEW_KEYS_FIT;
	do_not_fit = spool_contest_add_pipeline(
		&suite->contest, "postseal_many_keys_not_cached",
		"postseal in memory, RSA-2048, 512 keys, LaneCacheSize 32", &pipeline);
	pipeline.signs_by_openssl = true;
	openssl = spool_contest_add_pipeline(
		&suite->contest, "postseal_many_keys_openssl",
		"postseal in memory, RSA-2048, 512 keys, SignEngine openssl", &pipeline);
	r = run(suite, suite->options->run.rounds, failure);
	if (r != 0)
		return r;
	find_many_keys(suite, fit, do_not_fit, openssl);
	keep(suite, fit);
	keep(suite, do_not_fit);
	keep(suite, openssl);
	return 0;
}

static int measure_ed25519_in_memory(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, ED25519_MESSAGES);
	struct pipeline pipeline = pipeline_of(suite, &suite->ed25519, &load);
	struct openssl_rate rate = {&suite->ed25519, suite->cpus, suite->options->run.seconds};
	struct finding *finding;
	size_t postseal;
	size_t openssl;
	int r;

	spool_contest_init(&suite->contest);
	postseal = spool_contest_add_pipeline(&suite->contest, "postseal_memory_ed25519",
					      "postseal in memory, Ed25519, 4 KB", &pipeline);
	openssl = spool_contest_add_openssl(&suite->contest, &rate);
	r = run(suite, suite->options->run.rounds, failure);
	if (r != 0)
		return r;
	finding = add_finding(suite, "memory_ed25519_rate", "in memory, Ed25519, 4 KB", "/s");
	limit(finding, FINDING_AT_LEAST, 20000);
	contender_rates(&suite->contest.contenders[postseal], &finding->samples);
	finding = add_finding(suite, "memory_ed25519_cpu_beside_signature",
			      "CPU a message beside the signature, in memory, Ed25519", "us");
	cpu_beside_signature(suite, postseal, openssl, &finding->samples);
	keep(suite, postseal);
	keep(suite, openssl);
	return 0;
}

/* Each raw method once; the fastest then stands against postseal in turns. */
static int find_best_raw(struct spool_suite *suite, const struct spool_load *load,
			 struct raw_spool *best_out, struct failure *failure)
{
	struct spool_load one = load_of(suite, 1);
	struct pipeline pipeline = pipeline_of(suite, &suite->ed25519, &one);
	struct raw_spool raw = {
		.load = load,
		.spool_path = suite->disk_spool,
		.seconds_max = suite->options->run.seconds,
	};
	const struct contender *best;
	size_t count;
	int r = pipeline_growth(&pipeline, &raw.growth, failure);

	if (r != 0)
		return r;
	spool_contest_init(&suite->contest);
	count = spool_contest_add_raws(&suite->contest, &raw, suite->cpus);
	r = run(suite, 1, failure);
	if (r != 0)
		return r;
	best = contender_best(suite->contest.contenders, count);
	for (size_t i = 0; i < count; i++) {
		if (&suite->contest.contenders[i] == best)
			*best_out = suite->contest.entries[i].raw;
		else
			keep(suite, i); /* the best is kept when it has had its rounds */
	}
	best_out->load = load; /* the contest's own copy goes with the contest */
	return 0;
}

static int measure_on_disk(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, DISK_MESSAGES);
	struct pipeline pipeline = pipeline_of(suite, &suite->ed25519, &load);
	struct raw_spool raw = {0};
	struct finding *finding;
	size_t postseal;
	size_t best;
	int r;

	load.is_durable = true;
	pipeline.spool_path = suite->disk_spool;
	pipeline.syncs = true;
	r = find_best_raw(suite, &load, &raw, failure);
	if (r != 0)
		return r;
	spool_contest_init(&suite->contest);
	postseal = spool_contest_add_pipeline(&suite->contest, "postseal_disk_ed25519",
					      "postseal on disk, Ed25519, 4 KB", &pipeline);
	best = spool_contest_add_raw(&suite->contest, &raw);
	r = run(suite, suite->options->run.rounds, failure);
	if (r != 0)
		return r;
	finding = add_finding(suite, "disk_ed25519_to_raw",
			      "on disk, one message a file, Ed25519 / best raw method", "");
	limit(finding, FINDING_AT_LEAST, 0.90);
	rate_ratio(suite, postseal, best, &finding->samples);
	keep(suite, postseal);
	keep(suite, best);
	return 0;
}

static int measure_bsmtp(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, BSMTP_MESSAGES);
	struct pipeline pipeline = pipeline_of(suite, &suite->ed25519, &load);
	struct finding *finding;
	size_t memory;
	size_t disk;
	int r;

	load.is_bsmtp = true;
	load.messages_per_unit = BSMTP_PER_UNIT;
	spool_contest_init(&suite->contest);
	memory = spool_contest_add_pipeline(&suite->contest, "postseal_memory_bsmtp",
					    "postseal in memory, .bsmtp of 256, Ed25519",
					    &pipeline);
	load.is_durable = true;
	pipeline.spool_path = suite->disk_spool;
	pipeline.syncs = true;
	disk = spool_contest_add_pipeline(&suite->contest, "postseal_disk_bsmtp",
					  "postseal on disk, .bsmtp of 256, Ed25519", &pipeline);
	r = run(suite, suite->options->run.rounds, failure);
	if (r != 0)
		return r;
	finding = add_finding(suite, "disk_bsmtp_to_memory",
			      ".bsmtp of 256, Ed25519: on disk / in memory", "");
	limit(finding, FINDING_AT_LEAST, 0.85);
	rate_ratio(suite, disk, memory, &finding->samples);
	keep(suite, memory);
	keep(suite, disk);
	return 0;
}

static int measure_waiting_units(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, WAITING_UNITS);
	struct pipeline pipeline = pipeline_of(suite, &suite->ed25519, &load);
	struct finding *finding;
	char title[80];
	size_t place;
	int r;

	load.maker.size = WAITING_SIZE;
	snprintf(title, sizeof(title), "postseal, %" PRIu64 " units waiting", load.message_count);
	spool_contest_init(&suite->contest);
	place = spool_contest_add_pipeline(&suite->contest, "postseal_waiting_units", title,
					   &pipeline);
	r = run(suite, 1, failure);
	if (r != 0)
		return r;
	finding = add_finding(suite, "waiting_units_rss", "peak memory, 100,000 units waiting",
			      "MiB");
	limit(finding, FINDING_AT_MOST, 64);
	add_rss(finding, &suite->contest.contenders[place]);
	keep(suite, place);
	return 0;
}

/* In and out lie there at once. */
static bool has_room(const char *path, uint64_t bytes, bool in_memory)
{
	uint64_t wanted = 2 * bytes + bytes / 4;
	struct statvfs status;

	if (in_memory && machine_memory_available() < wanted)
		return false;
	return statvfs(path, &status) == 0 && (uint64_t)status.f_bavail * status.f_frsize >= wanted;
}

static int measure_large_message(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, 1);
	struct pipeline pipeline = pipeline_of(suite, &suite->ed25519, &load);
	uint64_t large_bytes = (uint64_t)(suite->options->scale * (double)LARGE_BYTES);
	struct finding *finding = add_finding(
		suite, "large_message_rss", "peak memory, one message of 2 GiB / one of 4 KB", "");
	size_t small;
	size_t large;
	int r;

	limit(finding, FINDING_AT_MOST, 1.1);
	load.message_count = 1;
	if (!has_room(suite->memory_spool, large_bytes, true)) {
		pipeline.spool_path = suite->disk_spool;
		pipeline.syncs = true;
		if (!has_room(suite->disk_spool, large_bytes, false)) {
			(void)failure_set(&finding->skipped, BENCH_E_SKIPPED, "no room for it");
			return 0;
		}
	}
	spool_contest_init(&suite->contest);
	small = spool_contest_add_pipeline(&suite->contest, "postseal_small_message",
					   "postseal, one message of 4 KB", &pipeline);
	load.maker.size = (size_t)1 << 20;
	pipeline.large_bytes = large_bytes;
	large = spool_contest_add_pipeline(&suite->contest, "postseal_large_message",
					   "postseal, one message of 2 GiB", &pipeline);
	r = run(suite, 1, failure);
	if (r != 0)
		return r;
	samples_add(&finding->samples,
		    (double)contender_peak_rss(&suite->contest.contenders[large]) /
			    (double)contender_peak_rss(&suite->contest.contenders[small]));
	keep(suite, small);
	keep(suite, large);
	return 0;
}

/* Until the first message is out, with many rows and with one; and the same with nothing to sign. */
static int measure_table_start(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, 1);
	struct pipeline one = pipeline_of(suite, &suite->ed25519, &load);
	struct pipeline many = pipeline_of(suite, &suite->many_rows, &load);
	struct spool_contest *contest = &suite->contest;
	struct finding *first;
	struct finding *empty;
	int r;

	load.message_count = 1;
	spool_contest_init(contest);
	(void)spool_contest_add_pipeline(contest, "postseal_start_one_row",
					 "postseal, one row, one message", &one);
	(void)spool_contest_add_pipeline(contest, "postseal_start_many_rows",
					 "postseal, 100,000 rows, one message", &many);
	load.message_count = 0;
	(void)spool_contest_add_pipeline(contest, "postseal_empty_one_row",
					 "postseal, one row, empty spool", &one);
	(void)spool_contest_add_pipeline(contest, "postseal_empty_many_rows",
					 "postseal, 100,000 rows, empty spool", &many);
	r = run(suite, suite->options->run.rounds, failure);
	if (r != 0)
		return r;
	first = add_finding(suite, "table_first_message",
			    "100,000 rows more: later first signed message", "s");
	limit(first, FINDING_AT_MOST, 1);
	empty = add_finding(suite, "table_empty_spool",
			    "100,000 rows more: longer run, empty spool", "s");
	limit(empty, FINDING_AT_MOST, 1);
	for (size_t i = 0; i < contest->contenders[0].count; i++) {
		samples_add(&first->samples, contest->contenders[1].measures[i].first_s -
						     contest->contenders[0].measures[i].first_s);
		samples_add(&empty->samples, contest->contenders[3].measures[i].seconds -
						     contest->contenders[2].measures[i].seconds);
	}
	first = add_finding(suite, "table_rss", "peak memory, 100,000 rows", "MiB");
	limit(first, FINDING_AT_MOST, 200);
	add_rss(first, &contest->contenders[1]);
	keep(suite, 0);
	keep(suite, 1);
	return 0;
}

static int measure_table_rate(struct spool_suite *suite, struct failure *failure)
{
	struct spool_load load = load_of(suite, TABLE_MESSAGES);
	struct pipeline one = pipeline_of(suite, &suite->ed25519, &load);
	struct pipeline many = pipeline_of(suite, &suite->many_rows, &load);
	struct finding *finding;
	size_t one_row;
	size_t many_rows;
	int r;

	one.measures_engine = true;
	many.measures_engine = true;
	spool_contest_init(&suite->contest);
	one_row = spool_contest_add_pipeline(&suite->contest, "postseal_rate_one_row",
					     "postseal in memory, one row", &one);
	load.maker = many_rows_maker(suite);
	many_rows = spool_contest_add_pipeline(&suite->contest, "postseal_rate_many_rows",
					       "postseal in memory, 100,000 rows, 64 keys in use",
					       &many);
	r = run(suite, suite->options->run.rounds, failure);
	if (r != 0)
		return r;
	finding = add_finding(suite, "table_rate",
			      "rate with 100,000 rows and 64 keys in use / with one row", "");
	limit(finding, FINDING_AT_LEAST, 0.95);
	rate_ratio(suite, many_rows, one_row, &finding->samples);
	keep(suite, one_row);
	keep(suite, many_rows);
	return 0;
}

int spool_suite_new(const struct spool_options *options, const struct spool_places *places,
		    struct spool_suite **suite_out)
{
	static const char *const setups[] = {"rsa", "ed25519", "many-rows", "many-keys"};
	struct spool_suite *suite = calloc(1, sizeof(*suite));

	if (suite == NULL)
		return -ENOMEM;
	suite->options = options;
	suite->cpus = cpus_allowed();
	suite->results = calloc(RESULTS_MAX, sizeof(suite->results[0]));
	if (suite->results == NULL) {
		spool_suite_free(suite);
		return -ENOMEM;
	}
	/* mkdtemp() has been content with these, with a few bytes more behind them. */
	snprintf(suite->memory_spool, PATH_MAX, "%s/spool", places->memory);
	snprintf(suite->disk_spool, PATH_MAX, "%s/spool", places->disk);
	for (size_t i = 0; i < ARRAY_COUNT(setups); i++)
		snprintf(suite->setup_paths[i], PATH_MAX, "%s/%s", places->memory, setups[i]);
	*suite_out = suite;
	return 0;
}

void spool_suite_free(struct spool_suite *suite)
{
	if (suite == NULL)
		return;
	signer_setup_deinit(&suite->rsa);
	signer_setup_deinit(&suite->ed25519);
	signer_setup_deinit(&suite->many_rows);
	signer_setup_deinit(&suite->many_keys);
	free(suite->results);
	free(suite);
}

static int prepare(struct spool_suite *suite, struct failure *failure)
{
	const struct mail_maker one = load_of(suite, 1).maker;
	const struct mail_maker many = many_rows_maker(suite);
	const struct mail_maker many_keys = many_keys_maker(suite);
	const struct key_kind rsa = {KEY_RSA, 2048};
	const struct key_kind ed25519 = {KEY_ED25519, 0};
	int r = spool_load_make_rooms(suite->memory_spool, failure);

	if (r == 0)
		r = spool_load_make_rooms(suite->disk_spool, failure);
	if (r == 0)
		r = signer_setup_init(&suite->rsa, rsa, &one, 1, suite->setup_paths[0], failure);
	if (r == 0)
		r = signer_setup_init(&suite->ed25519, ed25519, &one, 1, suite->setup_paths[1],
				      failure);
	if (r == 0)
		r = signer_setup_init(&suite->many_rows, ed25519, &many, scaled(suite, TABLE_ROWS),
				      suite->setup_paths[2], failure);
	if (r == 0)
		r = signer_setup_init(&suite->many_keys, rsa, &many_keys, MANY_KEYS,
				      suite->setup_paths[3], failure);
	return r;
}

static const struct experiment {
	const char *name;
	int (*measure)(struct spool_suite *suite, struct failure *failure);
	unsigned turns_each_round;
	unsigned turns_once;
	bool tries_raw_methods;
} experiments[] = {
	{"memory-rsa2048", measure_rsa_in_memory, 3, 0, false},
	{"memory-many-keys", measure_many_keys, 3, 0, false},
	{"memory-ed25519", measure_ed25519_in_memory, 2, 0, false},
	{"disk", measure_on_disk, 2, 0, true},
	{"bsmtp", measure_bsmtp, 2, 0, false},
	{"waiting-units", measure_waiting_units, 0, 1, false},
	{"large-message", measure_large_message, 0, 2, false},
	{"table-start", measure_table_start, 4, 0, false},
	{"table-rate", measure_table_rate, 2, 0, false},
};

bool spool_suite_knows(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(experiments); i++) {
		if (strcmp(experiments[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool is_wanted(const struct spool_suite *suite, const struct experiment *experiment)
{
	const char *only = suite->options->only;

	return only == NULL || strcmp(experiment->name, only) == 0;
}

int spool_suite_run(struct spool_suite *suite, struct failure *failure)
{
	unsigned raw_methods = suite->cpus > 1 ? 8 : 5;
	unsigned turns = 0;
	int r;

	for (size_t i = 0; i < ARRAY_COUNT(experiments); i++) {
		const struct experiment *experiment = &experiments[i];

		if (is_wanted(suite, experiment))
			turns += experiment->turns_each_round * suite->options->run.rounds +
				 experiment->turns_once +
				 (experiment->tries_raw_methods ? raw_methods : 0);
	}
	status_line_init(&suite->status, turns);
	r = prepare(suite, failure);
	for (size_t i = 0; r == 0 && i < ARRAY_COUNT(experiments); i++) {
		if (is_wanted(suite, &experiments[i]))
			r = experiments[i].measure(suite, failure);
	}
	status_line_end(&suite->status);
	return r;
}

int spool_suite_print(const struct spool_suite *suite, FILE *file)
{
	struct contender *contenders = calloc(suite->result_count, sizeof(contenders[0]));
	int r;

	if (contenders == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < suite->result_count; i++)
		contenders[i] = suite->results[i].contender;
	r = contenders_print(contenders, suite->result_count, file);
	free(contenders);
	fputc('\n', file);
	if (r == 0)
		r = findings_print(suite->findings, suite->finding_count, file);
	if (suite->options->scale != 1)
		fprintf(file, "\nAll counts were multiplied by %g: this shows no target.\n",
			suite->options->scale);
	return r;
}

void spool_suite_write_json(const struct spool_suite *suite, struct json_stream *json)
{
	json_stream_begin(json, "results", '[');
	for (size_t i = 0; i < suite->result_count; i++)
		contender_write_json(&suite->results[i].contender, json);
	json_stream_end(json, ']');
	findings_write_json(suite->findings, suite->finding_count, json, "findings");
}
