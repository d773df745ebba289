/*
 * Goal:   every option that the installed opendkim knows is in our table.
 * Method: opendkim answers a file with just a name in it by "required value missing" if it knows the
 *         name, and by "unrecognized parameter" if not. The names to try are the words that its program
 *         file has at the end of a string; as strings share their ends, a word is also tried from each
 *         capital letter in it that follows another letter than a capital.
 *
 * Exit status 77 where there is no opendkim.
 */
#include "signer/tables/option_table.h"

#include "common/string_map.h"

#include "tests/unit/tables_fixture.h"

#include <ctype.h>
#include <sys/wait.h>

#define PROGRAM	      "/usr/sbin/opendkim"
#define NAME_SIZE_MIN 3
#define NAME_SIZE_MAX 40

static bool is_name_byte(uint8_t byte)
{
	return isalnum(byte) || byte == '-';
}

/* Does opendkim know an option of that name? */
static bool program_knows(struct fixture *fixture, const char *path, struct bytes name)
{
	FILE *file = fopen(path, "we");
	char command[256];
	char line[512] = "";
	FILE *output;

	assert_non_null(file);
	assert_true(fprintf(file, "%.*s\n", BYTES_PRINTF(name)) > 0);
	assert_int_equal(fclose(file), 0);
	assert_string_not_equal(fixture->directory, "");
	(void)snprintf(command, sizeof(command), PROGRAM " -n -x %s 2>&1", path);
	output = popen(command, "re");
	assert_non_null(output);
	if (fgets(line, sizeof(line), output) == NULL)
		line[0] = '\0';
	(void)pclose(output);
	if (strstr(line, "required value missing") != NULL)
		return true;
	if (strstr(line, "unrecognized parameter") == NULL)
		fail_msg("opendkim says of \"%.*s\": %s", BYTES_PRINTF(name), line);
	return false;
}

/* Tries a name that was not tried before and that we do not know; counts what opendkim knows. */
static void name_try(struct fixture *fixture, struct string_map *tried, const char *path,
		     struct bytes name, size_t *missing)
{
	if (option_table_find(name) != NULL ||
	    string_map_insert(tried, name, 0, NULL) == STRING_MAP_E_EXISTS)
		return;
	if (program_knows(fixture, path, name)) {
		print_error("opendkim knows %.*s\n", BYTES_PRINTF(name));
		(*missing)++;
	}
}

static struct bytes program_read(uint8_t *data, size_t size)
{
	FILE *file = fopen(PROGRAM, "re");

	assert_non_null(file);
	size = fread(data, 1, size, file);
	(void)fclose(file);
	return bytes_of(data, size);
}

static void every_option_of_opendkim_is_known(void **state)
{
	size_t size_max = 16 << 20;
	uint8_t *data = malloc(size_max);
	struct bytes program = program_read(data, size_max);
	struct fixture fixture;
	struct string_map tried;
	const char *path;
	size_t missing = 0;

	(void)state;
	fixture_init(&fixture);
	path = fixture_path(&fixture, "a.conf");
	assert_int_equal(string_map_init(&tried, STRING_MAP_CASELESS), 0);
	/* The method itself: a name that is known, and one that is not. */
	assert_true(program_knows(&fixture, path, BYTES_LITERAL("SigningTable")));
	assert_false(program_knows(&fixture, path, BYTES_LITERAL("SigningTables")));
	for (size_t end = NAME_SIZE_MIN; end < program.size; end++) {
		size_t start = end;

		if (program.data[end] != '\0')
			continue;
		while (start > 0 && end - start < NAME_SIZE_MAX &&
		       is_name_byte(program.data[start - 1]))
			start--;
		for (size_t i = start; i + NAME_SIZE_MIN <= end; i++) {
			if (isupper(program.data[i]) &&
			    (i == start || !isupper(program.data[i - 1])))
				name_try(&fixture, &tried, path, bytes_slice(program, i, end),
					 &missing);
		}
	}
	assert_int_equal(missing, 0);
	string_map_deinit(&tried);
	fixture_deinit(&fixture);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_of_opendkim_is_known),
	};

	if (access(PROGRAM, X_OK) != 0) {
		(void)fprintf(stderr, "skipped: there is no " PROGRAM "\n");
		return 77;
	}
	return cmocka_run_group_tests_name("option_names", tests, NULL, NULL);
}
