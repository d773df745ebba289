/*
 * Goal:   each type of option takes the texts that it should, refuses the others with what is
 *         allowed, and prints a value so that it can be read again.
 * Method: rows of an option, a text and the text that it is printed as.
 */
#include "signer/tables/option_value.h"

#include "tests/unit/unit_test.h"

#include <string.h>

static void text_is_read_and_printed(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want; /* NULL: refused */
	} rows[] = {
		/* Booleans go by their first byte. */
		{"Syslog", "yes", "yes"},
		{"Syslog", "Y", "yes"},
		{"Syslog", "True", "yes"},
		{"Syslog", "truthful", "yes"},
		{"Syslog", "1", "yes"},
		{"Syslog", "10", "yes"},
		{"Syslog", "no", "no"},
		{"Syslog", "F", "no"},
		{"Syslog", "false", "no"},
		{"Syslog", "0", "no"},
		{"Syslog", "N", "no"},
		{"Syslog", "on", NULL},
		{"Syslog", "perhaps", NULL},
		{"Syslog", "2", NULL},
		{"Syslog", "", NULL},
		/* Integers are read as strtol() does with base 0. */
		{"SignatureTTL", "604800", "604800"},
		{"SignatureTTL", "0x10", "16"},
		{"SignatureTTL", "010", "8"},
		{"SignatureTTL", "0", "0"},
		{"SignatureTTL", "-1", NULL},
		{"SignatureTTL", "12x", NULL},
		{"SignatureTTL", "x", NULL},
		{"SignatureTTL", "1.5", NULL},
		{"SignatureTTL", "99999999999", NULL},
		{"SignatureTTL", "999999999999999999999999", NULL},
		{"UMask", "007", "0007"},
		{"UMask", "0777", "0777"},
		{"UMask", "18", "0022"},
		{"UMask", "01000", NULL},
		{"SpoolBatch", "1", "1"},
		{"SpoolBatch", "4096", "4096"},
		{"SpoolBatch", "0", NULL},
		{"SpoolBatch", "4097", NULL},
		{"KeyCacheSize", "0", NULL},
		{"MaximumSignedBytes", "0", "0"},
		/* Sizes have units. */
		{"SpoolMinFree", "0", "0"},
		{"SpoolMinFree", "1000", "1000"},
		{"SpoolMinFree", "100M", "104857600"},
		{"SpoolMinFree", "2k", "2048"},
		{"SpoolMinFree", "1G", "1073741824"},
		{"SpoolMinFree", "1T", "1099511627776"},
		{"SpoolMinFree", "8388607T", "9223370937343148032"},
		{"SpoolMinFree", "8388608T", NULL},
		{"SpoolMinFree", "1MB", NULL},
		{"SpoolMinFree", "M", NULL},
		{"SpoolMinFree", "-1", NULL},
		{"SpoolMinFree", "1X", NULL},
		{"SpoolMinFree", "1 M", NULL},
		/* File modes are octal, with or without a leading zero. */
		{"SpoolMode", "640", "0640"},
		{"SpoolMode", "0600", "0600"},
		{"SpoolMode", "1777", NULL},
		{"SpoolMode", "rw", NULL},
		{"SpoolMode", "648", NULL},
		/* Choices are whole words in any case, actions also their first letters. */
		{"SyncMode", "full", "full"},
		{"SyncMode", "NONE", "none"},
		{"SyncMode", "f", NULL},
		{"IoEngine", "io_uring", "io_uring"},
		{"IoEngine", "uring", NULL},
		{"SignEngine", "openssl", "openssl"},
		{"SignEngine", "lanes", "lanes"},
		{"SignEngine", "lane", NULL},
		{"LaneCacheSize", "0", NULL},
		{"LaneCacheSize", "1000000", "1000000"},
		{"LaneCacheSize", "1000001", NULL},
		{"SyslogFacility", "local3", "local3"},
		{"SyslogFacility", "mail", "mail"},
		{"SyslogFacility", "local8", NULL},
		{"SignatureAlgorithm", "rsa-sha256", "rsa-sha256"},
		{"SignatureAlgorithm", "ed25519-sha256", "ed25519-sha256"},
		{"SignatureAlgorithm", "auto", "auto"},
		{"SignatureAlgorithm", "rsa-sha1", NULL},
		{"SignatureAlgorithm", "rsa", NULL},
		{"On-Security", "accept", "accept"},
		{"On-Security", "a", "accept"},
		{"On-Security", "d", "discard"},
		{"On-Security", "q", "quarantine"},
		{"On-Security", "rej", "reject"},
		{"On-Security", "TempFail", "tempfail"},
		{"On-Security", "tempfailure", NULL},
		{"On-Security", "x", NULL},
		{"On-Security", "", NULL},
		/* Where only one is given, the body's is simple (RFC 6376 3.5 c=). */
		{"Canonicalization", "relaxed", "relaxed/simple"},
		{"Canonicalization", "relaxed/relaxed", "relaxed/relaxed"},
		{"Canonicalization", "Simple/Relaxed", "simple/relaxed"},
		{"Canonicalization", "simple", "simple/simple"},
		{"Canonicalization", "r/s", NULL},
		{"Canonicalization", "relaxed/", NULL},
		{"Canonicalization", "/simple", NULL},
		{"Canonicalization", "relaxed/simple/simple", NULL},
		{"Mode", "s", "s"},
		{"Mode", "v", "v"},
		{"Mode", "sv", "sv"},
		{"Mode", "vs", "sv"},
		{"Mode", "x", NULL},
		{"Mode", "s v", NULL},
		{"AutoRestartRate", "10/1h", "10/3600"},
		{"AutoRestartRate", "5/30", "5/30"},
		{"AutoRestartRate", "5/30S", "5/30"},
		{"AutoRestartRate", "2/2m", "2/120"},
		{"AutoRestartRate", "1/1d", "1/86400"},
		{"AutoRestartRate", "10", NULL},
		{"AutoRestartRate", "10/", NULL},
		{"AutoRestartRate", "10/1y", NULL},
		{"AutoRestartRate", "10/1hh", NULL},
		{"AutoRestartRate", "-1/1", NULL},
		{"AutoRestartRate", "1/-1", NULL},
		{"AutoRestartRate", "1/50000d", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct option *option = option_table_find(bytes_of_string(rows[i].name));
		char reason[OPTION_VALUE_REASON_SIZE] = "";
		struct option_value value;
		struct buffer text = {0};
		const char *got = NULL;
		int r = option_value_parse(option, rows[i].text, &value, reason);

		if (r == 0) {
			assert_int_equal(option_value_print(option, &value, &text), 0);
			got = buffer_string(&text);
		} else {
			assert_int_equal(r, OPTION_VALUE_E_INVALID);
			assert_non_null(strstr(reason, "allowed: "));
		}
		if ((got == NULL) != (rows[i].want == NULL) ||
		    (got != NULL && strcmp(got, rows[i].want) != 0))
			fail_msg("%s %s: got %s, want %s", rows[i].name, rows[i].text,
				 got == NULL ? reason : got,
				 rows[i].want == NULL ? "a refusal" : rows[i].want);
		buffer_deinit(&text);
	}
}

static void refusal_says_what_is_allowed(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want;
	} rows[] = {
		{"Syslog", "on", "illegal value \"on\"; allowed: yes or no"},
		{"SpoolBatch", "0", "illegal value \"0\"; allowed: a number from 1 to 4096"},
		{"SpoolMode", "rw", "illegal value \"rw\"; allowed: an octal number from 0 to 777"},
		{"UMask", "01000",
		 "illegal value \"01000\"; allowed: an octal number that begins with 0, up to "
		 "0777"},
		{"SyncMode", "x", "illegal value \"x\"; allowed: full, none"},
		{"On-Security", "x",
		 "illegal value \"x\"; allowed: accept, discard, quarantine, reject, tempfail"},
		{"SignatureAlgorithm", "rsa-sha1",
		 "rsa-sha1 must not be used to sign (RFC 8301 3.1); allowed: auto, rsa-sha256, "
		 "ed25519-sha256"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct option *option = option_table_find(bytes_of_string(rows[i].name));
		char reason[OPTION_VALUE_REASON_SIZE];
		struct option_value value;

		assert_int_equal(option_value_parse(option, rows[i].text, &value, reason),
				 OPTION_VALUE_E_INVALID);
		assert_string_equal(reason, rows[i].want);
	}
}

static void value_of_the_default_is_known_in_any_spelling(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		bool want;
	} rows[] = {
		{"QueryCache", "no", true},	  {"QueryCache", "False", true},
		{"QueryCache", "yes", false},	  {"DNSTimeout", "5", true},
		{"DNSTimeout", "0x5", true},	  {"DNSTimeout", "10", false},
		{"On-BadSignature", "a", true},	  {"On-BadSignature", "reject", false},
		{"UnprotectedKey", "None", true}, {"UnprotectedKey", "fail", false},
		{"Nameservers", "::1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct option *option = option_table_find(bytes_of_string(rows[i].name));

		assert_true(option_value_is_default(option, rows[i].text) == rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_read_and_printed),
		cmocka_unit_test(refusal_says_what_is_allowed),
		cmocka_unit_test(value_of_the_default_is_known_in_any_spelling),
	};

	return cmocka_run_group_tests_name("option_value", tests, NULL, NULL);
}
