/*
 * Goal:   a program that is measured is run to its end, and its end is told truly.
 * Method: small shell commands with a known output, exit code and appetite.
 */
#include "tests/unit/unit_test.h"

#include "bench/child.h"

#include <errno.h>
#include <stdlib.h>

static int run_shell(const char *command, bool drops_stdout, struct child_result *result,
		     struct failure *failure)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	struct child_program program = {.argv = argv, .drops_stdout = drops_stdout};

	return child_run(&program, result, failure);
}

static const struct row {
	const char *name;
	const char *command;
	int exit_code;
	const char *output;
	const char *errors;
} rows[] = {
	{"output_and_errors_are_apart", "echo out; echo err >&2", 0, "out\n", "err\n"},
	{"exit_code_is_a_result", "exit 75", 75, "", ""},
	{"signal_is_128_and_its_number", "kill -9 $$", 137, "", ""},
	{"there_is_nothing_to_read", "cat", 0, "", ""},
};

static void assert_text(struct buffer *buffer, const char *want)
{
	assert_string_equal(buffer_string(buffer), want);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct child_result result;
		struct failure failure;

		print_message("%s\n", rows[i].name);
		assert_int_equal(run_shell(rows[i].command, false, &result, &failure), 0);
		assert_int_equal(result.exit_code, rows[i].exit_code);
		assert_text(&result.output, rows[i].output);
		assert_text(&result.errors, rows[i].errors);
		assert_true(result.seconds > 0);
		assert_true(result.peak_rss_bytes > 0);
		child_result_deinit(&result);
	}
}

static void test_dropped_output_is_not_kept(void **state)
{
	struct child_result result;
	struct failure failure;

	(void)state;
	assert_int_equal(run_shell("echo out", true, &result, &failure), 0);
	assert_int_equal(result.output.size, 0);
	child_result_deinit(&result);
}

static void test_input_is_the_file(void **state)
{
	const char *const argv[] = {"cat", NULL};
	struct child_program program = {.argv = argv, .stdin_path = "/proc/self/comm"};
	struct child_result result;
	struct failure failure;

	(void)state;
	assert_int_equal(child_run(&program, &result, &failure), 0);
	assert_true(result.output.size > 0);
	child_result_deinit(&result);
}

static void test_missing_program_is_an_error_with_its_name(void **state)
{
	const char *const argv[] = {"/nonexistent/program", NULL};
	struct child_program program = {.argv = argv};
	struct child_result result;
	struct failure failure;

	(void)state;
	assert_int_equal(child_run(&program, &result, &failure), -ENOENT);
	assert_string_equal(failure.text, "/nonexistent/program: No such file or directory");
	child_result_deinit(&result);
}

static void test_bad_end_is_told_with_the_last_line(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo first >&2; echo last >&2; exit 3", NULL};
	struct child_program program = {.argv = argv};
	struct child_result result;
	struct failure failure;

	(void)state;
	assert_int_equal(child_run(&program, &result, &failure), 0);
	assert_int_equal(child_failure(&program, &result, &failure), BENCH_E_FAILED);
	assert_string_equal(failure.text, "sh ended with exit code 3: last");
	child_result_deinit(&result);
}

static void test_program_is_found_in_path(void **state)
{
	char path[64];
	char short_path[4];

	(void)state;
	setenv("PATH", "/nonexistent:/bin", 1);
	assert_int_equal(child_find_program("sh", path, sizeof(path)), 0);
	assert_string_equal(path, "/bin/sh");
	assert_int_equal(child_find_program("no-such-program", path, sizeof(path)), -ENOENT);
	assert_int_equal(child_find_program("sh", short_path, sizeof(short_path)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_dropped_output_is_not_kept),
		cmocka_unit_test(test_input_is_the_file),
		cmocka_unit_test(test_missing_program_is_an_error_with_its_name),
		cmocka_unit_test(test_bad_end_is_told_with_the_last_line),
		cmocka_unit_test(test_program_is_found_in_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
