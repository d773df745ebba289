/*
 * Goal:   a sender meets the rows that it meets in OpenDKIM, in the same order.
 * Method: each row below is a table, a sender, and the lines of the rows that it meets: without
 *         MultipleSignatures, and with. The order of the keys in a table is turned around on purpose
 *         where the order of the look-ups decides.
 * Source: opendkim.conf(5) SigningTable; where its text and OpenDKIM's code disagree, the code.
 */
#include "signer/tables/signing_table.h"

#include "tests/unit/tables_fixture.h"

static const struct problem_place key_place = {"a.conf", 1, "KeyTable"};
static const struct problem_place place = {"a.conf", 2, "SigningTable"};

struct tables {
	struct fixture fixture;
	struct key_table *keys;
	struct signing_table *signings;
	struct signing_scratch scratch;
};

static void tables_init(struct tables *tables, const char *prefix, const char *content,
			bool is_multiple)
{
	char text[128];

	fixture_init(&tables->fixture);
	(void)snprintf(text, sizeof(text), "%s%s", prefix,
		       fixture_file(&tables->fixture, "t", content));
	assert_int_equal(key_table_load("csl:k=a.b:s:/k,l=a.b:s:/l", NULL, key_place,
					&tables->fixture.problems, &tables->keys),
			 0);
	assert_int_equal(signing_table_load(text, NULL, place, tables->keys, is_multiple,
					    &tables->fixture.problems, &tables->signings),
			 0);
	assert_int_equal(signing_scratch_init(&tables->scratch), 0);
}

static void tables_deinit(struct tables *tables)
{
	signing_scratch_deinit(&tables->scratch);
	signing_table_free(tables->signings);
	key_table_free(tables->keys);
	fixture_deinit(&tables->fixture);
}

/* The lines of the rows that the sender meets, as "1 3 ". */
static void lines_write(struct tables *tables, const char *address, char *text, size_t size)
{
	struct bytes all = bytes_of_string(address);
	size_t at = all.size;
	struct sender_address sender;
	size_t used = 0;
	int r;

	while (at > 0 && all.data[at - 1] != '@')
		at--;
	sender.local_part = bytes_slice(all, 0, at - 1);
	sender.domain = bytes_skip(all, at);
	r = signing_table_match(tables->signings, sender, &tables->scratch);
	text[0] = '\0';
	assert_int_equal(r, tables->scratch.rows.count == 0 ? SIGNING_TABLE_E_NONE : 0);
	for (size_t i = 0; i < tables->scratch.rows.count; i++) {
		uint32_t row = tables->scratch.rows.items[i].row;

		used += (size_t)snprintf(text + used, size - used, "%u ",
					 signing_table_place(tables->signings, row).line);
	}
}

struct match_row {
	const char *name;
	const char *keys; /* one a line; each has the value k */
	const char *sender;
	const char *first;
	const char *all;
};

static void rows_check(const char *prefix, const struct match_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buffer content = {0};
		const char *want[] = {rows[i].first, rows[i].all};

		for (const char *key = rows[i].keys; *key != '\0';) {
			int size = (int)strcspn(key, "\n");

			assert_int_equal(buffer_printf(&content, "%.*s k\n", size, key), 0);
			key += size + (key[size] == '\n');
		}
		for (int multiple = 0; multiple < 2; multiple++) {
			struct tables tables;
			char got[64];

			tables_init(&tables, prefix, buffer_string(&content), multiple);
			lines_write(&tables, rows[i].sender, got, sizeof(got));
			if (strcmp(got, want[multiple]) != 0)
				fail_msg("%s%s, %s: got \"%s\", want \"%s\"", prefix, rows[i].name,
					 multiple ? "all" : "first", got, want[multiple]);
			tables_deinit(&tables);
		}
		buffer_deinit(&content);
	}
}

static void plain_file_is_looked_up_from_the_address_to_the_star(void **state)
{
	static const struct match_row rows[] = {
		{"empty_table_matches_nothing", "", "u@a.b.c", "", ""},
		{"user_at_host_matches", "u@a.b.c", "u@a.b.c", "1 ", "1 "},
		{"user_at_host_is_for_that_user", "v@a.b.c", "u@a.b.c", "", ""},
		{"user_at_host_is_for_that_host", "u@b.c", "u@a.b.c", "", ""},
		{"host_matches", "a.b.c", "u@a.b.c", "1 ", "1 "},
		{"host_is_not_for_subdomains", "b.c", "u@a.b.c", "", ""},
		{"host_is_not_for_its_parent", "a.b.c", "u@b.c", "", ""},
		{"user_at_dot_parent_matches", "u@.b.c", "u@a.b.c", "1 ", "1 "},
		{"user_at_dot_top_matches", "u@.c", "u@a.b.c", "1 ", "1 "},
		{"user_at_dot_parent_is_for_that_user", "v@.b.c", "u@a.b.c", "", ""},
		{"user_at_dot_host_is_never_looked_up", "u@.a.b.c", "u@a.b.c", "", ""},
		{"dot_host_is_never_looked_up", ".a.b.c", "u@a.b.c", "", ""},
		{"user_at_parent_without_dot_is_not", "u@b.c", "u@x.b.c", "", ""},
		{"dot_parent_matches", ".b.c", "u@a.b.c", "1 ", "1 "},
		{"dot_top_matches", ".c", "u@a.b.c", "1 ", "1 "},
		{"dot_parent_is_not_for_itself", ".b.c", "u@b.c", "", ""},
		{"user_at_star_matches", "u@*", "u@a.b.c", "1 ", "1 "},
		{"user_at_star_is_for_that_user", "v@*", "u@a.b.c", "", ""},
		{"star_matches", "*", "u@a.b.c", "1 ", "1 "},
		{"star_at_host_is_just_itself", "*@a.b.c", "u@a.b.c", "", ""},
		{"star_inside_is_just_itself", "u*@a.b.c", "u@a.b.c", "", ""},
		{"address_before_host", "a.b.c\nu@a.b.c", "u@a.b.c", "2 ", "2 1 "},
		{"host_before_user_at_dot_parent", "u@.b.c\na.b.c", "u@a.b.c", "2 ", "2 1 "},
		{"user_at_dot_parent_before_dot_parent", ".b.c\nu@.b.c", "u@a.b.c", "2 ", "2 1 "},
		{"dot_parent_before_user_at_dot_top", "u@.c\n.b.c", "u@a.b.c", "2 ", "2 1 "},
		{"user_at_dot_top_before_dot_top", ".c\nu@.c", "u@a.b.c", "2 ", "2 1 "},
		{"dot_top_before_user_at_star", "u@*\n.c", "u@a.b.c", "2 ", "2 1 "},
		{"user_at_star_before_star", "*\nu@*", "u@a.b.c", "2 ", "2 1 "},
		{"all_forms_come_in_their_order", "*\nu@*\n.c\nu@.c\n.b.c\nu@.b.c\na.b.c\nu@a.b.c",
		 "u@a.b.c", "8 ", "8 7 6 5 4 3 2 1 "},
		{"three_of_them_are_three", "u@a.b.c\na.b.c\n*", "u@a.b.c", "1 ", "1 2 3 "},
		{"host_without_dot_has_no_suffix", ".\nu@.\nc", "u@c", "3 ", "3 "},
		{"host_that_ends_in_a_dot_has_it_as_suffix", ".\nb.c", "u@b.c.", "1 ", "1 "},
		{"same_key_twice_is_its_first_row", "b.c\nb.c", "u@b.c", "1 ", "1 "},
		{"case_of_the_key_does_not_count", "U@B.c", "u@b.c", "1 ", "1 "},
		{"case_of_the_user_does_not_count", "u@b.c", "U@b.c", "1 ", "1 "},
		{"case_of_a_suffix_does_not_count", ".C", "u@b.c", "1 ", "1 "},
		{"non_ascii_user_is_not_found", "\xc3\xbc@b.c", "\xc3\xbc@b.c", "", ""},
		{"non_ascii_user_is_found_by_its_host", "\xc3\xbc@b.c\nb.c", "\xc3\xbc@b.c", "2 ",
		 "2 "},
		{"non_ascii_user_is_found_by_star", "\xc3\xbc@*\n*", "\xc3\xbc@b.c", "2 ", "2 "},
		{"non_ascii_host_is_found_by_star_only", "\xc3\xbc.c\nu@\xc3\xbc.c\nu@*",
		 "u@\xc3\xbc.c", "3 ", "3 "},
		{"non_ascii_host_is_found_by_its_ascii_suffix", ".c", "u@\xc3\xbc.c", "1 ", "1 "},
		{"plus_is_just_itself", "u+x@b.c", "u+x@b.c", "1 ", "1 "},
		{"plus_address_is_not_the_user", "u@b.c", "u+x@b.c", "", ""},
		{"empty_user_has_an_at", "@b.c", "@b.c", "1 ", "1 "},
		{"quoted_user_may_have_an_at", "\"u@v\"@b.c", "\"u@v\"@b.c", "1 ", "1 "},
		{"key_is_no_regular_expression", "[u]@b.c\nu@b?c", "u@b.c", "", ""},
	};

	(void)state;
	rows_check("", rows, ARRAY_COUNT(rows));
	rows_check("file:", rows, 8);
}

static void pattern_file_is_read_from_top_to_bottom(void **state)
{
	static const struct match_row rows[] = {
		{"empty_table_matches_nothing", "", "u@a.b.c", "", ""},
		{"exact_address_matches", "u@b.c", "u@b.c", "1 ", "1 "},
		{"star_at_host_matches", "*@b.c", "u@b.c", "1 ", "1 "},
		{"star_at_host_is_not_for_subdomains", "*@b.c", "u@a.b.c", "", ""},
		{"star_in_host_is_for_subdomains", "*@*.b.c", "u@a.b.c", "1 ", "1 "},
		{"host_alone_matches_nothing", "b.c", "u@b.c", "", ""},
		{"dot_suffix_matches_nothing", ".b.c", "u@a.b.c", "", ""},
		{"user_at_dot_parent_matches_nothing", "u@.b.c", "u@a.b.c", "", ""},
		{"star_matches", "*", "u@b.c", "1 ", "1 "},
		{"star_at_star_first_swallows_all", "*@*\n*@b.c\nu@b.c", "u@b.c", "1 ", "1 2 3 "},
		{"first_row_wins_over_a_closer_one", "*@b.c\nu@b.c", "u@b.c", "1 ", "1 2 "},
		{"all_rows_come_in_the_order_of_the_file", "*\nu@b.c\n[u]@b.c\n*@*\nu@*\n*@b.c",
		 "u@b.c", "1 ", "1 2 3 4 5 6 "},
		{"three_of_them_are_three", "x\n*@b.c\nx\nu@*\nx\nu@b.c", "u@b.c", "2 ", "2 4 6 "},
		{"same_pattern_twice_is_two", "*@b.c\n*@b.c", "u@b.c", "1 ", "1 2 "},
		{"case_does_not_count", "*@B.C", "U@b.c", "1 ", "1 "},
		{"non_ascii_user_is_not_found_at_all", "*@b.c\n*", "\xc3\xbc@b.c", "", ""},
		{"non_ascii_host_is_not_found_at_all", "*", "u@\xc3\xbc.c", "", ""},
		{"user_prefix_matches", "bounce-*@b.c", "bounce-17@b.c", "1 ", "1 "},
		{"choice_of_hosts_matches", "*@(b|d).c", "u@d.c", "1 ", "1 "},
		{"dot_is_just_itself", "*@b.c", "u@bxc", "", ""},
	};

	(void)state;
	rows_check("refile:", rows, ARRAY_COUNT(rows));
}

static void value_is_a_key_and_perhaps_an_identity(void **state)
{
	static const struct {
		const char *value;
		enum signing_key key;
		const char *key_name;
		const char *identity;
	} rows[] = {
		{"k", SIGNING_KEY_ROW, "k", ""},
		{"l:me@a.b", SIGNING_KEY_ROW, "l", "me@a.b"},
		{"k:me@%", SIGNING_KEY_ROW, "k", "me@%"},
		{"k:a:b@c", SIGNING_KEY_ROW, "k", "a:b@c"},
		{"%", SIGNING_KEY_SENDER, "%", ""},
		{"%:@%", SIGNING_KEY_SENDER, "%", "@%"},
		{"k:", SIGNING_KEY_ROW, "k", ""},
		{"K", SIGNING_KEY_UNKNOWN, "K", ""},
		{"x%", SIGNING_KEY_UNKNOWN, "x%", ""},
		{"", SIGNING_KEY_NONE, "", ""},
		{":me@a.b", SIGNING_KEY_NONE, "", "me@a.b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct tables tables;
		const struct signing_row *row;
		char content[64];

		(void)snprintf(content, sizeof(content), "u@b.c %s\n", rows[i].value);
		tables_init(&tables, "", content, false);
		row = signing_table_row(tables.signings, 0);
		assert_int_equal(row->key, rows[i].key);
		assert_true(bytes_equal(row->key_name, bytes_of_string(rows[i].key_name)));
		assert_true(bytes_equal(row->identity, bytes_of_string(rows[i].identity)));
		if (row->key == SIGNING_KEY_ROW)
			assert_int_equal(row->key_row, row->key_name.data[0] == 'k' ? 0 : 1);
		assert_int_equal(signing_table_broken_count(tables.signings),
				 rows[i].key == SIGNING_KEY_UNKNOWN ||
					 rows[i].key == SIGNING_KEY_NONE);
		tables_deinit(&tables);
	}
}

static void broken_rows_are_told_and_still_found(void **state)
{
	struct tables tables;
	char got[64];

	(void)state;
	tables_init(&tables, "refile:", "*@b.c\n*@d.c gone\n*@e.c k\n(@f.c k\n", false);
	assert_int_equal(signing_table_broken_count(tables.signings), 3);
	assert_non_null(strstr(fixture_told(&tables.fixture),
			       "error t:1: SigningTable: \"*@b.c\" has no value; needed: KEYNAME"));
	assert_non_null(strstr(
		fixture_told(&tables.fixture),
		"error t:2: SigningTable: signing table references unknown key 'gone'; a KeyTable "
		"row of that name is needed\n"));
	assert_non_null(
		strstr(fixture_told(&tables.fixture), "error t:4: SigningTable: \"(@f.c\""));
	lines_write(&tables, "u@b.c", got, sizeof(got));
	assert_string_equal(got, "1 ");
	lines_write(&tables, "u@d.c", got, sizeof(got));
	assert_string_equal(got, "2 ");
	lines_write(&tables, "u@f.c", got, sizeof(got));
	assert_string_equal(got, "");
	tables_deinit(&tables);
}

static void rows_that_cannot_be_meant_are_warned_of(void **state)
{
	static const struct {
		const char *name;
		const char *prefix;
		const char *content;
		bool is_multiple;
		const char *want; /* "": nothing is told */
	} rows[] = {
		{"match_all_before_others", "refile:", "*@* k\nu@b.c k\n*@b.c k\n", false,
		 "warning t:1: SigningTable: \"*@*\" matches every sender, so the 2 rows after it "
		 "are never reached; it belongs at the end\n"},
		{"match_all_before_others_is_fine_with_multiple", "refile:", "*@* k\nu@b.c k\n",
		 true, ""},
		{"match_all_at_the_end_is_fine", "refile:", "u@b.c k\n* k\n", false, ""},
		{"star_in_a_plain_file_comes_last_anyway", "file:", "* k\nu@b.c k\n", false, ""},
		{"pattern_in_a_plain_file", "file:", "*@b.c k\n", false,
		 "warning t:1: SigningTable: \"*@b.c\" matches no sender: only a refile: set has "
		 "patterns with *\n"},
		{"user_at_star_in_a_plain_file_is_fine", "file:", "u@* k\n", false, ""},
		{"host_in_a_pattern_file", "refile:", "b.c k\n", false,
		 "warning t:1: SigningTable: \"b.c\" matches no sender: in a refile: set the "
		 "pattern "
		 "is for all of user@host\n"},
		{"same_key_twice_in_a_plain_file", "file:", "b.c k\nu@b.c k\nB.c k\n", true,
		 "warning t:3: SigningTable: \"B.c\" is never reached: line 1 has the same key\n"},
		{"same_address_twice_in_a_pattern_file", "refile:", "u@b.c k\nu@b.c l\n", false,
		 "warning t:2: SigningTable: \"u@b.c\" is never reached: line 1 has the same "
		 "key\n"},
		{"same_address_twice_is_fine_with_multiple", "refile:", "u@b.c k\nu@b.c l\n", true,
		 ""},
		{"identity_without_at", "file:", "b.c k:%\n", false,
		 "warning t:1: SigningTable: the identity \"%\" has no @, so no i= is added; "
		 "needed: "
		 "LOCAL-PART@DOMAIN, or @DOMAIN\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct tables tables;

		tables_init(&tables, rows[i].prefix, rows[i].content, rows[i].is_multiple);
		if (strcmp(fixture_told(&tables.fixture), rows[i].want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, fixture_told(&tables.fixture),
				 rows[i].want);
		assert_int_equal(signing_table_broken_count(tables.signings), 0);
		tables_deinit(&tables);
	}
}

static void hostile_domain_costs_no_more_than_its_size(void **state)
{
	enum { SIZE = 1 << 20 };
	char *domain = malloc(SIZE);
	struct tables tables;
	struct sender_address sender = {.local_part = BYTES_LITERAL("u"),
					.domain = bytes_of(domain, SIZE)};

	(void)state;
	/* Half a million labels: looked up one by one and whole, that would be 2^38 bytes. */
	for (size_t i = 0; i < SIZE; i++)
		domain[i] = i % 2 == 0 ? 'a' : '.';
	tables_init(&tables, "", "u@b.c k\n.d k\n", true);
	assert_int_equal(signing_table_match(tables.signings, sender, &tables.scratch),
			 SIGNING_TABLE_E_NONE);
	tables_deinit(&tables);
	tables_init(&tables, "refile:", "*@b.c k\nu@b.c k\n*@*.d k\n", true);
	assert_int_equal(signing_table_match(tables.signings, sender, &tables.scratch),
			 SIGNING_TABLE_E_NONE);
	tables_deinit(&tables);
	free(domain);
}

static void table_that_cannot_be_had_is_refused(void **state)
{
	struct tables tables;
	struct signing_table *none;

	(void)state;
	tables_init(&tables, "", "", false);
	assert_int_equal(signing_table_load("refile:/none", NULL, place, tables.keys, false,
					    &tables.fixture.problems, &none),
			 SIGNING_TABLE_E_REFUSED);
	assert_int_equal(tables.fixture.problems.error_count, 1);
	tables_deinit(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_file_is_looked_up_from_the_address_to_the_star),
		cmocka_unit_test(pattern_file_is_read_from_top_to_bottom),
		cmocka_unit_test(value_is_a_key_and_perhaps_an_identity),
		cmocka_unit_test(broken_rows_are_told_and_still_found),
		cmocka_unit_test(rows_that_cannot_be_meant_are_warned_of),
		cmocka_unit_test(hostile_domain_costs_no_more_than_its_size),
		cmocka_unit_test(table_that_cannot_be_had_is_refused),
	};

	return cmocka_run_group_tests_name("signing_table", tests, NULL, NULL);
}
