/*
 * Goal: the line is one that a name server takes, in the form that opendkim-genkey writes. (That it is
 * the same form byte for byte, commands_genkey shows with the program itself.)
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "signer/cmd/zone_record.h"

#include <stdlib.h>
#include <string.h>

#define KEY_SIZE_MAX 1000

static struct zone_record plain_record(void)
{
	return (struct zone_record){
		.selector = "s1",
		.domain = "example.com",
		.key_type = "rsa",
		.public_key = BYTES_LITERAL("KEY"),
		.hashes = "sha256",
	};
}

static void record_is(const struct zone_record *record, const char *wanted)
{
	struct buffer output = {0};

	assert_int_equal(zone_record_append(record, &output), 0);
	assert_string_equal(buffer_string(&output), wanted);
	buffer_deinit(&output);
}

static void plain_record_has_its_tags(void **state)
{
	struct zone_record record = plain_record();

	(void)state;
	record_is(&record, "s1._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; \"\n"
			   "\t  \"p=KEY\" )  ; ----- DKIM key s1 for example.com\n");
}

static void every_flag_has_its_tag(void **state)
{
	struct zone_record record = plain_record();

	(void)state;
	record.with_domain = true;
	record.note = "a note";
	record.is_test = true;
	record.is_strict = true;
	record.is_email_only = true;
	record_is(&record, "s1._domainkey.example.com.\tIN\tTXT\t( \"v=DKIM1; n=\\\"a note\\\"; "
			   "h=sha256; k=rsa; t=y:s; s=email; \"\n"
			   "\t  \"p=KEY\" )  ; ----- DKIM key s1 for example.com\n");
	record.is_strict = false;
	record.note = NULL;
	record.is_email_only = false;
	record_is(&record, "s1._domainkey.example.com.\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; "
			   "t=y; \"\n"
			   "\t  \"p=KEY\" )  ; ----- DKIM key s1 for example.com\n");
	record.is_test = false;
	record.is_strict = true;
	record.domain = "";
	record.with_domain = false;
	record_is(&record, "s1._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; t=s; \"\n"
			   "\t  \"p=KEY\" ) \n");
}

/* RFC 1035 3.3: a string has 255 bytes at most. */
static void key_of_any_size_is_cut_into_strings_that_fit(void **state)
{
	struct zone_record record = plain_record();
	uint8_t key[KEY_SIZE_MAX];

	(void)state;
	memset(key, 'K', sizeof(key));
	for (size_t size = 1; size <= sizeof(key); size++) {
		struct buffer output = {0};
		size_t keys = 0;
		char *text;

		record.public_key = bytes_of(key, size);
		assert_int_equal(zone_record_append(&record, &output), 0);
		text = strstr(buffer_string(&output), "\"p=");
		assert_non_null(text);
		for (text += 3; *text == 'K' || strncmp(text, "\"\n\t  \"", 6) == 0;) {
			size_t string = strspn(text, "K");

			assert_true(string > 0 && string <= 253);
			keys += string;
			text += string;
			if (strncmp(text, "\"\n\t  \"", 6) == 0)
				text += 6;
		}
		assert_int_equal(keys, size);
		assert_int_equal(strncmp(text, "\" ) ", 4), 0);
		buffer_deinit(&output);
	}
}

static void text_that_would_end_a_tag_or_string_is_refused(void **state)
{
	static const char *const texts[] = {"a\"b", "a\\b", "a;b", "a\nb", "a\x80", "a\x7f"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct zone_record record = plain_record();
		struct buffer output = {0};

		record.note = texts[i];
		assert_int_equal(zone_record_append(&record, &output), ZONE_RECORD_E_CHARACTER);
		record.note = NULL;
		record.hashes = texts[i];
		assert_int_equal(zone_record_append(&record, &output), ZONE_RECORD_E_CHARACTER);
		buffer_deinit(&output);
	}
}

static void note_that_makes_the_string_too_long_is_refused(void **state)
{
	struct zone_record record = plain_record();
	struct buffer output = {0};
	char note[256];
	size_t longest;

	(void)state;
	/* v=DKIM1; n="..."; h=sha256; k=rsa; and a blank. */
	longest = 255 - strlen("v=DKIM1; n=\"\"; h=sha256; k=rsa; ");
	memset(note, 'x', sizeof(note));
	note[longest] = '\0';
	record.note = note;
	assert_int_equal(zone_record_append(&record, &output), 0);
	note[longest] = 'x';
	note[longest + 1] = '\0';
	assert_int_equal(zone_record_append(&record, &output), ZONE_RECORD_E_TOO_LONG);
	buffer_deinit(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_record_has_its_tags),
		cmocka_unit_test(every_flag_has_its_tag),
		cmocka_unit_test(key_of_any_size_is_cut_into_strings_that_fit),
		cmocka_unit_test(text_that_would_end_a_tag_or_string_is_refused),
		cmocka_unit_test(note_that_makes_the_string_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
