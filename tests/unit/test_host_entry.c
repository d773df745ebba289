/*
 * Goal:   every form of an entry is read as what it says, and what is none is told in a sentence.
 * Method: a table of entries; each is written out again as `KIND text`, or as what is wrong with it.
 */
#include "signer/tables/host_entry.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>

static void entry_write(const struct host_entry *entry, char *text, size_t size)
{
	const char *not = entry->is_excluded ? "!" : "";
	char address[IP_ADDRESS_TEXT_SIZE];

	switch (entry->kind) {
	case HOST_ENTRY_NAME:
		(void)snprintf(text, size, "%sname %.*s", not, BYTES_PRINTF(entry->name));
		return;
	case HOST_ENTRY_PATTERN:
		(void)snprintf(text, size, "%spattern %.*s", not, BYTES_PRINTF(entry->name));
		return;
	case HOST_ENTRY_NETWORK: break;
	}
	ip_address_format(&entry->address, address);
	(void)snprintf(text, size, "%s%s/%u", not, address, entry->bits);
}

static const char not_ipv4[] = "it ends in a number and is no IPv4 address: four numbers from 0 to "
			       "255, without zeros before them";
static const char not_ipv6[] = "it has a : and is no IPv6 address";
static const char bad_bits4[] =
	"behind an IPv4 address, allowed are /0 to /32, or a mask such as /255.255.0.0";
static const char bad_bits6[] = "behind an IPv6 address, allowed are /0 to /128";
static const char bad_mapped[] = "behind an IPv4 address written as IPv6, allowed are /96 to /128";
static const char bad_bracket[] =
	"brackets hold one address; allowed are [ADDRESS] and [ADDRESS]/BITS";
static const char unknown[] = "it is no host name and no address; allowed are HOST, .DOMAIN, "
			      "ADDRESS and ADDRESS/BITS, each also with ! before it";
static const char empty[] = "a host or an address must stand behind the !";
static const char star[] = "* is for pattern files (refile:PATH); .DOMAIN stands for all hosts of "
			   "a domain, and ADDRESS/BITS for a network";
static const char bad_pattern[] =
	"a pattern has letters, digits, -, _, . and *; for addresses, allowed are ADDRESS/BITS "
	"and, as 10.1.*, the first numbers of an IPv4 address";

static void entry_is_read(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} rows[] = {
		{"name_is_a_name", "localhost", "name localhost"},
		{"name_with_dots_is_a_name", "mx-1.a_b.example", "name mx-1.a_b.example"},
		{"domain_keeps_its_dot", ".example.com", "name .example.com"},
		{"dot_of_the_root_is_dropped", "mx.example.", "name mx.example"},
		{"blanks_are_dropped", " \t! mx.example ", "!name mx.example"},
		{"name_may_begin_with_digits", "1.2.3.4.example", "name 1.2.3.4.example"},
		{"hexadecimal_label_is_a_name", "0x7f.beef", "name 0x7f.beef"},
		{"address_is_all_its_bits", "10.0.0.1", "10.0.0.1/32"},
		{"excluded_address", "!10.0.0.1", "!10.0.0.1/32"},
		{"address_in_brackets", "[10.0.0.1]", "10.0.0.1/32"},
		{"network", "10.0.0.0/8", "10.0.0.0/8"},
		{"network_of_all", "0.0.0.0/0", "0.0.0.0/0"},
		{"network_with_blanks", "! 10.0.0.0 / 8", "!10.0.0.0/8"},
		{"mask_is_bits", "10.0.0.0/255.128.0.0", "10.0.0.0/9"},
		{"mask_of_nothing", "10.0.0.0/0.0.0.0", "10.0.0.0/0"},
		{"mask_of_all", "10.0.0.1/255.255.255.255", "10.0.0.1/32"},
		{"bits_behind_a_bracket", "![10.0.0.0]/8", "!10.0.0.0/8"},
		{"bits_in_a_bracket", "[10.0.0.0/8]", "10.0.0.0/8"},
		{"ipv6_is_all_its_bits", "2001:DB8::1", "2001:db8::1/128"},
		{"ipv6_network", "[2001:db8::]/32", "2001:db8::/32"},
		{"ipv6_with_its_label", "[IPv6:2001:db8::1]", "2001:db8::1/128"},
		{"mapped_is_ipv4", "::ffff:10.0.0.1", "10.0.0.1/32"},
		{"mapped_network_is_ipv4", "::ffff:10.0.0.0/104", "10.0.0.0/8"},
		{"nothing", "", empty},
		{"mark_alone", " ! ", empty},
		{"dash", "-", "- stands for an empty list only where it is alone"},
		{"dash_with_a_dot", "-.", "- stands for an empty list only where it is alone"},
		{"two_marks", "!!a", unknown},
		{"dot_alone", ".", unknown},
		{"two_dots", "a..b", unknown},
		{"blank_in_a_name", "a b", unknown},
		{"two_networks_in_one", "10.0.0.0/8 10.1.0.0/16", bad_bits4},
		{"path", "/etc/hosts", unknown},
		{"name_with_bits", "mx.example/24", unknown},
		{"name_with_a_port", "mx.example:25", not_ipv6},
		{"number_over_255", "10.0.0.256", not_ipv4},
		{"three_numbers", "10.0.0", not_ipv4},
		{"one_number", "10", not_ipv4},
		{"octal_number", "010.0.0.1", not_ipv4},
		{"short_network", "10/8", not_ipv4},
		{"domain_of_a_number", ".10", not_ipv4},
		{"bits_over_32", "10.0.0.0/33", bad_bits4},
		{"bits_missing", "10.0.0.0/", bad_bits4},
		{"bits_negative", "10.0.0.0/-1", bad_bits4},
		{"bits_with_a_zero_before", "10.0.0.0/08", bad_bits4},
		{"bits_of_many_digits", "10.0.0.0/4294967304", bad_bits4},
		{"mask_with_a_hole", "10.0.0.0/255.0.255.0", bad_bits4},
		{"bits_twice", "10.0.0.0/8/8", bad_bits4},
		{"bits_inside_and_behind", "[10.0.0.0/8]/8", bad_bracket},
		{"ipv6_bits_over_128", "::/129", bad_bits6},
		{"ipv6_with_an_ipv4_mask", "::/255.0.0.0", bad_bits6},
		{"mapped_with_ipv4_bits", "::ffff:10.0.0.0/8", bad_mapped},
		{"three_colons", "2001:::1", not_ipv6},
		{"zone", "fe80::1%eth0", not_ipv6},
		{"bracket_open", "[10.0.0.1", bad_bracket},
		{"name_in_brackets", "[localhost]", bad_bracket},
		{"text_behind_a_bracket", "[10.0.0.1]x", bad_bracket},
		{"bracket_with_a_wrong_address", "[10.0.0.300]", not_ipv4},
		{"star_without_patterns", "*.example.com", star},
		{"star_for_a_network_without_patterns", "10.*", star},
		{"expression", "(a|b).example", unknown},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct host_entry entry;
		char got[512];
		int r = host_entry_parse(bytes_of_string(rows[i].text), false, &entry);

		if (r == 0)
			entry_write(&entry, got, sizeof(got));
		else
			(void)snprintf(got, sizeof(got), "%s", host_entry_fault(r));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].name, got, rows[i].want);
	}
}

static void pattern_is_read(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} rows[] = {
		{"star_and_domain_is_the_domain", "*.example.com", "name .example.com"},
		{"excluded_star_and_domain", "!*.example.com.", "!name .example.com"},
		{"star_is_a_pattern", "*", "pattern *"},
		{"stars_and_dots_are_a_pattern", "*.*", "pattern *.*"},
		{"star_inside_is_a_pattern", "mx*.example.com", "pattern mx*.example.com"},
		{"two_stars_are_a_pattern", "*.mx*.example", "pattern *.mx*.example"},
		{"domain_with_a_star", ".a.*", "pattern .a.*"},
		{"star_at_the_end_is_a_pattern", "mail-1.*", "pattern mail-1.*"},
		{"one_number_and_star_is_a_network", "10.*", "10.0.0.0/8"},
		{"two_numbers_and_star_are_a_network", "!192.168.*", "!192.168.0.0/16"},
		{"three_numbers_and_star_are_a_network", "192.168.1.*", "192.168.1.0/24"},
		{"two_numbers_and_two_stars_are_a_network", "192.168.*.*", "192.168.0.0/16"},
		{"four_numbers_and_star_are_none", "1.2.3.4.*", bad_pattern},
		{"number_behind_a_star_is_none", "10.*.1", bad_pattern},
		{"number_over_255_and_star_is_none", "300.*", bad_pattern},
		{"star_behind_a_digit_is_none", "10.1*", bad_pattern},
		{"star_and_bits_are_none", "10.*/8", bad_pattern},
		{"number_behind_star_and_dot_is_none", "*.10", bad_pattern},
		{"name_that_ends_in_a_number_is_no_domain", "*.a.10", "pattern *.a.10"},
		{"two_dots_behind_a_star_are_none", "*.example..", bad_pattern},
		{"two_dots_in_a_pattern_are_none", "mx*..example", bad_pattern},
		{"star_in_an_ipv6_address_is_none", "2001:db8:*", bad_pattern},
		{"star_in_brackets_is_none", "[10.*]", bad_bracket},
		{"expression_with_a_star_is_none", "(a|b)*.example", bad_pattern},
		{"name_stays_a_name", "mx.example.com", "name mx.example.com"},
		{"address_in_brackets_is_no_expression", "[10.0.0.1]", "10.0.0.1/32"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct host_entry entry;
		char got[512];
		int r = host_entry_parse(bytes_of_string(rows[i].text), true, &entry);

		if (r == 0)
			entry_write(&entry, got, sizeof(got));
		else
			(void)snprintf(got, sizeof(got), "%s", host_entry_fault(r));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].name, got, rows[i].want);
	}
}

static void name_of_255_bytes_is_the_longest(void **state)
{
	char text[HOST_ENTRY_NAME_SIZE_MAX + 2];
	struct host_entry entry;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(host_entry_parse(bytes_of(text, HOST_ENTRY_NAME_SIZE_MAX), false, &entry),
			 0);
	assert_int_equal(
		host_entry_parse(bytes_of(text, HOST_ENTRY_NAME_SIZE_MAX + 1), false, &entry),
		HOST_ENTRY_E_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_is_read),
		cmocka_unit_test(pattern_is_read),
		cmocka_unit_test(name_of_255_bytes_is_the_longest),
	};

	return cmocka_run_group_tests_name("host_entry", tests, NULL, NULL);
}
