/*
 * Goal: what receivers take for an SPF record is taken apart as RFC 7208 says, and two that say the same are
 * equal however they are written.
 */
#include "tests/unit/unit_test.h"

#include "signer/dns/spf_record.h"

static void record_is_told_apart_by_its_version(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		/* RFC 7208 4.5: "v=spf1" and then a blank, or nothing. */
		{"v=spf1", true},	    {"v=spf1 -all", true},  {"V=SPF1 -all", true},
		{"v=spf10 -all", false},    {"v=spf1;-all", false}, {" v=spf1 -all", false},
		{"\"v=spf1 -all\"", false}, {"spf1 -all", false},   {"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (spf_record_is(bytes_of_string(rows[i].text)) != rows[i].want)
			fail_msg("%s: want %d", rows[i].text, rows[i].want);
	}
}

static void syntax_is_that_of_rfc_7208(void **state)
{
	static const struct {
		const char *text;
		const char *fault; /* NULL: it is good */
	} rows[] = {
		{"v=spf1", NULL},
		{"v=spf1 +a +mx +ip4:111.111.111.111 ~all", NULL},
		{"v=spf1  a   mx  -all ", NULL},
		{"v=spf1 a:mail.example.com/24 mx:example.com/24//64 mx//64 a/30 ?all", NULL},
		{"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all", NULL},
		{"v=spf1 include:_spf.example.net exists:%{i}._spf.%{d} ptr ptr:example.com", NULL},
		{"v=spf1 redirect=_spf.example.net exp=explain.%{d} unknown-thing=x y.z=", NULL},
		{"v=spf1 ALL", NULL},
		{"v=spf1 ip4", "ip4"},
		{"v=spf1 ip4:", "ip4:"},
		{"v=spf1 ip4:mail.example.com -all", "ip4:mail.example.com"},
		{"v=spf1 ip4:2001:db8::1", "ip4:2001:db8::1"},
		{"v=spf1 ip6:192.0.2.1", "ip6:192.0.2.1"},
		{"v=spf1 ip4:192.0.2.1/33", "ip4:192.0.2.1/33"},
		{"v=spf1 ip4/24", "ip4/24"},
		{"v=spf1 a: -all", "a:"},
		{"v=spf1 all:x", "all:x"},
		{"v=spf1 -all; ", "-all;"},
		{"v=spf1 include", "include"},
		{"v=spf1 redirect=", "redirect="},
		{"v=spf1 ipv4:192.0.2.1", "ipv4:192.0.2.1"},
		{"v=spf1 192.0.2.1", "192.0.2.1"},
		{"v=spf1 =x", "=x"},
		{"v=spf1 + a", "+"},
		{"v=spf1 ++a", "++a"},
		{"v=spf1 a\tmx", "a\tmx"},
		{"v=spf1 a:\xc3\xa4.example", "a:\xc3\xa4.example"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct spf_record record;
		int r = spf_record_parse(&record, bytes_of_string(rows[i].text));

		if (r != (rows[i].fault == NULL ? 0 : SPF_RECORD_E_SYNTAX))
			fail_msg("%s: got %d", rows[i].text, r);
		if (r != 0 && !bytes_equal(record.fault, bytes_of_string(rows[i].fault)))
			fail_msg("%s: got fault %.*s", rows[i].text, BYTES_PRINTF(record.fault));
	}
}

static void terms_have_their_parts(void **state)
{
	struct spf_record record;

	(void)state;
	assert_int_equal(
		spf_record_parse(&record, BYTES_LITERAL("v=spf1 ~MX/24 -all Redirect=x.y")), 0);
	assert_int_equal(record.count, 3);
	assert_int_equal(record.terms[0].kind, SPF_MX);
	assert_int_equal(record.terms[0].qualifier, '~');
	assert_true(bytes_equal(record.terms[0].value, BYTES_LITERAL("/24")));
	assert_int_equal(record.terms[1].kind, SPF_ALL);
	assert_int_equal(record.terms[1].qualifier, '-');
	assert_int_equal(record.terms[2].kind, SPF_REDIRECT);
	assert_true(bytes_equal(record.terms[2].value, BYTES_LITERAL("x.y")));
}

static void too_many_terms_are_refused(void **state)
{
	struct spf_record record;
	char text[8 + 2 * (SPF_TERMS_MAX + 1)] = "v=spf1";
	size_t size = strlen(text);

	(void)state;
	for (size_t i = 0; i < SPF_TERMS_MAX; i++) {
		memcpy(text + size, " a", 2);
		size += 2;
	}
	assert_int_equal(spf_record_parse(&record, bytes_of(text, size)), 0);
	memcpy(text + size, " a", 2);
	assert_int_equal(spf_record_parse(&record, bytes_of(text, size + 2)),
			 SPF_RECORD_E_TOO_MANY);
}

static void lookups_are_what_rfc_7208_counts(void **state)
{
	/* RFC 7208 4.6.4. */
	static const struct {
		const char *term;
		bool want;
	} rows[] = {
		{"a", true},	    {"mx", true},	  {"ptr", true},  {"include:x", true},
		{"exists:x", true}, {"redirect=x", true}, {"all", false}, {"ip4:1.2.3.4", false},
		{"ip6:::1", false}, {"exp=x.org", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct spf_term term;

		assert_int_equal(spf_term_parse(&term, bytes_of_string(rows[i].term)), 0);
		if (spf_term_costs_lookup(&term) != rows[i].want)
			fail_msg("%s: want %d", rows[i].term, rows[i].want);
	}
}

static void records_that_say_the_same_are_equal(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool want;
	} rows[] = {
		{"v=spf1 +a +mx ~all", "v=spf1 a mx ~all", true},
		{"v=spf1 a mx ~all", "V=SPF1 MX A ~ALL", true},
		{"v=spf1 a ip4:192.0.2.1 -all", "v=spf1 a ip4:192.0.2.1/32 -all", true},
		{"v=spf1 ip6:2001:db8::1 -all", "v=spf1 ip6:2001:DB8:0::1 -all", true},
		{"v=spf1 a a -all", "v=spf1 a -all", true},
		{"v=spf1 a ~all", "v=spf1 a -all", false},
		{"v=spf1 a", "v=spf1 a -all", false},
		{"v=spf1 a mx -all", "v=spf1 a -all", false},
		{"v=spf1 a -all", "v=spf1 a mx -all", false},
		{"v=spf1 a -all", "v=spf1 a:example.com -all", false},
		{"v=spf1 include:a.b -all", "v=spf1 include:a.c -all", false},
		{"v=spf1 exp=a.b -all", "v=spf1 x=a.b -all", false},
		/* What stands behind "all" is never looked at, and what is refused first is refused. */
		{"v=spf1 -all a", "v=spf1 a -all", false},
		{"v=spf1 -mx a -all", "v=spf1 a -mx -all", false},
		{"v=spf1 -mx a -all", "v=spf1 -mx +a -all", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct spf_record a;
		struct spf_record b;

		assert_int_equal(spf_record_parse(&a, bytes_of_string(rows[i].a)), 0);
		assert_int_equal(spf_record_parse(&b, bytes_of_string(rows[i].b)), 0);
		if (spf_record_equals(&a, &b) != rows[i].want ||
		    spf_record_equals(&b, &a) != rows[i].want)
			fail_msg("%s and %s: want %d", rows[i].a, rows[i].b, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_is_told_apart_by_its_version),
		cmocka_unit_test(syntax_is_that_of_rfc_7208),
		cmocka_unit_test(terms_have_their_parts),
		cmocka_unit_test(too_many_terms_are_refused),
		cmocka_unit_test(lookups_are_what_rfc_7208_counts),
		cmocka_unit_test(records_that_say_the_same_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
