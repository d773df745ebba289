/*
 * Goal:   a name gives its record as the DNS would, and a file with faults says so.
 * Method: files of good and bad lines, of both forms.
 */
#include "signer/tables/public_keys.h"

#include "tests/unit/tables_fixture.h"

#define FORMS                                                                                      \
	"SELECTOR._domainkey.DOMAIN RECORD, or the record as in a zone file, as genkey writes "    \
	"it\n"

static const struct problem_place place = {"a.conf", 1, "TestPublicKeys"};

struct row {
	const char *name;
	const char *want; /* NULL: there is none */
};

static void expect_records(const struct public_keys *keys, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct bytes record;
		bool found = public_keys_find(keys, bytes_of_string(rows[i].name), &record);

		assert_true(found == (rows[i].want != NULL));
		if (found)
			assert_true(bytes_equal(record, bytes_of_string(rows[i].want)));
	}
}

static void name_gives_its_record(void **state)
{
	static const struct row rows[] = {
		{"s1._domainkey.example.com", "v=DKIM1; k=rsa; p=AAAA#B"},
		{"S1._DomainKey.EXAMPLE.com", "v=DKIM1; k=rsa; p=AAAA#B"},
		{"s1._domainkey.example.com.", "v=DKIM1; k=rsa; p=AAAA#B"},
		{"s2._domainkey.example.com", "p="},
		{"s3._domainkey.example.com", NULL},
		{"s4._domainkey.example.com", NULL},
		{"", NULL},
	};
	struct fixture fixture;
	struct public_keys *keys;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(
		public_keys_load(
			fixture_file(&fixture, "keys",
				     "# a comment\n"
				     "\n"
				     "s1._domainkey.example.com v=DKIM1; k=rsa; p=AAAA#B\r\n"
				     "s2._domainkey.example.com. \t p=\n"
				     "s3._domainkey.example.com\n"
				     "S1._domainkey.example.com p=second\n"),
			place, &fixture.problems, &keys),
		0);
	expect_records(keys, rows, ARRAY_COUNT(rows));
	assert_string_equal(
		fixture_told(&fixture),
		"error keys:5: \"s3._domainkey.example.com\" has no record; needed: " FORMS
		"warning keys:6: \"S1._domainkey.example.com\" is never used: a line before "
		"has the same name\n");
	public_keys_free(keys);
	fixture_deinit(&fixture);
}

static void expect_listed(const struct public_keys *keys, size_t index, const char *name,
			  const char *record)
{
	struct bytes got_name;
	struct bytes got_record;

	public_keys_at(keys, index, &got_name, &got_record);
	assert_true(bytes_equal(got_name, bytes_of_string(name)));
	assert_true(bytes_equal(got_record, bytes_of_string(record)));
}

static void record_of_a_zone_file_gives_its_domain(void **state)
{
	static const struct row rows[] = {
		{"s1._domainkey.example.com", "v=DKIM1; k=rsa; p=AAAABBBB"},
		{"s2._domainkey.example.net", "p=CCCC"},
		{"s3._domainkey.example.org", "p=DDDD"},
		{"s4._domainkey.example.com", "p=EEEE"},
		{"s5._domainkey", NULL},
		{"s6._domainkey.example.com", NULL},
		{"s7._domainkey.example.com", NULL},
	};
	struct fixture fixture;
	struct public_keys *keys;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(
		public_keys_load(
			fixture_file(
				&fixture, "keys",
				"; a comment\n"
				"s1._domainkey\tIN\tTXT\t( \"v=DKIM1; k=rsa; \"\n"
				"\t  \"p=AAAA\"\n"
				"\t  \"BBBB\" )  ; ----- DKIM key s1 for example.com\r\n"
				"s2._domainkey.example.net.\tIN\tTXT\t( \"p=CCCC\" )  ; ----- "
				"DKIM key s2 for example.com\n"
				"s3._domainkey.example.org. 300 IN TXT \"p=\" \"DDDD\"\n"
				"s4._domainkey.example.com p=EEEE\n"
				"s5._domainkey IN TXT \"p=FFFF\" ; of some zone\n"
				"s6._domainkey.example.com IN TXT ( \"p=\"\n"
				" GGGG )\n"
				"s4._domainkey IN TXT \"p=\" ; ----- DKIM key s4 for example.com\n"
				"s7._domainkey.example.com IN TXT ( \"p=HHHH\"\n"),
			place, &fixture.problems, &keys),
		0);
	expect_records(keys, rows, ARRAY_COUNT(rows));
	assert_int_equal(public_keys_count(keys), 4);
	expect_listed(keys, 0, "s1._domainkey.example.com", "v=DKIM1; k=rsa; p=AAAABBBB");
	expect_listed(keys, 1, "s2._domainkey.example.net", "p=CCCC");
	expect_listed(keys, 3, "s4._domainkey.example.com", "p=EEEE");
	assert_string_equal(
		fixture_told(&fixture),
		"error keys:8: \"s5._domainkey\" has no domain; needed: the whole name, "
		"s5._domainkey.DOMAIN., or behind the record, as genkey writes it: "
		"; ----- DKIM key SELECTOR for DOMAIN\n"
		"error keys:10: \"s6._domainkey.example.com\": the record must stand in quotes; "
		"needed: " FORMS "warning keys:11: \"s4._domainkey.example.com\" is never used: a "
		"line before has the same name\n"
		"error keys:12: \"s7._domainkey.example.com\": the parenthesis is never closed; "
		"needed: " FORMS);
	public_keys_free(keys);
	fixture_deinit(&fixture);
}

static void key_in_pem_form_is_refused(void **state)
{
	struct fixture fixture;
	struct public_keys *keys = NULL;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(public_keys_load(fixture_file(&fixture, "keys",
						       "-----BEGIN PRIVATE KEY-----\nAAAA\n"),
					  place, &fixture.problems, &keys),
			 PUBLIC_KEYS_E_REFUSED);
	assert_null(keys);
	assert_string_equal(
		fixture_told(&fixture),
		"error keys:1: this is a key in PEM form, not its record; needed: " FORMS);
	fixture_deinit(&fixture);
}

static void many_records_are_all_found(void **state)
{
	struct fixture fixture;
	struct public_keys *keys;
	struct buffer content = {0};
	char name[64];

	(void)state;
	fixture_init(&fixture);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buffer_printf(&content, "s%d._domainkey.a.b p=%d\n", i, i), 0);
	assert_int_equal(public_keys_load(fixture_file(&fixture, "keys", buffer_string(&content)),
					  place, &fixture.problems, &keys),
			 0);
	for (int i = 0; i < 1000; i++) {
		struct bytes record;

		(void)snprintf(name, sizeof(name), "s%d._domainkey.a.b", i);
		assert_true(public_keys_find(keys, bytes_of_string(name), &record));
		(void)snprintf(name, sizeof(name), "p=%d", i);
		assert_true(bytes_equal(record, bytes_of_string(name)));
	}
	public_keys_free(keys);
	buffer_deinit(&content);
	fixture_deinit(&fixture);
}

static void file_that_cannot_be_read_is_refused(void **state)
{
	struct fixture fixture;
	struct public_keys *keys = NULL;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(
		public_keys_load(fixture_path(&fixture, "none"), place, &fixture.problems, &keys),
		PUBLIC_KEYS_E_REFUSED);
	assert_null(keys);
	assert_string_equal(fixture_told(&fixture),
			    "error a.conf:1: TestPublicKeys: cannot read \"none\": No such file or "
			    "directory\n");
	public_keys_free(NULL);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_gives_its_record),
		cmocka_unit_test(record_of_a_zone_file_gives_its_domain),
		cmocka_unit_test(key_in_pem_form_is_refused),
		cmocka_unit_test(many_records_are_all_found),
		cmocka_unit_test(file_that_cannot_be_read_is_refused),
	};

	return cmocka_run_group_tests_name("public_keys", tests, NULL, NULL);
}
