/*
 * Goal:   bh= is the SHA-256 of the canonical body up to the limit, and sizes are told.
 * Method: known bodies against a digest of the canonical bytes written out.
 */
#include "signer/dkim/body_hash.h"

#include "tests/unit/digest.h"
#include "tests/unit/unit_test.h"

struct row {
	const char *name;
	enum canonicalization canonicalization;
	uint64_t limit;
	const char *body;
	const char *hashed;
	uint64_t size;
};

static const struct row rows[] = {
	{"no_limit_hashes_all", CANONICALIZATION_RELAXED, BODY_HASH_NO_LIMIT, "a  b\n\n", "a b\r\n",
	 5},
	{"limit_cuts_canonical_bytes", CANONICALIZATION_RELAXED, 2, "a  b\r\nc\r\n", "a ", 8},
	{"limit_zero_hashes_nothing", CANONICALIZATION_SIMPLE, 0, "a\r\n", "", 3},
	{"limit_at_the_end_hashes_all", CANONICALIZATION_SIMPLE, 3, "a\r\n", "a\r\n", 3},
	{"limit_behind_the_end_hashes_all", CANONICALIZATION_SIMPLE, 9, "a", "a\r\n", 3},
	{"simple_empty_body_is_two_bytes", CANONICALIZATION_SIMPLE, BODY_HASH_NO_LIMIT, "", "\r\n",
	 2},
	{"relaxed_empty_body_is_none", CANONICALIZATION_RELAXED, BODY_HASH_NO_LIMIT, "", "", 0},
};

static void rows_hold_on_one_object(void **state)
{
	struct body_hash hash;
	uint8_t got[SHA256_SIZE];
	uint8_t want[SHA256_SIZE];

	(void)state;
	assert_int_equal(body_hash_init(&hash), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bytes body = bytes_of_string(rows[i].body);
		struct bytes hashed = bytes_of_string(rows[i].hashed);

		for (size_t cut = 0; cut <= body.size; cut++) {
			body_hash_start(&hash, rows[i].canonicalization, false, rows[i].limit);
			assert_int_equal(body_hash_push(&hash, bytes_slice(body, 0, cut)), 0);
			assert_int_equal(body_hash_push(&hash, bytes_skip(body, cut)), 0);
			assert_int_equal(body_hash_finish(&hash, got), 0);
			digest_of(hashed, want);
			if (memcmp(got, want, sizeof(got)) != 0)
				fail_msg("%s: the digest is another", rows[i].name);
			if (body_hash_size(&hash) != rows[i].size ||
			    body_hash_hashed_size(&hash) != hashed.size)
				fail_msg("%s: got %zu of %zu bytes, want %zu of %zu", rows[i].name,
					 (size_t)body_hash_hashed_size(&hash),
					 (size_t)body_hash_size(&hash), hashed.size,
					 (size_t)rows[i].size);
		}
	}
	body_hash_deinit(&hash);
}

static void bare_cr_is_refused_behind_the_limit_too(void **state)
{
	struct body_hash hash;
	uint8_t digest[SHA256_SIZE];

	(void)state;
	assert_int_equal(body_hash_init(&hash), 0);
	body_hash_start(&hash, CANONICALIZATION_SIMPLE, false, 1);
	assert_int_equal(body_hash_push(&hash, BYTES_LITERAL("abc\rd")), BODY_CANON_E_BARE_CR);
	body_hash_start(&hash, CANONICALIZATION_SIMPLE, false, 1);
	assert_int_equal(body_hash_push(&hash, BYTES_LITERAL("abc\r")), 0);
	assert_int_equal(body_hash_finish(&hash, digest), BODY_CANON_E_BARE_CR);
	body_hash_start(&hash, CANONICALIZATION_SIMPLE, true, 1);
	assert_int_equal(body_hash_push(&hash, BYTES_LITERAL("abc\rd")), 0);
	assert_int_equal(body_hash_finish(&hash, digest), 0);
	assert_int_equal(body_hash_size(&hash), 8);
	body_hash_deinit(&hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold_on_one_object),
		cmocka_unit_test(bare_cr_is_refused_behind_the_limit_too),
	};

	return cmocka_run_group_tests_name("body_hash", tests, NULL, NULL);
}
