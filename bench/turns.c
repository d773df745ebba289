/* How it works: two loops. Everything said afterwards is computed from the measures that are kept. */
#include "bench/turns.h"

#include "bench/text_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool contender_was_skipped(const struct contender *contender)
{
	return contender->skipped.text[0] != '\0';
}

static bool has_turn(const struct contender *contender, unsigned round)
{
	return contender->every == 0 || round % contender->every == 0;
}

unsigned turns_count(const struct contender *contenders, size_t count, unsigned rounds)
{
	unsigned turns = 0;

	for (size_t i = 0; i < count; i++) {
		const unsigned every = contenders[i].every == 0 ? 1 : contenders[i].every;

		turns += (rounds + every - 1) / every;
	}
	return turns;
}

static int take_turn(struct contender *contender, unsigned round, unsigned rounds,
		     struct status_line *status, struct failure *failure)
{
	struct measure measure = {0};
	int r;

	status_line_step(status, "%s, round %u of %u", contender->title, round + 1, rounds);
	if (contender_was_skipped(contender))
		return 0;
	r = contender->run(contender->arg, &measure, failure);
	if (r == BENCH_E_SKIPPED) {
		contender->skipped = *failure;
		return 0;
	}
	if (r == 0) {
		measure.round = round;
		contender->measures[contender->count++] = measure;
	}
	return r;
}

int turns_run(struct contender *contenders, size_t count, unsigned rounds,
	      struct status_line *status, struct failure *failure)
{
	int r = 0;

	assert(rounds <= TURNS_ROUNDS_MAX);
	for (unsigned round = 0; r == 0 && round < rounds; round++) {
		for (size_t i = 0; r == 0 && i < count; i++) {
			struct contender *contender =
				&contenders[round % 2 == 0 ? i : count - 1 - i];

			if (has_turn(contender, round))
				r = take_turn(contender, round, rounds, status, failure);
		}
	}
	return r;
}

static double rate_of(const struct measure *measure)
{
	return measure->seconds > 0 ? (double)measure->work / measure->seconds : 0;
}

void contender_rates(const struct contender *contender, struct samples *per_second_out)
{
	per_second_out->count = 0;
	for (size_t i = 0; i < contender->count; i++)
		samples_add(per_second_out, rate_of(&contender->measures[i]));
}

void contenders_ratio(const struct contender *a, const struct contender *b,
		      struct samples *ratio_out)
{
	size_t i = 0;
	size_t k = 0;

	ratio_out->count = 0;
	while (i < a->count && k < b->count) {
		const struct measure *of_a = &a->measures[i];
		const struct measure *of_b = &b->measures[k];

		if (of_a->round == of_b->round)
			samples_add(ratio_out,
				    rate_of(of_b) > 0 ? rate_of(of_a) / rate_of(of_b) : 0);
		i += of_a->round <= of_b->round;
		k += of_b->round <= of_a->round;
	}
}

static double us_per_work(double seconds, const struct measure *measure)
{
	return measure->work == 0 ? 0 : 1e6 * seconds / (double)measure->work;
}

void contender_cpu_us(const struct contender *contender, struct samples *us_per_work_out)
{
	us_per_work_out->count = 0;
	for (size_t i = 0; i < contender->count; i++) {
		const struct measure *measure = &contender->measures[i];

		samples_add(us_per_work_out,
			    us_per_work(measure->user_s + measure->system_s, measure));
	}
}

double contender_rate(const struct contender *contender)
{
	struct samples rates;

	contender_rates(contender, &rates);
	return samples_median(&rates);
}

double contender_user_us(const struct contender *contender)
{
	struct samples samples = {.count = 0};

	for (size_t i = 0; i < contender->count; i++)
		samples_add(&samples,
			    us_per_work(contender->measures[i].user_s, &contender->measures[i]));
	return samples_median(&samples);
}

double contender_system_us(const struct contender *contender)
{
	struct samples samples = {.count = 0};

	for (size_t i = 0; i < contender->count; i++)
		samples_add(&samples,
			    us_per_work(contender->measures[i].system_s, &contender->measures[i]));
	return samples_median(&samples);
}

uint64_t contender_peak_rss(const struct contender *contender)
{
	uint64_t peak = 0;

	for (size_t i = 0; i < contender->count; i++) {
		if (contender->measures[i].peak_rss_bytes > peak)
			peak = contender->measures[i].peak_rss_bytes;
	}
	return peak;
}

const struct contender *contender_best(const struct contender *contenders, size_t count)
{
	const struct contender *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (contender_was_skipped(&contenders[i]))
			continue;
		if (best == NULL || contender_rate(&contenders[i]) > contender_rate(best))
			best = &contenders[i];
	}
	return best;
}

void contender_write_json(const struct contender *contender, struct json_stream *json)
{
	struct samples rates;

	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "id", contender->id);
	json_stream_string(json, "title", contender->title);
	json_stream_string(json, "includes", contender->includes);
	if (contender_was_skipped(contender)) {
		json_stream_string(json, "skipped", contender->skipped.text);
	} else {
		contender_rates(contender, &rates);
		json_stream_string(json, "work", contender->work);
		json_stream_number(json, "work_per_round",
				   contender->count == 0 ? 0 : contender->measures[0].work);
		samples_write_json(&rates, json, "per_second");
		json_stream_real(json, "user_us", contender_user_us(contender));
		json_stream_real(json, "system_us", contender_system_us(contender));
		if (contender_peak_rss(contender) > 0)
			json_stream_number(json, "peak_rss_bytes", contender_peak_rss(contender));
	}
	json_stream_end(json, '}');
}

/* Texts that several contenders share become one note; returns its number, from 1. */
static size_t note_number(const char **notes, size_t *count, const char *text)
{
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(notes[i], text) == 0)
			return i + 1;
	}
	notes[(*count)++] = text;
	return *count;
}

static void add_row(struct text_table *table, const struct contender *contender, size_t note)
{
	struct samples rates;
	int digits;

	contender_rates(contender, &rates);
	text_table_cell(table, "%s", contender->title);
	digits = samples_median(&rates) < 100 ? 2 : 0;
	text_table_cell(table, "%.*f", digits, samples_median(&rates));
	text_table_cell(table, "%.*f-%.*f", digits, samples_min(&rates), digits,
			samples_max(&rates));
	text_table_cell(table, "%.1f %%", 100 * samples_spread(&rates));
	text_table_cell(table, "%.1f", contender_user_us(contender));
	text_table_cell(table, "%.1f", contender_system_us(contender));
	if (contender_peak_rss(contender) > 0)
		text_table_cell(table, "%.1f",
				(double)contender_peak_rss(contender) / (1024 * 1024));
	else
		text_table_cell(table, "-");
	text_table_cell(table, "[%zu]", note);
}

int contenders_print(const struct contender *contenders, size_t count, FILE *file)
{
	static const char *const heads[] = {"method",  "per second", "range",	"spread",
					    "user us", "system us",  "RSS MiB", "note"};
	const char **notes = calloc(count + 1, sizeof(notes[0]));
	size_t note_count = 0;
	struct text_table table;
	int r;

	if (notes == NULL)
		return -ENOMEM;
	text_table_init(&table, "lrrrrrrl");
	for (size_t i = 0; i < ARRAY_COUNT(heads); i++)
		text_table_cell(&table, "%s", heads[i]);
	for (size_t i = 0; i < count; i++) {
		const struct contender *contender = &contenders[i];

		if (!contender_was_skipped(contender))
			add_row(&table, contender,
				note_number(notes, &note_count, contender->includes));
	}
	r = text_table_print(&table, file);
	text_table_deinit(&table);
	fputs("\nCPU time is in microseconds for one message or signature. What is included:\n",
	      file);
	for (size_t i = 0; i < note_count; i++)
		fprintf(file, "[%zu] %s\n", i + 1, notes[i]);
	for (size_t i = 0; i < count; i++) {
		if (contender_was_skipped(&contenders[i]))
			fprintf(file, "skipped: %s: %s\n", contenders[i].title,
				contenders[i].skipped.text);
	}
	free(notes);
	return r;
}
