/*
 * Goal:   no allocation that fails does more harm than -ENOMEM, and a plan that is warm allocates
 *         nothing.
 * Method: the linker sends our calls of malloc() and its like here. The whole way from a file to a
 *         plan is gone once for each allocation on it, and that one fails; the sanitizers see what is
 *         left behind.
 */
#include "signer/tables/public_keys.h"
#include "signer/tables/signing_plan.h"

#include "tests/unit/failing_memory.h"
#include "tests/unit/tables_fixture.h"

#include <errno.h>

/* The paths of one configuration. */
struct files {
	const char *config;
	const char *public_keys;
};

static struct sender_address sender_of(const char *local_part, const char *domain)
{
	return (struct sender_address){
		.local_part = bytes_of_string(local_part),
		.domain = bytes_of_string(domain),
	};
}

static int plans_make(const struct signing_rules *rules)
{
	struct signing_plan *plan;
	int r = signing_plan_new(&plan);

	if (r != 0)
		return r;
	r = signing_plan_make(plan, rules, sender_of("u", "m.n"));
	if (r == 0)
		assert_int_equal(signing_plan_count(plan), 5);
	if (r == 0)
		r = signing_plan_make(plan, rules, sender_of("u", "gone.n"));
	if (r == SIGNING_PLAN_E_BROKEN)
		r = signing_plan_make(plan, rules, sender_of("u", "x.y"));
	if (r == SIGNING_PLAN_E_NO_MATCH)
		r = 0;
	signing_plan_free(plan);
	return r;
}

static int rules_use(const struct signer_config *config, struct problems *problems)
{
	struct signing_rules *rules;
	int r = signing_rules_load(config, problems, &rules);

	if (r != 0)
		return r;
	r = plans_make(rules);
	signing_rules_free(rules);
	return r;
}

static int config_use(struct signer_config *config, const struct files *files,
		      struct problems *problems)
{
	struct buffer text = {0};
	int r = signer_config_read(config, files->config, problems);

	if (r == 0)
		r = signer_config_set(config, "Include", files->config, problems);
	if (r == 0)
		r = signer_config_check(config, problems);
	if (r == 0)
		r = signer_config_print(config, &text);
	buffer_deinit(&text);
	return r != 0 ? r : rules_use(config, problems);
}

static int whole_way_go(const struct files *files)
{
	struct problems problems;
	struct signer_config *config;
	struct public_keys *keys;
	int r = signer_config_new(&config);

	if (r != 0)
		return r;
	problems_init(&problems, NULL, NULL);
	r = config_use(config, files, &problems);
	signer_config_free(config);
	if (r != 0)
		return r;
	r = public_keys_load(files->public_keys, (struct problem_place){0}, &problems, &keys);
	if (r == 0)
		public_keys_free(keys);
	return r;
}

static struct files files_make(struct fixture *fixture, char *content, size_t size)
{
	const char *keys = fixture_file(fixture, "keys",
					"k a.b:s:/k.pem\np %:s:/keys/%.pem\nq %:s:./q.pem\n"
					"bad a.b\nx* a.b:s:/x\n(a|b) a.b:s:/y\n");
	const char *signings = fixture_file(fixture, "signings",
					    "u@m.n k\n*@m.n p:me@%\nbroken\n[u]@m.n q\n"
					    "*@m.* k\n(@ k\n(u|v)@m.n k\n*@gone.n gone\n");
	struct buffer public_keys = {0};
	struct files files;

	(void)snprintf(content, size,
		       "# comment\nKeyTable refile:%s\nSigningTable refile:%s\n"
		       "MultipleSignatures yes\nBaseDirectory %s\nExemptDomains e.f,g.h\n"
		       "SignHeaders *,+x\nPidFile run/p\nNameservers ::1\nOn-Default a\n",
		       keys, signings, fixture->directory);
	for (int i = 0; i < 40; i++)
		assert_int_equal(
			buffer_printf(&public_keys,
				      "s%d._domainkey.a.b p=\nz%d._domainkey TXT ( \"p\"\n\"=\") "
				      "; ----- DKIM key z for a.b\n",
				      i, i),
			0);
	files.public_keys = fixture_file(fixture, "public", buffer_string(&public_keys));
	files.config = fixture_file(fixture, "a.conf", content);
	buffer_deinit(&public_keys);
	return files;
}

static void every_allocation_may_fail(void **state)
{
	struct fixture fixture;
	struct files files;
	char content[1024];
	size_t total;

	(void)state;
	fixture_init(&fixture);
	files = files_make(&fixture, content, sizeof(content));
	failing_memory_arm(0);
	assert_int_equal(whole_way_go(&files), 0);
	total = failing_memory_count();
	assert_true(total > 100);
	for (size_t n = 1; n <= total; n++) {
		int r;

		failing_memory_arm(n);
		r = whole_way_go(&files);
		assert_true(failing_memory_disarm());
		if (r != -ENOMEM)
			fail_msg("allocation %zu of %zu fails: got %d, want %d", n, total, r,
				 -ENOMEM);
	}
	print_message("%zu allocations failed, one by one\n", total);
	fixture_deinit(&fixture);
}

static void warm_plan_allocates_nothing(void **state)
{
	struct fixture fixture;
	struct signer_config *config;
	struct signing_rules *rules;
	struct signing_plan *plan;
	struct files files;
	char content[1024];

	(void)state;
	fixture_init(&fixture);
	files = files_make(&fixture, content, sizeof(content));
	fixture.problems.sink = NULL;
	assert_int_equal(signer_config_new(&config), 0);
	assert_int_equal(signer_config_read(config, files.config, &fixture.problems), 0);
	assert_int_equal(signer_config_check(config, &fixture.problems), 0);
	assert_int_equal(signing_rules_load(config, &fixture.problems, &rules), 0);
	assert_int_equal(signing_plan_new(&plan), 0);
	assert_int_equal(signing_plan_make(plan, rules, sender_of("u", "m.n")), 0);
	assert_int_equal(signing_plan_make(plan, rules, sender_of("uu", "no.match.at.all")),
			 SIGNING_PLAN_E_NO_MATCH);
	failing_memory_arm(0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(signing_plan_make(plan, rules, sender_of("u", "m.n")), 0);
		assert_int_equal(signing_plan_make(plan, rules, sender_of("w", "m.n")), 0);
		assert_int_equal(signing_plan_make(plan, rules, sender_of("u", "x.y")),
				 SIGNING_PLAN_E_NO_MATCH);
		assert_int_equal(signing_plan_make(plan, rules, sender_of("u", "e.f")),
				 SIGNING_PLAN_E_EXEMPT);
	}
	assert_int_equal(failing_memory_count(), 0);
	signing_plan_free(plan);
	signing_rules_free(rules);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(warm_plan_allocates_nothing),
	};

	return cmocka_run_group_tests_name("tables_memory", tests, NULL, NULL);
}
