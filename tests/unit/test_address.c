/*
 * Goal:   the first mailbox of a From value is found in all the ways that RFC 5322 has to write
 *         one.
 * Method: by row: LOCAL|DOMAIN, or the outcome.
 */
#include "signer/dkim/address.h"

#include "tests/unit/unit_test.h"

static const struct {
	const char *name;
	const char *value;
	const char *address; /* NULL: outcome */
	int outcome;
} rows[] = {
	{"bare_address", " joe@Example.COM", "joe|example.com", 0},
	{"local_part_keeps_its_case", "Joe.Doe+Tag@a.b", "Joe.Doe+Tag|a.b", 0},
	{"display_name", "Joe Doe <joe@example.com>", "joe|example.com", 0},
	{"quoted_display_name", "\"Doe, Joe <x@y>\" <joe@example.com>", "joe|example.com", 0},
	{"escaped_quote_in_display_name", "\"a \\\" b@c\" <joe@example.com>", "joe|example.com", 0},
	{"encoded_word", "=?utf-8?Q?J=C3=B6rg?= <joe@example.com>", "joe|example.com", 0},
	{"dot_in_display_name", "Joe Q. Public <joe@example.com>", "joe|example.com", 0},
	{"utf8_display_name", "J\xc3\xb6rg <joe@example.com>", "joe|example.com", 0},
	{"no_display_name", "<joe@example.com>", "joe|example.com", 0},
	{"folding", "Joe\r\n Doe\r\n\t<joe@example.com>\r\n ", "joe|example.com", 0},

	/* RFC 5322 3.2.2 and A.5. */
	{"comments_everywhere",
	 "Pete(A nice \\) chap) <pete(his account)@silly.test(his (nested) host)>",
	 "pete|silly.test", 0},
	{"comment_with_address", "(x@y <z@w>) joe@example.com (Joe)", "joe|example.com", 0},
	{"comments_and_blanks_in_the_address", "joe (c) . doe @ (d) example (e) . com",
	 "joe.doe|example.com", 0},

	/* RFC 5322 3.2.4. */
	{"quoted_local_part_needs_quotes", "\"joe doe\"@example.com", "\"joe doe\"|example.com", 0},
	{"quoted_local_part_with_at", "\"a@b\"@example.com", "\"a@b\"|example.com", 0},
	{"quoted_local_part_with_escapes", "\"a\\\"b\\\\\"@example.com",
	 "\"a\\\"b\\\\\"|example.com", 0},
	{"quoted_local_part_without_need", "\"joe.doe\"@example.com", "joe.doe|example.com", 0},
	{"escape_without_need", "\"j\\oe\"@example.com", "joe|example.com", 0},
	{"empty_quoted_local_part", "\"\"@example.com", "\"\"|example.com", 0},
	{"folded_quoted_local_part", "\"joe\r\n doe\"@example.com", "\"joe doe\"|example.com", 0},
	{"obsolete_words_with_dots", "\"joe\".doe@example.com", "joe.doe|example.com", 0},

	{"domain_literal", "joe@[192.0.2. 1]", "joe|[192.0.2.1]", 0},
	{"utf8_domain", "joe@m\xc3\xbcnchen.example", "joe|m\xc3\xbcnchen.example", 0},
	{"utf8_local_part", "j\xc3\xb6@example.com", "j\xc3\xb6|example.com", 0},
	{"dot_at_the_end_of_the_domain_is_dropped", "joe@example.com.", "joe|example.com", 0},
	{"dots_in_odd_places_of_the_local_part", "joe..d.@example.com", "joe..d.|example.com", 0},

	{"first_of_several", "a@b.c, d@e.f", "a|b.c", 0},
	{"first_of_several_with_names", "\"A\" <a@b.c>, D <d@e.f>", "a|b.c", 0},
	{"empty_elements_are_passed_over", ", ,a@b.c", "a|b.c", 0},
	{"element_without_address_is_passed_over", "Doe, Joe <joe@example.com>", "joe|example.com",
	 0},

	/* RFC 5322 3.4 and 4.4. */
	{"group", "Friends: Joe <joe@example.com>, a@b.c;", "joe|example.com", 0},
	{"empty_group_and_an_address", "undisclosed:;, joe@example.com", "joe|example.com", 0},
	{"route", "Joe <@a.b,@c.d:joe@example.com>", "joe|example.com", 0},
	{"route_with_empty_elements", "Joe <,,@a.b,,@c.d:joe@example.com>", "joe|example.com", 0},

	/* Malformed, but seen, and clear enough. */
	{"address_as_display_name", "joe@old.example <joe@example.com>", "joe|example.com", 0},
	{"broken_address_as_display_name", "joe@@old@x <joe@example.com>", "joe|example.com", 0},
	{"brackets_in_display_name", "[List] Joe <joe@example.com>", "joe|example.com", 0},
	{"text_behind_a_bare_address", "joe@example.com Joe Doe", NULL, ADDRESS_E_SYNTAX},
	{"blank_in_a_bare_domain", "user@exa mple.com", NULL, ADDRESS_E_SYNTAX},
	{"text_behind_the_bracket", "<joe@example.com> Joe \"x\"", "joe|example.com", 0},
	{"word_before_the_address", "Joe joe@example.com", "joe|example.com", 0},

	{"nothing", "", NULL, ADDRESS_E_NONE},
	{"blanks_only", " \r\n ", NULL, ADDRESS_E_NONE},
	{"comment_only", "(joe@example.com)", NULL, ADDRESS_E_NONE},
	{"name_only", "Joe Doe", NULL, ADDRESS_E_NONE},
	{"empty_brackets", "<>", NULL, ADDRESS_E_NONE},
	{"empty_group", "undisclosed-recipients:;", NULL, ADDRESS_E_NONE},
	{"no_domain", "joe@", NULL, ADDRESS_E_SYNTAX},
	{"no_domain_in_brackets", "<joe@>", NULL, ADDRESS_E_SYNTAX},
	{"no_at_in_brackets", "<joe>", NULL, ADDRESS_E_SYNTAX},
	{"no_local_part", "@example.com", NULL, ADDRESS_E_SYNTAX},
	{"no_local_part_in_brackets", "<@example.com>", NULL, ADDRESS_E_SYNTAX},
	{"two_ats", "a@b@c", NULL, ADDRESS_E_SYNTAX},
	{"two_ats_in_brackets", "<a@b@c>", NULL, ADDRESS_E_SYNTAX},
	{"two_brackets", "<a@b> <c@d>", NULL, ADDRESS_E_SYNTAX},
	{"two_words_in_brackets", "<a b@c>", NULL, ADDRESS_E_SYNTAX},
	{"two_dots_in_the_domain", "a@b..c", NULL, ADDRESS_E_SYNTAX},
	{"dot_first_in_the_domain", "a@.b", NULL, ADDRESS_E_SYNTAX},
	{"bracket_without_end", "Joe <joe@example.com", NULL, ADDRESS_E_SYNTAX},
	{"bracket_without_start", "joe@example.com>", NULL, ADDRESS_E_SYNTAX},
	{"quote_without_end", "\"Joe <joe@example.com>", NULL, ADDRESS_E_SYNTAX},
	{"escape_at_the_end", "\"Joe\\", NULL, ADDRESS_E_SYNTAX},
	{"comment_without_end", "(Joe joe@example.com", NULL, ADDRESS_E_SYNTAX},
	{"comment_without_start", "joe@example.com)", NULL, ADDRESS_E_SYNTAX},
	{"escape_at_the_end_of_a_comment", "(a\\", NULL, ADDRESS_E_SYNTAX},
	{"literal_without_end", "joe@[192.0.2.1", NULL, ADDRESS_E_SYNTAX},
	{"route_without_address", "<@a.b:>", NULL, ADDRESS_E_NONE},
};

static void rows_hold(void **state)
{
	struct address address = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer got = {0};
		int r = address_parse(&address, bytes_of_string(rows[i].value));

		if (r != rows[i].outcome)
			fail_msg("%s: got %d, want %d", rows[i].name, r, rows[i].outcome);
		assert_int_equal(buffer_append(&got, buffer_bytes(&address.local_part)), 0);
		assert_int_equal(buffer_append_string(&got, r == 0 ? "|" : ""), 0);
		assert_int_equal(buffer_append(&got, buffer_bytes(&address.domain)), 0);
		if (strcmp(buffer_string(&got), r == 0 ? rows[i].address : "") != 0)
			fail_msg("%s: got '%s', want '%s'", rows[i].name, buffer_string(&got),
				 rows[i].address);
		buffer_deinit(&got);
	}
	address_deinit(&address);
}

/* Nested comments must not recurse, and nothing may be quadratic. */
static void megabyte_of_one_character_ends_soon(void **state)
{
	static const char characters[] = "(\"<[@,;:.\\a )>";
	static uint8_t value[1 << 20];
	struct address address = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(characters) - 1; i++) {
		memset(value, characters[i], sizeof(value));
		assert_true(address_parse(&address, bytes_of(value, sizeof(value))) > 0);
	}
	address_deinit(&address);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(megabyte_of_one_character_ends_soon),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
