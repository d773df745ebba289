/*
 * dns_report - records as JSON, and what --check found of each, for a person or for a program.
 *
 * Is:       lines with a word in front and what is wanted and served below, by domain; or one JSON object
 *           (docs/json.md).
 * Use:      dns_report_begin(); dns_report_record() or dns_report_finding() for each record;
 *           dns_report_end().
 * Errors:   none here; output.h tells whether it arrived.
 */
#ifndef SIGNER_CMD_DNS_REPORT_H
#define SIGNER_CMD_DNS_REPORT_H

#include "common/json_stream.h"
#include "signer/dns/dns_compare.h"

struct dns_report {
	bool is_json;
	bool is_check;
	size_t counts[DNS_STATUS_COUNT];

	/* Private. */
	const char *domain;
	struct json_stream json;
};

void dns_report_begin(struct dns_report *report, bool is_json, bool is_check);

/* As JSON. */
void dns_report_record(struct dns_report *report, const struct dns_record *record);

void dns_report_finding(struct dns_report *report, const struct dns_record *record,
			const struct dns_answer *answer, const struct dns_finding *finding);
void dns_report_end(struct dns_report *report);

#endif
