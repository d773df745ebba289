/*
 * Goal:   digests are those of FIPS 180-4, however the input is cut, one after another.
 * Method: the example messages of FIPS 180-4 whole and byte by byte, on one object.
 */
#include "signer/dkim/sha256.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>

struct row {
	const char *name;
	const char *input;
	const char *digest;
};

static const struct row rows[] = {
	{"nothing", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"one_block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"two_blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void assert_digest(const struct row *row, const uint8_t digest[SHA256_SIZE])
{
	char hex[SHA256_SIZE * 2 + 1];

	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(hex + i * 2, 3, "%02x", digest[i]);
	if (strcmp(hex, row->digest) != 0)
		fail_msg("%s: got %s, want %s", row->name, hex, row->digest);
}

static void known_messages_have_known_digests(void **state)
{
	struct sha256 sha256;
	uint8_t digest[SHA256_SIZE];

	(void)state;
	assert_int_equal(sha256_init(&sha256), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bytes input = bytes_of_string(rows[i].input);

		sha256_start(&sha256);
		sha256_update(&sha256, input);
		assert_int_equal(sha256_finish(&sha256, digest), 0);
		assert_digest(&rows[i], digest);

		sha256_start(&sha256);
		for (size_t at = 0; at < input.size; at++)
			sha256_update(&sha256, bytes_slice(input, at, at + 1));
		assert_int_equal(sha256_finish(&sha256, digest), 0);
		assert_digest(&rows[i], digest);
	}
	sha256_deinit(&sha256);
}

static void start_in_the_middle_begins_anew(void **state)
{
	struct sha256 sha256;
	uint8_t digest[SHA256_SIZE];

	(void)state;
	assert_int_equal(sha256_init(&sha256), 0);
	sha256_start(&sha256);
	sha256_update(&sha256, BYTES_LITERAL("left over"));
	sha256_start(&sha256);
	sha256_update(&sha256, bytes_of_string(rows[1].input));
	assert_int_equal(sha256_finish(&sha256, digest), 0);
	assert_digest(&rows[1], digest);
	sha256_deinit(&sha256);
}

static void deinit_of_zeros_does_nothing(void **state)
{
	struct sha256 sha256 = {0};

	(void)state;
	sha256_deinit(&sha256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_messages_have_known_digests),
		cmocka_unit_test(start_in_the_middle_begins_anew),
		cmocka_unit_test(deinit_of_zeros_does_nothing),
	};

	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
