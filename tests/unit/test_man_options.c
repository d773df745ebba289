/*
 * Goal: postseal.conf(5) has every option, and says of each what it takes and what its default is.
 * Method: the page is cut at its items (".It Cm NAME Ar TYPE"), and each row of the option table is held
 * against its item; then each item against the table, so that no option of yesterday stays.
 */
#include "tests/unit/unit_test.h"

#include "common/config_lines.h"
#include "signer/tables/option_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE_MAX ((size_t)1 << 20)
#define ITEM	      "\n.It Cm "

static char *page;

static int read_page(void **state)
{
	char path[4096];
	FILE *file;
	size_t size;

	(void)state;
	snprintf(path, sizeof(path), "%s/../man/postseal.conf.5", getenv("TEST_DATA"));
	file = fopen(path, "r");
	assert_non_null(file);
	page = malloc(PAGE_SIZE_MAX);
	assert_non_null(page);
	size = fread(page, 1, PAGE_SIZE_MAX - 1, file);
	page[size] = '\0';
	fclose(file);
	return 0;
}

static int free_page(void **state)
{
	(void)state;
	free(page);
	return 0;
}

/* The item of the option, up to the next one, without the marks of where a line may be broken. */
static char *item_of(const char *name)
{
	char start[128];
	const char *item;
	const char *end;
	char *copy;
	size_t size = 0;

	snprintf(start, sizeof(start), ITEM "%s ", name);
	item = strstr(page, start);
	if (item == NULL)
		return NULL;
	item++;
	end = strstr(item, ITEM);
	copy = calloc(1, strlen(item) + 2);
	assert_non_null(copy);
	while (*item != '\0' && item != end) {
		if (strncmp(item, "\\:", 2) == 0)
			item += 2;
		else
			copy[size++] = *item++;
	}
	copy[size] = '\n'; /* the one that the next item begins with */
	return copy;
}

/* What stands behind "Ar" in the item. */
static const char *type_word(enum option_type type)
{
	switch (type) {
	case OPTION_BOOL: return "yes | no";
	case OPTION_UMASK:
	case OPTION_INTEGER: return "number";
	case OPTION_SIZE: return "size";
	case OPTION_FILE_MODE: return "mode";
	case OPTION_STRING: return "text";
	case OPTION_PATH:
	case OPTION_INCLUDE: return "file";
	case OPTION_DATASET: return "dataset";
	case OPTION_NAMES: return "names";
	case OPTION_CHOICE: return "word";
	case OPTION_CANONICALIZATION: return "canonicalization";
	case OPTION_MODE: return "modes";
	case OPTION_RATE: return "rate";
	}
	return "";
}

/* The section that the class of an option belongs into. */
static const char *section(enum option_class class)
{
	switch (class) {
	case OPTION_USED:
	case OPTION_MILTER: return "\n.Sh OPTIONS\n";
	case OPTION_IGNORED: return "\n.Sh OPTIONS WITHOUT EFFECT\n";
	case OPTION_VERIFIER: return "\n.Sh OPTIONS OF A VERIFIER\n";
	case OPTION_REFUSED: return "\n.Sh OPTIONS THAT ARE REFUSED\n";
	}
	return "";
}

static void every_option_has_an_item_with_its_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_table_count(); i++) {
		const struct option *option = option_table_at(i);
		char *item = item_of(option->name);
		char head[256];

		if (item == NULL)
			fail_msg("%s is not in the page", option->name);
		snprintf(head, sizeof(head), ".It Cm %s Ar %s\n", option->name,
			 type_word(option->type));
		if (strncmp(item, head, strlen(head)) != 0)
			fail_msg("%s: got \"%.60s\", want \"%s\"", option->name, item, head);
		if (strlen(item) < strlen(head) + 10)
			fail_msg("%s: nothing is said of it", option->name);
		free(item);
	}
}

static void every_default_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_table_count(); i++) {
		const struct option *option = option_table_at(i);
		char *item = item_of(option->name);
		char line[512];

		assert_non_null(item);
		if (option->default_text == NULL) {
			if (strstr(item, "\nDefault:\n") != NULL)
				fail_msg("%s has no default, but the page tells one", option->name);
		} else {
			snprintf(line, sizeof(line), "\nDefault:\n.Li %s .\n",
				 option->default_text);
			if (strstr(item, line) == NULL)
				fail_msg("%s: the default is %s", option->name,
					 option->default_text);
		}
		free(item);
	}
}

static void every_choice_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_table_count(); i++) {
		const struct option *option = option_table_at(i);
		char *item = item_of(option->name);
		const struct option_choice *choice = option->choices;

		assert_non_null(item);
		/* The actions are told once, and the facilities that end in numbers as a range. */
		if (option->is_short || strcmp(option->name, "SyslogFacility") == 0)
			choice = NULL;
		for (; choice != NULL && choice->word != NULL; choice++) {
			if (strstr(item, choice->word) == NULL)
				fail_msg("%s: the word %s is missing", option->name, choice->word);
		}
		free(item);
	}
}

static void every_option_is_in_the_section_of_its_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_table_count(); i++) {
		const struct option *option = option_table_at(i);
		const char *start = strstr(page, section(option->class));
		char head[128];
		const char *item;
		const char *next;

		assert_non_null(start);
		snprintf(head, sizeof(head), ITEM "%s ", option->name);
		item = strstr(page, head);
		next = strstr(start + 1, "\n.Sh ");
		assert_non_null(next);
		if (item < start || item > next)
			fail_msg("%s is in another section", option->name);
	}
}

static void every_option_of_a_milter_says_so(void **state)
{
	const char *milter = strstr(page, "\n.Ss The milter\n");

	(void)state;
	assert_non_null(milter);
	for (size_t i = 0; i < option_table_count(); i++) {
		const struct option *option = option_table_at(i);
		char *item = item_of(option->name);
		char head[128];

		assert_non_null(item);
		snprintf(head, sizeof(head), ITEM "%s ", option->name);
		/* Restarts are done for every daemon. */
		if (option->class == OPTION_MILTER &&
		    strncmp(option->name, "AutoRestart", strlen("AutoRestart")) != 0 &&
		    strstr(page, head) < milter && strstr(item, "Milter only.\n") == NULL)
			fail_msg("%s: does not say that it is for a milter", option->name);
		free(item);
	}
}

static void every_item_is_an_option(void **state)
{
	const char *item = page;

	(void)state;
	while ((item = strstr(item, ITEM)) != NULL) {
		size_t size;

		item += strlen(ITEM);
		size = strcspn(item, " \n");
		if (option_table_find(bytes_of(item, size)) == NULL)
			fail_msg("%.*s is no option", (int)size, item);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_has_an_item_with_its_type),
		cmocka_unit_test(every_default_is_told),
		cmocka_unit_test(every_choice_is_told),
		cmocka_unit_test(every_option_is_in_the_section_of_its_class),
		cmocka_unit_test(every_option_of_a_milter_says_so),
		cmocka_unit_test(every_item_is_an_option),
	};

	return cmocka_run_group_tests(tests, read_page, free_page);
}
