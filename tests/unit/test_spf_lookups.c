/*
 * Goal: the look-ups of an SPF record are counted as receivers count them, and the walk always ends.
 * Method: a few domains with their records in a table; some include each other.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "signer/dns/spf_lookups.h"

#include <stdio.h>

static const struct {
	const char *domain;
	const char *text; /* NULL: nobody answers */
} served[] = {
	{"addresses.example", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"},
	{"three.example", "v=spf1 a mx include:addresses.example -all"},
	{"circle.example", "v=spf1 include:circle.example -all"},
	{"broken.example", "v=spf1 ipv4:192.0.2.1 -all"},
	{"silent.example", NULL},
};

static int fetch(void *arg, const char *domain, struct buffer *text_out,
		 char why[SPF_LOOKUPS_WHY_SIZE])
{
	unsigned *fetches = arg;

	(*fetches)++;
	for (size_t i = 0; i < ARRAY_COUNT(served); i++) {
		if (strcmp(served[i].domain, domain) != 0)
			continue;
		if (served[i].text != NULL)
			return buffer_append_string(text_out, served[i].text);
		(void)snprintf(why, SPF_LOOKUPS_WHY_SIZE, "silence");
		return SPF_LOOKUPS_E_NO_ANSWER;
	}
	return 0;
}

static void lookups_are_counted_as_receivers_do(void **state)
{
	static const struct {
		const char *text;
		int want;
		unsigned count;
		const char *why;
	} rows[] = {
		{"v=spf1 -all", 0, 0, ""},
		{"v=spf1 +a +mx +ip4:192.0.2.1 ~all", 0, 2, ""},
		{"v=spf1 include:addresses.example -all", 0, 1, ""},
		{"v=spf1 a mx include:three.example -all", 0, 6, ""},
		{"v=spf1 redirect=three.example", 0, 4, ""},
		{"v=spf1 exists:%{i}.example include:%{d}.example ptr -all", 0, 3, ""},
		{"v=spf1 include:t\xc3\xabst.example -all", SPF_LOOKUPS_E_BROKEN, 0, "no term"},
		{"v=spf1 include:THREE.example include:three.example -all", 0, 8, ""},
		{"v=spf1 include:three.example include:three.example a mx -all", 0, 10, ""},
		{"v=spf1 include:three.example include:three.example a mx ptr -all",
		 SPF_LOOKUPS_E_TOO_MANY, 11, "more than 10"},
		{"v=spf1 include:circle.example -all", SPF_LOOKUPS_E_TOO_MANY, 11, "more than 10"},
		{"v=spf1 include:none.example -all", SPF_LOOKUPS_E_BROKEN, 1,
		 "include:none.example: that domain has no SPF record"},
		{"v=spf1 include:broken.example -all", SPF_LOOKUPS_E_BROKEN, 1,
		 "\"ipv4:192.0.2.1\" in a record"},
		{"v=spf1 include:..example -all", SPF_LOOKUPS_E_BROKEN, 1, "no domain"},
		{"v=spf1 include:silent.example -all", SPF_LOOKUPS_E_NO_ANSWER, 1, "silence"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		unsigned fetches = 0;
		struct spf_lookups lookups = {.fetch = fetch, .arg = &fetches};
		int r = spf_lookups_count(&lookups, bytes_of_string(rows[i].text));

		if (r != rows[i].want || lookups.count != rows[i].count ||
		    strstr(lookups.why, rows[i].why) == NULL)
			fail_msg("%s: got %d, %u, \"%s\"", rows[i].text, r, lookups.count,
				 lookups.why);
		assert_in_range(fetches, 0, 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookups_are_counted_as_receivers_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
