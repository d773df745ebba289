/*
 * How it works: a few hundred messages are laid down as files, one a message whatever the form of the load,
 * and signed round and round until the time is over. dkimpy reads them into memory first.
 */
#include "bench/other_signers.h"

#include "bench/child.h"
#include "common/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SAMPLE_MESSAGES_MAX 200

/* Exit code 3: it cannot be run here; why is the last line of stderr. */
#define SCRIPT_CANNOT_RUN 3

static const char dkimpy_script[] =
	"import os, sys, time\n"
	"try:\n"
	"    import dkim\n"
	"    if sys.argv[3] == 'ed25519':\n"
	"        import nacl.signing\n"
	"except ImportError as missing:\n"
	"    sys.stderr.write('no Python module %s\\n' % missing.name)\n"
	"    sys.exit(3)\n"
	"directory, key_path, kind, domain, selector, seconds = sys.argv[1:7]\n"
	"key = open(key_path, 'rb').read()\n"
	"algorithm = b'rsa-sha256'\n"
	"if kind == 'ed25519':\n"
	"    algorithm = b'ed25519-sha256'\n"
	"    key = b''.join(key.split(b'\\n')[1:-2])\n"
	"    import base64\n"
	"    key = base64.b64encode(base64.b64decode(key)[-32:])\n"
	"names = sorted(os.listdir(directory))\n"
	"messages = [open(os.path.join(directory, name), 'rb').read() for name in names]\n"
	"count = 0\n"
	"before = os.times()\n"
	"start = time.monotonic()\n"
	"while time.monotonic() - start < float(seconds):\n"
	"    dkim.sign(messages[count % len(messages)], selector.encode(), domain.encode(), key,\n"
	"              canonicalize=(b'relaxed', b'relaxed'), signature_algorithm=algorithm)\n"
	"    count += 1\n"
	"elapsed = time.monotonic() - start\n"
	"after = os.times()\n"
	"print(count, elapsed, after.user - before.user, after.system - before.system)\n";

static int lay_down(const struct other_signer *signer, struct spool_load *sample,
		    struct failure *failure)
{
	*sample = *signer->load;
	sample->is_bsmtp = false;
	sample->messages_per_unit = 1;
	sample->is_durable = false;
	if (sample->message_count > SAMPLE_MESSAGES_MAX)
		sample->message_count = SAMPLE_MESSAGES_MAX;
	return spool_load_fill(sample, signer->spool_path, failure);
}

static int read_script_result(struct child_result *result, struct measure *measure)
{
	const char *text = buffer_string(&result->output);
	unsigned long long count;

	if (text == NULL || sscanf(text, "%llu %lf %lf %lf", &count, &measure->seconds,
				   &measure->user_s, &measure->system_s) != 4)
		return -EPROTO;
	measure->work = count;
	measure->peak_rss_bytes = result->peak_rss_bytes;
	return 0;
}

static int run_script(const struct other_signer *signer, struct measure *measure,
		      struct failure *failure)
{
	char python[PATH_MAX] = "/usr/bin/python3"; /* the one that Debian's modules are for */
	char directory[PATH_MAX];
	char domain[MAIL_DOMAIN_SIZE_MAX];
	char seconds[32];
	const char *const argv[] = {
		python,
		"-c",
		dkimpy_script,
		directory,
		signer->setup->first_key_path,
		signer->setup->kind.type == KEY_ED25519 ? "ed25519" : "rsa",
		domain,
		SIGNER_SETUP_SELECTOR,
		seconds,
		NULL,
	};
	struct child_program program = {.argv = argv};
	struct child_result result;
	int r;

	if (access(python, X_OK) != 0 && child_find_program("python3", python, PATH_MAX) != 0)
		return failure_set(failure, BENCH_E_SKIPPED, "no python3 here");
	if (snprintf(directory, sizeof(directory), "%s/in", signer->spool_path) >= PATH_MAX)
		return failure_set(failure, -ENAMETOOLONG, "%s", signer->spool_path);
	mail_domain_name(0, domain);
	snprintf(seconds, sizeof(seconds), "%g", signer->seconds);
	r = child_run(&program, &result, failure);
	if (r == 0 && result.exit_code == SCRIPT_CANNOT_RUN)
		r = failure_set(failure, BENCH_E_SKIPPED, "%.*s",
				BYTES_PRINTF(bytes_trim(buffer_bytes(&result.errors))));
	else if (r == 0 && result.exit_code != 0)
		r = child_failure(&program, &result, failure);
	else if (r == 0 && read_script_result(&result, measure) != 0)
		r = failure_set(failure, BENCH_E_FAILED, "dkimpy: no figures");
	child_result_deinit(&result);
	return r;
}

int dkimpy_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	const struct other_signer *signer = arg;
	struct spool_load sample;
	struct measure measure = {0};
	int r = lay_down(signer, &sample, failure);
	int cleared;

	if (r != 0)
		return r;
	r = run_script(signer, &measure, failure);
	cleared = spool_load_clear(signer->spool_path, failure);
	if (r == 0)
		r = cleared;
	if (r == 0)
		*measure_out = measure;
	return r;
}

static int run_testmsg(const struct child_program *program, struct measure *measure,
		       struct failure *failure)
{
	struct child_result result;
	int r = child_run(program, &result, failure);

	if (r == 0 && result.exit_code != 0)
		r = child_failure(program, &result, failure);
	if (r == 0) {
		measure->work++;
		measure->user_s += result.user_s;
		measure->system_s += result.system_s;
		if (result.peak_rss_bytes > measure->peak_rss_bytes)
			measure->peak_rss_bytes = result.peak_rss_bytes;
	}
	child_result_deinit(&result);
	return r;
}

static int run_testmsgs(const struct other_signer *signer, const struct spool_load *sample,
			const char *program_path, struct measure *measure, struct failure *failure)
{
	char message_path[PATH_MAX];
	char temporary[PATH_MAX];
	char domain[MAIL_DOMAIN_SIZE_MAX];
	char name[UNIT_NAME_SIZE_MAX];
	const char *const argv[] = {
		program_path,
		"-d",
		domain,
		"-s",
		SIGNER_SETUP_SELECTOR,
		"-k",
		signer->setup->first_key_path,
		"-t",
		temporary,
		NULL,
	};
	struct child_program program = {
		.argv = argv, .stdin_path = message_path, .drops_stdout = true};
	int64_t start_ns = clock_monotonic_ns();
	int r = 0;

	if (snprintf(temporary, sizeof(temporary), "%s/tmp", signer->spool_path) >= PATH_MAX)
		return failure_set(failure, -ENAMETOOLONG, "%s", signer->spool_path);
	mail_domain_name(0, domain);
	for (uint64_t i = 0; r == 0 && measure->seconds < signer->seconds; i++) {
		spool_load_unit_name(sample, i % sample->message_count, name);
		if (snprintf(message_path, sizeof(message_path), "%s/in/%s", signer->spool_path,
			     name) >= PATH_MAX)
			return failure_set(failure, -ENAMETOOLONG, "%s", signer->spool_path);
		r = run_testmsg(&program, measure, failure);
		measure->seconds = (double)(clock_monotonic_ns() - start_ns) / (double)NS_PER_S;
	}
	return r;
}

int opendkim_testmsg_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	const struct other_signer *signer = arg;
	char program_path[PATH_MAX];
	struct spool_load sample;
	struct measure measure = {0};
	int cleared;
	int r;

	if (signer->setup->kind.type != KEY_RSA)
		return failure_set(failure, BENCH_E_SKIPPED, "it signs with RSA keys only");
	if (child_find_program("opendkim-testmsg", program_path, sizeof(program_path)) != 0)
		return failure_set(failure, BENCH_E_SKIPPED, "opendkim-testmsg is not installed");
	r = lay_down(signer, &sample, failure);
	if (r != 0)
		return r;
	r = run_testmsgs(signer, &sample, program_path, &measure, failure);
	cleared = spool_load_clear(signer->spool_path, failure);
	if (r == 0)
		r = cleared;
	if (r == 0)
		*measure_out = measure;
	return r;
}
