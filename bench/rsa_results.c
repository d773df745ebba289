#include "bench/rsa_results.h"

#include "bench/multiply_counts.h"
#include "bench/text_table.h"

static const double percents[] = {50, 90, 99};

void rsa_results_init(struct rsa_results *results, const struct rsa_contest *contest, unsigned cpus)
{
	results->contest = contest;
	rsa_findings_init(&results->findings, contest, cpus);
}

static double us_of(uint64_t ns)
{
	return (double)ns / 1000;
}

static const char *engine_name(bool in_lanes)
{
	return in_lanes ? "lanes" : "openssl";
}

/* Rates below a hundred have digits behind the point. */
static void add_rate(struct text_table *table, const struct samples *rates)
{
	text_table_cell(table, "%.*f", samples_median(rates) < 100 ? 2 : 0, samples_median(rates));
	text_table_cell(table, "%.1f %%", 100 * samples_spread(rates));
}

static void add_times(struct text_table *table, const struct histogram *ns)
{
	for (size_t i = 0; i < ARRAY_COUNT(percents); i++)
		text_table_cell(table, "%.1f", us_of(histogram_percentile(ns, percents[i])));
	text_table_cell(table, "%.1f", us_of(ns->max));
}

static void add_speed_up(struct text_table *table, const struct rsa_contest *contest,
			 const struct rsa_entry *entry)
{
	const struct rsa_entry *other = rsa_findings_openssl(contest, entry->bits, entry->threads);
	struct samples ratio;

	if (other == NULL || !entry->in_lanes) {
		text_table_cell(table, "-");
		return;
	}
	contenders_ratio(entry->contender, other->contender, &ratio);
	text_table_cell(table, "%.2f", samples_median(&ratio));
}

static void add_entry(struct text_table *table, const struct rsa_contest *contest,
		      const struct rsa_entry *entry)
{
	struct samples rates;
	struct histogram call_ns;

	contender_rates(entry->contender, &rates);
	rsa_entry_call_ns(entry, &call_ns);
	text_table_cell(table, "RSA-%u", entry->bits);
	text_table_cell(table, "%s", engine_name(entry->in_lanes));
	text_table_cell(table, "%u", entry->threads);
	text_table_cell(table, "%u", entry->lanes_filled);
	add_rate(table, &rates);
	add_speed_up(table, contest, entry);
	add_times(table, &call_ns);
}

static int end_table(struct text_table *table, FILE *file)
{
	int r = text_table_print(table, file);

	text_table_deinit(table);
	return r;
}

static void begin_table(struct text_table *table, const char *columns, const char *const *heads)
{
	text_table_init(table, columns);
	for (size_t i = 0; columns[i] != '\0'; i++)
		text_table_cell(table, "%s", heads[i]);
}

static int print_entries(const struct rsa_contest *contest, FILE *file)
{
	static const char *const heads[] = {"key",    "engine", "threads",  "filled",
					    "sig/s",  "spread", "/OpenSSL", "p50 us",
					    "p90 us", "p99 us", "max us"};
	struct text_table table;

	begin_table(&table, "llrrrrrrrrr", heads);
	for (size_t i = 0; i < contest->entry_count; i++)
		add_entry(&table, contest, &contest->entries[i]);
	return end_table(&table, file);
}

/* The multiply-adds beside a size; NULL: they were not measured. */
static const struct contender *multiply_of(const struct rsa_contest *contest, unsigned bits)
{
	const struct rsa_size *size = rsa_contest_size(contest, bits);

	if (size == NULL || size->multiply == NULL || contender_was_skipped(size->multiply))
		return NULL;
	return size->multiply;
}

/* Beside the size that the others are compared with, or the first. */
static const struct contender *any_multiply(const struct rsa_contest *contest)
{
	const struct contender *multiply = multiply_of(contest, 2048);

	return multiply != NULL ? multiply : multiply_of(contest, contest->sizes[0].bits);
}

static void print_notes(const struct rsa_contest *contest, FILE *file)
{
	const struct contender *multiply = any_multiply(contest);
	const struct multiply_counts counts = multiply_counts_of(2048);

	fputs("\nA signature includes its check with the public exponent. The times are those of "
	      "one "
	      "call: a batch, or one\nsignature of OpenSSL.\n",
	      file);
	if (multiply != NULL)
		fprintf(file,
			"One core issues %.2f G multiply-adds a second; eight RSA-2048 signatures "
			"take "
			"%.3f M of them,\n%.3f M for the powers alone.\n",
			contender_rate(multiply) / 1e9, (double)counts.all / 1e6,
			(double)counts.exponentiation / 1e6);
	fputc('\n', file);
}

static int print_at_rest(const struct rsa_at_rest *at_rest, FILE *file)
{
	static const char *const heads[] = {"at rest", "engine", "p50 us",
					    "p90 us",  "p99 us", "max us"};
	struct text_table table;
	int r;

	if (at_rest == NULL)
		return 0;
	begin_table(&table, "llrrrr", heads);
	for (size_t i = 0; i < at_rest->row_count; i++) {
		text_table_cell(&table, "RSA-%u", at_rest->rows[i].bits);
		text_table_cell(&table, "%s", engine_name(at_rest->rows[i].in_lanes));
		add_times(&table, &at_rest->rows[i].job_ns);
	}
	r = end_table(&table, file);
	fputs("\nOne job at a time in a signature service that runs, from its submit to its "
	      "end.\n\n",
	      file);
	return r;
}

static int print_key_forms(const struct rsa_contest *contest, FILE *file)
{
	static const char *const heads[] = {"into lanes", "keys/s", "spread", "p50 us",
					    "p90 us",	  "p99 us", "max us"};
	struct text_table table;
	struct samples rates;
	int r;

	if (contest->options->lanes == NULL)
		return 0;
	begin_table(&table, "lrrrrrr", heads);
	for (size_t i = 0; i < contest->size_count; i++) {
		contender_rates(contest->sizes[i].key_form, &rates);
		text_table_cell(&table, "RSA-%u", contest->sizes[i].bits);
		add_rate(&table, &rates);
		add_times(&table, &contest->sizes[i].form.key_ns);
	}
	r = end_table(&table, file);
	fputs("\nWhat a key costs that is not among the LaneCacheSize keys, once for each "
	      "message.\n\n",
	      file);
	return r;
}

int rsa_results_print(const struct rsa_results *results, FILE *file)
{
	const struct rsa_contest *contest = results->contest;
	int r = print_entries(contest, file);

	if (r != 0)
		return r;
	print_notes(contest, file);
	r = print_at_rest(contest->at_rest, file);
	if (r == 0)
		r = print_key_forms(contest, file);
	if (r != 0 || results->findings.count == 0)
		return r;
	return findings_print(results->findings.items, results->findings.count, file);
}

static void write_times(const struct histogram *ns, struct json_stream *json, const char *name)
{
	char percentile[8];

	json_stream_begin(json, name, '{');
	json_stream_number(json, "count", ns->count);
	for (size_t i = 0; i < ARRAY_COUNT(percents); i++) {
		snprintf(percentile, sizeof(percentile), "p%.0f", percents[i]);
		json_stream_real(json, percentile, us_of(histogram_percentile(ns, percents[i])));
	}
	json_stream_real(json, "max", us_of(ns->max));
	json_stream_end(json, '}');
}

static void write_entry(const struct rsa_entry *entry, struct json_stream *json)
{
	struct samples rates;
	struct histogram call_ns;

	contender_rates(entry->contender, &rates);
	rsa_entry_call_ns(entry, &call_ns);
	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "id", entry->id);
	json_stream_string(json, "engine", engine_name(entry->in_lanes));
	json_stream_number(json, "bits", entry->bits);
	json_stream_number(json, "threads", entry->threads);
	json_stream_number(json, "lanes_filled", entry->lanes_filled);
	json_stream_real(json, "signatures_per_second", samples_median(&rates));
	samples_write_json(&rates, json, "per_second");
	write_times(&call_ns, json, "call_us");
	json_stream_end(json, '}');
}

static void write_at_rest(const struct rsa_at_rest *at_rest, struct json_stream *json)
{
	json_stream_begin(json, "at_rest", '[');
	for (size_t i = 0; at_rest != NULL && i < at_rest->row_count; i++) {
		const struct rsa_at_rest_row *row = &at_rest->rows[i];

		json_stream_begin(json, NULL, '{');
		json_stream_string(json, "id", row->id);
		json_stream_string(json, "engine", engine_name(row->in_lanes));
		json_stream_number(json, "bits", row->bits);
		write_times(&row->job_ns, json, "job_us");
		samples_write_json(&row->p50_us, json, "p50_us");
		samples_write_json(&row->p99_us, json, "p99_us");
		json_stream_end(json, '}');
	}
	json_stream_end(json, ']');
}

static void write_key_forms(const struct rsa_contest *contest, struct json_stream *json)
{
	struct samples rates;

	json_stream_begin(json, "key_forms", '[');
	for (size_t i = 0; i < contest->size_count; i++) {
		const struct rsa_size *size = &contest->sizes[i];

		if (size->key_form == NULL)
			continue;
		contender_rates(size->key_form, &rates);
		json_stream_begin(json, NULL, '{');
		json_stream_string(json, "id", size->form.id);
		json_stream_number(json, "bits", size->bits);
		samples_write_json(&rates, json, "per_second");
		write_times(&size->form.key_ns, json, "key_us");
		json_stream_end(json, '}');
	}
	json_stream_end(json, ']');
}

static void write_multiplies_of(const struct rsa_contest *contest, unsigned bits,
				struct json_stream *json)
{
	const struct multiply_counts counts = multiply_counts_of(bits);
	const struct contender *multiply = multiply_of(contest, bits);
	struct samples rates;

	json_stream_begin(json, NULL, '{');
	json_stream_number(json, "bits", bits);
	json_stream_number(json, "powers", counts.exponentiation);
	json_stream_number(json, "all", counts.all);
	if (multiply != NULL) {
		contender_rates(multiply, &rates);
		samples_write_json(&rates, json, "per_second");
	}
	json_stream_end(json, '}');
}

static void write_multiplies(const struct rsa_contest *contest, struct json_stream *json)
{
	static const unsigned sizes[] = {1024, 2048, 3072, 4096};
	const struct contender *multiply = any_multiply(contest);
	struct samples rates;

	if (multiply == NULL)
		return;
	contender_rates(multiply, &rates);
	json_stream_begin(json, "multiply_adds", '{');
	samples_write_json(&rates, json, "per_second");
	json_stream_begin(json, "per_batch", '[');
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++)
		write_multiplies_of(contest, sizes[i], json);
	json_stream_end(json, ']');
	json_stream_end(json, '}');
}

void rsa_results_write_json(const struct rsa_results *results, struct json_stream *json)
{
	const struct rsa_contest *contest = results->contest;

	json_stream_begin(json, "results", '[');
	for (size_t i = 0; i < contest->entry_count; i++)
		write_entry(&contest->entries[i], json);
	json_stream_end(json, ']');
	write_at_rest(contest->at_rest, json);
	write_key_forms(contest, json);
	write_multiplies(contest, json);
	findings_write_json(results->findings.items, results->findings.count, json, "findings");
}
