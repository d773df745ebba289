/*
 * Goal: a DMARC record is judged as receivers judge it, and what is wrong with it is said.
 */
#include "tests/unit/unit_test.h"

#include "signer/dns/dmarc_record.h"

static void record_is_judged_as_receivers_do(void **state)
{
	static const struct {
		const char *text;
		int want;
		const char *fault; /* in the words of `fault` */
	} rows[] = {
		{"v=DMARC1; p=none; pct=100;", 0, NULL},
		{"v=DMARC1;p=reject", 0, NULL},
		{"v = DMARC1 ; p = Quarantine ; sp=none; adkim=s; aspf=R; fo=1; ri=86400", 0, NULL},
		{"v=DMARC1; p=none; rua=mailto:a@example.com, mailto:b@example.org!10m", 0, NULL},
		/* RFC 7489 6.6.3: what does not begin so is not looked at. */
		{"p=none; v=DMARC1", DMARC_RECORD_E_NONE, NULL},
		{"v=dmarc1; p=none", DMARC_RECORD_E_NONE, NULL},
		{"v=DMARC1 p=none", DMARC_RECORD_E_NONE, NULL},
		{"v=DMARC10; p=none", DMARC_RECORD_E_NONE, NULL},
		{"v=spf1 -all", DMARC_RECORD_E_NONE, NULL},
		{"", DMARC_RECORD_E_NONE, NULL},
		{"v=DMARC1;", DMARC_RECORD_E_SYNTAX, "p= is missing"},
		{"v=DMARC1; p=", DMARC_RECORD_E_SYNTAX, "p=:"},
		{"v=DMARC1; p=nothing", DMARC_RECORD_E_SYNTAX, "p=nothing:"},
		{"v=DMARC1; p=none; sp=x", DMARC_RECORD_E_SYNTAX, "sp=x:"},
		{"v=DMARC1; p=none; pct=101", DMARC_RECORD_E_SYNTAX, "pct=101:"},
		{"v=DMARC1; p=none; pct=100%", DMARC_RECORD_E_SYNTAX, "pct=100%:"},
		{"v=DMARC1; p=none; aspf=relaxed", DMARC_RECORD_E_SYNTAX, "aspf=relaxed:"},
		{"v=DMARC1; p=none; rua=", DMARC_RECORD_E_SYNTAX, "rua= is empty"},
		{"v=DMARC1; p=none; rua=a@example.com", DMARC_RECORD_E_SYNTAX,
		 "rua=a@example.com:"},
		{"v=DMARC1; p=none; ruf=mailto:a@b,", 0, NULL},
		{"v=DMARC1; p=none; ruf=mailto:a@b,,mailto:c@d", DMARC_RECORD_E_SYNTAX, "ruf=:"},
		{"v=DMARC1; p=none; ruf=mailto:a@example.com!x", DMARC_RECORD_E_SYNTAX, "ruf="},
		{"v=DMARC1; p=none; p=none", DMARC_RECORD_E_SYNTAX, "twice"},
		{"v=DMARC1; none", DMARC_RECORD_E_SYNTAX, "not a list"},
		{"v=DMARC1\\; p=none", DMARC_RECORD_E_NONE, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct dmarc_record record;
		int r = dmarc_record_parse(&record, bytes_of_string(rows[i].text));

		if (r != rows[i].want)
			fail_msg("%s: got %d, want %d (%s)", rows[i].text, r, rows[i].want,
				 record.fault);
		if (rows[i].fault != NULL && strstr(record.fault, rows[i].fault) == NULL)
			fail_msg("%s: got \"%s\"", rows[i].text, record.fault);
	}
}

static void tag_that_is_not_there_has_its_meaning(void **state)
{
	struct dmarc_record record;

	(void)state;
	assert_int_equal(dmarc_record_parse(&record, BYTES_LITERAL("v=DMARC1; p=reject")), 0);
	assert_true(bytes_equal(dmarc_record_value(&record, "pct"), BYTES_LITERAL("100")));
	assert_true(bytes_equal(dmarc_record_value(&record, "sp"), BYTES_LITERAL("reject")));
	assert_int_equal(dmarc_record_value(&record, "rua").size, 0);
	assert_int_equal(
		dmarc_record_parse(&record, BYTES_LITERAL("v=DMARC1; p=reject; sp=none; pct=5")),
		0);
	assert_true(bytes_equal(dmarc_record_value(&record, "pct"), BYTES_LITERAL("5")));
	assert_true(bytes_equal(dmarc_record_value(&record, "sp"), BYTES_LITERAL("none")));
}

static void domain_of_an_address_is_found(void **state)
{
	static const struct {
		const char *uri;
		const char *want; /* NULL: it is no address for reports */
	} rows[] = {
		{"mailto:dmarc.rua@example.com", "example.com"},
		{"MAILTO:a@Example.com!10m", "Example.com"},
		{"mailto:a@example.com?subject=x", "example.com"},
		{"mailto:a@example.com!", NULL},
		{"mailto:a@example.com!k", NULL},
		{"mailto:a@example.com!10mb", NULL},
		{"mailto:@example.com", NULL},
		{"mailto:a@", NULL},
		{"mailto:a", NULL},
		{"mailto:a b@example.com", NULL},
		{"mailto:a;b@example.com", NULL},
		{"mailto:a@b@example.com", NULL},
		{"mailto:a@example..com", NULL},
		{"https://example.com/dmarc", NULL},
		{"a@example.com", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bytes domain;
		bool is_valid = dmarc_uri_is_valid(bytes_of_string(rows[i].uri), &domain);

		if (is_valid != (rows[i].want != NULL))
			fail_msg("%s: got %d", rows[i].uri, is_valid);
		if (is_valid)
			assert_true(bytes_equal(domain, bytes_of_string(rows[i].want)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_is_judged_as_receivers_do),
		cmocka_unit_test(tag_that_is_not_there_has_its_meaning),
		cmocka_unit_test(domain_of_an_address_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
