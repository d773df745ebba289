/* How it works: what depends on more than one option comes after all of them are read. */
#include "bench/spool_options.h"

#include "bench/spool_suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define MEMORY_DIR_DEFAULT	  "/dev/shm"
#define SUITE_DISK_DIR_DEFAULT	  "/var/tmp"
#define COUNT_DEFAULT		  20000
#define SIZE_DEFAULT		  4096
#define SIZE_MAX_BYTES		  (64u << 20)
#define ROUNDS_DEFAULT		  5
#define SECONDS_DEFAULT		  2
#define MESSAGES_PER_UNIT_DEFAULT 256

static const char usage[] =
	"usage: postseal-bench spool [OPTION...]\n"
	"\n"
	"Makes a spool of messages, lets `postseal spool --once` sign it, and measures beside it,\n"
	"in turns: OpenSSL alone on all CPUs, durable files by plain system calls (with --disk),\n"
	"dkimpy and opendkim-testmsg where they are installed.\n"
	"\n"
	"  --memory DIR           a spool in memory, SyncMode none (default: " MEMORY_DIR_DEFAULT
	")\n"
	"  --disk DIR             a spool on a disk, SyncMode full; with --memory: both, in turns\n"
	"  --count N              messages a round (default: 20000)\n"
	"  --size BYTES|mix       of a message (default: 4096)\n"
	"  --key KIND             rsa1024, rsa2048 (default), rsa3072, rsa4096, ed25519\n"
	"  --form eml|bsmtp       one message a file, or many (default: eml)\n"
	"  --messages-per-unit N  messages in a .bsmtp (default: 256)\n"
	"  --batch N              units that postseal makes durable together (SpoolBatch)\n"
	"  --rounds N             turns of each (default: 5)\n"
	"  --seconds S            length of a turn that has no fixed work (default: 2)\n"
	"  --seed N               other messages (default: 1)\n"
	"  --no-baselines         postseal alone; --baselines is the default\n"
	"  --suite                every target of the project, about six minutes\n"
	"                         (default disk: " SUITE_DISK_DIR_DEFAULT ")\n"
	"  --only NAME            with --suite: memory-rsa2048, memory-many-keys, memory-ed25519,\n"
	"                         disk, bsmtp, waiting-units, large-message, table-start or\n"
	"                         table-rate\n"
	"  --scale F              with --suite: F times the work (to try it out)\n"
	"  --postseal FILE        the program (default: the one beside this one)\n"
	"  -o, --option NAME=VALUE  for postseal, as its own -o; may be repeated\n"
	"  --json FILE            the results for machines; - is stdout\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit code: 0 when all was measured, whatever the figures say.\n";

enum {
	OPTION_MEMORY = RUN_OPTIONS_OWN,
	OPTION_DISK,
	OPTION_COUNT,
	OPTION_SIZE,
	OPTION_KEY,
	OPTION_FORM,
	OPTION_MESSAGES_PER_UNIT,
	OPTION_BATCH,
	OPTION_BASELINES,
	OPTION_NO_BASELINES,
	OPTION_SUITE,
	OPTION_ONLY,
	OPTION_SCALE,
	OPTION_POSTSEAL,
};

static const struct option long_options[] = {
	{"memory", required_argument, NULL, OPTION_MEMORY},
	{"disk", required_argument, NULL, OPTION_DISK},
	{"count", required_argument, NULL, OPTION_COUNT},
	{"size", required_argument, NULL, OPTION_SIZE},
	{"key", required_argument, NULL, OPTION_KEY},
	{"form", required_argument, NULL, OPTION_FORM},
	{"messages-per-unit", required_argument, NULL, OPTION_MESSAGES_PER_UNIT},
	{"batch", required_argument, NULL, OPTION_BATCH},
	{"baselines", no_argument, NULL, OPTION_BASELINES},
	{"no-baselines", no_argument, NULL, OPTION_NO_BASELINES},
	{"suite", no_argument, NULL, OPTION_SUITE},
	{"only", required_argument, NULL, OPTION_ONLY},
	{"scale", required_argument, NULL, OPTION_SCALE},
	{"postseal", required_argument, NULL, OPTION_POSTSEAL},
	{"option", required_argument, NULL, 'o'},
	{NULL, 0, NULL, 0},
};

static int parse_size(const char *text, size_t *size_out)
{
	uint64_t size;
	int r;

	if (strcmp(text, "mix") == 0) {
		*size_out = MAIL_SIZE_MIX;
		return 0;
	}
	r = argument_whole("--size", text, 1, SIZE_MAX_BYTES, &size);
	if (r == 0)
		*size_out = (size_t)size;
	return r;
}

static int parse_form(const char *text, bool *is_bsmtp_out)
{
	if (strcmp(text, "eml") != 0 && strcmp(text, "bsmtp") != 0)
		return argument_refuse("--form", text, "eml or bsmtp");
	*is_bsmtp_out = text[0] == 'b';
	return 0;
}

static int parse_key(const char *text, struct key_kind *kind_out)
{
	struct failure failure;

	if (key_kind_parse(text, kind_out, &failure) == 0)
		return 0;
	fprintf(stderr, "postseal-bench: --key %s\n", failure.text);
	return EX_USAGE;
}

static int add_postseal_option(struct spool_options *options, const char *text)
{
	for (size_t i = 0; i < PIPELINE_OPTIONS_MAX; i++) {
		if (options->postseal_options[i] == NULL) {
			options->postseal_options[i] = text;
			return 0;
		}
	}
	return argument_refuse("-o", text, "fewer options");
}

static int set_batch(struct spool_options *options, const char *text)
{
	unsigned batch = 0;
	int r = argument_unsigned("--batch", text, 1u << 20, &batch);

	if (r != 0)
		return r;
	snprintf(options->batch, sizeof(options->batch), "SpoolBatch=%u", batch);
	return add_postseal_option(options, options->batch);
}

static int set_postseal(struct spool_options *options, const char *text)
{
	if (realpath(text, options->postseal_path) != NULL)
		return 0;
	fprintf(stderr, "postseal-bench: --postseal %s: %s\n", text, strerror(errno));
	return EX_UNAVAILABLE;
}

static int set_option(void *arg, int option, const char *text)
{
	struct spool_options *options = arg;

	switch (option) {
	case OPTION_MEMORY: options->memory_dir = text; return 0;
	case OPTION_DISK: options->disk_dir = text; return 0;
	case OPTION_COUNT: return argument_whole("--count", text, 1, 10000000, &options->count);
	case OPTION_SIZE: return parse_size(text, &options->size);
	case OPTION_KEY: return parse_key(text, &options->kind);
	case OPTION_FORM: return parse_form(text, &options->is_bsmtp);
	case OPTION_MESSAGES_PER_UNIT:
		return argument_unsigned("--messages-per-unit", text, 1000000,
					 &options->messages_per_unit);
	case OPTION_BATCH: return set_batch(options, text);
	case OPTION_BASELINES: options->baselines = true; return 0;
	case OPTION_NO_BASELINES: options->baselines = false; return 0;
	case OPTION_SUITE: options->suite = true; return 0;
	case OPTION_ONLY: options->only = text; return 0;
	case OPTION_SCALE: return argument_real("--scale", text, 0.0001, 100, &options->scale);
	case OPTION_POSTSEAL: return set_postseal(options, text);
	case 'o': return add_postseal_option(options, text);
	default: return EX_USAGE;
	}
}

static int complete(struct spool_options *options)
{
	struct failure failure;

	if (options->only != NULL && (!options->suite || !spool_suite_knows(options->only)))
		return argument_refuse("--only", options->only,
				       "the name of an experiment of --suite");
	options->uses_memory = options->memory_dir != NULL || options->disk_dir == NULL;
	if (options->memory_dir == NULL)
		options->memory_dir = MEMORY_DIR_DEFAULT;
	if (options->suite && options->disk_dir == NULL)
		options->disk_dir = SUITE_DISK_DIR_DEFAULT;
	if (!options->is_bsmtp)
		options->messages_per_unit = 1;
	else if (options->messages_per_unit == 0)
		options->messages_per_unit = MESSAGES_PER_UNIT_DEFAULT;
	if (options->postseal_path[0] != '\0')
		return 0;
	if (pipeline_find_postseal(options->postseal_path, &failure) == 0)
		return 0;
	fprintf(stderr, "postseal-bench: %s\n", failure.text);
	return EX_UNAVAILABLE;
}

int spool_options_parse(struct spool_options *options, int argc, char **argv)
{
	static const struct run_rules rules = {
		.usage = usage,
		.own = long_options,
		.letters = "o:h",
		.has_rounds = true,
		.seconds_min = 0.01,
		.seconds_max = 600,
		.set = set_option,
	};
	int r;

	*options = (struct spool_options){
		.scale = 1,
		.count = COUNT_DEFAULT,
		.size = SIZE_DEFAULT,
		.kind = {KEY_RSA, 2048},
		.baselines = true,
		.run = {.rounds = ROUNDS_DEFAULT, .seconds = SECONDS_DEFAULT, .seed = 1},
	};
	r = run_options_parse(&options->run, &rules, options, argc, argv);
	return r == 0 ? complete(options) : r;
}

void spool_options_write_json(const struct spool_options *options, struct json_stream *json,
			      const char *name)
{
	char kind[16];

	key_kind_name(options->kind, kind, sizeof(kind));
	json_stream_begin(json, name, '{');
	json_stream_string(json, "postseal", options->postseal_path);
	json_stream_bool(json, "suite", options->suite);
	if (options->suite) {
		json_stream_real(json, "scale", options->scale);
		json_stream_string(json, "only", options->only);
	} else {
		json_stream_number(json, "count", options->count);
		if (options->size == MAIL_SIZE_MIX)
			json_stream_string(json, "size", "mix");
		else
			json_stream_number(json, "size", options->size);
		json_stream_string(json, "key", kind);
		json_stream_string(json, "form", options->is_bsmtp ? "bsmtp" : "eml");
		json_stream_number(json, "messages_per_unit", options->messages_per_unit);
	}
	run_options_write_json(&options->run, json);
	json_stream_begin(json, "postseal_options", '[');
	for (size_t i = 0; options->postseal_options[i] != NULL; i++)
		json_stream_string(json, NULL, options->postseal_options[i]);
	json_stream_end(json, ']');
	json_stream_end(json, '}');
}
