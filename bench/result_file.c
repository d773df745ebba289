/* How it works: one object, opened here and closed here. */
#include "bench/result_file.h"

#include "common/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The part that all scenarios have. */
static void write_head(struct json_stream *json, const char *scenario,
		       const struct machine *machine)
{
	char time_text[32] = "";
	time_t now = (time_t)clock_realtime_s();
	struct tm parts;

	if (gmtime_r(&now, &parts) != NULL)
		strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	json_stream_string(json, "program", "postseal-bench");
	json_stream_number(json, "format", RESULT_FILE_FORMAT);
	json_stream_string(json, "version", POSTSEAL_VERSION);
	json_stream_string(json, "scenario", scenario);
	json_stream_string(json, "ended", time_text);
	machine_write_json(machine, json, "machine");
}

int result_file_open(struct result_file *file, const char *path, const char *scenario,
		     const struct machine *machine, struct failure *failure)
{
	bool is_stdout = strcmp(path, "-") == 0;

	*file = (struct result_file){
		.path = is_stdout ? "stdout" : path,
		.stream = is_stdout ? stdout : fopen(path, "we"),
	};
	if (file->stream == NULL)
		return failure_set(failure, -errno, "%s", path);
	json_stream_init(&file->json, file->stream, JSON_STREAM_VALUE_A_LINE);
	json_stream_begin(&file->json, NULL, '{');
	write_head(&file->json, scenario, machine);
	return 0;
}

int result_file_close(struct result_file *file, struct failure *failure)
{
	int r;

	json_stream_end(&file->json, '}');
	r = fflush(file->stream) != 0 ? -errno : ferror(file->stream) ? -EIO : 0;
	if (file->stream != stdout && fclose(file->stream) != 0 && r == 0)
		r = -errno;
	return r == 0 ? 0 : failure_set(failure, r, "%s", file->path);
}
