/*
 * Goal:   a file is read whole, in pieces, also from somewhere in its middle again, and every change of it
 *         while it is read is seen.
 * Method: files in a directory, read with a ring of each engine; a hook changes them between two reads, and
 *         lets operations fail or come short.
 */
#include "signer/spool/unit_input.h"

#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench {
	struct spool_fixture fixture;
	struct ring *ring;
	int in_fd;
	struct unit_input input;
	unsigned operations;
	unsigned fail_at; /* 0: none */
	bool short_reads;
	void (*act)(struct bench *bench); /* after the first read */
};

static void moved(struct unit_input *input)
{
	(void)input;
}

static int before(void *arg, struct ring_op *op)
{
	struct bench *bench = arg;

	if (bench->short_reads && op->opcode == RING_READ && op->size > 1)
		op->size = (op->size + 2) / 3;
	if (++bench->operations == bench->fail_at && op->opcode != RING_CLOSE)
		return -EIO;
	return 0;
}

static int after(void *arg, const struct ring_op *op, int res)
{
	struct bench *bench = arg;

	if (op->opcode == RING_READ && bench->act != NULL) {
		bench->act(bench);
		bench->act = NULL;
	}
	if (op->opcode == RING_CLOSE && bench->operations == bench->fail_at)
		return -EIO;
	return res;
}

static void open_bench(struct bench *bench, enum ring_engine_kind engine)
{
	const struct ring_config config = {
		.engine = engine,
		.entries = 16,
		.workers = 1,
		.allowed = RING_FILE_OPS,
	};
	const struct ring_fault fault = {before, after, bench};
	char path[128];

	*bench = (struct bench){0};
	spool_fixture_open(&bench->fixture, NULL);
	snprintf(path, sizeof(path), "%s/in", bench->fixture.spool);
	bench->in_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(bench->in_fd >= 0);
	assert_int_equal(ring_new(&config, &bench->ring), 0);
	ring_set_fault(bench->ring, &fault);
}

static void close_bench(struct bench *bench)
{
	ring_free(bench->ring);
	close(bench->in_fd);
	spool_fixture_close(&bench->fixture);
}

static void wait_until_idle(struct bench *bench)
{
	while (unit_input_busy(&bench->input))
		assert_int_equal(ring_turn(bench->ring, RING_WAIT_FOREVER), 0);
}

static void take(struct bench *bench, struct buffer *text)
{
	assert_int_equal(buffer_append(text, unit_input_take_chunk(&bench->input)), 0);
	assert_int_equal(unit_input_take_chunk(&bench->input).size, 0);
}

static const struct input_file unknown;

/* What a scan would see now. */
static struct input_file find(struct bench *bench, const char *name)
{
	struct statx status;

	assert_int_equal(statx(bench->in_fd, name, AT_SYMLINK_NOFOLLOW, INPUT_FILE_STATX, &status),
			 0);
	return input_file_of(&status);
}

/* Everything. Returns the error; the file is closed in any case. */
static int read_found(struct bench *bench, const char *name, const struct input_file *found,
		      struct buffer *text)
{
	int error;

	bench->operations = 0;
	buffer_clear(text);
	unit_input_init(&bench->input, bench->ring, bench->in_fd, name, found, moved);
	unit_input_open(&bench->input);
	wait_until_idle(bench);
	while (unit_input_error(&bench->input) == 0 && !unit_input_at_end(&bench->input)) {
		unit_input_read(&bench->input);
		wait_until_idle(bench);
		if (unit_input_error(&bench->input) == 0)
			take(bench, text);
	}
	if (bench->input.state == UNIT_INPUT_IDLE)
		unit_input_close(&bench->input);
	wait_until_idle(bench);
	assert_int_equal(bench->input.state, UNIT_INPUT_CLOSED);
	error = unit_input_error(&bench->input);
	unit_input_deinit(&bench->input);
	return error;
}

static int read_all(struct bench *bench, const char *name, struct buffer *text)
{
	return read_found(bench, name, &unknown, text);
}

static void make_text(struct buffer *text, size_t size)
{
	buffer_clear(text);
	while (text->size < size)
		assert_int_equal(buffer_printf(text, "%zu ", text->size), 0);
	text->size = size;
}

static void files_of_all_sizes_are_read(void **state)
{
	static const size_t sizes[] = {0,
				       1,
				       4096,
				       UNIT_INPUT_CHUNK - 1,
				       UNIT_INPUT_CHUNK,
				       UNIT_INPUT_CHUNK + 1,
				       3 * UNIT_INPUT_CHUNK + 5};
	static const enum ring_engine_kind engines[] = {RING_ENGINE_AUTO, RING_ENGINE_THREADS};
	struct buffer want = {0};
	struct buffer got = {0};
	struct bench bench;

	(void)state;
	for (size_t engine = 0; engine < ARRAY_COUNT(engines); engine++) {
		open_bench(&bench, engines[engine]);
		for (size_t i = 0; i < 2 * ARRAY_COUNT(sizes); i++) {
			bench.short_reads = i >= ARRAY_COUNT(sizes);
			make_text(&want, sizes[i % ARRAY_COUNT(sizes)]);
			spool_fixture_put(&bench.fixture, "in/a", buffer_bytes(&want));
			assert_int_equal(read_all(&bench, "a", &got), 0);
			assert_true(bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
		}
		close_bench(&bench);
	}
	buffer_deinit(&want);
	buffer_deinit(&got);
}

static void seek_reads_again_from_there(void **state)
{
	struct buffer want = {0};
	struct buffer got = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	make_text(&want, UNIT_INPUT_CHUNK + 1000);
	spool_fixture_put(&bench.fixture, "in/a", buffer_bytes(&want));
	unit_input_init(&bench.input, bench.ring, bench.in_fd, "a", &unknown, moved);
	unit_input_open(&bench.input);
	wait_until_idle(&bench);
	assert_int_equal(unit_input_size(&bench.input), want.size);
	unit_input_read(&bench.input);
	wait_until_idle(&bench);
	unit_input_seek(&bench.input, 500);
	assert_int_equal(unit_input_take_chunk(&bench.input).size, 0); /* dropped */
	while (!unit_input_at_end(&bench.input)) {
		unit_input_read(&bench.input);
		wait_until_idle(&bench);
		take(&bench, &got);
	}
	assert_true(bytes_equal(buffer_bytes(&got), bytes_skip(buffer_bytes(&want), 500)));
	unit_input_deinit(&bench.input);
	buffer_deinit(&want);
	buffer_deinit(&got);
	close_bench(&bench);
}

static int open_in(struct bench *bench, int flags)
{
	int fd = openat(bench->in_fd, "a", flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void grow(struct bench *bench)
{
	int fd = open_in(bench, O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, "more", 4), 4);
	close(fd);
}

static void cut(struct bench *bench)
{
	int fd = open_in(bench, O_WRONLY);

	assert_int_equal(ftruncate(fd, 10), 0);
	close(fd);
}

static void replace(struct bench *bench)
{
	spool_fixture_put_text(&bench->fixture, "in/a", "another file");
}

/* What is read is as much as there was; the batch looks at the name again (test_spool). */
static void file_is_read_as_it_was_when_it_was_opened(void **state)
{
	static const struct {
		const char *name;
		void (*act)(struct bench *bench);
		int error;
	} cases[] = {
		{"grown", grow, 0},
		{"cut", cut, UNIT_INPUT_E_CHANGED},
		{"replaced", replace, 0},
	};
	struct buffer want = {0};
	struct buffer got = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		int error;

		make_text(&want, UNIT_INPUT_CHUNK + 1000);
		spool_fixture_put(&bench.fixture, "in/a", buffer_bytes(&want));
		bench.act = cases[i].act;
		error = read_all(&bench, "a", &got);
		if (error != cases[i].error)
			fail_msg("%s: got %d", cases[i].name, error);
		if (error == 0)
			assert_true(bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
	}
	buffer_deinit(&want);
	buffer_deinit(&got);
	close_bench(&bench);
}

static void file_is_read_as_it_was_when_it_was_found(void **state)
{
	static const struct {
		const char *name;
		void (*act)(struct bench *bench);
		int error;
	} cases[] = {
		{"none", NULL, 0},
		{"grown", grow, 0},
		{"cut", cut, UNIT_INPUT_E_OUTDATED},
		{"replaced by a shorter one", replace, UNIT_INPUT_E_OUTDATED},
	};
	struct buffer want = {0};
	struct buffer got = {0};
	struct bench bench;

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct input_file found;
		int error;

		make_text(&want, 1000);
		spool_fixture_put(&bench.fixture, "in/a", buffer_bytes(&want));
		found = find(&bench, "a");
		if (cases[i].act != NULL)
			cases[i].act(&bench);
		error = read_found(&bench, "a", &found, &got);
		if (error != cases[i].error)
			fail_msg("%s: got %d", cases[i].name, error);
		if (error == 0)
			assert_true(bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
	}
	buffer_deinit(&want);
	buffer_deinit(&got);
	close_bench(&bench);
}

/* Open, read, close. */
static void what_was_found_is_not_looked_at_before_it_is_read(void **state)
{
	struct buffer got = {0};
	struct input_file found;
	struct bench bench;

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	spool_fixture_put_text(&bench.fixture, "in/a", "text");
	found = find(&bench, "a");
	assert_int_equal(read_found(&bench, "a", &found, &got), 0);
	assert_int_equal(bench.operations, 3);
	assert_int_equal(read_all(&bench, "a", &got), 0);
	assert_int_equal(bench.operations, 4);
	buffer_deinit(&got);
	close_bench(&bench);
}

static void what_is_no_file_is_refused(void **state)
{
	struct buffer got = {0};
	struct input_file found;
	struct bench bench;

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	assert_int_equal(mkdirat(bench.in_fd, "directory", 0700), 0);
	assert_int_equal(mkfifoat(bench.in_fd, "fifo", 0600), 0);
	assert_int_equal(symlinkat("directory", bench.in_fd, "link"), 0);
	found = find(&bench, "directory");
	assert_int_equal(read_found(&bench, "directory", &found, &got), UNIT_INPUT_E_NOT_A_FILE);
	found = find(&bench, "fifo");
	assert_int_equal(read_found(&bench, "fifo", &found, &got), UNIT_INPUT_E_NOT_A_FILE);
	assert_int_equal(read_all(&bench, "directory", &got), UNIT_INPUT_E_NOT_A_FILE);
	assert_int_equal(read_all(&bench, "fifo", &got), UNIT_INPUT_E_NOT_A_FILE);
	assert_int_equal(read_all(&bench, "link", &got), UNIT_INPUT_E_NOT_A_FILE);
	assert_int_equal(read_all(&bench, "nothing", &got), -ENOENT);
	buffer_deinit(&got);
	close_bench(&bench);
}

static void every_operation_may_fail(void **state)
{
	struct buffer want = {0};
	struct buffer got = {0};
	struct bench bench;
	unsigned descriptors;

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	make_text(&want, UNIT_INPUT_CHUNK + 1000);
	spool_fixture_put(&bench.fixture, "in/a", buffer_bytes(&want));
	descriptors = spool_fixture_descriptors();
	for (bench.fail_at = 1; bench.fail_at <= bench.operations + 1; bench.fail_at++) {
		int error = read_all(&bench, "a", &got);

		assert_int_equal(error, bench.operations < bench.fail_at ? 0 : -EIO);
		assert_int_equal(spool_fixture_descriptors(), descriptors);
	}
	buffer_deinit(&want);
	buffer_deinit(&got);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_all_sizes_are_read),
		cmocka_unit_test(seek_reads_again_from_there),
		cmocka_unit_test(file_is_read_as_it_was_when_it_was_opened),
		cmocka_unit_test(file_is_read_as_it_was_when_it_was_found),
		cmocka_unit_test(what_was_found_is_not_looked_at_before_it_is_read),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(every_operation_may_fail),
	};

	return cmocka_run_group_tests_name("unit_input", tests, NULL, NULL);
}
