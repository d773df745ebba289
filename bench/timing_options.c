#include "bench/timing_options.h"

#include <string.h>
#include <sysexits.h>

#define SECONDS_DEFAULT 10

static const char usage[] =
	"usage: postseal-bench timing [OPTION...]\n"
	"\n"
	"Looks for secrets in the time that eight signatures in lanes take. Batches with a fixed "
	"key\n"
	"and batches with random keys are signed in random order, and their mean times are "
	"compared\n"
	"(Welch's t); then the same with a fixed digest and random ones. Slow calls hide small\n"
	"differences, so the comparison is made for all calls, and again for the faster ones "
	"only.\n"
	"\n"
	"  --bits LIST    sizes of keys (default: 1024,2048,3072,4096)\n"
	"  --seconds S    length of a test; there are two for each size (default: 10)\n"
	"  --engine NAME  lanes     the fast ones; needs AVX-512 IFMA (default)\n"
	"                 portable  those in plain C, which are a thousand times slower\n"
	"  --seed N       another order, other digests (default: 1)\n"
	"  --json FILE    the results for machines; - is stdout\n"
	"  -h, --help     this text\n"
	"\n"
	"Below 4.5, |t| shows no evidence that the time depends on the secret, in as many calls "
	"as\n"
	"were made. It never proves that it does not. From 4.5 on: try again on a quiet machine "
	"with\n"
	"another --seed and more --seconds; a real difference grows with the square root of the "
	"calls.\n"
	"`detectable` is a difference of the means that gives 4.5 on average: half of all runs "
	"would\nshow it, and nearly all one that is half as large again.\n"
	"\n"
	"Exit code: 0 when all was measured, whatever the figures say.\n";

enum {
	OPTION_BITS = RUN_OPTIONS_OWN,
	OPTION_ENGINE,
};

static const struct option long_options[] = {
	{"bits", required_argument, NULL, OPTION_BITS},
	{"engine", required_argument, NULL, OPTION_ENGINE},
	{NULL, 0, NULL, 0},
};

static int set_engine(struct timing_options *options, const char *text)
{
	bool openssl;

	if (strcmp(text, "lanes") != 0 && strcmp(text, "portable") != 0)
		return argument_refuse("--engine", text, "lanes or portable");
	return rsa_options_engine(text, &options->lanes, &openssl);
}

static int set_option(void *arg, int option, const char *text)
{
	struct timing_options *options = arg;

	switch (option) {
	case OPTION_BITS: return rsa_options_bits(text, &options->bits);
	case OPTION_ENGINE: return set_engine(options, text);
	default: return EX_USAGE;
	}
}

int timing_options_parse(struct timing_options *options, int argc, char **argv)
{
	static const struct run_rules rules = {
		.usage = usage,
		.own = long_options,
		.letters = "h",
		.seconds_min = 0.001,
		.seconds_max = 86400,
		.set = set_option,
	};
	int r;

	*options = (struct timing_options){
		.bits = {{1024, 2048, 3072, 4096}, 4},
		.run = {.seconds = SECONDS_DEFAULT, .seed = 1},
	};
	r = run_options_parse(&options->run, &rules, options, argc, argv);
	if (r == 0 && options->lanes == NULL)
		r = set_engine(options, "lanes");
	return r;
}
