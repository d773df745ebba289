/*
 * result_file - what a run writes for machines: --json FILE, or - for stdout.
 *
 * Is:       the part that all scenarios have: who measured, on what machine, with which settings; then what the
 *           scenario adds. docs/bench.md describes the form; RESULT_FILE_FORMAT goes up when an old reader
 *           would be misled.
 * Errors:   with a text; -errno.
 * Owns:     its text, and the file while it writes it.
 *
 *	result_file_begin(&file, "spool", &machine);
 *	json_object(&file.json, "settings"); ... json_end(&file.json);
 *	findings_write_json(findings, count, &file.json, "findings");
 *	r = result_file_write(&file, path, failure);
 *	result_file_deinit(&file);
 */
#ifndef BENCH_RESULT_FILE_H
#define BENCH_RESULT_FILE_H

#include "bench/failure.h"
#include "bench/json_writer.h"
#include "bench/machine.h"

#define RESULT_FILE_FORMAT 1

struct result_file {
	struct json_writer json;
};

void result_file_begin(struct result_file *file, const char *scenario,
		       const struct machine *machine);
MUST_CHECK int result_file_write(struct result_file *file, const char *path,
				 struct failure *failure);
void result_file_deinit(struct result_file *file);

#endif
