/*
 * tables_fixture - what the tests of configuration and tables share: a folder of files that is gone
 * afterwards, and the problems that were told, as text.
 *
 *	struct fixture fixture;
 *
 *	fixture_init(&fixture);
 *	path = fixture_file(&fixture, "table", "a b\n");      owned by the fixture
 *	... &fixture.problems ...
 *	assert_string_equal(fixture_told(&fixture), "error table:1: ...\n");
 *	fixture_deinit(&fixture);
 */
#ifndef TESTS_UNIT_TABLES_FIXTURE_H
#define TESTS_UNIT_TABLES_FIXTURE_H

#include "common/buffer.h"
#include "common/problems.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURE_FILES_MAX 64

struct fixture {
	char directory[64];
	char *paths[FIXTURE_FILES_MAX];
	size_t path_count;
	struct problems problems;
	struct buffer told;
};

/* A line a problem; the folder of the fixture is left out of paths. */
static void fixture_sink(void *context, const struct problem *problem)
{
	struct fixture *fixture = context;
	size_t size = strlen(fixture->directory);
	char text[2048];
	char *found;

	assert_true(problem_format(problem, text, sizeof(text)) < (int)sizeof(text));
	while (size > 0 && (found = strstr(text, fixture->directory)) != NULL)
		memmove(found, found + size + 1, strlen(found + size + 1) + 1);
	assert_int_equal(buffer_printf(&fixture->told, "%s %s\n",
				       problem->level == PROBLEM_ERROR ? "error" : "warning", text),
			 0);
}

static inline void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){.directory = "/tmp/postseal-test-XXXXXX"};
	assert_non_null(mkdtemp(fixture->directory));
	problems_init(&fixture->problems, fixture_sink, fixture);
}

static inline const char *fixture_path(struct fixture *fixture, const char *name)
{
	char *path;

	assert_true(fixture->path_count < FIXTURE_FILES_MAX);
	assert_true(asprintf(&path, "%s/%s", fixture->directory, name) > 0);
	fixture->paths[fixture->path_count++] = path;
	return path;
}

static inline const char *fixture_file_bytes(struct fixture *fixture, const char *name,
					     const void *data, size_t size)
{
	const char *path = fixture_path(fixture, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return path;
}

static inline const char *fixture_file(struct fixture *fixture, const char *name, const char *text)
{
	return fixture_file_bytes(fixture, name, text, strlen(text));
}

/* What was told since the start or the last call of fixture_forget(). */
static inline const char *fixture_told(struct fixture *fixture)
{
	const char *told = buffer_string(&fixture->told);

	assert_non_null(told);
	return told;
}

static inline void fixture_forget(struct fixture *fixture)
{
	buffer_clear(&fixture->told);
	problems_init(&fixture->problems, fixture_sink, fixture);
}

static inline void fixture_deinit(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->path_count; i++) {
		(void)unlink(fixture->paths[i]);
		free(fixture->paths[i]);
	}
	assert_int_equal(rmdir(fixture->directory), 0);
	buffer_deinit(&fixture->told);
}

#endif
