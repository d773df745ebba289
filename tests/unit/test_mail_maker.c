/*
 * Goal:   the messages of a benchmark are mail, have the size that was asked for, and are the same in
 *         every run.
 * Method: a few hundred messages of each kind of size, each looked at line by line.
 */
#include "tests/unit/unit_test.h"

#include "bench/mail_maker.h"

#include <stdio.h>

#define MESSAGES 300

static void make(const struct mail_maker *maker, uint64_t index, struct buffer *buffer)
{
	buffer_clear(buffer);
	assert_int_equal(mail_maker_append(maker, index, buffer), 0);
}

/* RFC 5322 2.1.1 (998 characters), 3.6 (one From), 2.1 (an empty line behind the header). */
static void assert_is_mail(struct bytes message, const char *domain)
{
	bool in_header = true;
	unsigned from_count = 0;
	unsigned body_lines = 0;

	assert_int_equal(message.data[message.size - 1], '\n');
	while (message.size > 0) {
		size_t size = bytes_find(message, '\n');
		struct bytes line = bytes_slice(message, 0, size);

		assert_in_range(size, 0, 998);
		assert_int_equal(bytes_find(line, '\0'), size);
		assert_int_equal(bytes_find(line, '\r'), size);
		if (in_header && bytes_start_with(line, BYTES_LITERAL("From: "))) {
			char end[80];
			int end_size = snprintf(end, sizeof(end), "@%s>", domain);

			from_count++;
			assert_true(bytes_equal(bytes_skip(line, size - (size_t)end_size),
						bytes_of(end, (size_t)end_size)));
		}
		body_lines += !in_header;
		if (size == 0)
			in_header = false;
		message = bytes_skip(message, size + 1);
	}
	assert_int_equal(from_count, 1);
	assert_true(body_lines > 0);
}

static void test_each_message_is_mail(void **state)
{
	const size_t sizes[] = {MAIL_SIZE_MIX, 1, 1500, 4096, 100000};
	struct buffer buffer = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct mail_maker maker = {1, sizes[i], 5, 10};

		for (uint64_t index = 0; index < MESSAGES; index++) {
			char domain[MAIL_DOMAIN_SIZE_MAX];

			mail_domain_name((unsigned)(index % 5) * 10, domain);
			make(&maker, index, &buffer);
			assert_is_mail(buffer_bytes(&buffer), domain);
		}
	}
	buffer_deinit(&buffer);
}

static void test_size_is_met_to_the_byte(void **state)
{
	const size_t sizes[] = {2048, 4096, 4097, 65536, (size_t)1 << 20};
	struct buffer buffer = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct mail_maker maker = {1, sizes[i], 1, 1};

		for (uint64_t index = 0; index < 20; index++) {
			make(&maker, index, &buffer);
			assert_int_equal(buffer.size, sizes[i]);
		}
	}
	buffer_deinit(&buffer);
}

static void test_size_too_small_gives_header_and_line(void **state)
{
	struct mail_maker maker = {1, 1, 1, 1};
	struct buffer buffer = {0};

	(void)state;
	for (uint64_t index = 0; index < MESSAGES; index++) {
		make(&maker, index, &buffer);
		assert_in_range(buffer.size, 300, 2048);
	}
	buffer_deinit(&buffer);
}

static void test_mix_has_small_and_large(void **state)
{
	struct mail_maker maker = {1, MAIL_SIZE_MIX, 1, 1};
	struct buffer buffer = {0};
	unsigned small = 0;
	unsigned large = 0;

	(void)state;
	for (uint64_t index = 0; index < MESSAGES; index++) {
		make(&maker, index, &buffer);
		small += buffer.size < 10240;
		large += buffer.size > 40960;
	}
	assert_in_range(small, MESSAGES * 60 / 100, MESSAGES * 80 / 100);
	assert_in_range(large, MESSAGES * 4 / 100, MESSAGES * 18 / 100);
	buffer_deinit(&buffer);
}

static void test_message_depends_on_seed_and_index_alone(void **state)
{
	struct mail_maker maker = {7, 4096, 1, 1};
	struct mail_maker other_seed = {8, 4096, 1, 1};
	struct buffer first = {0};
	struct buffer second = {0};

	(void)state;
	make(&maker, 5, &first);
	make(&maker, 6, &second);
	assert_memory_not_equal(first.data, second.data, 4096);
	make(&maker, 5, &second);
	assert_memory_equal(first.data, second.data, 4096);
	make(&other_seed, 5, &second);
	assert_memory_not_equal(first.data, second.data, 4096);
	/* Behind other bytes, it is still the same. */
	buffer_clear(&second);
	assert_int_equal(buffer_append_string(&second, "before"), 0);
	assert_int_equal(mail_maker_append(&maker, 5, &second), 0);
	assert_memory_equal(first.data, second.data + 6, 4096);
	buffer_deinit(&first);
	buffer_deinit(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_message_is_mail),
		cmocka_unit_test(test_size_is_met_to_the_byte),
		cmocka_unit_test(test_size_too_small_gives_header_and_line),
		cmocka_unit_test(test_mix_has_small_and_large),
		cmocka_unit_test(test_message_depends_on_seed_and_index_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
