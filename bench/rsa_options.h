/*
 * rsa_options - the command line of `postseal-bench rsa`.
 *
 * Is:       plain values, checked, with the defaults filled in.
 * Units:    `run.seconds` is the length of a turn; 0: as long as keeps the run below a minute.
 * Errors:   as run_options.h; EX_UNAVAILABLE: no fast lanes, but asked for.
 * Owns:     nothing: texts are those of argv.
 */
#ifndef BENCH_RSA_OPTIONS_H
#define BENCH_RSA_OPTIONS_H

#include "bench/run_options.h"
#include "signer/lanes/rsa_lanes.h"

struct rsa_options {
	const struct rsa_lanes *lanes; /* NULL: OpenSSL alone */
	bool openssl;
	struct argument_list bits;
	struct argument_list threads;
	struct argument_list filled; /* empty: eight, and each number for one size */
	struct run_options run;
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
