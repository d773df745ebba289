/*
 * Goal: what is sent is what was appended, in memory and in a file, and a file leaves no name behind.
 * Method: messages of sizes around the bound, appended in pieces, sent in parts through a pipe.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "signer/cmd/held_message.h"
#include "tests/unit/temp_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE_SIZE 100000

static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 2654435761u >> 13);
}

static void append_all(struct held_message *message, uint64_t size)
{
	static uint8_t piece[PIECE_SIZE];
	uint64_t done = 0;

	while (done < size) {
		size_t count = size - done < PIECE_SIZE ? (size_t)(size - done) : PIECE_SIZE;

		for (size_t i = 0; i < count; i++)
			piece[i] = byte_at(done + i);
		assert_int_equal(held_message_append(message, bytes_of(piece, count)), 0);
		done += count;
	}
}

static void sent_part_is(const struct held_message *message, uint64_t start, uint64_t end)
{
	int fd = memfd_create("sent", MFD_CLOEXEC);
	uint8_t *sent = malloc((size_t)(end - start) + 1);

	assert_true(fd >= 0);
	assert_non_null(sent);
	assert_int_equal(held_message_send(message, fd, start, end), 0);
	assert_int_equal(pread(fd, sent, (size_t)(end - start) + 1, 0), end - start);
	for (uint64_t i = start; i < end; i++)
		assert_int_equal(sent[i - start], byte_at(i));
	free(sent);
	close(fd);
}

static void messages_of_all_sizes_come_out_as_they_went_in(void **state)
{
	static const uint64_t sizes[] = {
		0,
		1,
		PIECE_SIZE,
		HELD_MESSAGE_MEMORY - 1,
		HELD_MESSAGE_MEMORY,
		HELD_MESSAGE_MEMORY + 1,
		HELD_MESSAGE_MEMORY + 3 * PIECE_SIZE,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct held_message message = HELD_MESSAGE_NEW;

		append_all(&message, sizes[i]);
		assert_int_equal(message.size, sizes[i]);
		assert_int_equal(message.fd >= 0, sizes[i] > HELD_MESSAGE_MEMORY);
		if (message.fd >= 0)
			assert_int_equal(message.memory.capacity, 0);
		sent_part_is(&message, 0, sizes[i]);
		sent_part_is(&message, sizes[i] / 3, sizes[i] / 2);
		sent_part_is(&message, sizes[i], sizes[i]);
		held_message_deinit(&message);
	}
}

static void file_has_no_name(void **state)
{
	struct held_message message = HELD_MESSAGE_NEW;
	struct temp_dir dir;
	DIR *directory;
	int count = 0;

	(void)state;
	temp_dir_make(&dir);
	setenv("TMPDIR", dir.path, 1);
	append_all(&message, HELD_MESSAGE_MEMORY + 1);
	directory = opendir(dir.path);
	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	assert_int_equal(count, 2); /* . and .. */
	held_message_deinit(&message);
	unsetenv("TMPDIR");
	temp_dir_remove(&dir);
}

static void directory_that_is_missing_is_an_error(void **state)
{
	struct held_message message = HELD_MESSAGE_NEW;
	static uint8_t piece[HELD_MESSAGE_MEMORY];

	(void)state;
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_equal(held_message_append(&message, bytes_of(piece, sizeof(piece))), 0);
	assert_int_equal(held_message_append(&message, bytes_of(piece, 1)), -ENOENT);
	assert_int_equal(message.size, sizeof(piece));
	held_message_deinit(&message);
	unsetenv("TMPDIR");
}

static void descriptor_that_takes_nothing_is_an_error(void **state)
{
	struct held_message message = HELD_MESSAGE_NEW;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	append_all(&message, 10);
	assert_true(fd >= 0);
	assert_int_equal(held_message_send(&message, fd, 0, 10), -ENOSPC);
	assert_int_equal(held_message_send(&message, fd, 5, 5), 0);
	close(fd);
	held_message_deinit(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_all_sizes_come_out_as_they_went_in),
		cmocka_unit_test(file_has_no_name),
		cmocka_unit_test(directory_that_is_missing_is_an_error),
		cmocka_unit_test(descriptor_that_takes_nothing_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
