/*
 * result_file - what a run writes for machines: --json FILE, or - for stdout.
 *
 * Is:       the part that all scenarios have: who measured, on what machine, with which settings; then what the
 *           scenario adds. docs/bench.md describes the form; RESULT_FILE_FORMAT goes up when an old reader
 *           would be misled.
 * Errors:   with a text; -errno.
 * Owns:     the file, from open to close.
 *
 *	r = result_file_open(&file, path, "spool", &machine, failure);
 *	json_stream_begin(&file.json, "settings", '{'); ... json_stream_end(&file.json, '}');
 *	findings_write_json(findings, count, &file.json, "findings");
 *	r = result_file_close(&file, failure);
 */
#ifndef BENCH_RESULT_FILE_H
#define BENCH_RESULT_FILE_H

#include "bench/failure.h"
#include "bench/machine.h"
#include "common/json_stream.h"

#define RESULT_FILE_FORMAT 1

struct result_file {
	struct json_stream json;
	/* private */
	const char *path;
	FILE *stream;
};

/* `path` must live until the file is closed. */
MUST_CHECK int result_file_open(struct result_file *file, const char *path, const char *scenario,
				const struct machine *machine, struct failure *failure);
/* What could not be written is said here. */
MUST_CHECK int result_file_close(struct result_file *file, struct failure *failure);

#endif
