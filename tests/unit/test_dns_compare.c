/*
 * Goal: of each thing that can be wrong with a record in the DNS the administrator gets its own word, and
 * of what receivers make no difference between, none.
 * Method: a row has what is wanted and what DNS has, values apart by '|'. The keys are made once.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "signer/dns/dns_compare.h"
#include "signer/keys/key.h"
#include "tests/unit/dns_message.h"
#include "tests/unit/key_samples.h"

#include <stdio.h>

struct row {
	const char *wanted;
	const char *served;
	enum dns_status want;
	const char *note; /* a part of them; NULL: there are none */
};

static const char *const names[] = {
	[DNS_RECORD_HOST] = "m.example.com",
	[DNS_RECORD_SPF] = "example.com",
	[DNS_RECORD_DKIM] = "s._domainkey.example.com",
	[DNS_RECORD_DMARC] = "_dmarc.example.com",
	[DNS_RECORD_REPORT] = "example.com._report._dmarc.example.net",
};

static void add_values(struct dns_message *message, const char *name, const char *values)
{
	while (*values != '\0') {
		size_t size = strcspn(values, "|");

		dns_message_add_text(message, name, bytes_of(values, size));
		values += size + (values[size] == '|');
	}
}

static void check_message(enum dns_record_kind kind, enum dns_type type, const struct row *row,
			  const struct dns_message *message)
{
	struct dns_record wanted = {.kind = kind,
				    .type = type,
				    .domain = strdup("example.net"),
				    .name = strdup(names[kind]),
				    .value = strdup(row->wanted)};
	struct dns_answer answer = {0};
	struct dns_finding finding = {0};
	const char *notes;

	assert_int_equal(dns_answer_parse(&answer, names[kind], type, buffer_bytes(&message->text)),
			 0);
	assert_int_equal(dns_compare(&wanted, &answer, &finding), 0);
	notes = buffer_string(&finding.notes);
	if (finding.status != row->want ||
	    (row->note == NULL ? notes[0] != '\0' : strstr(notes, row->note) == NULL))
		fail_msg("%s | %s: got %s: %s", row->wanted, row->served,
			 dns_status_name(finding.status), notes);
	dns_finding_deinit(&finding);
	dns_answer_deinit(&answer);
	free(wanted.domain);
	free(wanted.name);
	free(wanted.value);
}

static void check_row(enum dns_record_kind kind, const struct row *row)
{
	struct dns_message message;

	dns_message_init(&message, names[kind], DNS_TXT, 0);
	add_values(&message, names[kind], row->served);
	check_message(kind, DNS_TXT, row, &message);
	dns_message_deinit(&message);
}

static void check_rows(enum dns_record_kind kind, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_row(kind, &rows[i]);
}

static void spf_is_compared_by_what_receivers_make_of_it(void **state)
{
#define SPF "v=spf1 +a +mx +ip4:111.111.111.111 ~all"
	static const struct row rows[] = {
		{SPF, SPF, DNS_STATUS_OK, NULL},
		{SPF, "v=spf1 mx a ip4:111.111.111.111/32 ~all", DNS_STATUS_OK, NULL},
		{SPF, "google-site-verification=x|" SPF "|MS=1", DNS_STATUS_OK, NULL},
		{SPF, "", DNS_STATUS_MISSING, NULL},
		{SPF, "google-site-verification=x", DNS_STATUS_MISSING, NULL},
		{SPF, "v=spf1 +a +mx ~all", DNS_STATUS_DIFFERENT,
		 "DNS does not have +ip4:111.111.111.111\n"},
		{SPF, "v=spf1 a mx ip4:111.111.111.111 include:_spf.example.net -all",
		 DNS_STATUS_DIFFERENT, "only DNS has include:_spf.example.net -all\n"},
		{"v=spf1 -mx +a -all", "v=spf1 +a -mx -all", DNS_STATUS_DIFFERENT, "another order"},
		{SPF, SPF "|v=spf1 include:_spf.example.net -all", DNS_STATUS_TWO_RECORDS, "one"},
		{SPF, SPF "|" SPF, DNS_STATUS_TWO_RECORDS, "for an error"},
		{SPF, "v=spf1 +a ipv4:111.111.111.111 ~all", DNS_STATUS_SYNTAX,
		 "\"ipv4:111.111.111.111\" is no term"},
		{SPF, "v=spf1; a mx", DNS_STATUS_SYNTAX, "must begin with v=spf1"},
		{SPF, "\"" SPF "\"", DNS_STATUS_SYNTAX, "must begin with v=spf1"},
		{SPF, " " SPF, DNS_STATUS_SYNTAX, "must begin with v=spf1"},
		{SPF, "spf2.0/pra +a", DNS_STATUS_MISSING, NULL},
		{SPF, "v=spf1 a\n\x1b[31m mx", DNS_STATUS_SYNTAX, "\"a??[31m\""},
	};

	(void)state;
	check_rows(DNS_RECORD_SPF, rows, ARRAY_COUNT(rows));
}

static void dmarc_is_compared_tag_by_tag(void **state)
{
#define DMARC "v=DMARC1; p=none; pct=100;"
	static const struct row rows[] = {
		{DMARC, DMARC, DNS_STATUS_OK, NULL},
		{DMARC, "v=DMARC1;p=NONE", DNS_STATUS_OK, NULL},
		{DMARC, "v=DMARC1; p=none; fo=1; ri=3600", DNS_STATUS_OK, NULL},
		{DMARC, "v=DMARC1; p=none; adkim=s", DNS_STATUS_OK, "adkim=s: "},
		{DMARC, "v=spf1 -all", DNS_STATUS_MISSING, NULL},
		{DMARC, "v=DMARC1; p=reject", DNS_STATUS_DIFFERENT,
		 "p= is \"reject\" in DNS, not \"none\"\n"},
		{DMARC, "v=DMARC1; p=none; pct=20", DNS_STATUS_DIFFERENT, "pct= is \"20\""},
		{DMARC, "v=DMARC1; p=none; sp=reject", DNS_STATUS_DIFFERENT, "sp= is \"reject\""},
		{DMARC, "v=DMARC1; p=none; rua=mailto:a@example.com", DNS_STATUS_DIFFERENT,
		 "rua= is \"mailto:a@example.com\" in DNS, not \"\""},
		{DMARC, DMARC "|" DMARC, DNS_STATUS_TWO_RECORDS, "one DMARC record"},
		{DMARC, "v=DMARC1; p=nothing", DNS_STATUS_SYNTAX, "p=nothing: only none"},
		{DMARC, "v=DMARC1; pct=100", DNS_STATUS_SYNTAX, "p= is missing"},
		{DMARC, "v=dmarc1; p=none", DNS_STATUS_SYNTAX, "must begin with v=DMARC1;"},
		{DMARC, "v=DMARC1 p=none", DNS_STATUS_SYNTAX, "must begin with v=DMARC1;"},
	};

	(void)state;
	check_rows(DNS_RECORD_DMARC, rows, ARRAY_COUNT(rows));
}

static void report_record_is_there_or_not(void **state)
{
	static const struct row rows[] = {
		{"v=DMARC1;", "v=DMARC1", DNS_STATUS_OK, NULL},
		{"v=DMARC1;", "v=DMARC1; rua=mailto:x@example.net", DNS_STATUS_OK, NULL},
		{"v=DMARC1;", "", DNS_STATUS_MISSING, "until example.net has it"},
		{"v=DMARC1;", "yes", DNS_STATUS_MISSING, "nobody sends reports there"},
	};

	(void)state;
	check_rows(DNS_RECORD_REPORT, rows, ARRAY_COUNT(rows));
}

/* "v=DKIM1; k=rsa; p=..." of a new key; 0 bits: Ed25519. */
static char *make_key_record(unsigned bits)
{
	struct buffer pem = sample_pem(bits);
	struct buffer p = {0};
	struct buffer text = {0};
	struct key_problem problem;
	struct key *key;
	char *record;

	assert_int_equal(key_new("k", buffer_bytes(&pem), 1024, &key, &problem), 0);
	assert_int_equal(public_key_append_p(key_public(key), &p), 0);
	assert_int_equal(
		dns_records_dkim_text(key_type_name(key_type(key)), buffer_bytes(&p), &text), 0);
	record = strdup(buffer_string(&text));
	key_unref(key);
	buffer_deinit(&pem);
	buffer_deinit(&p);
	buffer_deinit(&text);
	return record;
}

static void key_of(const char *wanted, const char *served, enum dns_status want, const char *note)
{
	const struct row row = {wanted, served, want, note};

	check_row(DNS_RECORD_DKIM, &row);
}

static PRINTF_LIKE(2, 3) void served_as(char served[4096], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(served, 4096, format, args);
	va_end(args);
}

static void keys_are_compared_by_what_they_are(void **state)
{
	char *small = make_key_record(1024);
	char *large = make_key_record(2048);
	char *other = make_key_record(1024);
	char *curve = make_key_record(0);
	const char *p = strstr(small, "p=");
	char served[4096];

	(void)state;
	key_of(small, small, DNS_STATUS_OK, NULL);
	key_of(large, large, DNS_STATUS_OK, NULL);
	key_of(curve, curve, DNS_STATUS_OK, NULL);
	served_as(served, "v=DKIM1; h=sha256; k=rsa; s=email; n=x; %s", p);
	key_of(small, served, DNS_STATUS_OK, NULL);
	served_as(served, "%s", p);
	key_of(small, served, DNS_STATUS_OK, NULL);
	served_as(served, "v=DKIM1; t=s; %s", p);
	key_of(small, served, DNS_STATUS_OK, "t=s: ");
	key_of(small, "", DNS_STATUS_MISSING, NULL);
	key_of(small, large, DNS_STATUS_DIFFERENT,
	       "the key in DNS is rsa with 2048 bits, this one is rsa with 1024\n");
	key_of(small, other, DNS_STATUS_DIFFERENT, "another one of the same size\n");
	key_of(small, curve, DNS_STATUS_DIFFERENT, "ed25519 with ");
	served_as(served, "v=DKIM1; t=y; %s", p);
	key_of(small, served, DNS_STATUS_DIFFERENT, "only tests DKIM");
	key_of(served, served, DNS_STATUS_OK, NULL);
	served_as(served, "v=DKIM1; h=sha1; %s", p);
	key_of(small, served, DNS_STATUS_DIFFERENT, "h= does not allow sha256");
	served_as(served, "v=DKIM1; s=tlsrpt; %s", p);
	key_of(small, served, DNS_STATUS_DIFFERENT, "s= does not allow mail");
	key_of(small, "v=DKIM1; k=rsa; p=", DNS_STATUS_REVOKED, "revoked");
	key_of(small, "v=DKIM1; k=rsa", DNS_STATUS_SYNTAX, "no p=");
	key_of(small, "v=DKIM1; k=dsa; p=AAAA", DNS_STATUS_SYNTAX, "key type");
	key_of(small, "v=DKIM1; k=rsa; p=AAAA", DNS_STATUS_SYNTAX, "not a key of that type");
	served_as(served, "v=DKIM1\\; k=rsa\\; %s", p);
	key_of(small, served, DNS_STATUS_SYNTAX, "a backslash belongs into zone files only");
	served_as(served, "%s|%s", small, other);
	key_of(small, served, DNS_STATUS_TWO_RECORDS, "a selector has one record");
	served_as(served, "%.255s", large);
	key_of(large, served, DNS_STATUS_TOO_LONG, "cut off after 255 of ");
	free(small);
	free(large);
	free(other);
	free(curve);
}

static void addresses_are_among_those_of_the_name(void **state)
{
	const struct row ok = {"192.0.2.1", "", DNS_STATUS_OK, NULL};
	const struct row different = {"192.0.2.9", "", DNS_STATUS_DIFFERENT, NULL};
	const struct row missing = {"192.0.2.1", "", DNS_STATUS_MISSING, NULL};
	struct dns_message message;

	(void)state;
	dns_message_init(&message, "m.example.com", DNS_A, 0);
	check_message(DNS_RECORD_HOST, DNS_A, &missing, &message);
	dns_message_add(&message, "m.example.com", DNS_A, BYTES_LITERAL("\xc0\x00\x02\x02"));
	dns_message_add(&message, "m.example.com", DNS_A, BYTES_LITERAL("\xc0\x00\x02\x01"));
	check_message(DNS_RECORD_HOST, DNS_A, &ok, &message);
	check_message(DNS_RECORD_HOST, DNS_A, &different, &message);
	dns_message_deinit(&message);
}

static void alias_is_told(void **state)
{
	const struct row row = {DMARC, "", DNS_STATUS_OK,
				"an alias (CNAME) leads to d.example.org"};
	const struct row dead = {DMARC, "", DNS_STATUS_MISSING,
				 "leads to d.example.org, which has no"};
	struct dns_message message;

	(void)state;
	dns_message_init(&message, names[DNS_RECORD_DMARC], DNS_TXT, 0);
	dns_message_add_alias(&message, names[DNS_RECORD_DMARC], "d.example.org");
	check_message(DNS_RECORD_DMARC, DNS_TXT, &dead, &message);
	dns_message_add_text(&message, "d.example.org", BYTES_LITERAL(DMARC));
	check_message(DNS_RECORD_DMARC, DNS_TXT, &row, &message);
	dns_message_deinit(&message);
}

/* An answer of that size, with the record and something else in it. */
static void check_size(size_t size, enum dns_status want, const char *note)
{
	const struct row row = {SPF, "", want, note};
	struct buffer filler = {0};
	struct dns_message message;

	dns_message_init(&message, "example.com", DNS_TXT, 0);
	dns_message_add_text(&message, "example.com", BYTES_LITERAL(SPF));
	/* Name, fixed part, and one length byte for each 255 bytes. */
	size -= message.text.size + 13 + 10;
	size -= (size + 255) / 256;
	while (filler.size < size)
		assert_int_equal(buffer_append_byte(&filler, 'x'), 0);
	dns_message_add_text(&message, "example.com", buffer_bytes(&filler));
	check_message(DNS_RECORD_SPF, DNS_TXT, &row, &message);
	buffer_deinit(&filler);
	dns_message_deinit(&message);
}

static void large_answers_are_told(void **state)
{
	(void)state;
	check_size(512, DNS_STATUS_OK, NULL);
	check_size(513, DNS_STATUS_OK, "the answer has 513 bytes");
	check_size(1232, DNS_STATUS_OK, "the answer has 1232 bytes");
	check_size(1233, DNS_STATUS_TOO_LONG, "the answer has 1233 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spf_is_compared_by_what_receivers_make_of_it),
		cmocka_unit_test(dmarc_is_compared_tag_by_tag),
		cmocka_unit_test(report_record_is_there_or_not),
		cmocka_unit_test(keys_are_compared_by_what_they_are),
		cmocka_unit_test(addresses_are_among_those_of_the_name),
		cmocka_unit_test(alias_is_told),
		cmocka_unit_test(large_answers_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
