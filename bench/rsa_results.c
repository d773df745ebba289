/* How it works: a ratio looks for its two entries; if one was not asked for, the ratio is not there. */
#include "bench/rsa_results.h"

#include "bench/multiply_counts.h"
#include "bench/text_table.h"

#include <assert.h>

#define NO_LANES "no AVX-512 IFMA in this CPU or in this build"

static const double percents[] = {50, 90, 99};

/* One size: texts of its findings, and what it is to reach. */
static const struct size_target {
	unsigned bits;
	const char *speed_id;
	const char *speed_title;
	double speed;
	const char *share_id;
	const char *share_title;
	double share; /* 0: no target */
} size_targets[RSA_CONTEST_BITS] = {
	{1024, "rsa1024_lanes_to_openssl", "RSA-1024, 8 in lanes / OpenSSL", 6.5,
	 "rsa1024_port_share", "RSA-1024, port share", 0},
	{2048, "rsa2048_lanes_to_openssl", "RSA-2048, 8 in lanes / OpenSSL", 3.5,
	 "rsa2048_port_share", "RSA-2048, port share", 0.8},
	{3072, "rsa3072_lanes_to_openssl", "RSA-3072, 8 in lanes / OpenSSL", 7,
	 "rsa3072_port_share", "RSA-3072, port share", 0},
	{4096, "rsa4096_lanes_to_openssl", "RSA-4096, 8 in lanes / OpenSSL", 6,
	 "rsa4096_port_share", "RSA-4096, port share", 0},
};

static bool has_bits(const struct rsa_results *results, unsigned bits)
{
	const struct argument_list *list = &results->contest->options->bits;

	for (size_t i = 0; i < list->count; i++) {
		if (list->values[i] == bits)
			return true;
	}
	return false;
}

/* Portable lanes have no targets. */
static struct finding *add_finding(struct rsa_results *results, const char *id, const char *title,
				   double at_least)
{
	struct finding *finding = &results->findings[results->finding_count++];

	assert(results->finding_count <= RSA_FINDINGS_MAX);
	*finding = (struct finding){.id = id, .title = title, .unit = ""};
	if (at_least > 0 && results->contest->options->lanes != &rsa_lanes_portable) {
		finding->limit_kind = FINDING_AT_LEAST;
		finding->limit = at_least;
	}
	return finding;
}

static void add_ratio(struct rsa_results *results, const char *id, const char *title,
		      double at_least, const struct rsa_entry *a, const struct rsa_entry *b)
{
	struct samples rates_a;
	struct samples rates_b;

	if (a == NULL || b == NULL)
		return;
	contender_rates(a->contender, &rates_a);
	contender_rates(b->contender, &rates_b);
	samples_ratio(&rates_a, &rates_b, &add_finding(results, id, title, at_least)->samples);
}

static const struct rsa_entry *full_lanes(const struct rsa_results *results, unsigned bits,
					  unsigned threads)
{
	return rsa_contest_find(results->contest, true, bits, threads, RSA_LANES);
}

static const struct rsa_entry *openssl(const struct rsa_results *results, unsigned bits,
				       unsigned threads)
{
	return rsa_contest_find(results->contest, false, bits, threads, 1);
}

static void skip_finding(struct rsa_results *results, const char *id, const char *title,
			 double at_least, const char *reason)
{
	struct finding *finding = add_finding(results, id, title, at_least);

	(void)failure_set(&finding->skipped, BENCH_E_SKIPPED, "%s", reason);
}

static void find_speeds(struct rsa_results *results)
{
	for (size_t i = 0; i < ARRAY_COUNT(size_targets); i++) {
		const struct size_target *target = &size_targets[i];

		if (!has_bits(results, target->bits))
			continue;
		if (rsa_lanes_fast() == NULL && results->contest->options->lanes == NULL)
			skip_finding(results, target->speed_id, target->speed_title, target->speed,
				     NO_LANES);
		else
			add_ratio(results, target->speed_id, target->speed_title, target->speed,
				  full_lanes(results, target->bits, 1),
				  openssl(results, target->bits, 1));
	}
}

/* Multiply-adds that were used of those that could have been, `adds` for eight signatures. */
static void add_share(struct rsa_results *results, const char *id, const char *title,
		      double at_least, const struct rsa_entry *entry, uint64_t adds)
{
	struct samples signatures;
	struct samples multiplies;
	struct samples used = {.count = 0};

	contender_rates(entry->contender, &signatures);
	contender_rates(results->contest->multiply, &multiplies);
	for (size_t i = 0; i < signatures.count; i++)
		samples_add(&used, signatures.values[i] / RSA_LANES * (double)adds);
	samples_ratio(&used, &multiplies, &add_finding(results, id, title, at_least)->samples);
}

static void find_shares(struct rsa_results *results)
{
	if (results->contest->multiply == NULL || contender_was_skipped(results->contest->multiply))
		return;
	for (size_t i = 0; i < ARRAY_COUNT(size_targets); i++) {
		const struct size_target *target = &size_targets[i];
		const struct rsa_entry *entry = full_lanes(results, target->bits, 1);
		const struct multiply_counts counts = multiply_counts_of(target->bits);

		if (entry == NULL)
			continue;
		add_share(results, target->share_id, target->share_title, target->share, entry,
			  counts.all);
		if (target->share > 0)
			add_share(results, "rsa2048_port_share_of_powers",
				  "RSA-2048, port share, powers alone", 0, entry,
				  counts.exponentiation);
	}
}

static void find_scaling(struct rsa_results *results, unsigned cpus)
{
	const char *id = "rsa2048_lanes_two_threads";
	const char *title = "RSA-2048, 8 in lanes, two threads / one";

	if (cpus < 2 && full_lanes(results, 2048, 1) != NULL)
		skip_finding(results, id, title, 1.9, "there is one CPU");
	else
		add_ratio(results, id, title, 1.9, full_lanes(results, 2048, 2),
			  full_lanes(results, 2048, 1));
	add_ratio(results, "rsa2048_openssl_two_threads", "RSA-2048, OpenSSL, two threads / one", 0,
		  openssl(results, 2048, 2), openssl(results, 2048, 1));
}

void rsa_results_find(struct rsa_results *results, const struct rsa_contest *contest, unsigned cpus)
{
	*results = (struct rsa_results){.contest = contest};
	find_speeds(results);
	find_shares(results);
	find_scaling(results, cpus);
}

static double us_of(uint64_t ns)
{
	return (double)ns / 1000;
}

static const char *engine_of(const struct rsa_entry *entry)
{
	return entry->in_lanes ? "lanes" : "openssl";
}

static void add_speed_up(const struct rsa_results *results, struct text_table *table,
			 const struct rsa_entry *entry)
{
	const struct rsa_entry *other = openssl(results, entry->bits, entry->threads);
	struct samples ours;
	struct samples theirs;
	struct samples ratio;

	if (other == NULL || !entry->in_lanes) {
		text_table_cell(table, "-");
		return;
	}
	contender_rates(entry->contender, &ours);
	contender_rates(other->contender, &theirs);
	samples_ratio(&ours, &theirs, &ratio);
	text_table_cell(table, "%.2f", samples_median(&ratio));
}

static void add_row(const struct rsa_results *results, struct text_table *table,
		    const struct rsa_entry *entry)
{
	struct samples rates;
	struct histogram call_ns;
	int digits;

	contender_rates(entry->contender, &rates);
	rsa_entry_call_ns(entry, &call_ns);
	digits = samples_median(&rates) < 100 ? 2 : 0;
	text_table_cell(table, "RSA-%u", entry->bits);
	text_table_cell(table, "%s", engine_of(entry));
	text_table_cell(table, "%u", entry->threads);
	text_table_cell(table, "%u", entry->lanes_filled);
	text_table_cell(table, "%.*f", digits, samples_median(&rates));
	text_table_cell(table, "%.1f %%", 100 * samples_spread(&rates));
	add_speed_up(results, table, entry);
	for (size_t i = 0; i < ARRAY_COUNT(percents); i++)
		text_table_cell(table, "%.1f", us_of(histogram_percentile(&call_ns, percents[i])));
	text_table_cell(table, "%.1f", us_of(call_ns.max));
}

static int print_rows(const struct rsa_results *results, FILE *file)
{
	static const char *const heads[] = {"key",    "engine", "threads",  "filled",
					    "sig/s",  "spread", "/OpenSSL", "p50 us",
					    "p90 us", "p99 us", "max us"};
	struct text_table table;
	int r;

	text_table_init(&table, "llrrrrrrrrr");
	for (size_t i = 0; i < ARRAY_COUNT(heads); i++)
		text_table_cell(&table, "%s", heads[i]);
	for (size_t i = 0; i < results->contest->entry_count; i++)
		add_row(results, &table, &results->contest->entries[i]);
	r = text_table_print(&table, file);
	text_table_deinit(&table);
	return r;
}

static void print_notes(const struct rsa_results *results, FILE *file)
{
	const struct rsa_contest *contest = results->contest;
	const struct multiply_counts counts = multiply_counts_of(2048);

	fputs("\nA signature includes its check with the public exponent. The times are those of "
	      "one "
	      "call: a batch, or one\nsignature of OpenSSL.\n",
	      file);
	if (contest->multiply != NULL && !contender_was_skipped(contest->multiply))
		fprintf(file,
			"One core issues %.2f G multiply-adds a second; eight RSA-2048 signatures "
			"take "
			"%.3f M of them,\n%.3f M for the powers alone.\n",
			contender_rate(contest->multiply) / 1e9, (double)counts.all / 1e6,
			(double)counts.exponentiation / 1e6);
	fputc('\n', file);
}

int rsa_results_print(const struct rsa_results *results, FILE *file)
{
	int r = print_rows(results, file);

	if (r != 0)
		return r;
	print_notes(results, file);
	if (results->finding_count == 0)
		return 0;
	return findings_print(results->findings, results->finding_count, file);
}

static void write_calls(const struct rsa_entry *entry, struct json_stream *json)
{
	struct histogram call_ns;
	char name[8];

	rsa_entry_call_ns(entry, &call_ns);
	json_stream_begin(json, "call_us", '{');
	json_stream_number(json, "count", call_ns.count);
	for (size_t i = 0; i < ARRAY_COUNT(percents); i++) {
		snprintf(name, sizeof(name), "p%.0f", percents[i]);
		json_stream_real(json, name, us_of(histogram_percentile(&call_ns, percents[i])));
	}
	json_stream_real(json, "max", us_of(call_ns.max));
	json_stream_end(json, '}');
}

static void write_entry(const struct rsa_entry *entry, struct json_stream *json)
{
	struct samples rates;

	contender_rates(entry->contender, &rates);
	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "id", entry->id);
	json_stream_string(json, "engine", engine_of(entry));
	json_stream_number(json, "bits", entry->bits);
	json_stream_number(json, "threads", entry->threads);
	json_stream_number(json, "lanes_filled", entry->lanes_filled);
	json_stream_real(json, "signatures_per_second", samples_median(&rates));
	samples_write_json(&rates, json, "per_second");
	write_calls(entry, json);
	json_stream_end(json, '}');
}

static void write_multiplies(const struct rsa_results *results, struct json_stream *json)
{
	const struct contender *multiply = results->contest->multiply;
	struct samples rates;

	if (multiply == NULL || contender_was_skipped(multiply))
		return;
	contender_rates(multiply, &rates);
	json_stream_begin(json, "multiply_adds", '{');
	samples_write_json(&rates, json, "per_second");
	json_stream_begin(json, "per_batch", '[');
	for (size_t i = 0; i < ARRAY_COUNT(size_targets); i++) {
		const struct multiply_counts counts = multiply_counts_of(size_targets[i].bits);

		json_stream_begin(json, NULL, '{');
		json_stream_number(json, "bits", size_targets[i].bits);
		json_stream_number(json, "powers", counts.exponentiation);
		json_stream_number(json, "all", counts.all);
		json_stream_end(json, '}');
	}
	json_stream_end(json, ']');
	json_stream_end(json, '}');
}

void rsa_results_write_json(const struct rsa_results *results, struct json_stream *json)
{
	json_stream_begin(json, "results", '[');
	for (size_t i = 0; i < results->contest->entry_count; i++)
		write_entry(&results->contest->entries[i], json);
	json_stream_end(json, ']');
	write_multiplies(results, json);
	findings_write_json(results->findings, results->finding_count, json, "findings");
}
