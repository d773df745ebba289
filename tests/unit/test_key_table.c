/*
 * Goal:   a KeyTable row is taken apart as OpenDKIM does, with the fourth field and no other change;
 *         a broken row says what is wrong and harms no other.
 * Method: rows of a value and its parts, written "domain|selector|key|path or text|algorithm".
 */
#include "signer/tables/key_table.h"

#include "tests/unit/tables_fixture.h"

static const struct problem_place place = {"a.conf", 1, "KeyTable"};

static const char *const algorithms[] = {
	[SIGNER_ALGORITHM_BY_KEY] = "by key",
	[SIGNER_ALGORITHM_RSA_SHA256] = "rsa",
	[SIGNER_ALGORITHM_ED25519_SHA256] = "ed25519",
};

static struct key_table *table_load(struct fixture *fixture, const char *prefix,
				    const char *content)
{
	struct key_table *table;
	char text[128];

	(void)snprintf(text, sizeof(text), "%s%s", prefix, fixture_file(fixture, "t", content));
	assert_int_equal(key_table_load(text, NULL, place, &fixture->problems, &table), 0);
	return table;
}

static void value_is_taken_apart(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		const char *want;
	} rows[] = {
		{"three_fields", "example.com:s1:/keys/a.pem",
		 "example.com|s1|/keys/a.pem|path|by key"},
		{"percent_is_a_domain", "%:s1:/keys/%.pem", "%|s1|/keys/%.pem|path|by key"},
		{"dot_slash_is_a_path", "a.b:s:./k.pem", "a.b|s|./k.pem|path|by key"},
		{"dot_dot_slash_is_a_path", "a.b:s:../k.pem", "a.b|s|../k.pem|path|by key"},
		{"base64_is_a_key",
		 "a.b:s:MIIEpAIBAAKCAQEA+/8==", "a.b|s|MIIEpAIBAAKCAQEA+/8==|text|by key"},
		{"pem_is_a_key", "a.b:s:-----BEGIN PRIVATE KEY-----",
		 "a.b|s|-----BEGIN PRIVATE KEY-----|text|by key"},
		{"fourth_field_is_rsa", "a.b:s:/k.pem:rsa-sha256", "a.b|s|/k.pem|path|rsa"},
		{"fourth_field_is_ed25519", "a.b:s:/k.pem:ed25519-sha256",
		 "a.b|s|/k.pem|path|ed25519"},
		{"fourth_field_in_any_case", "a.b:s:/k.pem:RSA-SHA256", "a.b|s|/k.pem|path|rsa"},
		{"fourth_field_after_a_key", "a.b:s:MIIE:ed25519-sha256",
		 "a.b|s|MIIE|text|ed25519"},
		{"path_may_have_a_colon", "a.b:s:/keys/a:b.pem", "a.b|s|/keys/a:b.pem|path|by key"},
		{"path_with_a_colon_may_have_a_fourth_field", "a.b:s:/keys/a:b.pem:rsa-sha256",
		 "a.b|s|/keys/a:b.pem|path|rsa"},
		{"path_that_is_no_algorithm_stays", "a.b:s:/keys/rsa-sha256",
		 "a.b|s|/keys/rsa-sha256|path|by key"},
		{"path_with_an_end_like_it_stays", "a.b:s:/k:rsa-sha256.pem",
		 "a.b|s|/k:rsa-sha256.pem|path|by key"},
		{"path_may_have_blanks", "a.b:s:/my keys/a.pem",
		 "a.b|s|/my keys/a.pem|path|by key"},
		{"selector_may_have_dots", "a.b:s1.2026:/k", "a.b|s1.2026|/k|path|by key"},
		{"u_label_domain_is_left_as_it_is",
		 "b\xc3\xbc"
		 "cher.example:s:/k",
		 "b\xc3\xbc"
		 "cher.example|s|/k|path|by key"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct fixture fixture;
		struct key_table *table;
		const struct key_row *row;
		char content[256];
		char got[256];

		fixture_init(&fixture);
		(void)snprintf(content, sizeof(content), "name %s\n", rows[i].value);
		table = table_load(&fixture, "", content);
		row = key_table_row(table, 0);
		assert_null(row->fault);
		(void)snprintf(got, sizeof(got), "%.*s|%.*s|%.*s|%s|%s", BYTES_PRINTF(row->domain),
			       BYTES_PRINTF(row->selector), BYTES_PRINTF(row->key),
			       row->key_is_path ? "path" : "text", algorithms[row->algorithm]);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, got, rows[i].want);
		assert_int_equal(key_table_broken_count(table), 0);
		assert_int_equal(fixture.problems.error_count, 0);
		key_table_free(table);
		fixture_deinit(&fixture);
	}
}

static void broken_row_says_what_is_wrong(void **state)
{
	static const struct {
		const char *value;
		const char *want;
	} rows[] = {
		{"", "has no value"},
		{"example.com", "has no selector"},
		{"example.com:s", "has no key"},
		{"example.com:s:", "has no key"},
		{"example.com::/k", "has no selector"},
		{":s:/k", "has no domain"},
		{"exa mple.com:s:/k", "its domain is not a domain name"},
		{"example.com;x:s:/k", "its domain is not a domain name"},
		{"%.example.com:s:/k", "its domain is not a domain name"},
		{".example.com:s:/k", "its domain is not a domain name"},
		{"example..com:s:/k", "its domain is not a domain name"},
		{"example.com:s/t:/k", "its selector is not a name"},
		{"example.com:s:keys/a.pem", "its key is neither a path"},
		{"example.com:s:rsa-sha256", "its key is neither a path"},
		{"example.com:s:/k:rsa-sha1", "RFC 8301"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct fixture fixture;
		struct key_table *table;
		char content[256];

		fixture_init(&fixture);
		(void)snprintf(content, sizeof(content), "good a.b:s:/k\nbad %s\n", rows[i].value);
		table = table_load(&fixture, "", content);
		assert_int_equal(key_table_broken_count(table), 1);
		assert_null(key_table_row(table, 0)->fault);
		assert_non_null(key_table_row(table, 1)->fault);
		if (strstr(fixture_told(&fixture),
			   "error t:2: KeyTable: KeyTable entry for 'bad' corrupt: ") == NULL ||
		    strstr(fixture_told(&fixture), rows[i].want) == NULL)
			fail_msg("%s: got %s, want %s", rows[i].value, fixture_told(&fixture),
				 rows[i].want);
		key_table_free(table);
		fixture_deinit(&fixture);
	}
}

static void name_is_found_with_its_case(void **state)
{
	struct pattern_matcher *matcher;
	struct fixture fixture;
	struct key_table *table;
	uint32_t row;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	table = table_load(&fixture, "file:", "Key a.b:s:/1\nkey a.b:s:/2\n* a.b:s:/3\n");
	assert_int_equal(key_table_count(table), 3);
	assert_int_equal(key_table_find(table, matcher, BYTES_LITERAL("key"), &row), 0);
	assert_int_equal(row, 1);
	assert_int_equal(key_table_find(table, matcher, BYTES_LITERAL("Key"), &row), 0);
	assert_int_equal(row, 0);
	assert_int_equal(key_table_find(table, matcher, BYTES_LITERAL("KEY"), &row),
			 KEY_TABLE_E_NONE);
	assert_int_equal(key_table_place(table, 2).line, 3);
	assert_true(bytes_equal(key_table_name(table, 2), BYTES_LITERAL("*")));
	key_table_free(table);
	pattern_matcher_free(matcher);
	fixture_deinit(&fixture);
}

static void refile_has_patterns_for_names(void **state)
{
	struct pattern_matcher *matcher;
	struct fixture fixture;
	struct key_table *table;
	uint32_t row;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	table = table_load(&fixture, "refile:",
			   "default._domainkey.a.b a.b:s:/1\n*.c %:s:/2\n"
			   "(([a-z]{1,99})[a-z]){1,99}[0-9] a.b:s:/3\n");
	assert_int_equal(
		key_table_find(table, matcher, BYTES_LITERAL("default._domainkey.a.b"), &row), 0);
	assert_int_equal(row, 0);
	assert_int_equal(key_table_find(table, matcher, BYTES_LITERAL("x.c"), &row), 0);
	assert_int_equal(row, 1);
	assert_int_equal(key_table_find(table, matcher, BYTES_LITERAL("x.C"), &row),
			 KEY_TABLE_E_NONE);
	assert_int_equal(
		key_table_find(table, matcher,
			       BYTES_LITERAL("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			       &row),
		KEY_TABLE_E_UNDECIDED);
	key_table_free(table);
	pattern_matcher_free(matcher);
	fixture_deinit(&fixture);
}

static void doubtful_rows_are_warned_of(void **state)
{
	struct fixture fixture;
	struct key_table *table;

	(void)state;
	fixture_init(&fixture);
	table = table_load(&fixture, "", "a a.b:s:/k:ed25519\nb a.b:s:/k\nb a.b:s:/l\n");
	assert_string_equal(
		fixture_told(&fixture),
		"warning t:1: KeyTable: \"a\": \"ed25519\" is read as the end of the key's path; "
		"the "
		"algorithms are rsa-sha256 and ed25519-sha256\n"
		"warning t:3: KeyTable: \"b\" is never used: line 2 has the same name\n");
	assert_int_equal(key_table_broken_count(table), 0);
	key_table_free(table);
	fixture_deinit(&fixture);
}

static void inline_list_is_a_table(void **state)
{
	struct pattern_matcher *matcher;
	struct fixture fixture;
	struct key_table *table;
	uint32_t row;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	assert_int_equal(key_table_load("csl:key1=example.com:test:./testkey.private", NULL, place,
					&fixture.problems, &table),
			 0);
	assert_int_equal(key_table_find(table, matcher, BYTES_LITERAL("key1"), &row), 0);
	assert_true(
		bytes_equal(key_table_row(table, row)->key, BYTES_LITERAL("./testkey.private")));
	key_table_free(table);
	pattern_matcher_free(matcher);
	fixture_deinit(&fixture);
}

static void table_that_cannot_be_had_is_refused(void **state)
{
	struct fixture fixture;
	struct key_table *table;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(key_table_load("ldap://x/", NULL, place, &fixture.problems, &table),
			 KEY_TABLE_E_REFUSED);
	assert_int_equal(key_table_load("file:/none", NULL, place, &fixture.problems, &table),
			 KEY_TABLE_E_REFUSED);
	assert_int_equal(fixture.problems.error_count, 2);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value_is_taken_apart),
		cmocka_unit_test(broken_row_says_what_is_wrong),
		cmocka_unit_test(name_is_found_with_its_case),
		cmocka_unit_test(refile_has_patterns_for_names),
		cmocka_unit_test(doubtful_rows_are_warned_of),
		cmocka_unit_test(inline_list_is_a_table),
		cmocka_unit_test(table_that_cannot_be_had_is_refused),
	};

	return cmocka_run_group_tests_name("key_table", tests, NULL, NULL);
}
