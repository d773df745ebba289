/*
 * Goal:   a data set's text is understood as OpenDKIM does, its rows come out as they stand, and what
 *         we do not have is refused with a reason.
 * Method: rows of a text and the data rows that it has, written "key=value|".
 * Source: opendkim(8) DATA SETS; the quirks in the rows are of its code.
 */
#include "signer/tables/data_set.h"

#include "tests/unit/tables_fixture.h"

static const struct problem_place place = {"a.conf", 7, "KeyTable"};

static void rows_write(const struct data_set *set, struct buffer *text)
{
	for (size_t i = 0; i < data_set_count(set); i++) {
		const struct data_row *row = data_set_row(set, i);

		assert_int_equal(buffer_printf(text, "%.*s=%.*s|", BYTES_PRINTF(row->key),
					       BYTES_PRINTF(row->value)),
				 0);
	}
}

static void rows_check(const char *name, const char *text, const char *want)
{
	struct fixture fixture;
	struct data_set *set;
	struct buffer got = {0};

	fixture_init(&fixture);
	assert_int_equal(data_set_load(text, NULL, place, &fixture.problems, &set), 0);
	rows_write(set, &got);
	if (strcmp(buffer_string(&got), want) != 0)
		fail_msg("%s: got %s, want %s", name, buffer_string(&got), want);
	assert_string_equal(fixture_told(&fixture), "");
	data_set_free(set);
	buffer_deinit(&got);
	fixture_deinit(&fixture);
}

static void list_is_its_items(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} rows[] = {
		{"bare_word_is_a_list_of_one", "example.com", "example.com=|"},
		{"star_is_a_word", "*", "*=|"},
		{"dash_is_a_word", "-", "-=|"},
		{"dot_is_a_word", ".", ".=|"},
		{"items_are_trimmed", " a , b\t,c ", "a=|b=|c=|"},
		{"empty_items_do_not_count", ",a,, ,b,", "a=|b=|"},
		{"equals_makes_a_value", "a=b,c = d", "a=b|c=d|"},
		{"first_equals_counts", "k=d:s:MIIE==", "k=d:s:MIIE==|"},
		{"csl_is_explicit", "csl:a,b=c", "a=|b=c|"},
		{"csl_is_in_any_case", "CSL:a", "a=|"},
		{"csl_may_have_colons", "csl:key1=example.com:test:./test.private",
		 "key1=example.com:test:./test.private|"},
		{"csl_star_is_a_key", "csl:*=key1", "*=key1|"},
		{"csl_may_be_empty", "csl:", ""},
		{"colon_behind_the_first_comma_is_no_type", "a,b:c", "a=|b:c=|"},
		{"bracketed_ipv6_is_an_item", "[2001:db8::1],::1", "[2001:db8::1]=|::1=|"},
		{"bare_ipv6_is_an_item", "::1,127.0.0.1", "::1=|127.0.0.1=|"},
		{"bare_ipv6_with_digits_is_an_item", "2001:db8::1", "2001:db8::1=|"},
		{"value_may_have_bars", "csl:auth_type=PLAIN|LOGIN", "auth_type=PLAIN|LOGIN|"},
		{"delta_of_headers_stays_raw", "*,+list-unsubscribe-post,-to",
		 "*=|+list-unsubscribe-post=|-to=|"},
		{"db_behind_a_comma_is_no_database", "csl:a.db", "a.db=|"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		rows_check(rows[i].name, rows[i].text, rows[i].want);
}

static void file_is_its_lines(void **state)
{
	static const struct {
		const char *name;
		const char *content;
		const char *want;
	} rows[] = {
		{"key_ends_at_white_space", "a b\nc\td:e:f\n", "a=b|c=d:e:f|"},
		{"value_is_the_rest_and_trimmed", "a   b c \t\n", "a=b c|"},
		{"leading_white_space_does_not_count", "  \ta b\n", "a=b|"},
		{"key_alone_has_no_value", "a\nb  \n", "a=|b=|"},
		{"hash_starts_a_comment_anywhere", "# x\na b # y\nc#d e\n", "a=b|c=|"},
		{"blank_lines_do_not_count", "\n  \n\t\na\n", "a=|"},
		{"carriage_return_is_white_space", "a b\r\nc\r\n", "a=b|c=|"},
		{"last_line_needs_no_lf", "a b", "a=b|"},
		{"equals_is_no_separator", "a=b\n", "a=b=|"},
		{"comma_is_no_separator", "a,b c\n", "a,b=c|"},
		{"empty_file_has_no_row", "", ""},
	};
	static const char *const prefixes[] = {"", "file:", "refile:", "FILE:"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		for (size_t form = 0; form < ARRAY_COUNT(prefixes); form++) {
			struct fixture fixture;
			char text[128];

			fixture_init(&fixture);
			(void)snprintf(text, sizeof(text), "%s%s", prefixes[form],
				       fixture_file(&fixture, "t", rows[i].content));
			rows_check(rows[i].name, text, rows[i].want);
			fixture_deinit(&fixture);
		}
	}
}

static void kind_is_told_by_the_prefix(void **state)
{
	static const struct {
		const char *prefix;
		enum data_set_kind want;
	} rows[] = {
		{"", DATA_SET_FILE},
		{"file:", DATA_SET_FILE},
		{"refile:", DATA_SET_PATTERN_FILE},
		{"csl:", DATA_SET_LIST},
	};
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct data_set *set;
		char text[128];

		(void)snprintf(text, sizeof(text), "%s%s", rows[i].prefix,
			       fixture_file(&fixture, "t", "a b\n"));
		assert_int_equal(data_set_load(text, NULL, place, &fixture.problems, &set), 0);
		assert_int_equal(data_set_kind(set), rows[i].want);
		data_set_free(set);
	}
	fixture_deinit(&fixture);
}

static void line_longer_than_1023_bytes_is_one_row(void **state)
{
	struct fixture fixture;
	struct data_set *set;
	struct buffer content = {0};

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(buffer_append_string(&content, "key d:s:"), 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(buffer_append_byte(&content, 'A'), 0);
	assert_int_equal(data_set_load(fixture_file(&fixture, "t", buffer_string(&content)), NULL,
				       place, &fixture.problems, &set),
			 0);
	assert_int_equal(data_set_count(set), 1);
	assert_int_equal(data_set_row(set, 0)->value.size, 5004);
	data_set_free(set);
	buffer_deinit(&content);
	fixture_deinit(&fixture);
}

static void row_knows_where_it_stands(void **state)
{
	struct fixture fixture;
	struct data_set *set;
	const char *path;

	(void)state;
	fixture_init(&fixture);
	path = fixture_file(&fixture, "t", "# first\na b\n\nc d\n");
	assert_int_equal(data_set_load(path, NULL, place, &fixture.problems, &set), 0);
	assert_string_equal(data_set_place(set, 1).file, path);
	assert_int_equal(data_set_place(set, 1).line, 4);
	assert_string_equal(data_set_place(set, 1).name, "KeyTable");
	data_set_free(set);
	assert_int_equal(data_set_load("a,b", NULL, place, &fixture.problems, &set), 0);
	assert_string_equal(data_set_place(set, 1).file, "a.conf");
	assert_int_equal(data_set_place(set, 1).line, 7);
	data_set_free(set);
	fixture_deinit(&fixture);
}

static void relative_path_starts_from_the_base_directory(void **state)
{
	struct fixture fixture;
	struct data_set *set;

	(void)state;
	fixture_init(&fixture);
	(void)fixture_file(&fixture, "t", "a b\n");
	assert_int_equal(data_set_load("file:t", fixture.directory, place, &fixture.problems, &set),
			 0);
	assert_int_equal(data_set_count(set), 1);
	data_set_free(set);
	assert_int_equal(
		data_set_load("refile:./t", fixture.directory, place, &fixture.problems, &set), 0);
	data_set_free(set);
	fixture_deinit(&fixture);
}

static void what_we_do_not_have_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* a part of what is told */
	} rows[] = {
		{"db:/etc/keys.db", "\"db:\" are not supported"},
		{"/dev/null/none", "cannot read \"/dev/null/none\": Not a directory"},
		{"keys.db", "Berkeley DB"},
		{"dsn:mysql://a@b/c", "\"dsn:\" are not supported"},
		{"ldap://host/", "\"ldap:\" are not supported"},
		{"ldaps://host/", "\"ldaps:\" are not supported"},
		{"ldapi://host/", "\"ldapi:\" are not supported"},
		{"lua:/etc/x.lua", "\"lua:\" are not supported"},
		{"memcache:host/x", "\"memcache:\" are not supported"},
		{"mdb:/etc/x", "\"mdb:\" are not supported"},
		{"erlang:x", "\"erlang:\" are not supported"},
		{"socket:x", "\"socket:\" are not supported"},
		{"repute:x", "\"repute:\" are not supported"},
		{"foo:x,y", "unknown data set type \"foo:\""},
		{"fiel:/etc/x", "unknown data set type \"fiel:\""},
		{"file:", "cannot read \"\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct fixture fixture;
		struct data_set *set = NULL;

		fixture_init(&fixture);
		assert_int_equal(data_set_load(rows[i].text, NULL, place, &fixture.problems, &set),
				 DATA_SET_E_REFUSED);
		assert_null(set);
		assert_int_equal(fixture.problems.error_count, 1);
		if (strstr(fixture_told(&fixture), rows[i].want) == NULL)
			fail_msg("%s: got %s, want %s", rows[i].text, fixture_told(&fixture),
				 rows[i].want);
		assert_non_null(strstr(fixture_told(&fixture), "a.conf:7: KeyTable: "));
		fixture_deinit(&fixture);
	}
}

static void check_refuses_types_without_reading_anything(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	assert_int_equal(data_set_check("file:/nowhere/at/all", place, &fixture.problems), 0);
	assert_int_equal(data_set_check("lua:x", place, &fixture.problems), DATA_SET_E_REFUSED);
	assert_int_equal(fixture.problems.error_count, 1);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_is_its_items),
		cmocka_unit_test(file_is_its_lines),
		cmocka_unit_test(kind_is_told_by_the_prefix),
		cmocka_unit_test(line_longer_than_1023_bytes_is_one_row),
		cmocka_unit_test(row_knows_where_it_stands),
		cmocka_unit_test(relative_path_starts_from_the_base_directory),
		cmocka_unit_test(what_we_do_not_have_is_refused_with_a_reason),
		cmocka_unit_test(check_refuses_types_without_reading_anything),
	};

	return cmocka_run_group_tests_name("data_set", tests, NULL, NULL);
}
