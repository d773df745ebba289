/* How it works: a few lines for each of the three kinds: with a limit, without one, skipped. */
#include "bench/finding.h"

#include "bench/text_table.h"

#include <assert.h>
#include <math.h>

static bool finding_was_skipped(const struct finding *finding)
{
	return finding->skipped.text[0] != '\0';
}

static bool is_met_by(const struct finding *finding, double value)
{
	return finding->limit_kind == FINDING_AT_LEAST ? value >= finding->limit
						       : value <= finding->limit;
}

enum finding_verdict finding_verdict(const struct finding *finding)
{
	const bool first = is_met_by(finding, samples_quartile_1(&finding->samples));
	const bool third = is_met_by(finding, samples_quartile_3(&finding->samples));

	assert(finding->limit_kind != FINDING_NO_LIMIT && !finding_was_skipped(finding));
	if (first && third)
		return FINDING_PASS;
	if (!first && !third)
		return FINDING_SHORT;
	return finding->may_straddle ? FINDING_PASS : FINDING_NEAR;
}

const char *finding_verdict_name(enum finding_verdict verdict)
{
	static const char *const names[] = {
		[FINDING_PASS] = "pass",
		[FINDING_NEAR] = "near",
		[FINDING_SHORT] = "short",
	};

	return names[verdict];
}

static void write_verdict(const struct finding *finding, struct json_stream *json)
{
	const enum finding_verdict verdict = finding_verdict(finding);

	json_stream_bool(json, "is_met",
			 finding->may_straddle
				 ? verdict == FINDING_PASS
				 : is_met_by(finding, samples_median(&finding->samples)));
	json_stream_string(json, "verdict", finding_verdict_name(verdict));
}

void findings_write_json(const struct finding *findings, size_t count, struct json_stream *json,
			 const char *name)
{
	json_stream_begin(json, name, '[');
	for (size_t i = 0; i < count; i++) {
		const struct finding *finding = &findings[i];

		json_stream_begin(json, NULL, '{');
		json_stream_string(json, "id", finding->id);
		json_stream_string(json, "title", finding->title);
		json_stream_string(json, "unit", finding->unit);
		if (finding->limit_kind == FINDING_AT_LEAST)
			json_stream_real(json, "at_least", finding->limit);
		if (finding->limit_kind == FINDING_AT_MOST)
			json_stream_real(json, "at_most", finding->limit);
		if (finding_was_skipped(finding)) {
			json_stream_string(json, "skipped", finding->skipped.text);
		} else {
			samples_write_json(&finding->samples, json, "value");
			if (finding->limit_kind != FINDING_NO_LIMIT)
				write_verdict(finding, json);
		}
		json_stream_end(json, '}');
	}
	json_stream_end(json, ']');
}

/* As many digits as the figure deserves. */
static void add_value(struct text_table *table, const char *before, double value, const char *unit)
{
	int digits = fabs(value) >= 1000 ? 0 : fabs(value) >= 10 ? 1 : 3;

	text_table_cell(table, "%s%.*f%s%s", before, digits, value, *unit == '\0' ? "" : " ", unit);
}

static void add_row(struct text_table *table, const struct finding *finding)
{
	static const char *const signs[] = {[FINDING_AT_LEAST] = ">= ", [FINDING_AT_MOST] = "<= "};
	bool has_limit = finding->limit_kind != FINDING_NO_LIMIT;

	text_table_cell(table, "%s", finding->title);
	if (has_limit)
		add_value(table, signs[finding->limit_kind], finding->limit, finding->unit);
	else
		text_table_cell(table, "-");
	if (finding_was_skipped(finding)) {
		text_table_cell(table, "-");
		text_table_cell(table, "-");
		text_table_cell(table, "-");
		text_table_cell(table, "skipped: %s", finding->skipped.text);
		return;
	}
	add_value(table, "", samples_median(&finding->samples), finding->unit);
	text_table_cell(table, "%.3g-%.3g", samples_quartile_1(&finding->samples),
			samples_quartile_3(&finding->samples));
	text_table_cell(table, "%.3g-%.3g", samples_min(&finding->samples),
			samples_max(&finding->samples));
	text_table_cell(table, "%s",
			has_limit ? finding_verdict_name(finding_verdict(finding)) : "-");
}

int findings_print(const struct finding *findings, size_t count, FILE *file)
{
	static const char *const heads[] = {"finding",	   "target", "median",
					    "middle half", "range",  "verdict"};
	struct text_table table;
	int r;

	text_table_init(&table, "lrrrrl");
	for (size_t i = 0; i < ARRAY_COUNT(heads); i++)
		text_table_cell(&table, "%s", heads[i]);
	for (size_t i = 0; i < count; i++)
		add_row(&table, &findings[i]);
	r = text_table_print(&table, file);
	text_table_deinit(&table);
	return r;
}
