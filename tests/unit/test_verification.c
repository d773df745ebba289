/*
 * Goal:   each signature of a message gets the verdict that RFC 6376 6.1 gives it without a key,
 *         and key records are held against signatures as 6.1.2 says.
 * Method: by row: DKIM-Signature values and a body, and the verdicts as words. Digests are checked
 *         with the RFCs' own signatures in test_rfc_vectors.c.
 */
#include "signer/dkim/verification.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>

#define NOW   1000000
#define DRIFT 300

/* bh= of "a\r\n", of "\r\n", and of "a" alone. */
#define BH_A	"jkYhN5eG70Kk/sFVzVJcKR3X2zwf3jR4Ui9PYcA/0b0="
#define BH_CRLF "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="
#define BH_CUT	"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="

#define TAGS "v=1; a=rsa-sha256; d=example.com; s=s; h=From; b=Zm9v; "

struct row {
	const char *name;
	const char *signatures[4];
	const char *body;
	const char *verdicts; /* names, with a blank behind each */
};

static const struct row rows[] = {
	{"no_signature", {NULL}, "a\r\n", ""},
	{"good_body", {TAGS "bh=" BH_A}, "a\r\n", "needs_key "},
	{"lf_body", {TAGS "bh=" BH_A}, "a\n\n\n", "needs_key "},
	{"changed_body", {TAGS "bh=" BH_A}, "b\r\n", "body_differs "},
	{"empty_body", {TAGS "bh=" BH_CRLF}, "", "needs_key "},
	{"relaxed_body", {TAGS "c=simple/relaxed; bh=" BH_A}, "a \t\r\n", "needs_key "},
	{"several_signatures_keep_their_order",
	 {TAGS "bh=" BH_A, TAGS "bh=" BH_CRLF, TAGS "c=simple/relaxed; bh=" BH_A, "v=1"},
	 "a\r\n",
	 "needs_key body_differs needs_key malformed "},
	{"malformed_ones_do_not_stop_the_rest",
	 {"v=2", "v=1", "x", TAGS "bh=" BH_A},
	 "a\r\n",
	 "malformed malformed malformed needs_key "},

	/* RFC 6376 3.4.5 and 3.5 l=. */
	{"body_limit_cuts", {TAGS "l=1; bh=" BH_CUT}, "abc\r\n", "needs_key "},
	{"body_limit_of_all", {TAGS "l=3; bh=" BH_A}, "a\r\n", "needs_key "},
	{"body_limits_do_not_share_a_hash",
	 {TAGS "l=1; bh=" BH_CUT, TAGS "bh=" BH_A, TAGS "l=1; bh=" BH_A},
	 "a\r\n",
	 "needs_key needs_key body_differs "},
	{"body_limit_beyond_the_body", {TAGS "l=4; bh=" BH_A}, "a\r\n", "body_short "},

	{"expired", {TAGS "x=999699; bh=" BH_A}, "a\r\n", "expired "},
	{"expires_within_the_drift", {TAGS "x=999700; bh=" BH_A}, "a\r\n", "needs_key "},
	{"from_the_future", {TAGS "t=1000301; bh=" BH_A}, "a\r\n", "from_future "},
	{"from_within_the_drift", {TAGS "t=1000300; bh=" BH_A}, "a\r\n", "needs_key "},
};

static void make_header(const struct row *row, struct header *header)
{
	char field[400];

	header_clear(header);
	for (size_t i = 0; i < ARRAY_COUNT(row->signatures) && row->signatures[i] != NULL; i++) {
		snprintf(field, sizeof(field), "DKIM-Signature: %s\r\n", row->signatures[i]);
		assert_int_equal(header_add(header, bytes_of_string(field)), 0);
	}
	assert_int_equal(header_add(header, BYTES_LITERAL("From: joe@example.com\r\n")), 0);
}

static void rows_hold_on_one_object(void **state)
{
	const struct verification_options options = {
		.now = NOW, .clock_drift = DRIFT, .signatures_max = 4};
	struct verification verification;
	struct header header;

	(void)state;
	header_init(&header, 0);
	assert_int_equal(verification_init(&verification), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct bytes body = bytes_of_string(rows[i].body);
		struct buffer verdicts = {0};

		make_header(&rows[i], &header);
		assert_int_equal(verification_start(&verification, &header, &options), 0);
		assert_int_equal(
			verification_push(&verification, bytes_slice(body, 0, body.size / 2)), 0);
		assert_int_equal(verification_push(&verification, bytes_skip(body, body.size / 2)),
				 0);
		assert_int_equal(verification_finish(&verification), 0);
		for (size_t n = 0; n < verification_count(&verification); n++) {
			const struct verification_result *result = verification_result(
				&verification, n);

			assert_int_equal(buffer_printf(&verdicts, "%s ",
						       verification_status_name(result->status)),
					 0);
			assert_int_equal(result->field, n);
			assert_int_equal(result->reason != 0,
					 result->status == VERIFICATION_MALFORMED);
		}
		if (strcmp(buffer_string(&verdicts), rows[i].verdicts) != 0)
			fail_msg("%s: got '%s', want '%s'", rows[i].name, buffer_string(&verdicts),
				 rows[i].verdicts);
		buffer_deinit(&verdicts);
	}
	verification_deinit(&verification);
	header_deinit(&header);
}

static void signatures_above_the_maximum_are_counted_only(void **state)
{
	const struct verification_options options = {.signatures_max = 2};
	const struct row row = {.signatures = {"v=2", "v=2", "v=2", "v=2"}};
	struct verification verification;
	struct header header;

	(void)state;
	header_init(&header, 0);
	make_header(&row, &header);
	assert_int_equal(verification_init(&verification), 0);
	assert_int_equal(verification_start(&verification, &header, &options), 0);
	assert_int_equal(verification_count(&verification), 2);
	assert_int_equal(verification_skipped(&verification), 2);
	verification_deinit(&verification);
	header_deinit(&header);
}

static void outcome_of_the_key_can_be_set(void **state)
{
	const struct verification_options options = {.now = NOW, .signatures_max = 1};
	const struct row row = {.signatures = {TAGS "bh=" BH_A}};
	struct verification verification;
	struct header header;

	(void)state;
	header_init(&header, 0);
	make_header(&row, &header);
	assert_int_equal(verification_init(&verification), 0);
	assert_int_equal(verification_start(&verification, &header, &options), 0);
	assert_int_equal(verification_result(&verification, 0)->status, VERIFICATION_NEEDS_BODY);
	assert_int_equal(verification_push(&verification, BYTES_LITERAL("a\n")), 0);
	assert_int_equal(verification_finish(&verification), 0);
	verification_set(&verification, 0, VERIFICATION_PASS);
	assert_int_equal(verification_result(&verification, 0)->status, VERIFICATION_PASS);
	verification_deinit(&verification);
	header_deinit(&header);
}

static void bare_cr_in_the_body_is_an_error_unless_fixed(void **state)
{
	struct verification_options options = {.signatures_max = 1};
	const struct row row = {.signatures = {TAGS "bh=" BH_A}};
	struct verification verification;
	struct header header;

	(void)state;
	header_init(&header, 0);
	make_header(&row, &header);
	assert_int_equal(verification_init(&verification), 0);
	assert_int_equal(verification_start(&verification, &header, &options), 0);
	assert_int_equal(verification_push(&verification, BYTES_LITERAL("a\rb")),
			 BODY_CANON_E_BARE_CR);
	options.fix_crlf = true;
	assert_int_equal(verification_start(&verification, &header, &options), 0);
	assert_int_equal(verification_push(&verification, BYTES_LITERAL("a\r")), 0);
	assert_int_equal(verification_finish(&verification), 0);
	assert_int_equal(verification_result(&verification, 0)->status, VERIFICATION_NEEDS_KEY);
	verification_deinit(&verification);
	header_deinit(&header);
}

/* RFC 6376 6.1.2. */
static void key_records_are_held_against_signatures(void **state)
{
	static const struct {
		const char *record;
		const char *tags;
		enum verification_status status;
	} pairs[] = {
		{"p=Zm9v", "i=@example.com", VERIFICATION_NEEDS_KEY},
		{"p=Zm9v; g=nobody", "i=@example.com", VERIFICATION_NEEDS_KEY},
		{"p=Zm9v; h=sha256; s=email", "i=@sub.example.com", VERIFICATION_NEEDS_KEY},
		{"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "",
		 VERIFICATION_KEY_TYPE},
		{"p=Zm9v; h=sha1", "", VERIFICATION_KEY_HASH},
		{"p=Zm9v; s=tlsrpt", "", VERIFICATION_KEY_SERVICE},
		{"p=Zm9v; t=s", "", VERIFICATION_NEEDS_KEY},
		{"p=Zm9v; t=s", "i=joe@Example.com", VERIFICATION_NEEDS_KEY},
		{"p=Zm9v; t=s", "i=joe@sub.example.com", VERIFICATION_KEY_SUBDOMAIN},
		{"p=Zm9v; t=y", "i=joe@sub.example.com", VERIFICATION_NEEDS_KEY},
	};
	struct key_record record = {0};
	struct dkim_signature signature = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
		char field[300];
		enum verification_status status;

		snprintf(field, sizeof(field), "d:" TAGS "bh=" BH_A "; %s", pairs[i].tags);
		assert_int_equal(dkim_signature_parse(&signature, bytes_of_string(field)), 0);
		assert_int_equal(key_record_parse(&record, bytes_of_string(pairs[i].record)), 0);
		status = verification_check_key(&record, &signature);
		if (status != pairs[i].status)
			fail_msg("'%s' and '%s': got %s, want %s", pairs[i].record, pairs[i].tags,
				 verification_status_name(status),
				 verification_status_name(pairs[i].status));
	}
	key_record_deinit(&record);
	dkim_signature_deinit(&signature);
	assert_int_equal(verification_key_outcome(KEY_RECORD_E_REVOKED), VERIFICATION_KEY_REVOKED);
	assert_int_equal(verification_key_outcome(KEY_RECORD_E_KEY_TYPE), VERIFICATION_KEY_TYPE);
	assert_int_equal(verification_key_outcome(KEY_RECORD_E_SYNTAX), VERIFICATION_KEY_MALFORMED);
}

static void every_status_has_words(void **state)
{
	(void)state;
	for (int i = 0; i <= VERIFICATION_HEADER_DIFFERS; i++) {
		assert_non_null(verification_status_name((enum verification_status)i));
		assert_non_null(verification_status_text((enum verification_status)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold_on_one_object),
		cmocka_unit_test(signatures_above_the_maximum_are_counted_only),
		cmocka_unit_test(outcome_of_the_key_can_be_set),
		cmocka_unit_test(bare_cr_in_the_body_is_an_error_unless_fixed),
		cmocka_unit_test(key_records_are_held_against_signatures),
		cmocka_unit_test(every_status_has_words),
	};

	return cmocka_run_group_tests_name("verification", tests, NULL, NULL);
}
