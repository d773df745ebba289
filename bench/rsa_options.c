/* How it works: what depends on more than one option comes after all of them are read. */
#include "bench/rsa_options.h"

#include <stdlib.h>
#include <sysexits.h>

#define ROUNDS_DEFAULT 15
#define THREADS_MAX    1024

static const char usage[] =
	"usage: postseal-bench rsa [OPTION...]\n"
	"\n"
	"Signs SHA-256 digests with RSA keys, up to eight at a time in the lanes of vectors and "
	"one at\n"
	"a time with OpenSSL, in short turns in one process. First it checks that both make the "
	"same\n"
	"signatures, bit for bit; then it measures how many a second, and how long each call "
	"takes.\n"
	"\n"
	"  --bits LIST     sizes of keys (default: 1024,2048,3072,4096)\n"
	"  --lanes LIST    lanes that are filled, 1 to 8, for one thread\n"
	"                  (default: 8; for RSA-2048 1,2,3,4,5,6,7,8)\n"
	"  --threads LIST  threads, each with keys of its own (default: 1, 2, 4, ... and one a "
	"CPU);\n"
	"                  more than one fill as many lanes as the largest number of --lanes\n"
	"  --engine NAME   auto      lanes beside OpenSSL, or OpenSSL alone where this CPU or "
	"build\n"
	"                            has no AVX-512 IFMA (default)\n"
	"                  lanes     only the lanes\n"
	"                  openssl   only OpenSSL\n"
	"                  portable  the lanes in plain C, a thousand times slower, beside "
	"OpenSSL:\n"
	"                            to try this program out with few --bits\n"
	"  --rounds N      turns of each (default: 15); a third for what no target is about\n"
	"  --seconds S     length of a turn (default: at most 0.4, and all of them in 42 seconds)\n"
	"  --seed N        other digests (default: 1)\n"
	"  --json FILE     the results for machines; - is stdout\n"
	"  -h, --help      this text\n"
	"\n"
	"Reading the table: `p50 us` to `max us` is the time of one call, which is a whole batch "
	"for the\n"
	"lanes and one signature for OpenSSL. A batch takes as long for one lane as for eight.\n"
	"`port share` is the part of all multiply-adds which this core can issue (measured in the "
	"same\n"
	"run) that the signatures use. `at rest` is one job at a time in a signature service that "
	"runs,\nand `into lanes` what a key costs that LaneCacheSize has no room for. Start it on "
	"a "
	"quiet\nmachine: only ratios of one run count.\n"
	"\n"
	"Exit code: 0 when all was measured, whatever the figures say.\n";

enum {
	OPTION_BITS = RUN_OPTIONS_OWN,
	OPTION_LANES,
	OPTION_THREADS,
	OPTION_ENGINE,
};

static const struct option long_options[] = {
	{"bits", required_argument, NULL, OPTION_BITS},
	{"lanes", required_argument, NULL, OPTION_LANES},
	{"threads", required_argument, NULL, OPTION_THREADS},
	{"engine", required_argument, NULL, OPTION_ENGINE},
	{NULL, 0, NULL, 0},
};

int rsa_options_engine(const char *text, const struct rsa_lanes **lanes_out, bool *openssl_out)
{
	const struct rsa_lanes *fast = rsa_lanes_fast();

	if (strcmp(text, "lanes") == 0 && fast == NULL) {
		fputs("postseal-bench: --engine lanes: no AVX-512 IFMA in this CPU or in this "
		      "build\n",
		      stderr);
		return EX_UNAVAILABLE;
	}
	if (strcmp(text, "auto") == 0 || strcmp(text, "lanes") == 0)
		*lanes_out = fast;
	else if (strcmp(text, "openssl") == 0)
		*lanes_out = NULL;
	else if (strcmp(text, "portable") == 0)
		*lanes_out = &rsa_lanes_portable;
	else
		return argument_refuse("--engine", text, "auto, lanes, openssl or portable");
	*openssl_out = strcmp(text, "lanes") != 0;
	return 0;
}

int rsa_options_bits(const char *text, struct argument_list *bits_out)
{
	struct argument_list list;
	int r = argument_unsigned_list("--bits", text, RSA_LANE_BITS_MAX, &list);

	for (size_t i = 0; r == 0 && i < list.count; i++) {
		if (!rsa_lane_key_has_bits(list.values[i]))
			r = argument_refuse("--bits", text, "1024, 2048, 3072 or 4096");
	}
	if (r == 0)
		*bits_out = list;
	return r;
}

static int set_option(void *arg, int option, const char *text)
{
	struct rsa_options *options = arg;

	switch (option) {
	case OPTION_BITS: return rsa_options_bits(text, &options->bits);
	case OPTION_LANES:
		return argument_unsigned_list("--lanes", text, RSA_LANES, &options->filled);
	case OPTION_THREADS:
		return argument_unsigned_list("--threads", text, THREADS_MAX, &options->threads);
	case OPTION_ENGINE: return rsa_options_engine(text, &options->lanes, &options->openssl);
	default: return EX_USAGE;
	}
}

/* 1, 2, 4, ... and all. */
static void spread_threads(struct argument_list *threads, unsigned cpus)
{
	unsigned count = 1;

	while (count < cpus && threads->count + 1 < ARGUMENT_LIST_MAX) {
		threads->values[threads->count++] = count;
		count *= 2;
	}
	threads->values[threads->count++] = cpus;
}

int rsa_options_parse(struct rsa_options *options, unsigned cpus, int argc, char **argv)
{
	static const struct run_rules rules = {
		.usage = usage,
		.own = long_options,
		.letters = "h",
		.has_rounds = true,
		.seconds_min = 0.001,
		.seconds_max = 600,
		.set = set_option,
	};
	int r;

	*options = (struct rsa_options){
		.lanes = rsa_lanes_fast(),
		.openssl = true,
		.bits = {{1024, 2048, 3072, 4096}, 4},
		.run = {.rounds = ROUNDS_DEFAULT, .seed = 1},
	};
	r = run_options_parse(&options->run, &rules, options, argc, argv);
	if (r == 0 && options->threads.count == 0)
		spread_threads(&options->threads, cpus);
	return r;
}

void rsa_options_write_list(const struct argument_list *list, struct json_stream *json,
			    const char *name)
{
	json_stream_begin(json, name, '[');
	for (size_t i = 0; i < list->count; i++)
		json_stream_number(json, NULL, list->values[i]);
	json_stream_end(json, ']');
}

void rsa_options_write_json(const struct rsa_options *options, double seconds,
			    struct json_stream *json, const char *name)
{
	struct run_options run = options->run;

	run.seconds = seconds;
	json_stream_begin(json, name, '{');
	json_stream_string(json, "lanes", options->lanes == NULL ? NULL : options->lanes->name);
	json_stream_bool(json, "openssl", options->openssl);
	rsa_options_write_list(&options->bits, json, "bits");
	rsa_options_write_list(&options->threads, json, "threads");
	run_options_write_json(&run, json);
	json_stream_end(json, '}');
}
