/*
 * Goal: every allocation behind explain, verify and check may fail, and what comes then is an error, not
 * a crash or a leak.
 * Method: one scenario does what the three commands do; it runs again and again, each time with the next
 * allocation failing, until none is left to fail. The sanitizers and valgrind watch.
 */
#include "tests/unit/unit_test.h"

#include "common/clock.h"
#include "signer/cmd/check_keys.h"
#include "signer/cmd/explanation.h"
#include "signer/cmd/key_finder.h"
#include "signer/cmd/message_verifier.h"
#include "signer/cmd/settings.h"
#include "signer/cmd/zone_record.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/key_samples.h"
#include "tests/unit/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define MESSAGE "From: Joe <joe@example.com>\r\nSubject: x\r\n\r\nbody\r\n"

static struct temp_dir dir;
static int real_stderr;
static int real_stdout;

static PRINTF_LIKE(2, 3) void write_text(const char *name, const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	temp_dir_write(&dir, name, bytes_of_string(text), 0600);
}

static void write_key(const char *name, unsigned rsa_bits)
{
	struct buffer pem = sample_pem(rsa_bits);

	temp_dir_write(&dir, name, buffer_bytes(&pem), 0600);
	buffer_deinit(&pem);
}

/* What the commands say of a shortage is not what this test is about. */
static int make_files(void **state)
{
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	failing_memory_hook_openssl();
	temp_dir_make(&dir);
	write_key("rsa", SAMPLE_RSA_BITS);
	write_key("ed", 0);
	write_text("KeyTable",
		   "k1 example.com:s1:%s/rsa\nk2 %%:s2:%s/ed\nk3 example.com:s3:%s/gone\n",
		   dir.path, dir.path, dir.path);
	write_text("SigningTable", "*@example.com k1\n*@example.com k2:%%@example.com\n");
	write_text("conf",
		   "KeyTable file:%s/KeyTable\nSigningTable refile:%s/SigningTable\n"
		   "MultipleSignatures yes\nOversignHeaders From\nSignThreads 1\n",
		   dir.path, dir.path);
	real_stderr = dup(STDERR_FILENO);
	real_stdout = dup(STDOUT_FILENO);
	assert_true(null_fd >= 0 && real_stderr >= 0 && real_stdout >= 0);
	(void)fflush(stdout);
	dup2(null_fd, STDERR_FILENO);
	dup2(null_fd, STDOUT_FILENO);
	close(null_fd);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	(void)fflush(stdout);
	dup2(real_stdout, STDOUT_FILENO);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stdout);
	close(real_stderr);
	temp_dir_remove(&dir);
	return 0;
}

/* As verify does it: the fields that were made, on top of the message. */
static int verify(const struct signing_context *context, struct bytes fields, size_t *passed)
{
	const struct verification_options options = {
		.now = (uint64_t)clock_realtime_s(),
		.signatures_max = 10,
	};
	struct message_verifier verifier;
	const struct verification *verification = &verifier.verification;
	struct key_finder *finder = NULL;
	int r = message_verifier_init(&verifier, &options);

	message_verifier_start(&verifier, 1);
	if (r == 0)
		r = message_verifier_push(&verifier, fields);
	if (r == 0)
		r = message_verifier_push(&verifier, BYTES_LITERAL(MESSAGE));
	if (r == 0)
		r = message_verifier_end(&verifier);
	if (r == 0)
		r = key_finder_new(NULL, context, &finder);
	for (size_t i = 0; r == 0 && i < verification_count(verification); i++) {
		enum verification_status status;
		char why[KEY_FINDER_WHY_SIZE];
		unsigned bits;

		r = key_finder_judge(finder, verification_result(verification, i), &status, &bits,
				     why);
		*passed += r == 0 && status == VERIFICATION_PASS;
	}
	key_finder_free(finder);
	message_verifier_deinit(&verifier);
	return r;
}

static int explain_and_verify(const struct signing_context *context, size_t *signatures,
			      size_t *passed)
{
	struct explanation explanation;
	int r = explanation_start(&explanation, context, "message", clock_realtime_s());

	if (r == 0)
		r = explanation_push(&explanation, BYTES_LITERAL(MESSAGE));
	if (r == 0)
		r = explanation_end(&explanation, true);
	if (r == 0 && message_signer_verdict(explanation.solo.signer) != MESSAGE_SIGN)
		r = -ENOMEM; /* the signer met the shortage, and made a verdict of it */
	if (r == 0) {
		*signatures = explanation.signature_count;
		r = verify(context, message_signer_fields(explanation.solo.signer), passed);
	}
	explanation_deinit(&explanation);
	return r;
}

static int make_record(void)
{
	const struct zone_record record = {
		.selector = "s",
		.domain = "example.com",
		.key_type = "rsa",
		.public_key = BYTES_LITERAL("KEY"),
		.hashes = "sha256",
	};
	struct buffer output = {0};
	int r = zone_record_append(&record, &output);

	buffer_deinit(&output);
	return r;
}

struct outcome {
	size_t signatures;
	size_t passed;
	size_t errors; /* that check found */
};

static int run(const char *conf, struct outcome *outcome)
{
	static const struct command_form form = {.name = "test"};
	struct signing_context *context = NULL;
	struct progress progress = {.shown = false};
	size_t lane_keys;
	struct check_report report;
	struct settings settings;
	int r;

	settings_init(&settings, SETTINGS_QUIET);
	settings.path = conf;
	r = settings_override(&settings, &form, "Canonicalization", "relaxed/relaxed");
	if (r == EX_OK)
		r = settings_read(&settings);
	if (r == EX_OK)
		r = settings_context(&settings, &context);
	settings_close(&settings);
	if (r == EX_OK)
		r = explain_and_verify(context, &outcome->signatures, &outcome->passed);
	if (r == 0)
		r = make_record();
	if (r == 0) {
		check_report_begin(&report, false);
		check_report_section(&report, "keys");
		r = check_keys(context, &report, &progress, &lane_keys);
		outcome->errors = report.counts[CHECK_ERROR];
	}
	signing_context_unref(context);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	const char *conf = temp_dir_name(&dir, "conf");
	bool failed = true;

	(void)state;
	for (size_t nth = 1; failed; nth += stride_of(3)) {
		struct outcome outcome = {0};
		int r;

		failing_memory_arm_own(nth);
		r = run(conf, &outcome);
		failed = failing_memory_disarm();
		if (failed)
			continue;
		assert_int_equal(r, 0);
		assert_int_equal(outcome.signatures, 2);
		assert_int_equal(outcome.passed, 2);
		assert_int_equal(outcome.errors, 1);
		assert_true(nth > 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_allocation_may_fail, make_files,
						remove_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
