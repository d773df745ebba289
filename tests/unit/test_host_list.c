/*
 * Goal:   a list has the clients that opendkim.conf(5) says, in whatever form they are written.
 * Method: a table that reads as a specification: a list, a client's name and address, and whether
 *         it is a member. The same lists in random, with networks, names and clients of few different bits,
 *         are held against what OpenDKIM does: it writes out each text that could be in the set,
 *         from the longest on, and looks for it.
 */
#include "signer/tables/host_list.h"

#include "tests/unit/failing_memory.h"
#include "tests/unit/tables_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <time.h>

static const struct problem_place place = {"a.conf", 7, "PeerList"};

static struct host_list *list_load(struct fixture *fixture, const char *text)
{
	struct host_list *list;

	assert_int_equal(host_list_load(text, NULL, place, &fixture->problems, &list), 0);
	return list;
}

/* `kind` "csl:" takes commas for the line ends of a file. */
static struct host_list *list_of(struct fixture *fixture, const char *kind, const char *entries)
{
	char text[512];

	if (strcmp(kind, "csl:") == 0)
		(void)snprintf(text, sizeof(text), "csl:%s", entries);
	else
		(void)snprintf(text, sizeof(text), "%s%s", kind,
			       fixture_file(fixture, "hosts", entries));
	return list_load(fixture, text);
}

static bool has(const struct host_list *list, const char *name, const char *address)
{
	struct ip_address parsed;

	if (address == NULL)
		return host_list_has(list, bytes_of_string(name), NULL);
	assert_true(ip_address_parse(bytes_of_string(address), &parsed));
	return host_list_has(list, bytes_of_string(name), &parsed);
}

struct member_row {
	const char *name;
	const char *entries;
	const char *host;
	const char *address; /* NULL: none is known */
	bool want;
};

static void members_check(const char *kind, const struct member_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fixture fixture;
		struct host_list *list;
		bool got;

		fixture_init(&fixture);
		list = list_of(&fixture, kind, rows[i].entries);
		got = has(list, rows[i].host, rows[i].address);
		if (got != rows[i].want)
			fail_msg("%s: %s [%s]: got %s, want %s", rows[i].name, rows[i].host,
				 rows[i].address == NULL ? "" : rows[i].address,
				 got ? "member" : "no member",
				 rows[i].want ? "member" : "no member");
		if (strcmp(fixture_told(&fixture), "") != 0)
			fail_msg("%s: got \"%s\"", rows[i].name, fixture_told(&fixture));
		host_list_free(list);
		fixture_deinit(&fixture);
	}
}

static void list_says_who_is_a_member(void **state)
{
	static const struct member_row rows[] = {
		/* The default of InternalHosts. */
		{"default_has_ipv4_loopback", "127.0.0.1,::1", "localhost", "127.0.0.1", true},
		{"default_has_ipv6_loopback", "127.0.0.1,::1", "localhost", "::1", true},
		{"default_has_no_other_loopback", "127.0.0.1,::1", "localhost", "127.0.0.2", false},
		{"default_has_no_name", "127.0.0.1,::1", "localhost", "192.0.2.1", false},
		{"default_has_nobody_without_address", "127.0.0.1,::1", "localhost", NULL, false},

		/* Nobody. */
		{"empty_list_has_nobody", "", "localhost", "127.0.0.1", false},
		{"dash_has_nobody", "-", "localhost", "127.0.0.1", false},
		{"dash_is_no_name", "-", "-", "127.0.0.1", false},

		/* Names, as the MTA gave them. */
		{"name_is_a_member", "mx.a.example", "mx.a.example", "192.0.2.1", true},
		{"name_in_upper_case_is_the_same", "MX.a.example", "mx.A.example", "192.0.2.1",
		 true},
		{"name_is_not_for_hosts_below", "a.example", "mx.a.example", "192.0.2.1", false},
		{"name_is_not_the_end_of_another", "x.example", "mx.example", "192.0.2.1", false},
		{"name_without_address_is_a_member", "localhost", "localhost", NULL, true},
		{"other_name_is_none", "mx.a.example", "mx.b.example", "192.0.2.1", false},
		{"name_that_is_an_address_is_no_network", "192.0.2.1", "192.0.2.1", NULL, false},
		{"bracketed_name_is_not_looked_up", "192.0.2.1", "[192.0.2.1]", NULL, false},
		{"unknown_is_a_name_like_others", "unknown", "unknown", "192.0.2.1", true},
		{"no_name_is_none", "a", "", NULL, false},
		{"root_dot_of_an_entry_does_not_count", "mx.example.", "mx.example", NULL, true},
		{"root_dot_of_a_host_does_not_count", "mx.example", "mx.example.", NULL, true},
		{"dots_alone_are_no_host", ".example", "..", NULL, false},

		/* Domains. */
		{"domain_has_its_hosts", ".example", "mx.example", NULL, true},
		{"domain_has_hosts_far_below", ".example", "mx.b.a.example", NULL, true},
		{"domain_is_not_in_itself", ".example", "example", NULL, false},
		{"domain_does_not_cut_labels", ".example", "mx.anexample", NULL, false},
		{"domain_in_upper_case_is_the_same", ".EXAMPLE", "mx.example", NULL, true},

		/* Exclusion of names: the nearest decides, ! wins in the same place. */
		{"excluded_host_of_a_domain", "!mx.a.example,.a.example", "mx.a.example", NULL,
		 false},
		{"order_of_the_list_does_not_count", ".a.example,!mx.a.example", "mx.a.example",
		 NULL, false},
		{"others_of_the_domain_stay", "!mx.a.example,.a.example", "w.a.example", NULL,
		 true},
		{"excluded_domain_in_a_domain", "!.a.example,.example", "mx.a.example", NULL,
		 false},
		{"domain_in_an_excluded_domain", ".a.example,!.example", "mx.a.example", NULL,
		 true},
		{"name_in_an_excluded_domain", "mx.a.example,!.example", "mx.a.example", NULL,
		 true},
		{"name_both_ways_is_excluded", "mx.example,!mx.example", "mx.example", NULL, false},
		{"excluded_name_alone_has_nobody", "!mx.example", "w.example", NULL, false},

		/* The address comes after the name. */
		{"address_of_an_excluded_name_counts", "!mx.example,192.0.2.1", "mx.example",
		 "192.0.2.1", true},
		{"name_of_an_excluded_address_counts", "mx.example,!192.0.2.1", "mx.example",
		 "192.0.2.1", true},
		{"address_of_another_name_counts", "mx.example,192.0.2.1", "w.example", "192.0.2.1",
		 true},
		{"address_without_a_name_counts", "192.0.2.1", "[192.0.2.1]", "192.0.2.1", true},

		/* IPv4 networks. */
		{"network_has_its_first", "10.1.0.0/16", "x", "10.1.0.0", true},
		{"network_has_its_last", "10.1.0.0/16", "x", "10.1.255.255", true},
		{"network_has_not_the_next", "10.1.0.0/16", "x", "10.2.0.0", false},
		{"network_has_not_the_one_before", "10.1.0.0/16", "x", "10.0.255.255", false},
		{"network_of_odd_bits", "10.1.128.0/17", "x", "10.1.128.1", true},
		{"network_of_odd_bits_has_not_the_half", "10.1.128.0/17", "x", "10.1.127.1", false},
		{"network_of_32_bits_is_one", "10.1.2.3/32", "x", "10.1.2.3", true},
		{"network_of_31_bits_is_two", "10.1.2.2/31", "x", "10.1.2.3", true},
		{"network_of_no_bits_is_all_ipv4", "0.0.0.0/0", "x", "203.0.113.9", true},
		{"network_of_no_bits_is_no_ipv6", "0.0.0.0/0", "x", "2001:db8::1", false},
		{"network_with_host_bits", "10.0.0.1/8", "x", "10.2.3.4", true},
		{"network_with_a_mask", "10.1.0.0/255.255.0.0", "x", "10.1.9.9", true},
		{"network_with_a_mask_has_not_the_next", "10.1.0.0/255.255.0.0", "x", "10.2.9.9",
		 false},
		{"network_with_blanks", " 10.0.0.0 / 8 ", "x", "10.2.3.4", true},
		{"address_in_brackets", "[10.1.2.3]", "x", "10.1.2.3", true},
		{"network_behind_brackets", "[10.0.0.0]/8", "x", "10.1.2.3", true},
		{"network_in_brackets", "[10.0.0.1/8]", "x", "10.1.2.3", true},

		/* More specific wins; ! wins at the same length. */
		{"excluded_address_in_a_network", "10.0.0.0/8,!10.0.0.1", "x", "10.0.0.1", false},
		{"others_of_the_network_stay", "10.0.0.0/8,!10.0.0.1", "x", "10.0.0.2", true},
		{"address_in_an_excluded_network", "!10.0.0.0/8,10.0.0.1", "x", "10.0.0.1", true},
		{"network_in_an_excluded_network", "!10.0.0.0/8,10.1.0.0/16", "x", "10.1.2.3",
		 true},
		{"excluded_in_a_network_in_an_excluded_one", "!10.0.0.0/8,10.1.0.0/16,!10.1.2.0/24",
		 "x", "10.1.2.3", false},
		{"all_but_one_network", "0.0.0.0/0,!192.0.2.0/24", "x", "192.0.2.9", false},
		{"network_both_ways_is_excluded", "10.0.0.0/8,!10.0.0.0/8", "x", "10.0.0.1", false},
		{"same_network_in_other_forms_is_excluded", "10.0.0.0/8,![10.9.9.9]/255.0.0.0", "x",
		 "10.0.0.1", false},
		{"same_address_in_brackets_is_excluded", "10.0.0.1,![10.0.0.1]", "x", "10.0.0.1",
		 false},
		{"address_and_its_32_bits_are_the_same", "10.0.0.1,!10.0.0.1/32", "x", "10.0.0.1",
		 false},
		{"excluded_with_a_blank", "10.0.0.0/8,! 10.0.0.1", "x", "10.0.0.1", false},

		{"value_of_an_item_does_not_count", "10.0.0.1=/8", "x", "10.0.0.1", true},

		/* IPv6. */
		{"ipv6_address", "2001:db8::1", "x", "2001:db8::1", true},
		{"ipv6_in_full", "2001:0db8:0:0:0:0:0:1", "x", "2001:db8::1", true},
		{"ipv6_in_upper_case", "2001:DB8::A", "x", "2001:db8::a", true},
		{"ipv6_client_in_upper_case", "2001:db8::a", "x", "2001:0DB8::A", true},
		{"ipv6_client_with_its_label", "2001:db8::a", "x", "IPv6:2001:db8::a", true},
		{"ipv6_in_brackets", "[2001:db8::1]", "x", "2001:db8::1", true},
		{"ipv6_in_labelled_brackets", "[IPv6:2001:db8::1]", "x", "2001:db8::1", true},
		{"ipv6_network", "2001:db8::/32", "x", "2001:db8:ffff::1", true},
		{"ipv6_network_has_not_the_next", "2001:db8::/32", "x", "2001:db9::1", false},
		{"ipv6_network_beyond_64_bits", "2001:db8::/65", "x", "2001:db8::7fff:0:0:1", true},
		{"ipv6_network_beyond_64_bits_has_not_the_half", "2001:db8::/65", "x",
		 "2001:db8::8000:0:0:1", false},
		{"ipv6_network_with_host_bits", "2001:db8::1/32", "x", "2001:db8:1::2", true},
		{"ipv6_network_behind_brackets", "[2001:db8::]/32", "x", "2001:db8::2", true},
		{"ipv6_excluded_in_a_network", "2001:db8::/32,!2001:db8:1::/48", "x",
		 "2001:db8:1::2", false},
		{"ipv6_all", "::/0", "x", "2001:db8::1", true},
		{"ipv6_all_is_no_ipv4", "::/0", "x", "192.0.2.1", false},
		{"compatible_ipv6_is_no_ipv4", "::10.0.0.1", "x", "10.0.0.1", false},

		/* IPv4-mapped IPv6, both ways. */
		{"mapped_client_is_ipv4", "10.0.0.0/8", "x", "::ffff:10.1.2.3", true},
		{"mapped_client_in_hexadecimal_is_ipv4", "10.0.0.0/8", "x", "::FFFF:A01:203", true},
		{"mapped_entry_is_ipv4", "::ffff:10.1.2.3", "x", "10.1.2.3", true},
		{"mapped_entry_and_client", "::ffff:10.1.2.3", "x", "::ffff:10.1.2.3", true},
		{"mapped_network_is_ipv4", "::ffff:10.0.0.0/104", "x", "10.1.2.3", true},
		{"mapped_network_of_all_is_all_ipv4", "::ffff:0:0/96", "x", "10.1.2.3", true},
		{"mapped_client_is_of_all_ipv6", "::/0", "x", "::ffff:10.1.2.3", true},
		{"mapped_client_is_excluded_as_ipv4", "::/0,!10.0.0.0/8", "x", "::ffff:10.1.2.3",
		 false},
		{"mapped_exclusion_is_the_same_length", "10.0.0.0/8,!::ffff:10.0.0.0/104", "x",
		 "10.1.2.3", false},
	};

	(void)state;
	members_check("csl:", rows, ARRAY_COUNT(rows));
}

static void file_says_who_is_a_member(void **state)
{
	static const struct member_row rows[] = {
		{"lines_are_entries", "a.example\n10.0.0.0/8\n", "x", "10.0.0.1", true},
		{"comment_does_not_count", "a.example # 10.0.0.0/8\n#10.0.0.0/8\n", "x", "10.0.0.1",
		 false},
		{"remark_does_not_count", "10.0.0.1 the office, 10.0.0.2\n", "x", "10.0.0.1", true},
		{"remark_is_no_entry", "10.0.0.1 10.0.0.2\n", "x", "10.0.0.2", false},
		{"blank_behind_the_mark", "10.0.0.0/8\n! 10.0.0.1\n", "x", "10.0.0.1", false},
		{"blank_before_the_bits", "10.0.0.0 /8\n", "x", "10.0.0.1", true},
		{"blanks_around_the_slash", "10.0.0.0\t/ 8\n", "x", "10.0.0.1", true},
		{"blank_before_the_bits_only", "10.0.0.0/ 8\n", "x", "10.0.0.1", true},
		{"carriage_return_does_not_count", "10.0.0.1\r\n", "x", "10.0.0.1", true},
		{"dash_alone_has_nobody", "# nobody\n-\n", "-", "10.0.0.1", false},
	};

	(void)state;
	members_check("file:", rows, ARRAY_COUNT(rows));
	members_check("refile:", rows, ARRAY_COUNT(rows));
	members_check("", rows, ARRAY_COUNT(rows));
}

static void pattern_file_says_who_is_a_member(void **state)
{
	static const struct member_row rows[] = {
		{"star_and_domain_has_its_hosts", "*.a.example\n", "mx.a.example", NULL, true},
		{"star_and_domain_has_hosts_far_below", "*.example\n", "mx.a.example", NULL, true},
		{"star_and_domain_has_not_itself", "*.example\n", "example", NULL, false},
		{"star_and_domain_excluded", "*.example\n!*.a.example\n", "mx.a.example", NULL,
		 false},
		{"star_and_nearer_domain_wins", "!*.example\n*.a.example\n", "mx.a.example", NULL,
		 true},
		{"star_has_every_name", "*\n", "mx.example", NULL, true},
		{"star_has_no_bracketed_name", "*\n", "[10.0.0.1]", "10.0.0.1", false},
		{"star_inside_a_label", "mx*.example\n", "MX12.example", NULL, true},
		{"star_inside_a_label_is_anchored", "mx*.example\n", "amx1.example", NULL, false},
		{"star_at_the_end", "mx.*\n", "mx.a.example", NULL, true},
		{"pattern_of_a_domain", ".a.*\n", "mx.a.example", NULL, true},
		{"pattern_of_a_domain_is_not_the_host", ".a.*\n", "a.example", NULL, false},
		{"pattern_excluded", "*.example\n!mx*.example\n", "mx1.example", NULL, false},
		{"pattern_excluded_before_a_pattern", "!mx*\nmx1*\n", "mx1.example", NULL, false},
		{"pattern_excluded_after_a_pattern", "mx1*\n!mx*\n", "mx1.example", NULL, false},
		{"pattern_and_name_in_one_place", "mx1.example\n!mx*\n", "mx1.example", NULL,
		 false},
		{"name_before_an_excluded_domain_pattern", "mx.a.example\n!.a.*\n", "mx.a.example",
		 NULL, true},
		{"dot_stands_for_itself", "mx*.a.example\n", "mx1.axexample", NULL, false},
		{"numbers_and_star_are_a_network", "192.168.*\n", "x", "192.168.3.4", true},
		{"numbers_and_star_have_not_the_next", "192.168.*\n", "x", "192.169.3.4", false},
		{"numbers_and_star_are_no_name", "192.168.*\n", "192.168.example", "10.0.0.1",
		 false},
		{"numbers_and_star_excluded", "192.168.*\n!192.168.1.*\n", "x", "192.168.1.1",
		 false},
		{"brackets_are_no_expression", "[10.0.0.1]\n", "x", "10.0.0.1", true},
		{"trusted_hosts_as_in_many_a_guide",
		 "127.0.0.1\nlocalhost\n192.168.0.1/24\n\n"
		 "*.example.com\n",
		 "mail.example.com", "203.0.113.9", true},
		{"network_in_many_a_guide",
		 "127.0.0.1\nlocalhost\n192.168.0.1/24\n\n"
		 "*.example.com\n",
		 "[192.168.0.77]", "192.168.0.77", true},
		{"dash_alone_has_nobody", "-\n", "-", "10.0.0.1", false},
	};

	(void)state;
	members_check("refile:", rows, ARRAY_COUNT(rows));
}

/* A host name is not more than 255 bytes long, so that many dots cost no time. */
static void name_that_is_too_long_is_not_looked_up(void **state)
{
	struct fixture fixture;
	struct host_list *list;
	char name[260];

	(void)state;
	fixture_init(&fixture);
	list = list_load(&fixture, "csl:.b");
	memset(name, 'a', sizeof(name));
	memcpy(name + 253, ".b", 2);
	assert_true(host_list_has_name(list, bytes_of(name, 255)));
	memcpy(name + 253, "a.b", 3);
	assert_false(host_list_has_name(list, bytes_of(name, 256)));
	host_list_free(list);
	fixture_deinit(&fixture);
}

static void wrong_entry_is_told_and_the_rest_counts(void **state)
{
	struct fixture fixture;
	struct host_list *list;

	(void)state;
	fixture_init(&fixture);
	list = list_of(&fixture, "file:",
		       "# office\n10.0.0.0/33\n10.0.0.1\n\n!\nmx.example.com:25\n-\n*.example\n"
		       "300.1.1.1\n! a..b\n192.0.2.0 / 240\n2001:db8::/32\n");
	assert_string_equal(
		fixture_told(&fixture),
		"warning hosts:2: PeerList: \"10.0.0.0/33\" matches nobody: behind an IPv4 "
		"address, allowed are /0 to /32, or a mask such as /255.255.0.0\n"
		"warning hosts:5: PeerList: \"!\" matches nobody: a host or an address must stand "
		"behind the !\n"
		"warning hosts:6: PeerList: \"mx.example.com:25\" matches nobody: it has a : and "
		"is no IPv6 address\n"
		"warning hosts:7: PeerList: \"-\" matches nobody: - stands for an empty list only "
		"where it is alone\n"
		"warning hosts:8: PeerList: \"*.example\" matches nobody: * is for pattern files "
		"(refile:PATH); .DOMAIN stands for all hosts of a domain, and ADDRESS/BITS for a "
		"network\n"
		"warning hosts:9: PeerList: \"300.1.1.1\" matches nobody: it ends in a number and "
		"is no IPv4 address: four numbers from 0 to 255, without zeros before them\n"
		"warning hosts:10: PeerList: \"! a..b\" matches nobody: it is no host name and no "
		"address; allowed are HOST, .DOMAIN, ADDRESS and ADDRESS/BITS, each also with ! "
		"before it\n"
		"warning hosts:11: PeerList: \"192.0.2.0 / 240\" matches nobody: behind an IPv4 "
		"address, allowed are /0 to /32, or a mask such as /255.255.0.0\n");
	assert_int_equal(fixture.problems.warning_count, 8);
	assert_int_equal(fixture.problems.error_count, 0);
	assert_true(has(list, "x", "10.0.0.1"));
	assert_true(has(list, "x", "2001:db8::1"));
	assert_false(has(list, "x", "10.0.0.2"));
	host_list_free(list);
	fixture_deinit(&fixture);
}

static void wrong_entry_of_a_list_is_told_where_the_list_stands(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	host_list_free(list_load(&fixture, "10.0.0.1,10.0.0.0/8 192.168.0.0/16"));
	assert_string_equal(fixture_told(&fixture),
			    "warning a.conf:7: PeerList: \"10.0.0.0/8 192.168.0.0/16\" matches "
			    "nobody: behind an IPv4 address, allowed are /0 to /32, or a mask such "
			    "as /255.255.0.0\n");
	fixture_deinit(&fixture);
}

static void list_that_cannot_be_had_is_refused(void **state)
{
	struct fixture fixture;
	struct host_list *list = NULL;
	char directory[sizeof(fixture.directory)];

	(void)state;
	fixture_init(&fixture);
	memcpy(directory, fixture.directory, sizeof(directory));
	assert_int_equal(host_list_load("file:gone", directory, place, &fixture.problems, &list),
			 HOST_LIST_E_REFUSED);
	assert_int_equal(host_list_load("ldap://x", NULL, place, &fixture.problems, &list),
			 HOST_LIST_E_REFUSED);
	assert_null(list);
	assert_string_equal(fixture_told(&fixture),
			    "error a.conf:7: PeerList: cannot read \"gone\": No such file or "
			    "directory\n"
			    "error a.conf:7: PeerList: data sets of type \"ldap:\" are not "
			    "supported, and without the set other mail would be signed or let in; "
			    "use file:, refile: or csl:\n");
	fixture_deinit(&fixture);
}

static void relative_path_starts_from_the_base_directory(void **state)
{
	struct fixture fixture;
	struct host_list *list;

	(void)state;
	fixture_init(&fixture);
	(void)fixture_file(&fixture, "hosts", "10.0.0.1\n");
	assert_int_equal(
		host_list_load("refile:hosts", fixture.directory, place, &fixture.problems, &list),
		0);
	assert_true(has(list, "x", "10.0.0.1"));
	host_list_free(list);
	fixture_deinit(&fixture);
}

static void list_that_has_nobody_is_empty(void **state)
{
	static const struct {
		const char *text; /* NULL: not configured */
		bool want;
	} rows[] = {
		{NULL, true},	    {"", true},	  {"-", true},		{"csl:-", true},
		{"csl:a..b", true}, {"a", false}, {"!10.0.0.1", false}, {"::1", false},
	};
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct host_list *list = list_load(&fixture, rows[i].text);

		if (host_list_is_empty(list) != rows[i].want)
			fail_msg("%s: empty: got %d, want %d", rows[i].text, !rows[i].want,
				 rows[i].want);
		host_list_free(list);
	}
	host_list_free(NULL);
	fixture_deinit(&fixture);
}

/* xorshift64: the same numbers in every run. */
static unsigned random_below(uint64_t *seed, unsigned limit)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (unsigned)(*seed >> 32) % limit;
}

/* Entries as OpenDKIM wants them, since it compares texts. */
#define ENTRIES_MAX 24
#define ENTRY_SIZE  80
#define PART_SIZE   46 /* a name or an address */

struct entries {
	char texts[ENTRIES_MAX][ENTRY_SIZE];
	size_t count;
};

/* Two families of few addresses each: with some bits of 16 set, so that networks meet. */
static void random_address(uint64_t *seed, bool is_ipv6, uint8_t bytes[16])
{
	memset(bytes, 0, 16);
	for (unsigned i = 0; i < 3; i++) {
		unsigned bit = random_below(seed, is_ipv6 ? 128 : 32);

		bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
	if (is_ipv6)
		bytes[0] |= 0x20; /* neither mapped nor written with dots */
}

static void address_cut(uint8_t bytes[16], unsigned bits)
{
	for (unsigned i = bits; i < 128; i++)
		bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

static void address_write(const uint8_t bytes[16], bool is_ipv6, char text[PART_SIZE])
{
	assert_non_null(inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, bytes, text, PART_SIZE));
}

static void random_name(uint64_t *seed, char *text, size_t size)
{
	static const char *const labels[] = {"a", "b", "c"};
	unsigned count = 1 + random_below(seed, 4);
	size_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : ".",
					 labels[random_below(seed, ARRAY_COUNT(labels))]);
}

static void random_entries(uint64_t *seed, struct entries *entries)
{
	entries->count = random_below(seed, ENTRIES_MAX);
	for (size_t i = 0; i < entries->count; i++) {
		const char *not = random_below(seed, 3) == 0 ? "!" : "";
		bool is_ipv6 = random_below(seed, 2) == 0;
		unsigned bits = random_below(seed, is_ipv6 ? 129 : 33);
		char text[PART_SIZE];
		char address[PART_SIZE];
		uint8_t bytes[16];

		random_name(seed, text, sizeof(text));
		if (random_below(seed, 2) == 0) {
			(void)snprintf(entries->texts[i], ENTRY_SIZE, "%s%s%s", not,
				       random_below(seed, 2) == 0 ? "." : "", text);
			continue;
		}
		random_address(seed, is_ipv6, bytes);
		address_cut(bytes, bits);
		address_write(bytes, is_ipv6, address);
		if (random_below(seed, 2) == 0)
			(void)snprintf(entries->texts[i], ENTRY_SIZE, "%s%s/%u", not, address,
				       bits);
		else
			(void)snprintf(entries->texts[i], ENTRY_SIZE, "%s[%s]/%u", not, address,
				       bits);
	}
}

static bool entries_have(const struct entries *entries, const char *text)
{
	for (size_t i = 0; i < entries->count; i++) {
		if (strcmp(entries->texts[i], text) == 0)
			return true;
	}
	return false;
}

static bool reference_has_name(const struct entries *entries, const char *host)
{
	for (const char *name = host; name != NULL; name = strchr(name + 1, '.')) {
		char text[ENTRY_SIZE];

		(void)snprintf(text, sizeof(text), "!%s", name);
		if (entries_have(entries, text))
			return false;
		if (entries_have(entries, name))
			return true;
	}
	return false;
}

/* "!ip", "ip", "![ip]", "[ip]", from the longest on; but ! first, in whatever form. */
static bool reference_has_address(const struct entries *entries, const uint8_t address[16],
				  bool is_ipv6)
{
	static const char *const starts[] = {"!", "![", "", "["};
	static const char *const ends[] = {"", "]", "", "]"};
	uint8_t bytes[16];

	memcpy(bytes, address, sizeof(bytes));
	for (unsigned bits = is_ipv6 ? 129 : 33; bits-- > 0;) {
		char text[PART_SIZE];

		address_cut(bytes, bits);
		address_write(bytes, is_ipv6, text);
		for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
			char entry[ENTRY_SIZE];

			(void)snprintf(entry, sizeof(entry), "%s%s%s/%u", starts[i], text, ends[i],
				       bits);
			if (entries_have(entries, entry))
				return i >= 2;
		}
	}
	return false;
}

static void list_of_entries(const struct entries *entries, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "csl:");

	for (size_t i = 0; i < entries->count; i++)
		used += (size_t)snprintf(text + used, size - used, "%s,", entries->texts[i]);
	assert_true(used < size);
}

static void list_answers_as_opendkim_does(void **state)
{
	uint64_t seed = 88172645463325252;
	struct fixture fixture;
	unsigned member_count = 0;
	unsigned count = 0;

	(void)state;
	fixture_init(&fixture);
	for (unsigned round = 0; round < rounds_of(1000); round++) {
		char text[ENTRIES_MAX * ENTRY_SIZE + 8];
		struct entries entries;
		struct host_list *list;

		random_entries(&seed, &entries);
		list_of_entries(&entries, text, sizeof(text));
		list = list_load(&fixture, text);
		for (unsigned i = 0; i < 20; i++) {
			bool is_ipv6 = random_below(&seed, 2) == 0;
			char name[PART_SIZE];
			char address[PART_SIZE];
			uint8_t bytes[16];
			bool want;

			random_name(&seed, name, sizeof(name));
			random_address(&seed, is_ipv6, bytes);
			address_write(bytes, is_ipv6, address);
			want = reference_has_name(&entries, name) ||
			       reference_has_address(&entries, bytes, is_ipv6);
			if (has(list, name, address) != want)
				fail_msg("%s: %s [%s]: got %d, want %d", text, name, address, !want,
					 want);
			member_count += want;
			count++;
		}
		host_list_free(list);
	}
	assert_string_equal(fixture_told(&fixture), "");
	assert_in_range(member_count, count / 10, count - count / 10);
	fixture_deinit(&fixture);
}

static double seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The times are printed and not judged, because other work may share the machine. */
static void list_of_100000_networks_is_loaded(void **state)
{
	const unsigned network_count = 100000 / stride_of(50);
	struct fixture fixture;
	struct host_list *list;
	char text[128];
	const char *path;
	double start;
	double loaded;
	FILE *file;

	(void)state;
	fixture_init(&fixture);
	path = fixture_path(&fixture, "hosts");
	file = fopen(path, "we");
	assert_non_null(file);
	for (unsigned i = 0; i < network_count; i++) {
		/* 7919 is prime, so the order has no sense. */
		unsigned n = i * 7919 % network_count;

		if (n % 2 == 0)
			(void)fprintf(file, "10.%u.%u.%u/31\n", n >> 14, n >> 6 & 255,
				      n << 2 & 255);
		else
			(void)fprintf(file, "2001:db8:%x:%x::/64\n", n >> 8, n & 255);
	}
	assert_int_equal(fclose(file), 0);
	(void)snprintf(text, sizeof(text), "refile:%s", path);
	start = seconds_now();
	list = list_load(&fixture, text);
	loaded = seconds_now();
	failing_memory_arm(0);
	for (unsigned n = 0; n < network_count; n++) {
		struct ip_address address = ip_address_loopback();

		address.bytes[12] = 10;
		address.bytes[13] = (uint8_t)(n >> 14);
		address.bytes[14] = (uint8_t)(n >> 6);
		address.bytes[15] = (uint8_t)(n << 2 | 1);
		assert_true(host_list_has_address(list, &address) == (n % 2 == 0));
		address.bytes[15] |= 2;
		assert_false(host_list_has_address(list, &address));
	}
	assert_int_equal(failing_memory_count(), 0);
	(void)failing_memory_disarm();
	print_message("%u networks: loaded in %.3f s; a look-up takes %.0f ns\n", network_count,
		      loaded - start, (seconds_now() - loaded) * 1e9 / (2 * network_count));
	assert_string_equal(fixture_told(&fixture), "");
	host_list_free(list);
	fixture_deinit(&fixture);
}

static int list_use(const char *text)
{
	struct problems problems;
	struct host_list *list;
	struct ip_address address = ip_address_loopback();
	int r;

	problems_init(&problems, NULL, NULL);
	r = host_list_load(text, NULL, place, &problems, &list);
	if (r != 0)
		return r;
	assert_true(host_list_has(list, BYTES_LITERAL("x"), &address));
	host_list_free(list);
	return 0;
}

static void every_allocation_may_fail(void **state)
{
	struct fixture fixture;
	char text[128];
	size_t total;

	(void)state;
	fixture_init(&fixture);
	(void)snprintf(
		text, sizeof(text), "refile:%s",
		fixture_file(&fixture, "hosts",
			     "127.0.0.1\n::1\na\nb.c\n10.0.0.0/8\n10.1.0.0/16\n10.2.0.0/16\n"
			     "10.3.0.0/16\n10.4.0.0/16\n10.5.0.0/16\n10.6.0.0/16\n10.7.0.0/16\n"
			     "10.8.0.0/16\n10.9.0.0/16\nx*y\nwrong..\n1*a\n2*a\n3*a\n4*a\n5*a\n"
			     "6*a\n7*a\n8*a\n"));
	failing_memory_arm(0);
	assert_int_equal(list_use(text), 0);
	total = failing_memory_count();
	assert_true(total >= 10);
	for (size_t n = 1; n <= total; n++) {
		int r;

		failing_memory_arm(n);
		r = list_use(text);
		assert_true(failing_memory_disarm());
		if (r != -ENOMEM)
			fail_msg("allocation %zu of %zu fails: got %d, want %d", n, total, r,
				 -ENOMEM);
	}
	fixture_deinit(&fixture);
}

static void look_up_allocates_nothing(void **state)
{
	struct fixture fixture;
	struct host_list *list;

	(void)state;
	fixture_init(&fixture);
	list = list_of(&fixture, "refile:", "a.example\n*.b.example\nmx*\n!10.0.0.0/8\n::/0\n");
	failing_memory_arm(0);
	assert_true(has(list, "a.example", "10.0.0.1"));
	assert_true(has(list, "c.B.example", "::1"));
	assert_true(has(list, "mx1.example", NULL));
	assert_false(has(list, "x.example", "10.0.0.1"));
	assert_int_equal(failing_memory_count(), 0);
	(void)failing_memory_disarm();
	host_list_free(list);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_says_who_is_a_member),
		cmocka_unit_test(file_says_who_is_a_member),
		cmocka_unit_test(pattern_file_says_who_is_a_member),
		cmocka_unit_test(name_that_is_too_long_is_not_looked_up),
		cmocka_unit_test(wrong_entry_is_told_and_the_rest_counts),
		cmocka_unit_test(wrong_entry_of_a_list_is_told_where_the_list_stands),
		cmocka_unit_test(list_that_cannot_be_had_is_refused),
		cmocka_unit_test(relative_path_starts_from_the_base_directory),
		cmocka_unit_test(list_that_has_nobody_is_empty),
		cmocka_unit_test(list_answers_as_opendkim_does),
		cmocka_unit_test(list_of_100000_networks_is_loaded),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(look_up_allocates_nothing),
	};

	return cmocka_run_group_tests_name("host_list", tests, NULL, NULL);
}
