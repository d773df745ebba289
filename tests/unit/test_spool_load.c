/*
 * Goal:   every contender gets the same, well-formed work.
 * Method: spools in a directory of the test; .bsmtp units are read by the reader that postseal has.
 */
#include "tests/unit/unit_test.h"

#include "bench/raw_spool.h"
#include "bench/spool_load.h"
#include "signer/spool/bsmtp_reader.h"
#include "tests/unit/temp_dir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static unsigned count_files(const struct temp_dir *dir, const char *room)
{
	struct dirent *entry;
	DIR *names = opendir(temp_dir_name(dir, room));
	unsigned count = 0;

	while ((entry = readdir(names)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(names);
	return count;
}

static struct buffer read_file(const char *path)
{
	struct buffer content = {0};
	FILE *file = fopen(path, "r");
	char part[4096];
	size_t size;

	assert_non_null(file);
	while ((size = fread(part, 1, sizeof(part), file)) > 0)
		assert_int_equal(buffer_append(&content, bytes_of(part, size)), 0);
	fclose(file);
	return content;
}

static void test_eml_unit_is_the_message(void **state)
{
	struct spool_load load = {
		.maker = {1, 2000, 1, 1}, .message_count = 3, .messages_per_unit = 1};
	struct buffer message = {0};
	struct buffer unit;
	struct temp_dir dir;
	struct failure failure;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(spool_load_make_rooms(dir.path, &failure), 0);
	assert_int_equal(spool_load_fill(&load, dir.path, &failure), 0);
	assert_int_equal(count_files(&dir, "in"), 3);
	assert_int_equal(mail_maker_append(&load.maker, 2, &message), 0);
	unit = read_file(temp_dir_name(&dir, "in/00000002.eml"));
	assert_true(bytes_equal(buffer_bytes(&unit), buffer_bytes(&message)));
	assert_int_equal(spool_load_clear(dir.path, &failure), 0);
	assert_int_equal(count_files(&dir, "in"), 0);
	buffer_deinit(&message);
	buffer_deinit(&unit);
	temp_dir_remove(&dir);
}

/* Returns how many messages the unit has; the texts come one behind the other. */
static unsigned read_bsmtp(struct bytes unit, struct buffer *texts)
{
	struct bsmtp_reader *reader = calloc(1, sizeof(*reader));
	unsigned count = 0;

	bsmtp_reader_init(reader);
	while (unit.size > 0) {
		struct bsmtp_event event;

		assert_int_equal(bsmtp_reader_next(reader, &unit, &event), 0);
		if (event.kind == BSMTP_TEXT)
			assert_int_equal(buffer_append(texts, event.text), 0);
		count += event.kind == BSMTP_DATA_END;
	}
	assert_int_equal(bsmtp_reader_end(reader), 0);
	free(reader);
	return count;
}

static void test_bsmtp_units_hold_the_same_messages(void **state)
{
	struct spool_load load = {.maker = {1, MAIL_SIZE_MIX, 1, 1},
				  .message_count = 70,
				  .is_bsmtp = true,
				  .messages_per_unit = 32};
	const char *const names[] = {"in/00000000.bsmtp", "in/00000001.bsmtp", "in/00000002.bsmtp"};
	const unsigned counts[] = {32, 32, 6};
	struct buffer want = {0};
	struct buffer got = {0};
	struct temp_dir dir;
	struct failure failure;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(spool_load_unit_count(&load), 3);
	assert_int_equal(spool_load_make_rooms(dir.path, &failure), 0);
	assert_int_equal(spool_load_fill(&load, dir.path, &failure), 0);
	assert_int_equal(count_files(&dir, "in"), 3);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct buffer unit = read_file(temp_dir_name(&dir, names[i]));

		assert_int_equal(spool_load_unit_messages(&load, i), counts[i]);
		assert_int_equal(read_bsmtp(buffer_bytes(&unit), &got), counts[i]);
		buffer_deinit(&unit);
	}
	for (uint64_t i = 0; i < load.message_count; i++)
		assert_int_equal(mail_maker_append(&load.maker, i, &want), 0);
	assert_true(bytes_equal(buffer_bytes(&got), buffer_bytes(&want)));
	buffer_deinit(&got);
	buffer_deinit(&want);
	temp_dir_remove(&dir);
}

static void test_large_message_has_its_size(void **state)
{
	struct mail_maker maker = {1, 5000, 1, 1};
	struct temp_dir dir;
	struct failure failure;
	struct stat status;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(spool_load_make_rooms(dir.path, &failure), 0);
	assert_int_equal(spool_load_fill_large(&maker, 1234567, dir.path, "large", &failure), 0);
	assert_int_equal(stat(temp_dir_name(&dir, "in/large"), &status), 0);
	assert_int_equal(status.st_size, 1234567);
	temp_dir_remove(&dir);
}

static void test_raw_methods_do_all_the_work(void **state)
{
	const struct {
		enum raw_spool_method method;
		unsigned batch;
		unsigned threads;
	} rows[] = {
		{RAW_SPOOL_FSYNC_EACH, 1, 1}, {RAW_SPOOL_FSYNC_EACH, 1, 4},
		{RAW_SPOOL_SYNCFS, 8, 1},     {RAW_SPOOL_SYNCFS, 8, 3},
		{RAW_SPOOL_SYNCFS, 64, 2},    {RAW_SPOOL_APPEND, 8, 1},
	};
	struct spool_load load = {
		.maker = {1, 1500, 1, 1}, .message_count = 30, .messages_per_unit = 1};
	struct temp_dir dir;
	struct failure failure;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(spool_load_make_rooms(dir.path, &failure), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct raw_spool raw = {.method = rows[i].method,
					.batch = rows[i].batch,
					.threads = rows[i].threads,
					.load = &load,
					.spool_path = dir.path,
					.growth = 300,
					.seconds_max = 60};
		struct measure measure = {0};

		assert_int_equal(raw_spool_run(&raw, &measure, &failure), 0);
		assert_int_equal(measure.work, 30);
		assert_true(measure.seconds > 0);
		assert_int_equal(count_files(&dir, "in"), 0);
		assert_int_equal(count_files(&dir, "tmp"), 0);
		assert_int_equal(count_files(&dir, "out"), 0);
	}
	temp_dir_remove(&dir);
}

static void test_missing_spool_is_told_with_its_path(void **state)
{
	struct spool_load load = {
		.maker = {1, 1500, 1, 1}, .message_count = 1, .messages_per_unit = 1};
	struct failure failure;

	(void)state;
	assert_true(spool_load_fill(&load, "/nonexistent", &failure) < 0);
	assert_string_equal(failure.text, "/nonexistent/in: No such file or directory");
	assert_true(spool_load_make_rooms("/nonexistent/spool", &failure) < 0);
	assert_true(spool_load_clear("/nonexistent", &failure) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eml_unit_is_the_message),
		cmocka_unit_test(test_bsmtp_units_hold_the_same_messages),
		cmocka_unit_test(test_large_message_has_its_size),
		cmocka_unit_test(test_raw_methods_do_all_the_work),
		cmocka_unit_test(test_missing_spool_is_told_with_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
