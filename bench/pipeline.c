/*
 * How it works: the summary of --json is searched for the few numbers that are wanted. When the first
 * message was out is read off the file: a rename sets its change time. That clock steps with the timer
 * interrupt, a few milliseconds, which is why it is asked only for start-up times.
 */
#include "bench/pipeline.h"

#include "bench/child.h"
#include "common/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number behind "name": in a summary that has each name once; -1: it is not there. */
static double summary_number(struct buffer *summary, const char *name)
{
	char pattern[64];
	const char *text = buffer_string(summary);
	const char *found;

	snprintf(pattern, sizeof(pattern), "\"%s\":", name);
	found = text == NULL ? NULL : strstr(text, pattern);
	return found == NULL ? -1 : strtod(found + strlen(pattern), NULL);
}

static int run_postseal(const struct pipeline *pipeline, struct child_result *result,
			struct failure *failure)
{
	const char *argv[8 + 2 * PIPELINE_OPTIONS_MAX + 8];
	char lane_keys[40];
	struct child_program program = {.argv = argv};
	size_t count = 0;
	int r;

	argv[count++] = pipeline->postseal_path;
	argv[count++] = "spool";
	argv[count++] = "-x";
	argv[count++] = pipeline->setup->config_path;
	argv[count++] = "-o";
	argv[count++] = pipeline->syncs ? "SyncMode=full" : "SyncMode=none";
	for (const char *const *option = pipeline->options; *option != NULL; option++) {
		assert(count < 6 + 2 * PIPELINE_OPTIONS_MAX);
		argv[count++] = "-o";
		argv[count++] = *option;
	}
	if (pipeline->signs_by_openssl) {
		argv[count++] = "-o";
		argv[count++] = "SignEngine=openssl";
	}
	if (pipeline->lane_keys > 0) {
		snprintf(lane_keys, sizeof(lane_keys), "LaneCacheSize=%u", pipeline->lane_keys);
		argv[count++] = "-o";
		argv[count++] = lane_keys;
	}
	argv[count++] = "--once";
	argv[count++] = "--json";
	argv[count++] = pipeline->spool_path;
	argv[count] = NULL;
	r = child_run(&program, result, failure);
	if (r == 0 && result->exit_code != 0)
		r = child_failure(&program, result, failure);
	return r;
}

static int look_at_output(struct pipeline *pipeline, const struct child_result *result,
			  struct measure *measure, struct failure *failure)
{
	char path[PATH_MAX];
	char name[UNIT_NAME_SIZE_MAX];
	struct stat status;
	int size;

	spool_load_unit_name(pipeline->load, 0, name);
	size = snprintf(path, sizeof(path), "%s/out/%s", pipeline->spool_path, name);
	if ((size_t)size >= sizeof(path))
		return failure_set(failure, -ENAMETOOLONG, "%s", pipeline->spool_path);
	if (stat(path, &status) != 0)
		return failure_set(failure, -errno, "%s", path);
	pipeline->output_bytes = (uint64_t)status.st_size;
	measure->first_s = (double)(clock_ns_of(status.st_ctim) - result->start_realtime_ns) /
			   (double)NS_PER_S;
	return 0;
}

static int check_summary(const struct pipeline *pipeline, struct child_result *result,
			 struct measure *measure, struct failure *failure)
{
	double signed_count = summary_number(&result->output, "signed");
	double engine_s = summary_number(&result->output, "seconds");
	uint64_t message_count = pipeline->load->message_count;

	if (signed_count != (double)message_count)
		return failure_set(failure, BENCH_E_FAILED,
				   "%s signed %.0f of %" PRIu64 " messages: %.*s",
				   pipeline->postseal_path, signed_count, message_count,
				   BYTES_PRINTF(bytes_trim(buffer_bytes(&result->output))));
	if (pipeline->measures_engine && engine_s <= 0)
		return failure_set(failure, BENCH_E_FAILED, "%s: no seconds in its summary",
				   pipeline->postseal_path);
	*measure = (struct measure){
		.seconds = pipeline->measures_engine ? engine_s : result->seconds,
		.work = message_count,
		.user_s = result->user_s,
		.system_s = result->system_s,
		.peak_rss_bytes = result->peak_rss_bytes,
	};
	return 0;
}

static int fill(const struct pipeline *pipeline, struct failure *failure)
{
	char name[UNIT_NAME_SIZE_MAX];

	if (pipeline->large_bytes == 0)
		return spool_load_fill(pipeline->load, pipeline->spool_path, failure);
	spool_load_unit_name(pipeline->load, 0, name);
	return spool_load_fill_large(&pipeline->load->maker, pipeline->large_bytes,
				     pipeline->spool_path, name, failure);
}

int pipeline_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	struct pipeline *pipeline = arg;
	struct child_result result;
	struct measure measure;
	int r = fill(pipeline, failure);

	if (r != 0)
		return r;
	r = run_postseal(pipeline, &result, failure);
	if (r == 0)
		r = check_summary(pipeline, &result, &measure, failure);
	if (r == 0 && pipeline->load->message_count > 0)
		r = look_at_output(pipeline, &result, &measure, failure);
	child_result_deinit(&result);
	if (r == 0)
		r = spool_load_clear(pipeline->spool_path, failure);
	if (r == 0)
		*measure_out = measure;
	return r;
}

int pipeline_growth(const struct pipeline *pipeline, size_t *bytes_out, struct failure *failure)
{
	struct spool_load load = *pipeline->load;
	struct pipeline trial = *pipeline;
	struct measure measure;
	struct buffer message = {0};
	int r = mail_maker_append(&load.maker, 0, &message);
	size_t size = message.size;

	buffer_deinit(&message);
	load.message_count = 1;
	load.is_bsmtp = false;
	load.messages_per_unit = 1;
	trial.load = &load;
	if (r != 0)
		return failure_set(failure, r, "a message");
	r = pipeline_run(&trial, &measure, failure);
	if (r != 0)
		return r;
	if (trial.output_bytes <= size)
		return failure_set(failure, BENCH_E_FAILED, "%s: its output is not longer",
				   pipeline->postseal_path);
	*bytes_out = (size_t)(trial.output_bytes - size);
	return 0;
}

int pipeline_find_postseal(char path_out[PATH_MAX], struct failure *failure)
{
	static const char *const places[] = {"postseal", "../signer/cmd/postseal",
					     "../sbin/postseal"};
	char own[PATH_MAX];
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (size < 0)
		return failure_set(failure, -errno, "/proc/self/exe");
	own[size] = '\0';
	*strrchr(own, '/') = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		int path_size = snprintf(path, sizeof(path), "%s/%s", own, places[i]);

		if ((size_t)path_size < sizeof(path) && access(path, X_OK) == 0 &&
		    realpath(path, path_out) != NULL)
			return 0;
	}
	return failure_set(failure, BENCH_E_FAILED,
			   "no postseal in %s; say where it is with --postseal", own);
}
