/*
 * Goal:   the c= tag (RFC 6376 3.5) and the algorithm names of a= and k=.
 * Method: by row.
 */
#include "signer/dkim/canonicalization.h"
#include "signer/dkim/dkim_algorithm.h"

#include "tests/unit/unit_test.h"

#define SIMPLE	CANONICALIZATION_SIMPLE
#define RELAXED CANONICALIZATION_RELAXED
#define UNKNOWN CANONICALIZATION_E_UNKNOWN

static const struct {
	const char *text;
	enum canonicalization header;
	enum canonicalization body;
	int outcome;
} rows[] = {
	{"simple", SIMPLE, SIMPLE, 0},
	/* RFC 6376 3.5: a body that is not named is simple. */
	{"relaxed", RELAXED, SIMPLE, 0},
	{"relaxed/relaxed", RELAXED, RELAXED, 0},
	{"simple/relaxed", SIMPLE, RELAXED, 0},
	{"Relaxed/SIMPLE", RELAXED, SIMPLE, 0},
	{"", SIMPLE, SIMPLE, UNKNOWN},
	{"nofws", SIMPLE, SIMPLE, UNKNOWN},
	{"relaxed/", SIMPLE, SIMPLE, UNKNOWN},
	{"/relaxed", SIMPLE, SIMPLE, UNKNOWN},
	{"relaxed/relaxed/relaxed", SIMPLE, SIMPLE, UNKNOWN},
};

static void texts_are_read_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		enum canonicalization header = SIMPLE;
		enum canonicalization body = SIMPLE;
		int r = canonicalization_parse(bytes_of_string(rows[i].text), &header, &body);

		if (r != rows[i].outcome || header != rows[i].header || body != rows[i].body)
			fail_msg("'%s': got %d %d/%d, want %d %d/%d", rows[i].text, r, header, body,
				 rows[i].outcome, rows[i].header, rows[i].body);
	}
	assert_string_equal(canonicalization_name(SIMPLE), "simple");
	assert_string_equal(canonicalization_name(RELAXED), "relaxed");
}

static void algorithms_are_known_by_name(void **state)
{
	enum dkim_algorithm algorithm;

	(void)state;
	assert_int_equal(dkim_algorithm_parse(BYTES_LITERAL("rsa-sha256"), &algorithm), 0);
	assert_int_equal(algorithm, DKIM_ALGORITHM_RSA_SHA256);
	assert_int_equal(dkim_algorithm_parse(BYTES_LITERAL("Ed25519-SHA256"), &algorithm), 0);
	assert_int_equal(algorithm, DKIM_ALGORITHM_ED25519_SHA256);
	/* RFC 8301 3.1. */
	assert_int_equal(dkim_algorithm_parse(BYTES_LITERAL("rsa-sha1"), &algorithm),
			 DKIM_ALGORITHM_E_SHA1);
	assert_int_equal(dkim_algorithm_parse(BYTES_LITERAL("rsa"), &algorithm),
			 DKIM_ALGORITHM_E_UNKNOWN);
	assert_string_equal(dkim_algorithm_name(DKIM_ALGORITHM_RSA_SHA256), "rsa-sha256");
	assert_string_equal(dkim_algorithm_key_type(DKIM_ALGORITHM_RSA_SHA256), "rsa");
	assert_string_equal(dkim_algorithm_name(DKIM_ALGORITHM_ED25519_SHA256), "ed25519-sha256");
	assert_string_equal(dkim_algorithm_key_type(DKIM_ALGORITHM_ED25519_SHA256), "ed25519");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_or_refused),
		cmocka_unit_test(algorithms_are_known_by_name),
	};

	return cmocka_run_group_tests_name("canonicalization", tests, NULL, NULL);
}
