/*
 * machine - what a figure was measured on, without which it means nothing.
 *
 * Is:       CPU, kernel, memory, file systems, libraries, and how busy the machine was before the run.
 * Is not:   a judgement, but for one: a load above MACHINE_LOAD_QUIET is worth a warning.
 * Units:    bytes; the load average is that of the last minute.
 * Errors:   none: what cannot be found out is said to be "unknown".
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "common/json_stream.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#define MACHINE_DIRECTORIES_MAX 2
#define MACHINE_LOAD_QUIET	0.5

struct machine_directory {
	char path[PATH_MAX];
	char file_system[32]; /* its type: ext4, tmpfs, ... */
	char device[128];
};

struct machine {
	char cpu_model[128];
	char architecture[72];
	char kernel[144];
	char openssl[64];
	char liburing[32];
	char pcre2[32];
	unsigned cpus;	      /* that we may use */
	unsigned cpus_online; /* of the machine */
	uint64_t memory_bytes;
	double load_average;
	struct machine_directory directories[MACHINE_DIRECTORIES_MAX];
	size_t directory_count;
};

void machine_describe(struct machine *machine_out);

/* What could be taken without swapping; 0: unknown. */
uint64_t machine_memory_available(void);

/* At most MACHINE_DIRECTORIES_MAX. */
void machine_add_directory(struct machine *machine, const char *path);

void machine_print(const struct machine *machine, FILE *file);

/* On stderr, when other work would share the CPUs with what is measured. */
void machine_warn(const struct machine *machine);
void machine_write_json(const struct machine *machine, struct json_stream *json, const char *name);

#endif
