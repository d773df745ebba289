/*
 * Goal:   the sender is who OpenDKIM would take: the first of SenderHeaders that is there, and From must
 *         be there once.
 * Method: by row: a header, SenderHeaders, and the address or the outcome.
 */
#include "signer/message/sender.h"

#include "tests/unit/unit_test.h"

#include <stdio.h>

struct row {
	const char *name;
	const char *fields; /* with a | behind each */
	const char *sender_headers[3];
	const char *address; /* NULL: an error */
	int error;
};

static const struct row rows[] = {
	{"from_is_the_sender", "From: a@example.com|", {0}, "a@example.com", 0},
	{"name_and_comments_are_left_out",
	 "From: \"A, B\" (c) <a@example.com> (d)|",
	 {0},
	 "a@example.com",
	 0},
	{"first_of_several_mailboxes_counts",
	 "From: a@example.com, b@example.net|",
	 {0},
	 "a@example.com",
	 0},
	{"folded_field_is_read", "From:\r\n A\r\n <a@example.com>|", {0}, "a@example.com", 0},
	{"sender_counts_before_from_if_listed_first",
	 "From: a@example.com|Sender: b@example.net|",
	 {"Sender", "From"},
	 "b@example.net",
	 0},
	{"listed_field_that_is_not_there_is_passed_over",
	 "From: a@example.com|",
	 {"Sender", "From"},
	 "a@example.com",
	 0},
	{"from_counts_if_no_listed_field_is_there",
	 "From: a@example.com|",
	 {"Sender", "Resent-From"},
	 "a@example.com",
	 0},
	{"first_field_of_a_name_counts",
	 "Sender: x@a.example|From: a@example.com|Sender: y@b.example|",
	 {"Sender"},
	 "x@a.example",
	 0},
	/* RFC 5891: a U-label is looked up as its A-label. */
	{"u_label_becomes_a_label",
	 "From: a@b\xc3\xbc"
	 "cher.example|",
	 {0},
	 "a@xn--bcher-kva.example",
	 0},
	{"address_literal_is_kept", "From: a@[192.0.2.1]|", {0}, "a@[192.0.2.1]", 0},

	{"no_from_is_an_error", "Sender: a@example.com|", {"Sender"}, NULL, SENDER_E_NO_FROM},
	/* RFC 6376 8.15: an attacker's second From might be the one that is shown. */
	{"two_from_are_an_error",
	 "From: a@example.com|From: b@example.com|",
	 {0},
	 NULL,
	 SENDER_E_SEVERAL_FROM},
	{"two_from_are_an_error_with_sender_headers_too",
	 "From: a@example.com|Sender: c@example.com|from: b@example.com|",
	 {"Sender"},
	 NULL,
	 SENDER_E_SEVERAL_FROM},
	{"no_address_is_an_outcome_of_its_own",
	 "From: undisclosed|",
	 {0},
	 NULL,
	 SENDER_E_NO_ADDRESS},
	{"empty_from_is_an_error", "From:|", {0}, NULL, SENDER_E_NO_ADDRESS},
	{"listed_field_without_address_is_an_error",
	 "From: a@example.com|Sender: x|",
	 {"Sender"},
	 NULL,
	 SENDER_E_NO_ADDRESS},
	{"domain_that_dns_cannot_hold_is_an_error", "From: a@-..example|", {0}, NULL, -1},
};

static void make_header(struct header *header, const char *fields)
{
	char field[256];

	header_clear(header);
	while (*fields != '\0') {
		size_t size = strcspn(fields, "|");

		snprintf(field, sizeof(field), "%.*s\r\n", (int)size, fields);
		assert_int_equal(header_add(header, bytes_of_string(field)), 0);
		fields += size + 1;
	}
}

static int find(struct message_tools *tools, const struct row *row, char address[256])
{
	struct bytes items[3];
	struct signer_names names = {.items = items};
	struct sender_address sender;
	struct header header;
	int r;

	header_init(&header, 0);
	make_header(&header, row->fields);
	while (names.count < 3 && row->sender_headers[names.count] != NULL) {
		items[names.count] = bytes_of_string(row->sender_headers[names.count]);
		names.count++;
	}
	r = sender_find(tools, &header, &names, &sender);
	if (r == 0)
		snprintf(address, 256, "%.*s@%.*s", BYTES_PRINTF(sender.local_part),
			 BYTES_PRINTF(sender.domain));
	header_deinit(&header);
	return r;
}

static void every_row_holds(void **state)
{
	struct message_tools tools;
	char address[256];

	(void)state;
	assert_int_equal(message_tools_init(&tools, NULL), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		int r = find(&tools, &rows[i], address);

		if (rows[i].address != NULL) {
			if (r != 0 || strcmp(address, rows[i].address) != 0)
				fail_msg("%s: got %d, %s", rows[i].name, r, address);
		} else if (rows[i].error > 0 ? r != rows[i].error : r <= 0) {
			fail_msg("%s: got %d, want %d", rows[i].name, r, rows[i].error);
		}
	}
	message_tools_deinit(&tools);
}

static void each_error_has_words(void **state)
{
	static const struct {
		int error;
		const char *text;
	} words[] = {
		{SENDER_E_NO_FROM, "it has no From field"},
		{SENDER_E_SEVERAL_FROM, "it has more than one From field"},
		{SENDER_E_NO_ADDRESS, "its SENDER field holds no address"},
		{SENDER_E_ADDRESS, "the address in its SENDER field is broken"},
		{SENDER_E_DOMAIN, "the domain in its SENDER field is none"},
	};
	char text[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		sender_error_text(words[i].error, BYTES_LITERAL("SENDER"), text, sizeof(text));
		assert_string_equal(text, words[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_holds),
		cmocka_unit_test(each_error_has_words),
	};

	return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
