/*
 * Goal: what SPF takes as an address or a network is taken, written in one form, and compared by what it is.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "signer/dns/ip_range.h"

static void range_is_written_in_one_form(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* NULL: it is refused */
	} rows[] = {
		{"111.111.111.111", "111.111.111.111"},
		{"192.0.2.7/32", "192.0.2.7"},
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:DB8:0:0::1", "2001:db8::1"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:db8::1/128", "2001:db8::1"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"", NULL},
		{"/24", NULL},
		{"192.0.2", NULL},
		{"192.0.2.256", NULL},
		{"192.0.2.1/33", NULL},
		{"192.0.2.1/", NULL},
		{"192.0.2.1/08", NULL},
		{"192.0.2.1/-1", NULL},
		{"192.0.2.1/2a", NULL},
		{"192.0.2.1 ", NULL},
		{"2001:db8::/129", NULL},
		{"2001:db8::/4294967297", NULL},
		{"2001:db8:::1", NULL},
		{"fe80::1%eth0", NULL},
		{"[2001:db8::1]", NULL},
		{"mail.example.com", NULL},
		{"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer output = {0};
		struct ip_range range;
		int r = ip_range_parse(&range, bytes_of_string(rows[i].text));

		if (r != (rows[i].want == NULL ? IP_RANGE_E_SYNTAX : 0))
			fail_msg("%s: got %d", rows[i].text, r);
		if (r != 0)
			continue;
		assert_int_equal(ip_range_append(&range, &output), 0);
		assert_string_equal(buffer_string(&output), rows[i].want);
		buffer_deinit(&output);
	}
	assert_int_equal(ip_range_parse(&(struct ip_range){0}, bytes_of("1.2.3.4\0/8", 10)),
			 IP_RANGE_E_SYNTAX);
}

static void ranges_are_equal_by_the_bits_that_count(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool want;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1/32", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1/24", "192.0.2.0/24", true},
		{"192.0.2.0/24", "192.0.3.0/24", false},
		{"192.0.2.0/24", "192.0.2.0/25", false},
		{"192.0.3.0/23", "192.0.2.9/23", true},
		{"192.0.4.0/23", "192.0.2.9/23", false},
		{"2001:db8::1", "2001:DB8::0001", true},
		{"0.0.0.0/0", "::/0", false},
		{"1.2.3.4/0", "5.6.7.8/0", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct ip_range a;
		struct ip_range b;

		assert_int_equal(ip_range_parse(&a, bytes_of_string(rows[i].a)), 0);
		assert_int_equal(ip_range_parse(&b, bytes_of_string(rows[i].b)), 0);
		if (ip_range_equals(&a, &b) != rows[i].want)
			fail_msg("%s and %s: want %d", rows[i].a, rows[i].b, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_is_written_in_one_form),
		cmocka_unit_test(ranges_are_equal_by_the_bits_that_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
