/* How it works: one object, opened here and closed here. */
#include "bench/result_file.h"

#include "common/clock.h"

#include <errno.h>
#include <stdio.h>

void result_file_begin(struct result_file *file, const char *scenario,
		       const struct machine *machine)
{
	char time_text[32] = "";
	time_t now = (time_t)clock_realtime_s();
	struct tm parts;

	if (gmtime_r(&now, &parts) != NULL)
		strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	json_writer_init(&file->json);
	json_object(&file->json, NULL);
	json_string(&file->json, "program", "postseal-bench");
	json_whole(&file->json, "format", RESULT_FILE_FORMAT);
	json_string(&file->json, "version", POSTSEAL_VERSION);
	json_string(&file->json, "scenario", scenario);
	json_string(&file->json, "ended", time_text);
	machine_write_json(machine, &file->json, "machine");
}

static int write_text(FILE *stream, struct bytes text)
{
	if (fwrite(text.data, 1, text.size, stream) != text.size)
		return -EIO;
	return fflush(stream) != 0 ? -errno : 0;
}

int result_file_write(struct result_file *file, const char *path, struct failure *failure)
{
	struct bytes text;
	FILE *stream;
	int r;

	json_end(&file->json);
	r = json_writer_finish(&file->json, &text);
	if (r != 0)
		return failure_set(failure, r, "JSON");
	if (strcmp(path, "-") == 0) {
		r = write_text(stdout, text);
		return r == 0 ? 0 : failure_set(failure, r, "stdout");
	}
	stream = fopen(path, "we");
	if (stream == NULL)
		return failure_set(failure, -errno, "%s", path);
	r = write_text(stream, text);
	if (fclose(stream) != 0 && r == 0)
		r = -errno;
	return r == 0 ? 0 : failure_set(failure, r, "%s", path);
}

void result_file_deinit(struct result_file *file)
{
	json_writer_deinit(&file->json);
}
