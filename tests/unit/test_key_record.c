/*
 * Goal:   key records are read and refused as RFC 6376 3.6.1 and RFC 8463 4 say.
 * Method: by row; what the flags are, as letters.
 */
#include "signer/dkim/key_record.h"

#include "tests/unit/unit_test.h"

#define ED25519_P "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* Flags: r an RSA key, e an Ed25519 key, h sha256, m email, y test, s strict. */
static const struct {
	const char *name;
	const char *text;
	const char *flags;
	int outcome;
} rows[] = {
	{"shortest", "p=Zm9v", "rhm", 0},
	{"usual", "v=DKIM1; k=rsa; p=Zm9v", "rhm", 0},
	{"genkey", "v=DKIM1; h=sha256; k=rsa; s=email; t=y:s; p=Zm9v; n=a note", "rhmys", 0},
	{"ed25519", "v=DKIM1; k=ed25519; p=" ED25519_P, "ehm", 0},
	{"white_space_in_the_key", "p=Zm\r\n 9v", "rhm", 0},
	{"hash_one_of_several", "h=sha1:SHA256; p=Zm9v", "rhm", 0},
	{"hash_other", "h=sha1; p=Zm9v", "rm", 0},
	{"service_any", "s=*; p=Zm9v", "rhm", 0},
	{"service_one_of_several", "s=tlsrpt : email; p=Zm9v", "rhm", 0},
	{"service_other", "s=tlsrpt; p=Zm9v", "rh", 0},
	{"flag_strict", "t=s; p=Zm9v", "rhms", 0},
	{"flag_unknown", "t=x; p=Zm9v", "rhm", 0},
	{"granularity_is_not_read", "g=joe; p=Zm9v", "rhm", 0},
	{"unknown_tag_is_not_read", "x=y; p=Zm9v", "rhm", 0},

	{"nothing", "", "", KEY_RECORD_E_SYNTAX},
	{"text", "hello", "", KEY_RECORD_E_SYNTAX},
	{"spf", "v=spf1 -all", "", KEY_RECORD_E_VERSION},
	{"other_version", "v=DKIM2; p=Zm9v", "", KEY_RECORD_E_VERSION},
	{"version_in_lower_case", "v=dkim1; p=Zm9v", "", KEY_RECORD_E_VERSION},
	/* RFC 6376 3.6.1: v= is the first tag. */
	{"version_not_first", "p=Zm9v; v=DKIM1", "", KEY_RECORD_E_VERSION},
	{"no_key", "v=DKIM1; k=rsa", "", KEY_RECORD_E_NO_KEY},
	{"revoked", "v=DKIM1; p=", "", KEY_RECORD_E_REVOKED},
	{"type_unknown", "k=dsa; p=Zm9v", "", KEY_RECORD_E_KEY_TYPE},
	{"key_no_base64", "p=Zm9v!", "", KEY_RECORD_E_KEY},
	{"key_cut_off", "p=Zm9vY", "", KEY_RECORD_E_KEY},
	{"ed25519_of_other_size", "k=ed25519; p=Zm9v", "", KEY_RECORD_E_KEY},
	{"duplicate_tag", "p=Zm9v; p=Zm9v", "", KEY_RECORD_E_SYNTAX},
};

static void write_flags(const struct key_record *record, char flags[8])
{
	*flags++ = record->algorithm == DKIM_ALGORITHM_RSA_SHA256 ? 'r' : 'e';
	if (record->allows_sha256)
		*flags++ = 'h';
	if (record->allows_email)
		*flags++ = 'm';
	if (record->is_test)
		*flags++ = 'y';
	if (record->is_strict)
		*flags++ = 's';
	*flags = '\0';
}

static void rows_hold_on_one_object(void **state)
{
	struct key_record record = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char flags[8] = "";
		int r = key_record_parse(&record, bytes_of_string(rows[i].text));

		if (r == 0)
			write_flags(&record, flags);
		if (r != rows[i].outcome || strcmp(flags, rows[i].flags) != 0)
			fail_msg("%s: got %d (%s) '%s', want %d '%s'", rows[i].name, r,
				 key_record_reason(r), flags, rows[i].outcome, rows[i].flags);
		if (r == 0 && record.algorithm == DKIM_ALGORITHM_RSA_SHA256)
			assert_true(bytes_equal(buffer_bytes(&record.key), BYTES_LITERAL("foo")));
		if (r == 0 && record.algorithm == DKIM_ALGORITHM_ED25519_SHA256) {
			assert_int_equal(record.key.size, KEY_RECORD_ED25519_SIZE);
			assert_int_equal(record.key.data[0], 0xd7);
		}
	}
	key_record_deinit(&record);
}

static void size_of_the_key_is_bounded(void **state)
{
	struct key_record record = {0};
	struct buffer text = {0};

	(void)state;
	assert_int_equal(buffer_append_string(&text, "p="), 0);
	for (unsigned int i = 0; i < KEY_RECORD_KEY_SIZE_MAX / 3; i++)
		assert_int_equal(buffer_append_string(&text, "Zm9v"), 0);
	assert_int_equal(key_record_parse(&record, buffer_bytes(&text)), 0);
	assert_int_equal(buffer_append_string(&text, "Zm9v"), 0);
	assert_int_equal(key_record_parse(&record, buffer_bytes(&text)), KEY_RECORD_E_KEY);
	buffer_deinit(&text);
	key_record_deinit(&record);
}

static void every_outcome_has_a_reason(void **state)
{
	(void)state;
	for (int outcome = KEY_RECORD_E_SYNTAX; outcome <= KEY_RECORD_E_KEY; outcome++)
		assert_string_not_equal(key_record_reason(outcome), "unknown error");
	assert_string_equal(key_record_reason(KEY_RECORD_E_KEY + 1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold_on_one_object),
		cmocka_unit_test(size_of_the_key_is_bounded),
		cmocka_unit_test(every_outcome_has_a_reason),
	};

	return cmocka_run_group_tests_name("key_record", tests, NULL, NULL);
}
