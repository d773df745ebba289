/*
 * Goal:   a field that claims our authserv-id is found in each form that RFC 8601 gives it, and no other is.
 * Method: by row, a value and the authserv-id in it; then the ordinals of a whole header.
 */
#include "signer/milter/authentication_results.h"

#include "tests/unit/unit_test.h"

static void identifier_is_found_in_every_form(void **state)
{
	static const struct {
		const char *value;
		const char *id;
	} rows[] = {
		{" mx.example; dkim=pass", "mx.example"},
		{"mx.example;", "mx.example"},
		{" mx.example", "mx.example"},
		{" mx.example 1; dkim=pass", "mx.example"},
		{" mx.example/1; dkim=pass", "mx.example"},
		{"\n\tmx.example; spf=pass", "mx.example"},
		{"\r\n\tmx.example; spf=pass", "mx.example"},
		{" (a comment) mx.example; none", "mx.example"},
		{" (nested (comment) \\) here)mx.example(x); none", "mx.example"},
		{" \"mx.example\"; none", "mx.example"},
		{" \"mx example\" 1; none", "mx example"},
		{" (comment without end mx.example; none", ""},
		{" ; dkim=pass", ""},
		{"", ""},
		{" \"mx.example", "mx.example"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bytes id = authentication_results_id(bytes_of_string(rows[i].value));

		if (!bytes_equal(id, bytes_of_string(rows[i].id)))
			fail_msg("'%s': got '%.*s', want '%s'", rows[i].value, BYTES_PRINTF(id),
				 rows[i].id);
	}
}

static void add(struct authentication_results *results, const char *value)
{
	assert_int_equal(authentication_results_add(results, bytes_of_string(value),
						    BYTES_LITERAL("mx.example")),
			 0);
}

static void ordinals_count_all_fields_of_the_name(void **state)
{
	struct authentication_results results = {0};

	(void)state;
	add(&results, " other.example; none");
	add(&results, " MX.Example; none");
	add(&results, " mx.example.org; none");
	for (unsigned i = 0; i < 20; i++)
		add(&results, " mx.example; none");
	assert_int_equal(results.seen, 23);
	assert_int_equal(results.count, 21);
	assert_int_equal(results.ordinals[0], 2);
	assert_int_equal(results.ordinals[1], 4);
	assert_int_equal(results.ordinals[20], 23);
	authentication_results_clear(&results);
	assert_int_equal(results.count, 0);
	add(&results, " mx.example; none");
	assert_int_equal(results.ordinals[0], 1);
	authentication_results_deinit(&results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifier_is_found_in_every_form),
		cmocka_unit_test(ordinals_count_all_fields_of_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
