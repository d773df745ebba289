/*
 * Goal:   DKIM-Signature fields are read and refused as RFC 6376 3.5 and 6.1.1 say.
 * Method: each row is a good field with one tag replaced, added or taken away.
 */
#include "signer/dkim/dkim_signature.h"

#include "tests/unit/unit_test.h"

#define BH "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="

/* What a row does not say. */
static const char *const good[][2] = {
	{"v", "1"},    {"a", "rsa-sha256"}, {"d", "example.com"}, {"s", "sel.x"},
	{"h", "From"}, {"bh", BH},	    {"b", "Zm9v"},
};

struct row {
	const char *name;
	const char *tag;
	const char *value; /* NULL: the tag is left out */
	int outcome;
};

static const struct row rows[] = {
	{"v_missing", "v", NULL, DKIM_SIGNATURE_E_MISSING_TAG},
	{"a_missing", "a", NULL, DKIM_SIGNATURE_E_MISSING_TAG},
	{"b_missing", "b", NULL, DKIM_SIGNATURE_E_MISSING_TAG},
	{"bh_missing", "bh", NULL, DKIM_SIGNATURE_E_MISSING_TAG},
	{"d_missing", "d", NULL, DKIM_SIGNATURE_E_MISSING_TAG},
	{"h_missing", "h", NULL, DKIM_SIGNATURE_E_MISSING_TAG},
	{"s_missing", "s", NULL, DKIM_SIGNATURE_E_MISSING_TAG},

	{"other_version", "v", "2", DKIM_SIGNATURE_E_VERSION},
	{"version_with_zero", "v", "01", DKIM_SIGNATURE_E_VERSION},

	{"ed25519", "a", "ed25519-sha256", 0},
	{"unknown_algorithm", "a", "dsa-sha256", DKIM_SIGNATURE_E_ALGORITHM},
	/* RFC 8301 3.1. */
	{"sha1", "a", "rsa-sha1", DKIM_SIGNATURE_E_SHA1},

	{"c_relaxed", "c", "relaxed/relaxed", 0},
	{"c_unknown", "c", "nofws", DKIM_SIGNATURE_E_CANONICALIZATION},

	{"d_of_one_label", "d", "com", DKIM_SIGNATURE_E_DOMAIN},
	{"d_empty", "d", "", DKIM_SIGNATURE_E_DOMAIN},
	{"d_with_at", "d", "a@example.com", DKIM_SIGNATURE_E_DOMAIN},
	{"d_with_dot_at_the_end", "d", "example.com.", DKIM_SIGNATURE_E_DOMAIN},
	/* RFC 8616. */
	{"d_utf8", "d", "m\xc3\xbcnchen.example", 0},
	{"s_empty", "s", "", DKIM_SIGNATURE_E_SELECTOR},
	{"s_with_blank", "s", "a b", DKIM_SIGNATURE_E_SELECTOR},

	{"h_with_folding", "h", " From :\r\n\tTo : Subject ", 0},
	{"h_without_from", "h", "To:Subject", DKIM_SIGNATURE_E_FROM_NOT_SIGNED},
	{"h_with_from_in_other_case", "h", "To:FROM", 0},
	{"h_empty", "h", "", DKIM_SIGNATURE_E_NAMES},
	{"h_with_empty_name", "h", "From::To", DKIM_SIGNATURE_E_NAMES},
	{"h_with_blank_in_name", "h", "From:X Y", DKIM_SIGNATURE_E_NAMES},

	{"i_same_domain", "i", "joe@example.com", 0},
	{"i_subdomain", "i", "joe@A.B.Example.com", 0},
	{"i_without_local_part", "i", "@example.com", 0},
	{"i_other_domain", "i", "joe@example.org", DKIM_SIGNATURE_E_IDENTITY_OUTSIDE},
	{"i_domain_that_only_ends_alike", "i", "@badexample.com",
	 DKIM_SIGNATURE_E_IDENTITY_OUTSIDE},
	{"i_parent", "i", "@com", DKIM_SIGNATURE_E_IDENTITY_OUTSIDE},
	{"i_without_at", "i", "example.com", DKIM_SIGNATURE_E_IDENTITY},
	{"i_without_domain", "i", "joe@", DKIM_SIGNATURE_E_IDENTITY},
	{"i_badly_encoded", "i", "j=2@example.com", DKIM_SIGNATURE_E_IDENTITY},
	{"i_empty", "i", "", DKIM_SIGNATURE_E_IDENTITY},

	{"bh_folded", "bh", "2jUSOH9NhtVGCQWNr9BrIAPreK\r\n QjO6Sn7XIkfJVOzv8=", 0},
	{"bh_short", "bh", "Zm9v", DKIM_SIGNATURE_E_BODY_HASH},
	{"bh_long", "bh", "Zm9v" BH, DKIM_SIGNATURE_E_BODY_HASH},
	{"bh_no_base64", "bh", "!", DKIM_SIGNATURE_E_BODY_HASH},
	{"bh_empty", "bh", "", DKIM_SIGNATURE_E_BODY_HASH},
	{"b_empty", "b", "", DKIM_SIGNATURE_E_SIGNATURE},
	{"b_no_base64", "b", "Zm9v!", DKIM_SIGNATURE_E_SIGNATURE},

	{"l_number", "l", "0", 0},
	{"l_zero_padded", "l", "0000000000000000012345", 0},
	{"l_empty", "l", "", DKIM_SIGNATURE_E_BODY_LIMIT},
	{"l_negative", "l", "-1", DKIM_SIGNATURE_E_BODY_LIMIT},
	{"l_larger_than_any_body", "l", "99999999999999999999999999", DKIM_SIGNATURE_E_BODY_LIMIT},

	{"q_dns_txt", "q", "dns/txt", 0},
	{"q_one_of_several", "q", "http/x : DNS/TXT", 0},
	{"q_other", "q", "http/x", DKIM_SIGNATURE_E_QUERY},

	{"t_number", "t", "1528637909", 0},
	{"t_no_number", "t", "soon", DKIM_SIGNATURE_E_TIME},
	/* RFC 6376 3.5: 1*12DIGIT. */
	{"t_too_long", "t", "1000000000000", DKIM_SIGNATURE_E_TIME},
	{"x_no_number", "x", "1.5", DKIM_SIGNATURE_E_TIME},
	/* RFC 6376 3.5: greater. */
	{"x_equals_t", "x", "5; t=5", DKIM_SIGNATURE_E_TIME_ORDER},
	{"x_before_t", "x", "4; t=5", DKIM_SIGNATURE_E_TIME_ORDER},

	{"z_is_not_read", "z", "From:joe|X:", 0},
	{"unknown_tag_is_not_read", "zz", "!", 0},
	{"duplicate_tag", "b", "Zm9v; b=Zm9v", DKIM_SIGNATURE_E_DUPLICATE_TAG},
	{"duplicate_unknown_tag", "zz", "; zz=", DKIM_SIGNATURE_E_DUPLICATE_TAG},
	{"no_tag", "zz", "; x", DKIM_SIGNATURE_E_SYNTAX},
};

/* The good field, but with that tag as that value, or without it. */
static void write_field(struct buffer *out, const char *tag, const char *value)
{
	bool written = false;

	assert_int_equal(buffer_append_string(out, "DKIM-Signature:"), 0);
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		const char *written_value = good[i][1];

		if (strcmp(good[i][0], tag) == 0) {
			written = true;
			written_value = value;
		}
		if (written_value != NULL)
			assert_int_equal(buffer_printf(out, " %s=%s;", good[i][0], written_value),
					 0);
	}
	if (!written)
		assert_int_equal(buffer_printf(out, " %s=%s", tag, value), 0);
}

static void rows_hold_on_one_object(void **state)
{
	struct dkim_signature signature = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer field = {0};
		int r;

		write_field(&field, rows[i].tag, rows[i].value);
		r = dkim_signature_parse(&signature, buffer_bytes(&field));
		if (r != rows[i].outcome)
			fail_msg("%s: got %d (%s), want %d (%s)", rows[i].name, r,
				 dkim_signature_reason(r), rows[i].outcome,
				 dkim_signature_reason(rows[i].outcome));
		buffer_deinit(&field);
	}
	dkim_signature_deinit(&signature);
}

static void all_tags_are_read(void **state)
{
	struct dkim_signature signature = {0};
	struct bytes field = BYTES_LITERAL(
		"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/simple; d=Example.com;\r\n"
		"\ts=sel; t=12; x=34; i=j=40oe@sub.example.com; l=0099; q=dns/txt;\r\n"
		"\tbh=" BH "; h=From : To:from;\r\n"
		"\tb= Zm9v\r\n\t YmFy ; z=From:x");
	struct buffer unsigned_field = {0};

	(void)state;
	assert_int_equal(dkim_signature_parse(&signature, field), 0);
	assert_int_equal(signature.algorithm, DKIM_ALGORITHM_ED25519_SHA256);
	assert_int_equal(signature.header_canonicalization, CANONICALIZATION_RELAXED);
	assert_int_equal(signature.body_canonicalization, CANONICALIZATION_SIMPLE);
	assert_true(bytes_equal(signature.domain, BYTES_LITERAL("Example.com")));
	assert_true(bytes_equal(signature.selector, BYTES_LITERAL("sel")));
	assert_string_equal(buffer_string(&signature.identity), "j@oe@sub.example.com");
	assert_int_equal(signature.names.count, 3);
	assert_true(bytes_equal(signature.names.names[1], BYTES_LITERAL("To")));
	assert_int_equal(signature.body_limit, 99);
	assert_true(signature.has_timestamp && signature.has_expiry);
	assert_int_equal(signature.timestamp, 12);
	assert_int_equal(signature.expiry, 34);
	assert_int_equal(signature.body_hash[0], 0xda);
	assert_int_equal(signature.body_hash[31], 0xff);
	assert_int_equal(signature.signature_size, 6);
	assert_memory_equal(signature.signature, "foobar", 6);

	/* RFC 6376 3.7: the value goes with all white space around it. */
	assert_int_equal(dkim_signature_append_unsigned(&signature, &unsigned_field), 0);
	assert_non_null(strstr(buffer_string(&unsigned_field), "\r\n\tb=; z=From:x"));
	buffer_deinit(&unsigned_field);
	dkim_signature_deinit(&signature);
}

static void tags_that_are_missing_have_their_defaults(void **state)
{
	struct dkim_signature signature = {0};
	struct buffer field = {0};

	(void)state;
	write_field(&field, "zz", "");
	assert_int_equal(dkim_signature_parse(&signature, buffer_bytes(&field)), 0);
	assert_int_equal(signature.header_canonicalization, CANONICALIZATION_SIMPLE);
	assert_int_equal(signature.body_canonicalization, CANONICALIZATION_SIMPLE);
	assert_string_equal(buffer_string(&signature.identity), "@example.com");
	assert_true(signature.body_limit == DKIM_SIGNATURE_NO_BODY_LIMIT);
	assert_false(signature.has_timestamp || signature.has_expiry);
	dkim_signature_deinit(&signature);
	buffer_deinit(&field);
}

static void unsigned_field_has_no_value_wherever_b_is(void **state)
{
	static const struct {
		const char *end;
		const char *unsigned_end;
	} ends[] = {
		{"b=Zm9v", "b="},
		{"b=\r\n\tZm\r\n\t9v\r\n\t", "b="},
		{"b = Zm9v ;\r\n x=9", "b =;\r\n x=9"},
		{"b=Zm9v;", "b=;"},
	};
	struct dkim_signature signature = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
		struct buffer field = {0};
		struct buffer got = {0};
		struct buffer want = {0};

		write_field(&field, "b", NULL);
		assert_int_equal(buffer_append(&want, buffer_bytes(&field)), 0);
		assert_int_equal(buffer_append_string(&field, ends[i].end), 0);
		assert_int_equal(buffer_append_string(&want, ends[i].unsigned_end), 0);
		assert_int_equal(dkim_signature_parse(&signature, buffer_bytes(&field)), 0);
		assert_int_equal(dkim_signature_append_unsigned(&signature, &got), 0);
		assert_string_equal(buffer_string(&got), buffer_string(&want));
		buffer_deinit(&field);
		buffer_deinit(&got);
		buffer_deinit(&want);
	}
	dkim_signature_deinit(&signature);
}

static void sizes_are_bounded(void **state)
{
	struct dkim_signature signature = {0};
	struct buffer names = {0};
	struct buffer base64 = {0};
	struct buffer field = {0};

	(void)state;
	assert_int_equal(buffer_append_string(&names, "From"), 0);
	for (unsigned int i = 1; i < DKIM_SIGNATURE_NAMES_MAX; i++)
		assert_int_equal(buffer_append_string(&names, ":x"), 0);
	write_field(&field, "h", buffer_string(&names));
	assert_int_equal(dkim_signature_parse(&signature, buffer_bytes(&field)), 0);
	assert_int_equal(buffer_append_string(&names, ":x"), 0);
	buffer_clear(&field);
	write_field(&field, "h", buffer_string(&names));
	assert_int_equal(dkim_signature_parse(&signature, buffer_bytes(&field)),
			 DKIM_SIGNATURE_E_TOO_MANY_NAMES);

	for (unsigned int i = 0; i < DKIM_SIGNATURE_SIZE_MAX / 3 + 1; i++)
		assert_int_equal(buffer_append_string(&base64, "Zm9v"), 0);
	buffer_clear(&field);
	write_field(&field, "b", buffer_string(&base64));
	assert_int_equal(dkim_signature_parse(&signature, buffer_bytes(&field)),
			 DKIM_SIGNATURE_E_SIGNATURE);

	buffer_clear(&field);
	write_field(&field, "zz", "");
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(buffer_printf(&field, "; z%u=", i), 0);
	assert_int_equal(dkim_signature_parse(&signature, buffer_bytes(&field)),
			 DKIM_SIGNATURE_E_TOO_MANY_TAGS);
	dkim_signature_deinit(&signature);
	buffer_deinit(&names);
	buffer_deinit(&base64);
	buffer_deinit(&field);
}

static void every_outcome_has_a_reason(void **state)
{
	(void)state;
	for (int outcome = DKIM_SIGNATURE_E_SYNTAX; outcome <= DKIM_SIGNATURE_E_TIME_ORDER;
	     outcome++)
		assert_string_not_equal(dkim_signature_reason(outcome), "unknown error");
	assert_string_equal(dkim_signature_reason(DKIM_SIGNATURE_E_TIME_ORDER + 1),
			    "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold_on_one_object),
		cmocka_unit_test(all_tags_are_read),
		cmocka_unit_test(tags_that_are_missing_have_their_defaults),
		cmocka_unit_test(unsigned_field_has_no_value_wherever_b_is),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(every_outcome_has_a_reason),
	};

	return cmocka_run_group_tests_name("dkim_signature", tests, NULL, NULL);
}
