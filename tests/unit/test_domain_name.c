/*
 * Goal:   domains become lower-case ASCII, and what is no domain is refused.
 * Method: by row.
 */
#include "signer/dkim/domain_name.h"

#include "tests/unit/unit_test.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *name;
	const char *domain;
	const char *ascii; /* NULL: refused */
} rows[] = {
	{"ascii_is_lowered", "Example.COM", "example.com"},
	{"one_label", "localhost", "localhost"},
	{"underscore_is_allowed", "a_b.example", "a_b.example"},
	{"a_label_is_kept", "xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
	/* RFC 5891. */
	{"u_label_becomes_a_label", "m\xc3\xbcnchen.example", "xn--mnchen-3ya.example"},
	{"u_label_is_lowered", "M\xc3\x9cNCHEN.Example", "xn--mnchen-3ya.example"},
	/* UTS 46 non-transitional: sharp s stays what it is. */
	{"sharp_s_is_kept", "fa\xc3\x9f.example", "xn--fa-hia.example"},
	{"decomposed_character_is_composed", "mu\xcc\x88nchen.example", "xn--mnchen-3ya.example"},
	{"ideographic_dot_is_a_dot",
	 "a\xe3\x80\x82"
	 "b.example",
	 "a.b.example"},
	{"longest_label_fits", A63 ".example", A63 ".example"},
	{"label_too_long_is_refused", A63 "a.example", NULL},
	{"name_too_long_is_refused", A63 "." A63 "." A63 "." A63, NULL},
	{"nothing_is_refused", "", NULL},
	{"empty_label_is_refused", "a..b", NULL},
	{"dot_first_is_refused", ".a", NULL},
	{"dot_last_is_refused", "a.", NULL},
	{"blank_is_refused", "a b.example", NULL},
	{"literal_is_refused", "[192.0.2.1]", NULL},
	{"broken_utf8_is_refused", "\xc3.example", NULL},
	{"u_label_of_forbidden_character_is_refused", "\xe2\x80\x8b\xe2\x80\x8b.example", NULL},
};

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer out = {0};
		int r = domain_name_to_ascii(bytes_of_string(rows[i].domain), &out);

		if (r != (rows[i].ascii == NULL ? DOMAIN_NAME_E_INVALID : 0))
			fail_msg("%s: got %d", rows[i].name, r);
		if (r == 0 && !bytes_equal(buffer_bytes(&out), bytes_of_string(rows[i].ascii)))
			fail_msg("%s: got '%s', want '%s'", rows[i].name, buffer_string(&out),
				 rows[i].ascii);
		buffer_deinit(&out);
	}
}

static void nul_and_huge_u_labels_are_refused(void **state)
{
	struct buffer out = {0};
	uint8_t huge[5000];

	(void)state;
	assert_int_equal(domain_name_to_ascii(bytes_of("\xc3\xa4\0.example", 11), &out),
			 DOMAIN_NAME_E_INVALID);
	memset(huge, 0xc3, sizeof(huge));
	assert_int_equal(domain_name_to_ascii(bytes_of(huge, sizeof(huge)), &out),
			 DOMAIN_NAME_E_INVALID);
	assert_int_equal(out.size, 0);
	buffer_deinit(&out);
}

static void within_is_equal_or_below(void **state)
{
	static const struct {
		const char *domain;
		const char *parent;
		bool within;
	} pairs[] = {
		{"example.com", "Example.com", true},	  {"a.b.EXAMPLE.com", "example.com", true},
		{"badexample.com", "example.com", false}, {"com", "example.com", false},
		{"example.org", "example.com", false},	  {".example.com", "example.com", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
		assert_int_equal(domain_name_is_within(bytes_of_string(pairs[i].domain),
						       bytes_of_string(pairs[i].parent)),
				 pairs[i].within);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(nul_and_huge_u_labels_are_refused),
		cmocka_unit_test(within_is_equal_or_below),
	};

	return cmocka_run_group_tests_name("domain_name", tests, NULL, NULL);
}
