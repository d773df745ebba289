/*
 * Goal: every allocation behind postseal dns may fail, and what comes then is an error, not a crash or a
 * leak.
 * Method: one scenario does what the command does, but for asking a server: keys of a KeyTable and of a file
 * of records, the list, the forms, an answer and its comparison. It runs again and again, each time with the
 * next allocation failing, until none is left to fail. The sanitizers and valgrind watch.
 */
#include "tests/unit/unit_test.h"

#include "signer/cmd/dns_plan.h"
#include "signer/cmd/settings.h"
#include "signer/dns/dns_compare.h"
#include "signer/dns/spf_lookups.h"
#include "tests/unit/dns_message.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define SPF "v=spf1 +a +mx +ip4:192.0.2.1 include:example.net ~all"

struct scenario {
	const char *conf;
	const char *records;
	struct dns_message message;
	FILE *null;
	size_t count; /* of records */
};

static const struct command_form form = {.name = "postseal dns"};

static int fetch(void *arg, const char *domain, struct buffer *text_out,
		 char why[SPF_LOOKUPS_WHY_SIZE])
{
	(void)arg;
	(void)domain;
	why[0] = '\0';
	return buffer_append_string(text_out, "v=spf1 a -all");
}

static int compare(const struct scenario *scenario, const struct dns_records *records)
{
	struct spf_lookups lookups = {.fetch = fetch};
	struct dns_answer answer = {0};
	struct dns_finding finding = {0};
	int r = dns_answer_parse(&answer, "example.com", DNS_TXT,
				 buffer_bytes(&scenario->message.text));

	for (size_t i = 0; r == 0 && i < records->count; i++) {
		r = dns_compare(&records->records[i], &answer, &finding);
		dns_finding_deinit(&finding);
	}
	if (r == 0)
		r = spf_lookups_count(&lookups, BYTES_LITERAL(SPF));
	dns_answer_deinit(&answer);
	return r;
}

static int plan(struct scenario *scenario, struct dns_request *request, const struct dns_keys *keys)
{
	struct dns_records records = {0};
	int r = dns_request_take(request, DNS_FLAG_HOST, "192.0.2.1");

	if (r == 0)
		r = dns_request_take(request, DNS_FLAG_A, "m.example.com=192.0.2.1");
	if (r == 0)
		r = dns_request_take(request, DNS_FLAG_SPF, "include:example.net");
	if (r == 0)
		r = dns_request_take(request, DNS_FLAG_RUA, "a@example.org");
	if (r == 0)
		r = dns_request_take(request, DNS_FLAG_RUF, "b@example.org");
	if (r == 0)
		r = dns_request_finish(request);
	if (r == 0)
		r = dns_plan_make(request, keys, &records);
	for (enum dns_form one = DNS_FORM_ZONE; r == 0 && one <= DNS_FORM_ROUTE53_JSON; one++)
		r = dns_forms_write(&records, one, 0, scenario->null);
	if (r == 0)
		r = compare(scenario, &records);
	scenario->count += records.count;
	dns_records_deinit(&records);
	return r;
}

static int from_table(struct scenario *scenario, struct settings *settings)
{
	const struct dns_selection selection = {0};
	struct signing_context *context = NULL;
	struct dns_request request;
	struct dns_keys keys = {0};
	int r = settings_read(settings);

	dns_request_init(&request, &form);
	if (r == 0)
		r = settings_context(settings, &context);
	if (r == 0)
		r = dns_keys_from_context(&keys, context, &selection, &settings->problems);
	if (r == 0)
		r = plan(scenario, &request, &keys);
	dns_keys_deinit(&keys);
	dns_request_deinit(&request);
	signing_context_unref(context);
	return r;
}

static int from_file(struct scenario *scenario, struct settings *settings)
{
	struct dns_request request;
	struct dns_selection selection = {0};
	struct public_keys *records = NULL;
	struct dns_keys keys = {0};
	int r;

	dns_request_init(&request, &form);
	r = dns_request_take(&request, 'd', "example.com");
	if (r == 0)
		r = dns_request_take(&request, 's', "s9");
	selection.domains = request.domains;
	selection.domain_count = request.domain_count;
	selection.selector = request.selector;
	if (r == 0)
		r = public_keys_load(scenario->records, (struct problem_place){0},
				     &settings->problems, &records);
	if (r == 0)
		r = dns_keys_from_records(&keys, records, (struct problem_place){0}, &selection,
					  &settings->problems);
	if (r == 0)
		r = plan(scenario, &request, &keys);
	dns_keys_deinit(&keys);
	public_keys_free(records);
	dns_request_deinit(&request);
	return r;
}

static int run(struct scenario *scenario)
{
	struct settings settings;
	int r;

	settings_init(&settings, SETTINGS_QUIET);
	settings.path = scenario->conf;
	r = from_table(scenario, &settings);
	if (r == 0)
		r = from_file(scenario, &settings);
	settings_close(&settings);
	return r;
}

static void write_text(const struct temp_dir *dir, const char *name, const char *text)
{
	temp_dir_write(dir, name, bytes_of_string(text), 0600);
}

static void write_files(struct temp_dir *dir, struct scenario *scenario)
{
	struct buffer pem = sample_pem(0);
	char text[2048];

	temp_dir_make(dir);
	temp_dir_write(dir, "key", buffer_bytes(&pem), 0600);
	buffer_deinit(&pem);
	snprintf(text, sizeof(text), "k1 example.com:s1:%s/key\nk2 example.com:s2:%s/gone\n",
		 dir->path, dir->path);
	write_text(dir, "KeyTable", text);
	write_text(dir, "SigningTable", "*@example.com k1\n");
	snprintf(text, sizeof(text),
		 "KeyTable file:%s/KeyTable\nSigningTable refile:%s/SigningTable\n", dir->path,
		 dir->path);
	write_text(dir, "conf", text);
	write_text(
		dir, "records",
		"s._domainkey IN TXT ( \"v=DKIM1; k=rsa; \"\n\t\"p=AAAA\" ) ; ----- DKIM key s for "
		"example.net\n");
	scenario->conf = temp_dir_name(dir, "conf");
	scenario->records = temp_dir_name(dir, "records");
	dns_message_init(&scenario->message, "example.com", DNS_TXT, 0);
	dns_message_add_text(&scenario->message, "example.com", BYTES_LITERAL(SPF));
	dns_message_add_text(&scenario->message, "example.com",
			     BYTES_LITERAL("v=DMARC1; p=reject"));
	scenario->null = fopen("/dev/null", "w");
	assert_non_null(scenario->null);
	setvbuf(scenario->null, NULL, _IONBF, 0);
}

/* What is said of a shortage is not what this test is about. */
static int silence_stderr(void)
{
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int real = dup(STDERR_FILENO);

	assert_true(null_fd >= 0 && real >= 0);
	dup2(null_fd, STDERR_FILENO);
	close(null_fd);
	return real;
}

static void every_allocation_may_fail(void **state)
{
	struct scenario scenario = {0};
	struct temp_dir dir;
	bool failed = true;
	int real_stderr;

	(void)state;
	failing_memory_hook_openssl();
	write_files(&dir, &scenario);
	real_stderr = silence_stderr();
	for (size_t nth = 1; failed; nth += stride_of(3)) {
		int r;

		scenario.count = 0;
		failing_memory_arm_own(nth);
		r = run(&scenario);
		failed = failing_memory_disarm();
		if (failed)
			continue;
		assert_int_equal(r, 0);
		/* The host, SPF, one key, DMARC and the report record, twice. */
		assert_int_equal(scenario.count, 10);
		assert_true(nth > 100);
	}
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	(void)fclose(scenario.null);
	dns_message_deinit(&scenario.message);
	temp_dir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
