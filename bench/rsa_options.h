/*
 * rsa_options - the command line of `postseal-bench rsa`.
 *
 * Is:       plain values, checked, with the defaults filled in.
 * Units:    `seconds` is the length of a turn; 0: as long as keeps the run below a minute.
 * Errors:   an exit code, after a line on stderr: EX_USAGE, EX_CANTCREAT (--json), EX_UNAVAILABLE (no fast
 *           lanes, but asked for). RSA_OPTIONS_HELP: the help was asked for, and printed.
 * Owns:     nothing: texts are those of argv.
 */
#ifndef BENCH_RSA_OPTIONS_H
#define BENCH_RSA_OPTIONS_H

#include "bench/argument.h"
#include "common/json_stream.h"
#include "signer/lanes/rsa_lanes.h"

#include <stdbool.h>

#define RSA_OPTIONS_HELP (-1)

struct rsa_options {
	const struct rsa_lanes *lanes; /* NULL: OpenSSL alone */
	bool openssl;
	struct argument_list bits;
	struct argument_list threads;
	struct argument_list filled; /* empty: eight, and each number for one size */
	unsigned rounds;
	double seconds;
	uint64_t seed;
	const char *json_path; /* NULL: none */
};

/* `cpus`: up to so many threads by default. */
MUST_CHECK int rsa_options_parse(struct rsa_options *options, unsigned cpus, int argc, char **argv);

/*
 * "auto", "lanes", "openssl" or "portable", as rsa and timing have it. On a CPU or in a build without fast
 * lanes `auto` means OpenSSL alone, and `lanes` is EX_UNAVAILABLE.
 */
MUST_CHECK int rsa_options_engine(const char *text, const struct rsa_lanes **lanes_out,
				  bool *openssl_out);

/* "1024,2048": sizes that the lanes take. */
MUST_CHECK int rsa_options_bits(const char *text, struct argument_list *bits_out);

/* An array of numbers. */
void rsa_options_write_list(const struct argument_list *list, struct json_stream *json,
			    const char *name);

/* As JSON, for the "settings" of a result. */
void rsa_options_write_json(const struct rsa_options *options, double seconds,
			    struct json_stream *json, const char *name);

#endif
