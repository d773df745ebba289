#include "signer/cmd/dns_check.h"

#include "signer/dkim/domain_name.h"
#include "signer/dns/spf_lookups.h"
#include "signer/dns/spf_record.h"

#include <stdio.h>
#include <string.h>

#define SILENCES_MAX 3

struct check {
	struct dns_client *client;
	struct dns_report *report;
	unsigned silences; /* in a row */
	struct dns_answer answer;
	struct dns_answer other; /* to a question beside */
	char why[DNS_CLIENT_WHY_SIZE];
};

/* For spf_lookups. */
static int fetch_spf(void *arg, const char *domain, struct buffer *text_out,
		     char why[SPF_LOOKUPS_WHY_SIZE])
{
	struct check *check = arg;
	size_t found = 0;
	int r = dns_client_ask(check->client, domain, DNS_TXT, &check->other, check->why);

	if (r > 0)
		(void)snprintf(why, SPF_LOOKUPS_WHY_SIZE, "include:%s: %s", domain, check->why);
	if (r != 0)
		return r > 0 ? SPF_LOOKUPS_E_NO_ANSWER : r;
	for (size_t i = 0; r == 0 && i < check->other.count; i++) {
		struct bytes text = dns_answer_value(&check->other, i);

		if (!spf_record_is(text))
			continue;
		if (++found > 1) {
			(void)snprintf(
				why, SPF_LOOKUPS_WHY_SIZE,
				"%s: that domain has several SPF records, so the whole is an "
				"error",
				domain);
			return SPF_LOOKUPS_E_BROKEN;
		}
		r = buffer_append(text_out, text);
	}
	return r;
}

static int check_lookups(struct check *check, struct dns_finding *finding)
{
	struct spf_lookups lookups = {.fetch = fetch_spf, .arg = check};
	int r = spf_lookups_count(&lookups, dns_answer_value(&check->answer, finding->served[0]));

	switch (r) {
	case SPF_LOOKUPS_E_TOO_MANY:
		return dns_finding_add(finding, DNS_STATUS_TOO_MANY_LOOKUPS, "%s", lookups.why);
	case SPF_LOOKUPS_E_BROKEN:
		return dns_finding_add(finding, DNS_STATUS_SYNTAX, "%s", lookups.why);
	case SPF_LOOKUPS_E_NO_ANSWER:
		return dns_finding_add(finding, DNS_STATUS_NO_ANSWER, "%s", lookups.why);
	default: return r;
	}
}

/* NAME.DOMAIN.DOMAIN: typed in whole where only the part before the domain was wanted. */
static int look_for_doubled(struct check *check, const struct dns_record *record,
			    struct dns_finding *finding)
{
	struct dns_finding doubled = {0};
	char name[2 * DOMAIN_NAME_SIZE_MAX + 2];
	int size = snprintf(name, sizeof(name), "%s.%s", record->name, record->domain);
	int r;

	if (size > DOMAIN_NAME_SIZE_MAX)
		return 0;
	r = dns_client_ask(check->client, name, record->type, &check->other, check->why);
	if (r == 0)
		r = dns_compare(record, &check->other, &doubled);
	if (r == 0 && doubled.served_count > 0)
		r = dns_finding_add(finding, DNS_STATUS_MISSING,
				    "it stands at %s: the form that it was typed into adds the "
				    "domain by itself",
				    name);
	dns_finding_deinit(&doubled);
	return r < 0 ? r : 0;
}

static int look(struct check *check, const struct dns_record *record, struct dns_finding *finding)
{
	int r = dns_compare(record, &check->answer, finding);

	if (r == 0 && record->kind == DNS_RECORD_SPF && finding->served_count == 1 &&
	    finding->status < DNS_STATUS_SYNTAX)
		r = check_lookups(check, finding);
	if (r == 0 && finding->status == DNS_STATUS_MISSING && record->kind != DNS_RECORD_REPORT)
		r = look_for_doubled(check, record, finding);
	return r;
}

static int ask(struct check *check, const struct dns_record *record, struct dns_finding *finding)
{
	int r;

	check->answer.count = 0;
	if (check->silences == SILENCES_MAX)
		return dns_finding_add(finding, DNS_STATUS_NO_ANSWER,
				       "not asked: there was no answer before");
	r = dns_client_ask(check->client, record->name, record->type, &check->answer, check->why);
	if (r < 0)
		return r;
	check->silences = r == DNS_CLIENT_E_SILENCE ? check->silences + 1 : 0;
	if (r > 0)
		return dns_finding_add(finding, DNS_STATUS_NO_ANSWER, "%s", check->why);
	return look(check, record, finding);
}

int dns_check_all(const struct dns_records *records, struct dns_client *client,
		  struct dns_report *report)
{
	struct check check = {.client = client, .report = report};
	int r = 0;

	for (size_t i = 0; r == 0 && i < records->count; i++) {
		struct dns_finding finding = {0};

		r = ask(&check, &records->records[i], &finding);
		if (r == 0)
			dns_report_finding(report, &records->records[i], &check.answer, &finding);
		dns_finding_deinit(&finding);
	}
	dns_answer_deinit(&check.answer);
	dns_answer_deinit(&check.other);
	return r;
}
