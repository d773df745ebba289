/*
 * Goal:   what was appended, put in and put over is what is on disk, whatever was written when; and
 *         whatever fails, the file ends closed and says so.
 * Method: random changes are made to an out_file and to a plain buffer, which must agree in the end; again
 *         with short writes; again with the first, the second, the nth operation failing. On both
 *         engines. A seed that fails is printed.
 */
#include "signer/spool/out_file.h"

#include "tests/unit/spool_fixture.h"
#include "tests/unit/unit_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEDS	  60
#define TURNS_MAX 10000

struct bench {
	struct spool_fixture fixture;
	struct ring *ring;
	int tmp_fd;
	uint64_t random;
	unsigned operations;
	unsigned fail_at; /* 0: none */
	int fail_with;
	bool fail_after; /* the operation is done all the same */
	bool short_writes;
	unsigned moves;
};

/* One at a time: `moved` has no argument. */
static struct bench *the_bench;

static void moved(struct out_file *file)
{
	(void)file;
	the_bench->moves++;
}

static int fault_before(void *arg, struct ring_op *op)
{
	struct bench *bench = arg;

	if (bench->short_writes && op->opcode == RING_WRITE && op->size > 1)
		op->size = (op->size + 1) / 2;
	/* A descriptor that is not closed would stay open. */
	if (++bench->operations == bench->fail_at && !bench->fail_after && op->opcode != RING_CLOSE)
		return bench->fail_with;
	return 0;
}

static int fault_after(void *arg, const struct ring_op *op, int res)
{
	struct bench *bench = arg;

	if (bench->operations != bench->fail_at || res < 0 ||
	    (!bench->fail_after && op->opcode != RING_CLOSE))
		return res;
	if (op->opcode == RING_OPENAT)
		close(res);
	return bench->fail_with;
}

static void open_bench(struct bench *bench, enum ring_engine_kind engine)
{
	const struct ring_config config = {
		.engine = engine,
		.entries = 16,
		.workers = 1,
		.allowed = RING_FILE_OPS,
	};
	const struct ring_fault fault = {fault_before, fault_after, bench};
	char path[128];

	*bench = (struct bench){.random = 1};
	the_bench = bench;
	spool_fixture_open(&bench->fixture, NULL);
	snprintf(path, sizeof(path), "%s/tmp", bench->fixture.spool);
	bench->tmp_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(bench->tmp_fd >= 0);
	assert_int_equal(ring_new(&config, &bench->ring), 0);
	ring_set_fault(bench->ring, &fault);
}

static void close_bench(struct bench *bench)
{
	ring_free(bench->ring);
	close(bench->tmp_fd);
	spool_fixture_close(&bench->fixture);
}

/* xorshift64*: the same numbers everywhere. */
static uint64_t random_below(struct bench *bench, uint64_t limit)
{
	bench->random ^= bench->random >> 12;
	bench->random ^= bench->random << 25;
	bench->random ^= bench->random >> 27;
	return (bench->random * UINT64_C(2685821657736338717) >> 16) % limit;
}

static void turn(struct bench *bench)
{
	assert_int_equal(ring_turn(bench->ring, RING_WAIT_FOREVER), 0);
}

static void wait_until_idle(struct bench *bench, struct out_file *file)
{
	for (unsigned turns = 0; out_file_busy(file); turns++) {
		assert_true(turns < TURNS_MAX);
		turn(bench);
	}
}

/* Bytes that differ from place to place. */
static void fill(struct bench *bench, struct buffer *bytes, size_t size)
{
	buffer_clear(bytes);
	assert_int_equal(buffer_reserve(bytes, size), 0);
	for (size_t i = 0; i < size; i++)
		bytes->data[i] = (uint8_t)random_below(bench, 256);
	bytes->size = size;
}

static void model_insert(struct buffer *model, size_t position, struct bytes bytes)
{
	assert_int_equal(buffer_reserve(model, bytes.size), 0);
	memmove(model->data + position + bytes.size, model->data + position,
		model->size - position);
	memcpy(model->data + position, bytes.data, bytes.size);
	model->size += bytes.size;
}

/* Some cuts behind `base`, in order, which may touch each other or be empty. */
static void cut(struct bench *bench, struct out_file *file, struct buffer *model)
{
	struct out_cut cuts[5];
	size_t count = random_below(bench, ARRAY_COUNT(cuts) + 1);
	uint64_t at = out_file_base(file);
	uint64_t end = out_file_end(file);

	for (size_t i = 0; i < count; i++) {
		cuts[i].start = at + random_below(bench, 2) * random_below(bench, end - at + 1);
		cuts[i].end = cuts[i].start + random_below(bench, end - cuts[i].start + 1);
		at = cuts[i].end;
	}
	out_file_cut(file, cuts, count);
	while (count-- > 0) {
		memmove(model->data + cuts[count].start, model->data + cuts[count].end,
			model->size - cuts[count].end);
		model->size -= cuts[count].end - cuts[count].start;
	}
}

/* Some change of a file, and the same of its model. */
static void change(struct bench *bench, struct out_file *file, struct buffer *model,
		   struct buffer *bytes)
{
	uint64_t base = out_file_base(file);
	uint64_t end = out_file_end(file);
	uint64_t position;

	fill(bench, bytes, random_below(bench, 8) == 0 ? 300000 : random_below(bench, 5000));
	switch (random_below(bench, 9)) {
	case 8: cut(bench, file, model); return;
	case 0:
		position = base + random_below(bench, end - base + 1);
		assert_int_equal(out_file_insert(file, position, buffer_bytes(bytes)), 0);
		model_insert(model, (size_t)position, buffer_bytes(bytes));
		return;
	case 1:
		/* Over what is on disk, or over what is not, but never over both. */
		bytes->size = bytes->size < 400 ? bytes->size : 400;
		position = random_below(bench, end + 1);
		if (position + bytes->size > end ||
		    (position < base && position + bytes->size > base))
			return;
		assert_int_equal(out_file_overwrite(file, position, buffer_bytes(bytes)), 0);
		memcpy(model->data + position, bytes->data, bytes->size);
		return;
	case 2:
		if (out_file_busy(file) || out_file_has_patches(file))
			return;
		position = end - random_below(bench, end + 1) / 4;
		out_file_truncate(file, position);
		model->size = (size_t)position;
		return;
	case 3:
		if (ring_pending(bench->ring) > 0)
			turn(bench);
		return;
	default:
		assert_int_equal(out_file_append(file, buffer_bytes(bytes)), 0);
		assert_int_equal(buffer_append(model, buffer_bytes(bytes)), 0);
		return;
	}
}

/* Makes a file by the seed. Returns its error. */
static int make_file(struct bench *bench, uint64_t seed, struct out_file *file,
		     struct buffer *model)
{
	const struct out_file_rights rights = {.mode = 0600, .owner = (uid_t)-1, .group = 0};
	struct buffer bytes = {0};
	unsigned changes;
	int error;

	bench->random = seed;
	bench->operations = 0;
	buffer_clear(model);
	out_file_init(file, bench->ring, bench->tmp_fd, seed, moved);
	out_file_set_rights(file, &rights);
	assert_int_equal(out_file_append(file, BYTES_LITERAL("x")), 0);
	assert_int_equal(buffer_append(model, BYTES_LITERAL("x")), 0);
	changes = 1 + (unsigned)random_below(bench, 40);
	for (unsigned i = 0; i < changes && out_file_error(file) == 0; i++) {
		change(bench, file, model, &bytes);
		out_file_advance(file, out_file_end(file));
	}
	buffer_deinit(&bytes);
	out_file_finish(file);
	wait_until_idle(bench, file);
	assert_int_equal(file->state, OUT_FILE_CLOSED);
	assert_true(out_file_error(file) != 0 || !out_file_has_patches(file));
	error = out_file_error(file);
	out_file_deinit(file);
	return error;
}

static void check_content(struct bench *bench, uint64_t seed, const struct buffer *model)
{
	struct buffer content = {0};
	char path[64];

	snprintf(path, sizeof(path), "tmp/u%llx", (unsigned long long)seed);
	assert_true(spool_fixture_get(&bench->fixture, path, &content));
	if (!bytes_equal(buffer_bytes(&content), buffer_bytes(model)))
		fail_msg("seed %llu: %zu bytes on disk differ from the %zu that were meant",
			 (unsigned long long)seed, content.size, model->size);
	buffer_deinit(&content);
}

static void run_seeds(enum ring_engine_kind engine, bool short_writes)
{
	struct buffer model = {0};
	struct out_file file;
	struct bench bench;

	open_bench(&bench, engine);
	bench.short_writes = short_writes;
	for (uint64_t seed = 1; seed <= rounds_of(SEEDS); seed++) {
		assert_int_equal(make_file(&bench, seed, &file, &model), 0);
		check_content(&bench, seed, &model);
	}
	buffer_deinit(&model);
	close_bench(&bench);
}

static void random_changes_are_on_disk_in_the_end(void **state)
{
	(void)state;
	run_seeds(RING_ENGINE_AUTO, false);
	run_seeds(RING_ENGINE_THREADS, false);
}

static void short_writes_are_completed(void **state)
{
	(void)state;
	run_seeds(RING_ENGINE_AUTO, true);
	run_seeds(RING_ENGINE_THREADS, true);
}

static void run_faults(enum ring_engine_kind engine, int error, bool after)
{
	struct buffer model = {0};
	struct out_file file;
	struct bench bench;
	unsigned descriptors;

	open_bench(&bench, engine);
	bench.fail_with = error;
	bench.fail_after = after;
	descriptors = spool_fixture_descriptors();
	for (uint64_t seed = 1; seed <= 6; seed++) {
		bench.operations = 0;
		for (bench.fail_at = 1; bench.fail_at <= bench.operations + 1; bench.fail_at++) {
			char name[32];
			int r = make_file(&bench, seed, &file, &model);

			if (r == 0)
				check_content(&bench, seed, &model);
			assert_int_equal(r, bench.operations < bench.fail_at ? 0 : error);
			snprintf(name, sizeof(name), "u%llx", (unsigned long long)seed);
			(void)unlinkat(bench.tmp_fd, name, 0);
		}
	}
	assert_int_equal(spool_fixture_descriptors(), descriptors);
	buffer_deinit(&model);
	close_bench(&bench);
}

static void every_operation_may_fail(void **state)
{
	static const struct {
		int error;
		bool after;
	} faults[] = {{-EIO, false}, {-ENOSPC, false}, {-EMFILE, false}, {-ECANCELED, true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
		run_faults(RING_ENGINE_AUTO, faults[i].error, faults[i].after);
		run_faults(RING_ENGINE_THREADS, faults[i].error, faults[i].after);
	}
}

static void abandoned_file_is_closed_wherever_it_stands(void **state)
{
	struct out_file file;
	struct bench bench;

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	for (unsigned turns = 0; turns < 6; turns++) {
		out_file_init(&file, bench.ring, bench.tmp_fd, turns, moved);
		if (turns > 0)
			assert_int_equal(out_file_append(&file, BYTES_LITERAL("text")), 0);
		if (turns > 1)
			out_file_finish(&file);
		for (unsigned i = 2; i < turns && out_file_busy(&file); i++)
			turn(&bench);
		out_file_abandon(&file);
		wait_until_idle(&bench, &file);
		assert_int_equal(file.state, OUT_FILE_CLOSED);
		assert_int_equal(file.fd, -1);
		out_file_deinit(&file);
	}
	close_bench(&bench);
}

static void nothing_appended_creates_no_file(void **state)
{
	struct out_file file;
	struct bench bench;
	struct buffer names = {0};

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	out_file_init(&file, bench.ring, bench.tmp_fd, 1, moved);
	out_file_finish(&file);
	assert_false(out_file_busy(&file));
	assert_false(out_file_created(&file));
	assert_string_equal(spool_fixture_list(&bench.fixture, "tmp", &names), "");
	out_file_deinit(&file);
	buffer_deinit(&names);
	close_bench(&bench);
}

static void small_file_takes_three_operations(void **state)
{
	struct out_file file;
	struct bench bench;

	(void)state;
	open_bench(&bench, RING_ENGINE_AUTO);
	out_file_init(&file, bench.ring, bench.tmp_fd, 1, moved);
	assert_int_equal(out_file_append(&file, BYTES_LITERAL("text")), 0);
	out_file_advance(&file, out_file_end(&file));
	assert_false(out_file_busy(&file)); /* more may come */
	out_file_finish(&file);
	wait_until_idle(&bench, &file);
	assert_int_equal(bench.operations, 3);
	assert_int_equal(bench.moves, 3);
	out_file_deinit(&file);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_are_on_disk_in_the_end),
		cmocka_unit_test(short_writes_are_completed),
		cmocka_unit_test(every_operation_may_fail),
		cmocka_unit_test(abandoned_file_is_closed_wherever_it_stands),
		cmocka_unit_test(nothing_appended_creates_no_file),
		cmocka_unit_test(small_file_takes_three_operations),
	};

	return cmocka_run_group_tests_name("out_file", tests, NULL, NULL);
}
