/*
 * Goal:   DontSignMailTo and BodyLengthDB have the recipients that opendkim.conf(5) says they have.
 * Method: by row, a set and an address.
 */
#include "signer/tables/recipient_rules.h"

#include "tests/unit/tables_fixture.h"
#include "tests/unit/unit_test.h"

struct row {
	const char *set;
	const char *address;
	bool has;
};

/* The rules of a configuration with that one option. */
static struct recipient_rules *load(struct fixture *fixture, struct signer_config **config_out,
				    const char *option, const char *set)
{
	struct recipient_rules *rules = NULL;

	assert_int_equal(signer_config_new(config_out), 0);
	assert_int_equal(signer_config_set(*config_out, option, set, &fixture->problems), 0);
	if (signer_config_check(*config_out, &fixture->problems) != 0)
		fail_msg("%s", fixture_told(fixture));
	assert_int_equal(recipient_rules_load(*config_out, &fixture->problems, &rules), 0);
	return rules;
}

static void check_rows(const char *option, const struct row *rows, size_t count,
		       int (*ask)(const struct recipient_rules *rules,
				  struct pattern_matcher *matcher, struct bytes address, bool *out))
{
	struct pattern_matcher *matcher;
	struct fixture fixture;

	fixture_init(&fixture);
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	for (size_t i = 0; i < count; i++) {
		struct signer_config *config;
		struct recipient_rules *rules = load(&fixture, &config, option, rows[i].set);
		bool has;

		assert_true(recipient_rules_are_there(rules));
		assert_int_equal(ask(rules, matcher, bytes_of_string(rows[i].address), &has), 0);
		if (has != rows[i].has)
			fail_msg("%s %s: %s %s", option, rows[i].set, has ? "has" : "does not have",
				 rows[i].address);
		recipient_rules_free(rules);
		signer_config_free(config);
	}
	pattern_matcher_free(matcher);
	fixture_deinit(&fixture);
}

static void addresses_are_skipped_as_they_are(void **state)
{
	static const struct row rows[] = {
		{"a@example.com", "a@example.com", true},
		{"a@example.com", "A@EXAMPLE.com", true},
		{"a@example.com,b@example.com", "b@example.com", true},
		{"a@example.com", "b@example.com", false},
		{"example.com", "a@example.com", false},
		{"*", "a@example.com", false},
		{"postmaster", "postmaster", true},
		{"a@example.com", "", false},
	};

	(void)state;
	check_rows("DontSignMailTo", rows, ARRAY_COUNT(rows), recipient_rules_skips);
}

static void lengths_are_signed_to_addresses_hosts_and_domains(void **state)
{
	static const struct row rows[] = {
		{"a@x.example.com", "a@x.example.com", true},
		{"a@x.example.com", "b@x.example.com", false},
		{"x.example.com", "a@x.example.com", true},
		{".example.com", "a@x.example.com", true},
		{".com", "a@x.example.com", true},
		{"a@.com", "a@x.example.com", true},
		{"b@.com", "a@x.example.com", false},
		{"example.com", "a@x.example.com", false},
		{".x.example.com", "a@x.example.com",
		 false}, /* the full host has no dot before it */
		{"a@*", "a@x.example.com", true},
		{"*", "a@x.example.com", true},
		{"b@*", "a@x.example.com", false},
		{"*", "postmaster", false},
		{"postmaster", "postmaster", true},
		{"X.Example.COM", "a@x.example.com", true},
	};

	(void)state;
	check_rows("BodyLengthDB", rows, ARRAY_COUNT(rows), recipient_rules_signs_length);
}

static void patterns_are_for_the_whole_address(void **state)
{
	struct pattern_matcher *matcher;
	struct signer_config *config;
	struct recipient_rules *rules;
	struct fixture fixture;
	char set[256];
	bool has;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(pattern_matcher_new(&matcher), 0);
	(void)snprintf(set, sizeof(set), "refile:%s",
		       fixture_file(&fixture, "list", "*@lists.example.com\nann*@example.com\n"));
	rules = load(&fixture, &config, "DontSignMailTo", set);
	assert_int_equal(
		recipient_rules_skips(rules, matcher, BYTES_LITERAL("any@lists.example.com"), &has),
		0);
	assert_true(has);
	assert_int_equal(
		recipient_rules_skips(rules, matcher, BYTES_LITERAL("bob@example.com"), &has), 0);
	assert_false(has);
	recipient_rules_free(rules);
	signer_config_free(config);
	pattern_matcher_free(matcher);
	fixture_deinit(&fixture);
}

static void no_sets_make_no_difference(void **state)
{
	struct signer_config *config;
	struct recipient_rules *rules;
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	rules = load(&fixture, &config, "LogWhy", "yes");
	assert_false(recipient_rules_are_there(rules));
	recipient_rules_free(rules);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void set_that_cannot_be_had_is_an_error(void **state)
{
	struct recipient_rules *rules;
	struct signer_config *config;
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(signer_config_new(&config), 0);
	assert_int_equal(
		signer_config_set(config, "DontSignMailTo", "/nowhere/list", &fixture.problems), 0);
	assert_int_equal(signer_config_check(config, &fixture.problems), 0);
	assert_int_equal(recipient_rules_load(config, &fixture.problems, &rules),
			 RECIPIENT_RULES_E_REFUSED);
	assert_non_null(
		strstr(fixture_told(&fixture),
		       "error command line: DontSignMailTo: cannot read \"/nowhere/list\": No "
		       "such file or directory\n"));
	signer_config_free(config);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_skipped_as_they_are),
		cmocka_unit_test(lengths_are_signed_to_addresses_hosts_and_domains),
		cmocka_unit_test(patterns_are_for_the_whole_address),
		cmocka_unit_test(no_sets_make_no_difference),
		cmocka_unit_test(set_that_cannot_be_had_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
