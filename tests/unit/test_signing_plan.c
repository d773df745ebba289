/*
 * Goal:   a sender gets the signatures that the configuration means, or the right reason for none.
 * Method: each row is a configuration, tables and a sender, and what comes of it: the signatures
 *         written as "d= s= i= key algorithm|", or the outcome and its reason.
 * Source: opendkim.conf(5) Domain, SubDomains, ExemptDomains, SigningTable, KeyTable; the reasons are
 *         OpenDKIM's log lines.
 */
#include "signer/tables/signing_plan.h"

#include "tests/unit/tables_fixture.h"

#include <pthread.h>

struct rules {
	struct fixture fixture;
	struct signer_config *config;
	struct signing_rules *rules;
	struct signing_plan *plan;
};

/* `keys` and `signings` are the contents of two files; NULL: no such option. */
static void rules_init(struct rules *rules, const char *options, const char *keys,
		       const char *prefix, const char *signings)
{
	struct problems *problems = &rules->fixture.problems;
	const char *path;
	char value[256];

	fixture_init(&rules->fixture);
	path = fixture_file(&rules->fixture, "a.conf", options);
	assert_int_equal(signer_config_new(&rules->config), 0);
	assert_int_equal(signer_config_read(rules->config, path, problems), 0);
	if (keys != NULL) {
		(void)snprintf(value, sizeof(value), "file:%s",
			       fixture_file(&rules->fixture, "keys", keys));
		assert_int_equal(signer_config_set(rules->config, "KeyTable", value, problems), 0);
	}
	if (signings != NULL) {
		(void)snprintf(value, sizeof(value), "%s%s", prefix,
			       fixture_file(&rules->fixture, "signings", signings));
		assert_int_equal(signer_config_set(rules->config, "SigningTable", value, problems),
				 0);
	}
	assert_int_equal(signer_config_check(rules->config, problems), 0);
	assert_int_equal(signing_rules_load(rules->config, problems, &rules->rules), 0);
	assert_int_equal(signing_plan_new(&rules->plan), 0);
}

static void rules_deinit(struct rules *rules)
{
	signing_plan_free(rules->plan);
	signing_rules_free(rules->rules);
	signer_config_free(rules->config);
	fixture_deinit(&rules->fixture);
}

static struct sender_address sender_of(const char *address)
{
	struct bytes all = bytes_of_string(address);
	size_t at = bytes_find(all, '@');

	return (struct sender_address){
		.local_part = bytes_slice(all, 0, at),
		.domain = bytes_skip(all, at + 1),
	};
}

static void plan_write(const struct signing_plan *plan, struct buffer *text)
{
	static const char *const algorithms[] = {
		[SIGNER_ALGORITHM_BY_KEY] = "by-key",
		[SIGNER_ALGORITHM_RSA_SHA256] = "rsa",
		[SIGNER_ALGORITHM_ED25519_SHA256] = "ed25519",
	};

	for (size_t i = 0; i < signing_plan_count(plan); i++) {
		const struct planned_signature *item = signing_plan_at(plan, i);
		struct bytes key = item->key_path == NULL ? item->key_text
							  : bytes_of_string(item->key_path);

		assert_int_equal(buffer_printf(text, "%.*s %.*s %.*s %s%.*s %s|",
					       BYTES_PRINTF(item->signing_domain),
					       BYTES_PRINTF(item->selector),
					       BYTES_PRINTF(item->identity),
					       item->key_path == NULL ? "text:" : "",
					       BYTES_PRINTF(key), algorithms[item->algorithm]),
				 0);
	}
}

struct plan_row {
	const char *name;
	const char *options;
	const char *keys;
	const char *signings;
	const char *sender;
	int want;
	const char *want_text; /* the plan, or the reason */
};

static void rows_check(const char *prefix, const struct plan_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rules rules;
		struct buffer text = {0};
		const char *got;
		int r;

		rules_init(&rules, rows[i].options, rows[i].keys, prefix, rows[i].signings);
		r = signing_plan_make(rules.plan, rules.rules, sender_of(rows[i].sender));
		plan_write(rules.plan, &text);
		got = r == 0 ? buffer_string(&text) : signing_plan_reason(rules.plan);
		if (r != 0)
			assert_int_equal(signing_plan_count(rules.plan), 0);
		else
			assert_string_equal(signing_plan_reason(rules.plan), "");
		if (r != rows[i].want ||
		    strncmp(got, rows[i].want_text, strlen(rows[i].want_text)) ||
		    (r == 0 && strcmp(got, rows[i].want_text) != 0))
			fail_msg("%s: got %d %s, want %d %s", rows[i].name, r, got, rows[i].want,
				 rows[i].want_text);
		buffer_deinit(&text);
		rules_deinit(&rules);
	}
}

static void tables_plan_signatures(void **state)
{
	static const char keys[] = "k a.b:s:/k.pem\n"
				   "pct %:s:/keys/%/%.pem\n"
				   "fix x.y:s:/keys/%.pem\n"
				   "rel a.b:s:./%.pem\n"
				   "txt a.b:s:MIIE\n"
				   "rsa a.b:r:/r.pem:rsa-sha256\n"
				   "ed a.b:e:/e.pem:ed25519-sha256\n"
				   "c.d c.d:own:/own.pem\n"
				   "bad a.b::/k.pem\n";
	static const struct plan_row rows[] = {
		{"one_row_is_one_signature", "", keys, "a.b k", "u@a.b", 0,
		 "a.b s  /k.pem by-key|"},
		{"percent_domain_is_the_sender", "", keys, "* pct", "u@m.n", 0,
		 "m.n s  /keys/m.n/m.n.pem by-key|"},
		{"percent_in_a_path_is_the_signing_domain", "", keys, "* fix", "u@m.n", 0,
		 "x.y s  /keys/x.y.pem by-key|"},
		{"percent_in_a_relative_path_stays", "", keys, "* rel", "u@m.n", 0,
		 "a.b s  ./%.pem by-key|"},
		{"percent_key_name_is_the_sender", "", keys, "* %", "u@c.d", 0,
		 "c.d own  /own.pem by-key|"},
		{"percent_key_name_that_is_not_there_waits", "", keys, "* %", "u@m.n",
		 SIGNING_PLAN_E_BROKEN, "signing table references unknown key 'm.n' ("},
		{"inline_key_is_text", "", keys, "* txt", "u@m.n", 0, "a.b s  text:MIIE by-key|"},
		{"base_directory_is_put_before_a_relative_path", "BaseDirectory /base", keys,
		 "* rel", "u@m.n", 0, "a.b s  /base/./%.pem by-key|"},
		{"base_directory_leaves_an_absolute_path", "BaseDirectory /base", keys, "* k",
		 "u@m.n", 0, "a.b s  /k.pem by-key|"},
		{"fourth_field_is_the_algorithm", "", keys, "* rsa", "u@m.n", 0,
		 "a.b r  /r.pem rsa|"},
		{"fourth_field_beats_the_option", "SignatureAlgorithm rsa-sha256", keys, "* ed",
		 "u@m.n", 0, "a.b e  /e.pem ed25519|"},
		{"option_is_for_rows_without_it", "SignatureAlgorithm rsa-sha256", keys, "* k",
		 "u@m.n", 0, "a.b s  /k.pem rsa|"},
		{"identity_of_the_domain_is_kept", "", keys, "* k:me@a.b", "u@m.n", 0,
		 "a.b s me@a.b /k.pem by-key|"},
		{"identity_of_a_subdomain_is_kept", "", keys, "* k:@x.A.B", "u@m.n", 0,
		 "a.b s @x.A.B /k.pem by-key|"},
		{"identity_of_another_domain_is_dropped", "", keys, "* k:me@c.d", "u@m.n", 0,
		 "a.b s  /k.pem by-key|"},
		{"identity_with_the_domain_as_its_end_is_dropped", "", keys, "* k:me@xa.b", "u@m.n",
		 0, "a.b s  /k.pem by-key|"},
		{"identity_of_the_parent_is_dropped", "", keys, "* k:me@b", "u@m.n", 0,
		 "a.b s  /k.pem by-key|"},
		{"identity_without_at_is_dropped", "", keys, "* k:a.b", "u@m.n", 0,
		 "a.b s  /k.pem by-key|"},
		{"identity_percent_is_the_sender", "", keys, "* pct:me@%", "u@m.n", 0,
		 "m.n s me@m.n /keys/m.n/m.n.pem by-key|"},
		{"identity_percent_under_another_domain_is_dropped", "", keys, "* k:me@%", "u@m.n",
		 0, "a.b s  /k.pem by-key|"},
		{"identity_percent_of_a_subdomain_is_kept", "", keys, "* k:@%", "u@x.a.b", 0,
		 "a.b s @x.a.b /k.pem by-key|"},
		{"first_row_alone_without_multiple", "", keys, "u@m.n k\nm.n ed\n* rsa", "u@m.n", 0,
		 "a.b s  /k.pem by-key|"},
		{"all_rows_with_multiple", "MultipleSignatures yes", keys,
		 "* rsa\nm.n ed\nu@m.n pct:me@%\n.n fix", "u@m.n", 0,
		 "m.n s me@m.n /keys/m.n/m.n.pem by-key|a.b e  /e.pem ed25519|"
		 "x.y s  /keys/x.y.pem by-key|a.b r  /r.pem rsa|"},
		{"no_row_is_no_match", "", keys, "c.d k", "u@m.n", SIGNING_PLAN_E_NO_MATCH,
		 "no signing table match for 'u@m.n'"},
		{"outside_text_in_a_reason_is_escaped", "", keys, "c.d k", "u\n'\xc3@m.n",
		 SIGNING_PLAN_E_NO_MATCH, "no signing table match for 'u\\x0a\\x27\\xc3@m.n'"},
		{"unknown_key_waits", "", keys, "* gone", "u@m.n", SIGNING_PLAN_E_BROKEN,
		 "signing table references unknown key 'gone' (/tmp/"},
		{"corrupt_key_row_waits", "", keys, "* bad", "u@m.n", SIGNING_PLAN_E_BROKEN,
		 "KeyTable entry for 'bad' corrupt (/tmp/"},
		{"row_without_value_waits", "", keys, "m.n", "u@m.n", SIGNING_PLAN_E_BROKEN,
		 "signing table row for 'm.n' names no key (/tmp/"},
		{"one_broken_row_of_several_waits", "MultipleSignatures yes", keys, "m.n k\n* gone",
		 "u@m.n", SIGNING_PLAN_E_BROKEN, "signing table references unknown key 'gone'"},
		{"broken_row_of_others_does_no_harm", "", keys, "m.n k\n* gone", "u@m.n", 0,
		 "a.b s  /k.pem by-key|"},
		{"exempt_domain_is_left_alone", "ExemptDomains m.n,o.p", keys, "* k", "u@O.P",
		 SIGNING_PLAN_E_EXEMPT, "domain 'O.P' exempted, accepting"},
		{"exempt_domain_is_not_its_subdomain", "ExemptDomains m.n", keys, "* k", "u@x.m.n",
		 0, "a.b s  /k.pem by-key|"},
		{"path_in_the_sender_is_no_domain", "", keys, "* pct", "u@../../etc/x",
		 SIGNING_PLAN_E_SENDER,
		 "the sender's domain '../../etc/x' is not a domain name, so it cannot stand for "
		 "%"},
		{"dots_in_the_sender_are_no_domain", "", keys, "* pct", "u@..",
		 SIGNING_PLAN_E_SENDER, "the sender's domain '..'"},
		{"empty_sender_is_no_domain", "", keys, "* pct", "u@", SIGNING_PLAN_E_SENDER,
		 "the sender's domain ''"},
		{"address_literal_is_no_domain", "", keys, "* pct", "u@[127.0.0.1]",
		 SIGNING_PLAN_E_SENDER, "the sender's domain '[127.0.0.1]'"},
		{"semicolon_in_the_sender_is_no_identity", "", keys, "* k:me@%", "u@m.n;x=y",
		 SIGNING_PLAN_E_SENDER, "the sender's domain 'm.n;x=y'"},
		{"odd_sender_is_fine_where_nothing_needs_it", "", keys, "* k", "u@[127.0.0.1]", 0,
		 "a.b s  /k.pem by-key|"},
	};

	(void)state;
	rows_check("", rows, ARRAY_COUNT(rows));
}

static void pattern_tables_plan_signatures(void **state)
{
	static const char keys[] = "k a.b:s:/k.pem\ned a.b:e:/e.pem:ed25519-sha256\n";
	static const struct plan_row rows[] = {
		{"first_pattern_wins", "", keys, "*@m.n k\nu@m.n ed", "u@m.n", 0,
		 "a.b s  /k.pem by-key|"},
		{"all_patterns_with_multiple", "MultipleSignatures yes", keys,
		 "*@m.n k\n*@x.y k\nu@m.n ed\n* k", "u@m.n", 0,
		 "a.b s  /k.pem by-key|a.b e  /e.pem ed25519|a.b s  /k.pem by-key|"},
		{"pattern_that_runs_away_waits", "", keys,
		 "(([a-z]{1,99})[a-z]){1,99}[0-9]@m.n k\n*@m.n k",
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@m.n", SIGNING_PLAN_E_BROKEN,
		 "the signing table's pattern for key 'k' takes too long to match (/tmp/"},
		{"wrong_pattern_is_as_if_it_were_not_there", "", keys, "(@m.n ed\n*@m.n k", "u@m.n",
		 0, "a.b s  /k.pem by-key|"},
	};

	(void)state;
	rows_check("refile:", rows, ARRAY_COUNT(rows));
}

static void domain_with_one_key_plans_one_signature(void **state)
{
	static const char one[] = "Domain m.n, x.y\nKeyFile /k.pem\nSelector s1\n";
	static const char subs[] = "Domain m.n\nKeyFile /k.pem\nSelector s1\nSubDomains yes\n";
	static const char all[] = "Domain *\nKeyFile /k.pem\nSelector s1\n";
	static const char base[] = "Domain m.n\nKeyFile k.pem\nSelector s1\nBaseDirectory /base\n"
				   "SignatureAlgorithm ed25519-sha256\n";
	static const struct plan_row rows[] = {
		{"listed_domain_is_signed", one, NULL, NULL, "u@m.n", 0, "m.n s1  /k.pem by-key|"},
		{"second_domain_is_signed", one, NULL, NULL, "u@x.y", 0, "x.y s1  /k.pem by-key|"},
		{"case_of_the_list_does_not_count", "Domain M.N\nKeyFile /k\nSelector s", NULL,
		 NULL, "u@m.n", 0, "m.n s  /k by-key|"},
		{"other_domain_is_no_match", one, NULL, NULL, "u@o.p", SIGNING_PLAN_E_NO_MATCH,
		 "no signing domain match for 'o.p'"},
		{"subdomain_is_no_match", one, NULL, NULL, "u@a.m.n", SIGNING_PLAN_E_NO_MATCH,
		 "no signing domain match for 'a.m.n'"},
		{"subdomain_is_signed_by_its_parent", subs, NULL, NULL, "u@a.b.m.n", 0,
		 "m.n s1 @a.b.m.n /k.pem by-key|"},
		{"domain_itself_has_no_identity", subs, NULL, NULL, "u@m.n", 0,
		 "m.n s1  /k.pem by-key|"},
		{"end_of_a_label_is_no_subdomain", subs, NULL, NULL, "u@am.n",
		 SIGNING_PLAN_E_NO_MATCH, "no signing subdomain match for 'am.n'"},
		{"star_is_all_domains", all, NULL, NULL, "u@any.where", 0,
		 "any.where s1  /k.pem by-key|"},
		{"star_is_not_for_what_is_no_domain", all, NULL, NULL, "u@a b",
		 SIGNING_PLAN_E_SENDER, "the sender's domain 'a b'"},
		{"base_directory_and_algorithm_count", base, NULL, NULL, "u@m.n", 0,
		 "m.n s1  /base/k.pem ed25519|"},
		{"exempt_domain_is_left_alone",
		 "Domain *\nKeyFile /k\nSelector s\nExemptDomains m.n", NULL, NULL, "u@m.n",
		 SIGNING_PLAN_E_EXEMPT, "domain 'm.n' exempted, accepting"},
		{"nothing_configured_is_no_match", "", NULL, NULL, "u@m.n", SIGNING_PLAN_E_NO_MATCH,
		 "no signing domain match for 'm.n'"},
	};

	(void)state;
	rows_check("", rows, ARRAY_COUNT(rows));
}

static void domain_set_may_be_a_pattern_file(void **state)
{
	struct rules rules;
	char options[256];
	struct fixture domains;

	(void)state;
	fixture_init(&domains);
	(void)snprintf(options, sizeof(options), "Domain refile:%s\nKeyFile /k\nSelector s\n",
		       fixture_file(&domains, "domains", "*.m.n\n(m.n\n"));
	rules_init(&rules, options, NULL, NULL, NULL);
	assert_int_equal(signing_rules_broken_count(rules.rules), 1);
	assert_int_equal(signing_plan_make(rules.plan, rules.rules, sender_of("u@a.m.n")), 0);
	assert_int_equal(signing_plan_make(rules.plan, rules.rules, sender_of("u@m.n")),
			 SIGNING_PLAN_E_NO_MATCH);
	rules_deinit(&rules);
	fixture_deinit(&domains);
}

static void signature_knows_the_rows_that_it_comes_from(void **state)
{
	const struct planned_signature *item;
	struct rules rules;

	(void)state;
	rules_init(&rules, "", "# keys\nk a.b:s:/k\n", "", "\n\nm.n k\n");
	assert_int_equal(signing_plan_make(rules.plan, rules.rules, sender_of("u@m.n")), 0);
	item = signing_plan_at(rules.plan, 0);
	assert_int_equal(item->signing_place.line, 3);
	assert_non_null(strstr(item->signing_place.file, "/signings"));
	assert_int_equal(item->key_place.line, 2);
	assert_non_null(strstr(item->key_place.file, "/keys"));
	rules_deinit(&rules);
	rules_init(&rules, "Domain m.n\nSelector s\nKeyFile /k\n", NULL, NULL, NULL);
	assert_int_equal(signing_plan_make(rules.plan, rules.rules, sender_of("u@m.n")), 0);
	item = signing_plan_at(rules.plan, 0);
	assert_int_equal(item->signing_place.line, 1);
	assert_int_equal(item->key_place.line, 3);
	rules_deinit(&rules);
}

static void broken_rows_are_counted(void **state)
{
	struct rules rules;

	(void)state;
	rules_init(&rules, "", "k a.b:s:/k\nbad a.b\n", "", "m.n k\no.p gone\nq.r\n");
	assert_int_equal(signing_rules_broken_count(rules.rules), 3);
	assert_int_equal(rules.fixture.problems.error_count, 3);
	rules_deinit(&rules);
}

static void set_that_cannot_be_had_refuses_the_rules(void **state)
{
	static const char *const options[][2] = {
		{"KeyTable", "/none"},
		{"SigningTable", "/none"},
		{"Domain", "/none"},
		{"ExemptDomains", "/none"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
		struct fixture fixture;
		struct signer_config *config;
		struct signing_rules *rules;

		fixture_init(&fixture);
		assert_int_equal(signer_config_new(&config), 0);
		if (i < 2) {
			assert_int_equal(signer_config_set(config, "KeyTable", "csl:k=a.b:s:/k",
							   &fixture.problems),
					 0);
			assert_int_equal(signer_config_set(config, "SigningTable", "csl:*=k",
							   &fixture.problems),
					 0);
		}
		assert_int_equal(
			signer_config_set(config, options[i][0], options[i][1], &fixture.problems),
			0);
		assert_int_equal(signing_rules_load(config, &fixture.problems, &rules),
				 SIGNING_RULES_E_REFUSED);
		assert_int_equal(fixture.problems.error_count, 1);
		signer_config_free(config);
		fixture_deinit(&fixture);
	}
}

static void plan_is_used_again_for_another_sender(void **state)
{
	struct rules rules;
	char address[64];

	(void)state;
	rules_init(&rules, "MultipleSignatures yes", "p %:s:/keys/%.pem\n", "", "* p:me@%\n.n p\n");
	for (int i = 0; i < 100; i++) {
		const struct planned_signature *item;
		char want[64];

		(void)snprintf(address, sizeof(address), "u@h%d.n", i * i * i);
		assert_int_equal(signing_plan_make(rules.plan, rules.rules, sender_of(address)), 0);
		assert_int_equal(signing_plan_count(rules.plan), 2);
		item = signing_plan_at(rules.plan, 1);
		(void)snprintf(want, sizeof(want), "/keys/h%d.n.pem", i * i * i);
		assert_string_equal(item->key_path, want);
		assert_string_equal(signing_plan_at(rules.plan, 0)->key_path, want);
		assert_int_equal(signing_plan_make(rules.plan, rules.rules, sender_of("u@..")),
				 SIGNING_PLAN_E_SENDER);
		assert_int_equal(signing_plan_count(rules.plan), 0);
	}
	rules_deinit(&rules);
}

static void many_percents_have_room(void **state)
{
	char signings[2048] = "* p:";
	char keys[2048] = "p %:s:/";
	char domain[256];
	struct sender_address sender = {.local_part = BYTES_LITERAL("u")};
	struct rules rules;

	(void)state;
	for (int i = 0; i < 300; i++) {
		strcat(signings, "%.");
		strcat(keys, "%/");
	}
	strcat(signings, "@%\n");
	memset(domain, 'd', sizeof(domain));
	sender.domain = bytes_of(domain, sizeof(domain));
	rules_init(&rules, "", keys, "", signings);
	assert_int_equal(signing_plan_make(rules.plan, rules.rules, sender), 0);
	assert_int_equal(signing_plan_at(rules.plan, 0)->identity.size, 300 * 257 + 257);
	assert_int_equal(strlen(signing_plan_at(rules.plan, 0)->key_path), 300 * 257 + 1);
	rules_deinit(&rules);
}

static void *plans_make(void *context)
{
	const struct signing_rules *rules = context;
	struct signing_plan *plan;
	char address[64];
	size_t wrong = 0;

	if (signing_plan_new(&plan) != 0)
		return context;
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(address, sizeof(address), "u@h%d.n", i);
		wrong += signing_plan_make(plan, rules, sender_of(address)) != 0 ||
			 signing_plan_count(plan) != 2;
	}
	signing_plan_free(plan);
	return wrong == 0 ? NULL : context;
}

static void threads_share_the_rules(void **state)
{
	pthread_t threads[4];
	struct rules rules;
	void *wrong;

	(void)state;
	rules_init(&rules, "MultipleSignatures yes", "p %:s:/keys/%.pem\n",
		   "refile:", "*@h[0-9]*.n p\n*.n p\nu@x p\n");
	for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, plans_make, rules.rules), 0);
	for (size_t i = 0; i < ARRAY_COUNT(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	rules_deinit(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_plan_signatures),
		cmocka_unit_test(pattern_tables_plan_signatures),
		cmocka_unit_test(domain_with_one_key_plans_one_signature),
		cmocka_unit_test(domain_set_may_be_a_pattern_file),
		cmocka_unit_test(signature_knows_the_rows_that_it_comes_from),
		cmocka_unit_test(broken_rows_are_counted),
		cmocka_unit_test(set_that_cannot_be_had_refuses_the_rules),
		cmocka_unit_test(plan_is_used_again_for_another_sender),
		cmocka_unit_test(many_percents_have_room),
		cmocka_unit_test(threads_share_the_rules),
	};

	return cmocka_run_group_tests_name("signing_plan", tests, NULL, NULL);
}
