#include "signer/cmd/dns_report.h"

#include "signer/cmd/output.h"

#include <stdio.h>
#include <string.h>

void dns_report_begin(struct dns_report *report, bool is_json, bool is_check)
{
	*report = (struct dns_report){.is_json = is_json, .is_check = is_check};
	json_stream_init(&report->json, stdout, JSON_STREAM_ITEM_A_LINE);
	if (!is_json)
		return;
	json_stream_begin(&report->json, NULL, '{');
	json_stream_begin(&report->json, "records", '[');
}

static void write_strings(struct json_stream *json, const struct dns_record *record)
{
	struct bytes rest = bytes_of_string(record->value);
	struct bytes string;

	json_stream_begin(json, "strings", '[');
	while (record->type == DNS_TXT && dns_record_next_string(record, &rest, &string))
		json_stream_bytes(json, NULL, string);
	json_stream_end(json, ']');
}

static void write_head(struct json_stream *json, const struct dns_record *record)
{
	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "record", dns_record_kind_name(record->kind));
	json_stream_string(json, "zone", record->domain);
	json_stream_string(json, "name", record->name);
	json_stream_string(json, "type", dns_type_name(record->type));
	json_stream_string(json, "value", record->value);
	write_strings(json, record);
}

void dns_report_record(struct dns_report *report, const struct dns_record *record)
{
	write_head(&report->json, record);
	json_stream_end(&report->json, '}');
}

/* Takes a line off the front of the notes. */
static bool next_note(struct bytes *rest, struct bytes *note_out)
{
	size_t end = bytes_find(*rest, '\n');

	if (end == rest->size)
		return false;
	*note_out = bytes_slice(*rest, 0, end);
	*rest = bytes_skip(*rest, end + 1);
	return true;
}

static void write_object(struct json_stream *json, const struct dns_record *record,
			 const struct dns_answer *answer, const struct dns_finding *finding)
{
	struct bytes rest = buffer_bytes(&finding->notes);
	struct bytes note;

	write_head(json, record);
	json_stream_string(json, "status", dns_status_name(finding->status));
	json_stream_begin(json, "served", '[');
	for (size_t i = 0; i < finding->served_count; i++)
		json_stream_bytes(json, NULL, dns_answer_value(answer, finding->served[i]));
	json_stream_end(json, ']');
	json_stream_begin(json, "notes", '[');
	while (next_note(&rest, &note))
		json_stream_bytes(json, NULL, note);
	json_stream_end(json, ']');
	json_stream_end(json, '}');
}

static const char *label(enum dns_record_kind kind)
{
	switch (kind) {
	case DNS_RECORD_SPF: return " (SPF)";
	case DNS_RECORD_DKIM: return " (DKIM)";
	case DNS_RECORD_DMARC: return " (DMARC)";
	case DNS_RECORD_REPORT: return " (reports of DMARC)";
	case DNS_RECORD_HOST: break;
	}
	return "";
}

static void write_detail(const char *word, struct bytes text)
{
	printf("      %-5s ", word);
	output_text(stdout, text);
	putchar('\n');
}

static void write_lines(const struct dns_record *record, const struct dns_answer *answer,
			const struct dns_finding *finding)
{
	struct bytes rest = buffer_bytes(&finding->notes);
	struct bytes note;

	printf("  %-17s  %s %s%s\n", dns_status_words(finding->status), record->name,
	       dns_type_name(record->type), label(record->kind));
	if (finding->status != DNS_STATUS_OK)
		write_detail("want", bytes_of_string(record->value));
	for (size_t i = 0; finding->status != DNS_STATUS_OK && i < finding->served_count; i++)
		write_detail("DNS", dns_answer_value(answer, finding->served[i]));
	while (next_note(&rest, &note))
		write_detail("note", note);
}

void dns_report_finding(struct dns_report *report, const struct dns_record *record,
			const struct dns_answer *answer, const struct dns_finding *finding)
{
	report->counts[finding->status]++;
	if (report->is_json) {
		write_object(&report->json, record, answer, finding);
		return;
	}
	if (report->domain == NULL || strcmp(report->domain, record->domain) != 0)
		printf("%s\n", record->domain);
	report->domain = record->domain;
	write_lines(record, answer, finding);
	/* The next question may take a while. */
	(void)fflush(stdout);
}

static void write_counts(const struct dns_report *report, size_t sum)
{
	const char *separator = ": ";

	printf("%zu record%s", sum, sum == 1 ? "" : "s");
	for (size_t i = 0; i < DNS_STATUS_COUNT; i++) {
		if (report->counts[i] == 0)
			continue;
		printf("%s%zu %s", separator, report->counts[i],
		       dns_status_words((enum dns_status)i));
		separator = ", ";
	}
	putchar('\n');
}

void dns_report_end(struct dns_report *report)
{
	size_t sum = 0;

	for (size_t i = 0; i < DNS_STATUS_COUNT; i++)
		sum += report->counts[i];
	if (!report->is_json) {
		write_counts(report, sum);
		return;
	}
	json_stream_end(&report->json, ']');
	if (report->is_check) {
		json_stream_number(&report->json, "ok", report->counts[DNS_STATUS_OK]);
		json_stream_number(&report->json, "not_ok",
				   sum - report->counts[DNS_STATUS_OK] -
					   report->counts[DNS_STATUS_NO_ANSWER]);
		json_stream_number(&report->json, "no_answer",
				   report->counts[DNS_STATUS_NO_ANSWER]);
	}
	json_stream_end(&report->json, '}');
}
