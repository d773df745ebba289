/*
 * Goal:   every line comes out once, whole and with its number; what is no text file is refused.
 * Method: rows of a file's content and the lines that it has, written "number:text|".
 */
#include "common/config_lines.h"

#include "tests/unit/tables_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static void file_is_read_as_its_lines(void **state)
{
	static const struct {
		const char *name;
		const char *content;
		const char *want;
	} rows[] = {
		{"empty_file_has_no_line", "", ""},
		{"single_lf_is_one_empty_line", "\n", "1:|"},
		{"last_line_without_lf_counts", "a\nb", "1:a|2:b|"},
		{"last_line_with_lf_adds_none", "a\nb\n", "1:a|2:b|"},
		{"empty_lines_keep_their_numbers", "\n\na\n", "1:|2:|3:a|"},
		{"carriage_return_stays", "a\r\nb\r", "1:a\r|2:b\r|"},
		{"comments_and_blanks_stay", " # a \n", "1: # a |"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct fixture fixture;
		struct config_lines lines;
		struct config_line line;
		struct buffer got = {0};

		fixture_init(&fixture);
		assert_int_equal(
			config_lines_read(&lines, fixture_file(&fixture, "f", rows[i].content), 99),
			0);
		while (config_lines_next(&lines, &line))
			assert_int_equal(buffer_printf(&got, "%u:%.*s|", line.number,
						       BYTES_PRINTF(line.text)),
					 0);
		assert_false(config_lines_next(&lines, &line));
		if (strcmp(buffer_string(&got), rows[i].want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, buffer_string(&got),
				 rows[i].want);
		config_lines_deinit(&lines);
		buffer_deinit(&got);
		fixture_deinit(&fixture);
	}
}

static void line_of_a_megabyte_is_one_line(void **state)
{
	size_t size = 1 << 20;
	char *content = malloc(size + 2);
	struct fixture fixture;
	struct config_lines lines;
	struct config_line line;

	(void)state;
	fixture_init(&fixture);
	memset(content, 'x', size);
	memcpy(content + size, "\nz", 2);
	assert_int_equal(config_lines_read(&lines,
					   fixture_file_bytes(&fixture, "f", content, size + 2),
					   size + 2),
			 0);
	assert_true(config_lines_next(&lines, &line));
	assert_int_equal(line.text.size, size);
	assert_true(config_lines_next(&lines, &line));
	assert_int_equal(line.number, 2);
	config_lines_deinit(&lines);
	fixture_deinit(&fixture);
	free(content);
}

static void what_is_no_text_file_is_refused_with_a_reason(void **state)
{
	struct fixture fixture;
	struct config_lines lines;
	const char *path;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(config_lines_read(&lines, fixture_path(&fixture, "none"), 99), -ENOENT);
	assert_string_equal(config_lines_fault(-ENOENT), "No such file or directory");
	assert_int_equal(config_lines_read(&lines, fixture.directory, 99), -EISDIR);
	path = fixture_file(&fixture, "f", "1234567890");
	assert_int_equal(config_lines_read(&lines, path, 10), 0);
	config_lines_deinit(&lines);
	assert_int_equal(config_lines_read(&lines, path, 9), CONFIG_LINES_E_TOO_LARGE);
	assert_non_null(strstr(config_lines_fault(CONFIG_LINES_E_TOO_LARGE), "larger"));
	path = fixture_file_bytes(&fixture, "g", "a\0b", 3);
	assert_int_equal(config_lines_read(&lines, path, 99), CONFIG_LINES_E_NOT_TEXT);
	assert_non_null(strstr(config_lines_fault(CONFIG_LINES_E_NOT_TEXT), "NUL"));
	fixture_deinit(&fixture);
}

static void endless_file_is_refused_at_the_limit(void **state)
{
	struct config_lines lines;

	(void)state;
	assert_int_equal(config_lines_read(&lines, "/dev/zero", 1 << 20), CONFIG_LINES_E_TOO_LARGE);
}

/* Reads four bytes from a pipe. */
static int pipe_read(struct config_lines *lines, size_t size_max)
{
	char path[64];
	int fds[2];
	int r;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "a\nb\n", 4), 4);
	close(fds[1]);
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	r = config_lines_read(lines, path, size_max);
	close(fds[0]);
	return r;
}

static void pipe_is_as_good_as_a_file(void **state)
{
	struct config_lines lines;
	struct config_line line;

	(void)state;
	assert_int_equal(pipe_read(&lines, 3), CONFIG_LINES_E_TOO_LARGE);
	assert_int_equal(pipe_read(&lines, 4), 0);
	assert_true(config_lines_next(&lines, &line));
	assert_true(config_lines_next(&lines, &line));
	assert_true(bytes_equal(line.text, BYTES_LITERAL("b")));
	config_lines_deinit(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_is_read_as_its_lines),
		cmocka_unit_test(line_of_a_megabyte_is_one_line),
		cmocka_unit_test(what_is_no_text_file_is_refused_with_a_reason),
		cmocka_unit_test(endless_file_is_refused_at_the_limit),
		cmocka_unit_test(pipe_is_as_good_as_a_file),
	};

	return cmocka_run_group_tests_name("config_lines", tests, NULL, NULL);
}
