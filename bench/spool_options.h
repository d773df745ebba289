/*
 * spool_options - the command line of `postseal-bench spool`.
 *
 * Is:       plain values, checked, with the defaults filled in.
 * Errors:   as run_options.h; EX_UNAVAILABLE: no postseal.
 * Owns:     nothing: texts are those of argv.
 */
#ifndef BENCH_SPOOL_OPTIONS_H
#define BENCH_SPOOL_OPTIONS_H

#include "bench/pipeline.h"
#include "bench/run_options.h"
#include "bench/signer_setup.h"

struct spool_options {
	const char *memory_dir; /* always: keys and tables lie there, too */
	const char *disk_dir;	/* NULL: nothing on a disk */
	bool uses_memory;	/* a spool in memory is measured */
	bool suite;
	const char *only; /* --suite: one experiment; NULL: all */
	double scale;	  /* --suite: of all counts */
	uint64_t count;
	size_t size;
	struct key_kind kind;
	bool is_bsmtp;
	unsigned messages_per_unit;
	bool baselines;
	struct run_options run;
	char postseal_path[PATH_MAX];
	char batch[32]; /* "SpoolBatch=N", among `postseal_options` if it was given */
	const char *postseal_options[PIPELINE_OPTIONS_MAX + 1]; /* ends in NULL */
};

MUST_CHECK int spool_options_parse(struct spool_options *options, int argc, char **argv);

/* As JSON, for the "settings" of a result. */
void spool_options_write_json(const struct spool_options *options, struct json_stream *json,
			      const char *name);

#endif
