/*
 * Goal: the records of a gateway and its client are written word for word as their administrators type them
 * into a registrar's form, into Route 53, or load them as a zone file.
 * Method: names, addresses and key are those of an installation in use, and what is wanted is what its
 * documentation shows. Where Route 53 has a key of one string in two there, it is one here.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "signer/dns/dns_forms.h"

#include <stdio.h>

#define P                                                                                          \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCXhQC4FhlXtN74v4ugmz2ox6gWfGZ2SycpnLwwqIXTkXSDjoj1" \
	"l9RyFNDNu2Awi3ieZlK0yi+jcCtcenO0gd/9ZA43kL4cZerciBf4syGsIycaLb1r32hfaN3IawN9oq4zZOCOD0Q7" \
	"lbKa+P3fFMDkPdRiMIxioz4GSNP8mnqYuwIDAQAB"
#define DKIM "v=DKIM1; k=rsa; p=" P

static const struct dns_dmarc_policy watch = {.policy = "none", .percent = 100};

static struct ip_range range_of(const char *text)
{
	struct ip_range range;

	assert_int_equal(ip_range_parse(&range, bytes_of_string(text)), 0);
	return range;
}

static void add_domain(struct dns_records *records, const char *domain, const char *relay,
		       const struct dns_dmarc_policy *dmarc)
{
	const struct ip_range host = range_of(relay);
	const struct dns_spf_policy spf = {.hosts = &host, .host_count = 1, .all = "~all"};
	struct buffer text = {0};

	assert_int_equal(dns_records_dkim_text("rsa", BYTES_LITERAL(P), &text), 0);
	assert_int_equal(dns_records_add_spf(records, domain, &spf), 0);
	assert_int_equal(dns_records_add_dkim(records, domain, "selector", buffer_bytes(&text)), 0);
	assert_int_equal(dns_records_add_dmarc(records, domain, dmarc), 0);
	buffer_deinit(&text);
}

static void add_host(struct dns_records *records, const char *domain, const char *name,
		     const char *address)
{
	const struct ip_range range = range_of(address);

	assert_int_equal(dns_records_add_host(records, domain, name, &range), 0);
}

static void expect(const struct dns_records *records, enum dns_form form, unsigned ttl,
		   const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	assert_int_equal(dns_forms_write(records, form, ttl, file), 0);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, wanted);
	free(text);
}

static void make_gateway(struct dns_records *records)
{
	add_host(records, "yuulinux.tokyo", "mailds1.yuulinux.tokyo", "111.111.111.111");
	add_domain(records, "yuulinux.tokyo", "111.111.111.111", &watch);
}

static void gateway_is_as_documented(void **state)
{
	struct dns_records records = {0};

	(void)state;
	make_gateway(&records);
	expect(&records, DNS_FORM_LINE, 0,
	       "a mailds1 111.111.111.111\n"
	       "txt @ v=spf1 +a +mx +ip4:111.111.111.111 ~all\n"
	       "txt selector._domainkey " DKIM "\n"
	       "txt _dmarc v=DMARC1; p=none; pct=100;\n");
	expect(&records, DNS_FORM_ROUTE53, 0,
	       "mailds1.yuulinux.tokyo. A 111.111.111.111\n"
	       "yuulinux.tokyo. TXT \"v=spf1 +a +mx +ip4:111.111.111.111 ~all\"\n"
	       "selector._domainkey.yuulinux.tokyo. TXT \"v=DKIM1; k=rsa; \" \"p=" P "\"\n"
	       "_dmarc.yuulinux.tokyo. TXT \"v=DMARC1; p=none; pct=100;\"\n");
	expect(&records, DNS_FORM_ZONE, 0,
	       "; yuulinux.tokyo\n"
	       "mailds1.yuulinux.tokyo.\tIN\tA\t111.111.111.111\n"
	       "yuulinux.tokyo.\tIN\tTXT\t\"v=spf1 +a +mx +ip4:111.111.111.111 ~all\"\n"
	       "selector._domainkey.yuulinux.tokyo.\tIN\tTXT\t( \"v=DKIM1; k=rsa; \"\n"
	       "\t  \"p=" P "\" )\n"
	       "_dmarc.yuulinux.tokyo.\tIN\tTXT\t\"v=DMARC1; p=none; pct=100;\"\n");
	dns_records_deinit(&records);
}

static void client_is_as_documented(void **state)
{
	struct dns_records records = {0};

	(void)state;
	add_host(&records, "yuutest1.work", "yuutest1.work", "222.222.222.222");
	add_host(&records, "yuutest1.work", "mailclient.yuutest1.work", "222.222.222.222");
	add_domain(&records, "yuutest1.work", "111.111.111.111", &watch);
	expect(&records, DNS_FORM_LINE, 0,
	       "a @ 222.222.222.222\n"
	       "a mailclient 222.222.222.222\n"
	       "txt @ v=spf1 +a +mx +ip4:111.111.111.111 ~all\n"
	       "txt selector._domainkey " DKIM "\n"
	       "txt _dmarc v=DMARC1; p=none; pct=100;\n");
	dns_records_deinit(&records);
}

static void reports_are_as_documented(void **state)
{
	const struct dns_dmarc_policy policy = {
		.policy = "none",
		.percent = 100,
		.rua = "mailto:dmarc.rua@example.com",
		.ruf = "mailto:dmarc.rua@example.com",
	};
	struct dns_records records = {0};

	(void)state;
	assert_int_equal(dns_records_add_dmarc(&records, "example.com", &policy), 0);
	expect(&records, DNS_FORM_LINE, 0,
	       "txt _dmarc v=DMARC1; p=none; pct=100; rua=mailto:dmarc.rua@example.com; "
	       "ruf=mailto:dmarc.rua@example.com\n");
	dns_records_deinit(&records);
}

static void reports_to_another_domain_need_its_record(void **state)
{
	const struct dns_dmarc_policy policy = {
		.policy = "reject",
		.subdomain_policy = "quarantine",
		.percent = 20,
		.rua = "mailto:a@reports.example.com,mailto:b@Example.NET,mailto:c@example.org!5m",
		.ruf = "mailto:d@example.net",
	};
	struct dns_records records = {0};

	(void)state;
	assert_int_equal(dns_records_add_dmarc(&records, "example.com", &policy), 0);
	expect(&records, DNS_FORM_ZONE, 600,
	       "; example.com\n"
	       "_dmarc.example.com.\t600\tIN\tTXT\t\"v=DMARC1; p=reject; sp=quarantine; pct=20; "
	       "rua=mailto:a@reports.example.com,mailto:b@Example.NET,mailto:c@example.org!5m; "
	       "ruf=mailto:d@example.net\"\n"
	       "; In the zone of example.net, or no reports come there:\n"
	       "; example.com._report._dmarc.example.net.\t600\tIN\tTXT\t\"v=DMARC1;\"\n"
	       "; In the zone of example.org, or no reports come there:\n"
	       "; example.com._report._dmarc.example.org.\t600\tIN\tTXT\t\"v=DMARC1;\"\n");
	dns_records_deinit(&records);
}

static void reports_above_or_below_need_none(void **state)
{
	const struct dns_dmarc_policy policy = {
		.policy = "none",
		.percent = 100,
		.rua = "mailto:a@EXAMPLE.com,mailto:b@x.news.example.com,mailto:c@news.example.com",
	};
	struct dns_records records = {0};

	(void)state;
	assert_int_equal(dns_records_add_dmarc(&records, "news.example.com", &policy), 0);
	assert_int_equal(records.count, 1);
	dns_records_deinit(&records);
}

static void several_domains_are_told_apart(void **state)
{
	/* Reports of the first go to the second: it begins nevertheless. */
	const struct dns_dmarc_policy policy = {
		.policy = "none", .percent = 100, .rua = "mailto:a@example.net"};
	struct dns_records records = {0};

	(void)state;
	assert_int_equal(dns_records_add_dmarc(&records, "example.com", &policy), 0);
	assert_int_equal(dns_records_add_dmarc(&records, "example.net", &policy), 0);
	expect(&records, DNS_FORM_LINE, 0,
	       "; example.com\n"
	       "txt _dmarc v=DMARC1; p=none; pct=100; rua=mailto:a@example.net\n"
	       "\n"
	       "; example.net\n"
	       "txt _dmarc v=DMARC1; p=none; pct=100; rua=mailto:a@example.net\n");
	dns_records_deinit(&records);
}

static void change_batch_has_a_set_for_each_name(void **state)
{
	struct dns_records records = {0};

	(void)state;
	add_host(&records, "example.com", "m.example.com", "192.0.2.1");
	add_host(&records, "example.com", "m.example.com", "2001:db8::1");
	add_host(&records, "example.com", "m.example.com", "192.0.2.2");
	assert_int_equal(dns_records_add_dkim(&records, "example.com", "s",
					      BYTES_LITERAL("v=DKIM1; n=\"x\"; p=AAAA")),
			 0);
	expect(&records, DNS_FORM_ROUTE53_JSON, 0,
	       "{\n"
	       "  \"Comment\": \"SPF, DKIM and DMARC, by postseal dns\",\n"
	       "  \"Changes\": [\n"
	       "    {\n"
	       "      \"Action\": \"UPSERT\",\n"
	       "      \"ResourceRecordSet\": {\n"
	       "        \"Name\": \"m.example.com.\",\n"
	       "        \"Type\": \"A\",\n"
	       "        \"TTL\": 300,\n"
	       "        \"ResourceRecords\": [\n"
	       "          {\n            \"Value\": \"192.0.2.1\"\n          },\n"
	       "          {\n            \"Value\": \"192.0.2.2\"\n          }\n"
	       "        ]\n      }\n    },\n"
	       "    {\n"
	       "      \"Action\": \"UPSERT\",\n"
	       "      \"ResourceRecordSet\": {\n"
	       "        \"Name\": \"m.example.com.\",\n"
	       "        \"Type\": \"AAAA\",\n"
	       "        \"TTL\": 300,\n"
	       "        \"ResourceRecords\": [\n"
	       "          {\n            \"Value\": \"2001:db8::1\"\n          }\n"
	       "        ]\n      }\n    },\n"
	       "    {\n"
	       "      \"Action\": \"UPSERT\",\n"
	       "      \"ResourceRecordSet\": {\n"
	       "        \"Name\": \"s._domainkey.example.com.\",\n"
	       "        \"Type\": \"TXT\",\n"
	       "        \"TTL\": 300,\n"
	       "        \"ResourceRecords\": [\n"
	       "          {\n            \"Value\": "
	       "\"\\\"v=DKIM1; n=\\\\\\\"x\\\\\\\"; \\\" \\\"p=AAAA\\\"\"\n          }\n"
	       "        ]\n      }\n    }\n"
	       "  ]\n}\n");
	dns_records_deinit(&records);
}

/* The strings, joined, are the text; none is too long; the key begins one. */
static void check_strings(enum dns_record_kind kind, const char *text, size_t count_wanted)
{
	const struct dns_record record = {.kind = kind, .type = DNS_TXT, .value = strdup(text)};
	struct bytes rest = bytes_of_string(text);
	struct buffer joined = {0};
	struct bytes string;
	size_t count = 0;

	while (dns_record_next_string(&record, &rest, &string)) {
		assert_in_range(string.size, 1, DNS_STRING_SIZE_MAX);
		assert_int_equal(buffer_append(&joined, string), 0);
		count++;
	}
	assert_int_equal(count, count_wanted);
	assert_string_equal(buffer_string(&joined), text);
	buffer_deinit(&joined);
	free(record.value);
}

static void long_texts_are_cut_into_strings_that_fit(void **state)
{
	char text[1100];

	(void)state;
	check_strings(DNS_RECORD_DKIM, DKIM, 2);
	check_strings(DNS_RECORD_DKIM, "p=AAAA", 1);
	check_strings(DNS_RECORD_DKIM, "v=DKIM1; n=p=x; p=AAAA", 2);
	check_strings(DNS_RECORD_DKIM, "v=DKIM1;p=AAAA", 2);
	check_strings(DNS_RECORD_DMARC, "v=DMARC1; p=none; pct=100;", 1);
	memset(text, 'x', sizeof(text));
	text[255] = '\0';
	check_strings(DNS_RECORD_SPF, text, 1);
	text[255] = 'x';
	text[256] = '\0';
	check_strings(DNS_RECORD_SPF, text, 2);
	/* A key of 4096 bits: 736 characters. */
	text[256] = 'x';
	memcpy(text, DKIM, strlen("v=DKIM1; k=rsa; p="));
	text[strlen("v=DKIM1; k=rsa; p=") + 736] = '\0';
	check_strings(DNS_RECORD_DKIM, text, 4);
}

static void spf_has_all_relays_and_more_terms(void **state)
{
	const struct ip_range hosts[] = {range_of("192.0.2.1"), range_of("2001:db8::1"),
					 range_of("198.51.100.0/24")};
	const char *const terms[] = {"include:_spf.example.net"};
	const struct dns_spf_policy policy = {hosts, 3, terms, 1, "-all"};
	const struct dns_spf_policy bare = {.all = "?all"};
	struct dns_records records = {0};

	(void)state;
	assert_int_equal(dns_records_add_spf(&records, "example.com", &policy), 0);
	assert_string_equal(records.records[0].value,
			    "v=spf1 +a +mx +ip4:192.0.2.1 +ip6:2001:db8::1 +ip4:198.51.100.0/24 "
			    "include:_spf.example.net -all");
	assert_int_equal(dns_records_add_spf(&records, "example.com", &bare), 0);
	assert_string_equal(records.records[1].value, "v=spf1 +a +mx ?all");
	dns_records_deinit(&records);
}

static void bytes_that_a_zone_file_does_not_take_are_escaped(void **state)
{
	struct dns_records records = {0};

	(void)state;
	assert_int_equal(dns_records_add_dkim(&records, "example.com", "s",
					      BYTES_LITERAL("n=\"\xc3\xa4\"\\\t;")),
			 0);
	expect(&records, DNS_FORM_ROUTE53, 0,
	       "s._domainkey.example.com. TXT \"n=\\\"\\195\\164\\\"\\\\\\009;\"\n");
	dns_records_deinit(&records);
}

static void forms_have_names(void **state)
{
	enum dns_form form;

	(void)state;
	assert_true(dns_form_find("route53-json", &form));
	assert_int_equal(form, DNS_FORM_ROUTE53_JSON);
	assert_false(dns_form_find("bind", &form));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gateway_is_as_documented),
		cmocka_unit_test(client_is_as_documented),
		cmocka_unit_test(reports_are_as_documented),
		cmocka_unit_test(reports_to_another_domain_need_its_record),
		cmocka_unit_test(reports_above_or_below_need_none),
		cmocka_unit_test(several_domains_are_told_apart),
		cmocka_unit_test(change_batch_has_a_set_for_each_name),
		cmocka_unit_test(long_texts_are_cut_into_strings_that_fit),
		cmocka_unit_test(spf_has_all_relays_and_more_terms),
		cmocka_unit_test(bytes_that_a_zone_file_does_not_take_are_escaped),
		cmocka_unit_test(forms_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
