/*
 * Goal:   tables of a hundred thousand rows are loaded and looked up, as patterns and as plain keys.
 * Method: a generated KeyTable and SigningTable; a sender of every hundredth row is planned. The times
 *         and the memory are printed and not judged, because other work may share the machine.
 */
#include "signer/tables/signing_plan.h"

#include "tests/unit/tables_fixture.h"

#include <time.h>

#define ROW_COUNT 100000

static double seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
	(void)fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static const char *file_make(struct fixture *fixture, const char *name, const char *format)
{
	const char *path = fixture_path(fixture, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	for (int i = 0; i < ROW_COUNT; i++) {
		/* The format has the row's number in it up to three times. */
		char line[256];
		char *out = line;

		for (const char *byte = format; *byte != '\0'; byte++) {
			if (*byte == '#')
				out += sprintf(out, "%d", i);
			else
				*out++ = *byte;
		}
		*out++ = '\n';
		assert_int_equal(fwrite(line, 1, (size_t)(out - line), file), out - line);
	}
	assert_int_equal(fclose(file), 0);
	return path;
}

static void rules_check(const char *prefix, const char *signing_format, const char *subdomain)
{
	struct fixture fixture;
	struct signer_config *config;
	struct signing_rules *rules;
	struct signing_plan *plan;
	char text[128];
	double start;
	double loaded;
	long resident;

	fixture_init(&fixture);
	assert_int_equal(signer_config_new(&config), 0);
	assert_int_equal(
		signer_config_set(config, "KeyTable",
				  file_make(&fixture, "keys",
					    "key# customer-#.example.com:s2026:/etc/keys/#.pem"),
				  &fixture.problems),
		0);
	(void)snprintf(text, sizeof(text), "%s%s", prefix,
		       file_make(&fixture, "signings", signing_format));
	assert_int_equal(signer_config_set(config, "SigningTable", text, &fixture.problems), 0);
	assert_int_equal(signer_config_check(config, &fixture.problems), 0);
	resident = resident_kib();
	start = seconds_now();
	assert_int_equal(signing_rules_load(config, &fixture.problems, &rules), 0);
	loaded = seconds_now();
	assert_int_equal(signing_plan_new(&plan), 0);
	for (int i = 0; i < ROW_COUNT; i += 100) {
		char domain[64];
		struct sender_address sender = {.local_part = BYTES_LITERAL("someone")};

		(void)snprintf(domain, sizeof(domain), "%scustomer-%d.example.com", subdomain, i);
		sender.domain = bytes_of_string(domain);
		assert_int_equal(signing_plan_make(plan, rules, sender), 0);
		assert_int_equal(signing_plan_count(plan), 1);
		assert_true(bytes_equal(signing_plan_at(plan, 0)->signing_domain,
					bytes_skip(sender.domain, strlen(subdomain))));
	}
	print_message("%s%s: loaded in %.3f s, %ld KiB; a plan takes %.2f us\n", prefix,
		      signing_format, loaded - start, resident_kib() - resident,
		      (seconds_now() - loaded) * 1e6 / (ROW_COUNT / 100));
	assert_string_equal(fixture_told(&fixture), "");
	signing_plan_free(plan);
	signing_rules_free(rules);
	signer_config_free(config);
	fixture_deinit(&fixture);
}

static void patterns_for_domains_are_loaded(void **state)
{
	(void)state;
	rules_check("refile:", "*@customer-#.example.com key#", "");
}

static void patterns_for_subdomains_and_users_are_loaded(void **state)
{
	(void)state;
	rules_check("refile:", "some*@*.customer-#.example.com key#", "a.b.");
}

static void plain_domains_are_loaded(void **state)
{
	(void)state;
	rules_check("file:", "customer-#.example.com key#", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_for_domains_are_loaded),
		cmocka_unit_test(patterns_for_subdomains_and_users_are_loaded),
		cmocka_unit_test(plain_domains_are_loaded),
	};

	return cmocka_run_group_tests_name("tables_size", tests, NULL, NULL);
}
