/* How it works: one table for getopt_long(), the scenario's own options first. */
#include "bench/run_options.h"

#include "bench/turns.h"

#include <assert.h>
#include <sysexits.h>

enum {
	OPTION_SECONDS = 256,
	OPTION_SEED,
	OPTION_JSON,
	OPTION_ROUNDS,
};

static const struct option shared[] = {
	{"seconds", required_argument, NULL, OPTION_SECONDS},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"json", required_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, 'h'},
};
static const struct option rounds = {"rounds", required_argument, NULL, OPTION_ROUNDS};

static void join(const struct run_rules *rules, struct option table_out[RUN_OPTIONS_MAX])
{
	size_t count = 0;

	for (; rules->own[count].name != NULL; count++) {
		assert(count + ARRAY_COUNT(shared) + 2 < RUN_OPTIONS_MAX);
		table_out[count] = rules->own[count];
	}
	for (size_t i = 0; i < ARRAY_COUNT(shared); i++)
		table_out[count++] = shared[i];
	if (rules->has_rounds)
		table_out[count++] = rounds;
	table_out[count] = (struct option){NULL, 0, NULL, 0};
}

static int set(struct run_options *options, const struct run_rules *rules, void *arg, int option,
	       const char *text)
{
	switch (option) {
	case OPTION_ROUNDS:
		return argument_unsigned("--rounds", text, TURNS_ROUNDS_MAX, &options->rounds);
	case OPTION_SECONDS:
		return argument_real("--seconds", text, rules->seconds_min, rules->seconds_max,
				     &options->seconds);
	case OPTION_SEED: return argument_whole("--seed", text, 0, UINT64_MAX, &options->seed);
	case OPTION_JSON: options->json_path = text; return 0;
	case 'h': fputs(rules->usage, stdout); return RUN_OPTIONS_HELP;
	case '?': fputs(rules->usage, stderr); return EX_USAGE;
	default: return rules->set(arg, option, text);
	}
}

int run_options_parse(struct run_options *options, const struct run_rules *rules, void *arg,
		      int argc, char **argv)
{
	struct option table[RUN_OPTIONS_MAX];
	int option;

	join(rules, table);
	while ((option = getopt_long(argc, argv, rules->letters, table, NULL)) != -1) {
		int r = set(options, rules, arg, option, optarg);

		if (r != 0)
			return r;
	}
	if (optind < argc) {
		fputs(rules->usage, stderr);
		return EX_USAGE;
	}
	return argument_check_result("--json", options->json_path);
}

void run_options_write_json(const struct run_options *options, struct json_stream *json)
{
	if (options->rounds > 0)
		json_stream_number(json, "rounds", options->rounds);
	json_stream_real(json, "seconds", options->seconds);
	json_stream_number(json, "seed", options->seed);
}
