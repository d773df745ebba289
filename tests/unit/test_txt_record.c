/*
 * Goal:   the strings of a TXT record come out joined, with name and comment, whatever lines they are
 *         spread over; and what is no such record is told apart or refused.
 * Method: rows of lines; then what genkey writes.
 */
#include "signer/tables/txt_record.h"

#include "signer/cmd/zone_record.h"
#include "tests/unit/unit_test.h"

#include <string.h>

/* Gives what the last push gave; -1: the first line does not begin a record. */
static int read_lines(struct txt_record *record, const char *lines)
{
	struct bytes rest = bytes_of_string(lines);
	int r = TXT_RECORD_MORE;

	*record = (struct txt_record){0};
	for (bool is_first = true; r == TXT_RECORD_MORE && rest.size > 0; is_first = false) {
		size_t size = bytes_find(rest, '\n');
		struct bytes line = bytes_slice(rest, 0, size);

		if (is_first && !txt_record_begins(record, &line))
			return -1;
		r = txt_record_push(record, line);
		rest = bytes_skip(rest, size < rest.size ? size + 1 : size);
	}
	return r;
}

static void record_is_read(void **state)
{
	static const struct {
		const char *lines;
		int want;
		const char *text;
		const char *comment;
	} rows[] = {
		{"a.b\tIN\tTXT\t( \"x\"\n\t \"y\" )  ; c d\n", 0, "xy", " c d"},
		{"a.b IN TXT \"x\" \"y\"\n", 0, "xy", ""},
		{"a.b 3600 IN TXT \"x\"\n", 0, "x", ""},
		{"a.b in 3600 txt \"x\"\n", 0, "x", ""},
		{"a.b TXT \"x\"\r\n", 0, "x", ""},
		{"a.b IN TXT (\n; one\n\"x\" ; two\n)\n", 0, "x", " two"},
		{"a.b IN TXT \"\"\n", 0, "", ""},
		{"a.b IN TXT \"a;b (c) \\\" \\\\ \\065\\9\\999 d\"\n", 0, "a;b (c) \" \\ A9999 d",
		 ""},
		{"a.b IN TXT ( \"x\"\n", TXT_RECORD_MORE, "x", ""},
		{"a.b IN TXT v=DKIM1\n", TXT_RECORD_E_UNQUOTED, "", ""},
		{"a.b IN TXT \"x\n", TXT_RECORD_E_OPEN_STRING, "x", ""},
		{"a.b IN TXT \"x\\\n", TXT_RECORD_E_OPEN_STRING, "x\\", ""},
		{"a.b IN TXT ((\"x\"))\n", TXT_RECORD_E_PARENTHESES, "", ""},
		{"a.b IN TXT \"x\")\n", TXT_RECORD_E_PARENTHESES, "x", ""},
		{"a.b IN TXT\n", TXT_RECORD_E_EMPTY, "", ""},
		{"a.b IN TXT ( )\n", TXT_RECORD_E_EMPTY, "", ""},
		{"a.b IN CNAME c\n", -1, "", ""},
		{"a.b v=DKIM1; p=TXT\n", -1, "", ""},
		{"a.b\n", -1, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct txt_record record;
		int r = read_lines(&record, rows[i].lines);

		if (r != rows[i].want)
			fail_msg("%s: got %d, want %d", rows[i].lines, r, rows[i].want);
		if (r != -1)
			assert_true(bytes_equal(record.name, BYTES_LITERAL("a.b")));
		assert_true(bytes_equal(buffer_bytes(&record.text), bytes_of_string(rows[i].text)));
		assert_true(bytes_equal(record.comment, bytes_of_string(rows[i].comment)));
		txt_record_deinit(&record);
	}
}

static void what_genkey_writes_is_read(void **state)
{
	char key[1000];
	struct zone_record written = {
		.selector = "s1",
		.domain = "example.com",
		.key_type = "rsa",
		.public_key = bytes_of(key, sizeof(key)),
		.hashes = "sha256",
		.note = "a note",
	};
	struct buffer lines = {0};
	struct txt_record record;
	size_t start;

	(void)state;
	memset(key, 'K', sizeof(key));
	assert_int_equal(zone_record_append(&written, &lines), 0);
	assert_int_equal(read_lines(&record, buffer_string(&lines)), 0);
	assert_true(bytes_equal(record.name, BYTES_LITERAL("s1._domainkey")));
	assert_true(
		bytes_equal(record.comment, BYTES_LITERAL(" ----- DKIM key s1 for example.com")));
	start = record.text.size - sizeof(key);
	assert_true(bytes_equal(bytes_slice(buffer_bytes(&record.text), 0, start),
				BYTES_LITERAL("v=DKIM1; n=\"a note\"; h=sha256; k=rsa; p=")));
	assert_memory_equal(record.text.data + start, key, sizeof(key));
	txt_record_deinit(&record);
	buffer_deinit(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_is_read),
		cmocka_unit_test(what_genkey_writes_is_read),
	};

	return cmocka_run_group_tests_name("txt_record", tests, NULL, NULL);
}
