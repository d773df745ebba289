/*
 * Goal:   an address is read in every form that means one, in no other, and written in one form.
 * Method: a table of texts.
 */
#include "signer/tables/ip_address.h"

#include "tests/unit/unit_test.h"

static void address_is_read_and_written(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want; /* NULL: no address */
		bool is_mapped;
	} rows[] = {
		{"ipv4_is_itself", "192.0.2.1", "192.0.2.1", true},
		{"ipv6_is_itself", "2001:db8::1", "2001:db8::1", false},
		{"ipv6_in_upper_case_is_lowered", "2001:DB8::A", "2001:db8::a", false},
		{"ipv6_in_full_is_shortened", "2001:0db8:0000:0:0:0:0:0001", "2001:db8::1", false},
		{"ipv6_with_dotted_end_is_read", "64:ff9b::192.0.2.1", "64:ff9b::c000:201", false},
		{"mapped_ipv6_stays_as_written", "::ffff:192.0.2.1", "::ffff:192.0.2.1", true},
		{"mapped_ipv6_in_hexadecimal_is_known", "::FFFF:C000:0201", "::ffff:192.0.2.1",
		 true},
		{"ipv6_with_its_label_is_read", "IPv6:2001:db8::1", "2001:db8::1", false},
		{"label_in_any_case_is_read", "ipV6:::1", "::1", false},
		{"ipv4_behind_the_label_is_none", "IPv6:192.0.2.1", NULL, false},
		{"label_alone_is_none", "IPv6:", NULL, false},
		{"nothing_is_none", "", NULL, false},
		{"three_numbers_are_none", "192.0.2", NULL, false},
		{"number_over_255_is_none", "192.0.2.256", NULL, false},
		{"zero_before_a_number_is_none", "192.0.2.01", NULL, false},
		{"blank_before_is_none", " 192.0.2.1", NULL, false},
		{"zone_is_none", "fe80::1%eth0", NULL, false},
		{"three_colons_are_none", "2001:::1", NULL, false},
		{"nine_groups_are_none", "1:2:3:4:5:6:7:8:9", NULL, false},
		{"brackets_are_none", "[192.0.2.1]", NULL, false},
		{"name_is_none", "localhost", NULL, false},
		{"longest_text_is_read", "2001:0db8:0000:0000:0000:0000:255.255.255.255",
		 "2001:db8::ffff:ffff", false},
		{"longer_text_is_none", "2001:0db8:00000:0000:0000:0000:255.255.255.255", NULL,
		 false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_address address = {.is_ipv4 = true};
		char got[IP_ADDRESS_TEXT_SIZE];

		if (!ip_address_parse(bytes_of_string(rows[i].text), &address)) {
			if (rows[i].want != NULL)
				fail_msg("%s: got no address, want %s", rows[i].name, rows[i].want);
			assert_true(address.is_ipv4);
			continue;
		}
		ip_address_format(&address, got);
		if (rows[i].want == NULL || strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, got,
				 rows[i].want == NULL ? "no address" : rows[i].want);
		if (ip_address_is_mapped(&address) != rows[i].is_mapped)
			fail_msg("%s: mapped: got %d, want %d", rows[i].name, !rows[i].is_mapped,
				 rows[i].is_mapped);
	}
}

/* A C string would end at the NUL, and what is behind it would be let in unseen. */
static void address_with_a_nul_is_none(void **state)
{
	struct ip_address address;

	(void)state;
	assert_false(ip_address_parse(bytes_of("127.0.0.1\0", 10), &address));
	assert_false(ip_address_parse(bytes_of("127.0.0.1\0x", 11), &address));
	assert_true(ip_address_parse(bytes_of("127.0.0.1x", 9), &address));
}

static void loopback_is_ipv4(void **state)
{
	struct ip_address address = ip_address_loopback();
	char text[IP_ADDRESS_TEXT_SIZE];

	(void)state;
	ip_address_format(&address, text);
	assert_string_equal(text, "127.0.0.1");
	assert_true(address.is_ipv4);
	assert_true(ip_address_is_mapped(&address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_is_read_and_written),
		cmocka_unit_test(address_with_a_nul_is_none),
		cmocka_unit_test(loopback_is_ipv4),
	};

	return cmocka_run_group_tests_name("ip_address", tests, NULL, NULL);
}
