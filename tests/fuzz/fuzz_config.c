/*
 * Goal: a configuration means what it is printed as, and whoever has to mend one is told where.
 * Method: reads the input as opendkim.conf and checks it. Each error must have a place. What is
 * printed of an accepted one is read again, must be accepted, and must print the same.
 */
#include "signer/tables/signer_config.h"
#include "tests/fuzz/fuzz_folder.h"

/* A number that no input has as many lines as. */
#define LINES_MAX 1000000

static void show(void *context, const struct problem *problem)
{
	char text[4096];

	(void)context;
	FUZZ_CHECK(problem->text[0] != '\0');
	for (const char *c = problem->text; *c != '\0'; c++)
		FUZZ_CHECK((uint8_t)*c >= ' ');
	FUZZ_CHECK(problem_format(problem, text, sizeof(text)) > 0);
	/* The file as a whole has no line to name, and its name is in the text. */
	if (problem->level != PROBLEM_ERROR || strncmp(problem->text, "cannot read ", 12) == 0)
		return;
	FUZZ_CHECK(problem->place.file != NULL || problem->place.name != NULL);
	if (problem->place.file != NULL)
		FUZZ_CHECK(problem->place.line > 0 && problem->place.line < LINES_MAX);
}

/* Reads the file "conf"; NULL if it is not accepted. */
static struct signer_config *read_config(struct problems *problems)
{
	struct signer_config *config;
	int r;

	problems_init(problems, show, NULL);
	FUZZ_CHECK(signer_config_new(&config) == 0);
	r = signer_config_read(config, "conf", problems);
	FUZZ_CHECK(r == 0 || r == SIGNER_CONFIG_E_INVALID);
	FUZZ_CHECK((r == 0) == (problems->error_count == 0));
	r = signer_config_check(config, problems);
	FUZZ_CHECK(r == 0 || r == SIGNER_CONFIG_E_INVALID);
	if (problems->error_count == 0)
		return config;
	signer_config_free(config);
	return NULL;
}

static void check_again(const struct signer_config *config)
{
	struct signer_config *again;
	struct problems problems;
	struct buffer text = {0};
	struct buffer text_again = {0};

	FUZZ_CHECK(signer_config_print(config, &text) == 0);
	fuzz_folder_write("conf", buffer_bytes(&text));
	again = read_config(&problems);
	FUZZ_CHECK(again != NULL);
	FUZZ_CHECK(signer_config_print(again, &text_again) == 0);
	FUZZ_CHECK(bytes_equal(buffer_bytes(&text), buffer_bytes(&text_again)));
	buffer_deinit(&text);
	buffer_deinit(&text_again);
	signer_config_free(again);
}

static bool has(struct bytes input, const char *word)
{
	/* For compilers that cannot know that bytes without data have no size. */
	return input.data != NULL && memmem(input.data, input.size, word, strlen(word)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_of(data, size);
	struct signer_config *config;
	struct problems problems;

	/* Files that never end are not what is tested here. */
	if (size == 0 || has(input, "/dev") || has(input, "/proc") || has(input, "/sys") ||
	    has(input, "/run"))
		return -1;
	fuzz_folder_enter();
	fuzz_folder_write("conf", input);
	config = read_config(&problems);
	if (config == NULL)
		return 0;
	check_again(config);
	signer_config_free(config);
	return 0;
}
