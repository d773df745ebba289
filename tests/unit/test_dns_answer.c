/*
 * Goal: the values of the name that was asked for are found, whatever else a message holds, and no message
 * is believed to be longer than it is.
 * Method: answers as servers write them; and each of them cut off at every byte, alone in its memory.
 */
#include "tests/unit/unit_test.h"

#include "common/compiler.h"
#include "signer/dns/dns_answer.h"
#include "tests/unit/dns_message.h"

#define NAME "s._domainkey.example.com"

static void value_is(const struct dns_answer *answer, size_t index, const char *wanted)
{
	struct bytes value = dns_answer_value(answer, index);

	assert_true(index < answer->count);
	if (!bytes_equal(value, bytes_of_string(wanted)))
		fail_msg("got \"%.*s\", want \"%s\"", BYTES_PRINTF(value), wanted);
}

static void parse(struct dns_answer *answer, const struct dns_message *message, enum dns_type type)
{
	assert_int_equal(dns_answer_parse(answer, NAME, type, buffer_bytes(&message->text)), 0);
}

static void strings_of_a_text_are_joined(void **state)
{
	struct dns_answer answer = {0};
	struct dns_message message;

	(void)state;
	dns_message_init(&message, NAME, DNS_TXT, 0);
	dns_message_add(&message, NAME, DNS_TXT,
			BYTES_LITERAL("\x03"
				      "one"
				      "\0"
				      "\x04"
				      " two"));
	dns_message_add(&message, "S._DOMAINKEY.Example.com", DNS_TXT,
			BYTES_LITERAL("\x01"
				      "x"));
	dns_message_add(&message, "other.example.com", DNS_TXT,
			BYTES_LITERAL("\x01"
				      "y"));
	dns_message_add(&message, NAME, DNS_A, BYTES_LITERAL("\x01\x02\x03\x04"));
	dns_message_add(&message, NAME, DNS_TXT, BYTES_LITERAL(""));
	parse(&answer, &message, DNS_TXT);
	assert_int_equal(answer.rcode, DNS_RCODE_OK);
	assert_int_equal(answer.count, 3);
	value_is(&answer, 0, "one two");
	value_is(&answer, 1, "x");
	value_is(&answer, 2, "");
	assert_int_equal(answer.size, message.text.size);
	parse(&answer, &message, DNS_A);
	assert_int_equal(answer.count, 1);
	value_is(&answer, 0, "1.2.3.4");
	parse(&answer, &message, DNS_AAAA);
	assert_int_equal(answer.count, 0);
	dns_message_deinit(&message);
	dns_answer_deinit(&answer);
}

static void aliases_are_followed_in_any_order(void **state)
{
	struct dns_answer answer = {0};
	struct dns_message message;

	(void)state;
	dns_message_init(&message, NAME, DNS_TXT, 0);
	dns_message_add_text(&message, "c.example.net", BYTES_LITERAL("value"));
	dns_message_add_text(&message, NAME, BYTES_LITERAL("none of it"));
	dns_message_add_alias(&message, "b.example.net", "c.example.net");
	dns_message_add_alias(&message, NAME, "b.example.net");
	parse(&answer, &message, DNS_TXT);
	assert_string_equal(answer.alias, "c.example.net");
	assert_int_equal(answer.count, 1);
	value_is(&answer, 0, "value");
	dns_message_deinit(&message);
	dns_answer_deinit(&answer);
}

static void aliases_in_a_circle_end(void **state)
{
	struct dns_answer answer = {0};
	struct dns_message message;

	(void)state;
	dns_message_init(&message, NAME, DNS_TXT, 0);
	dns_message_add_alias(&message, NAME, "b.example.net");
	dns_message_add_alias(&message, "b.example.net", NAME);
	parse(&answer, &message, DNS_TXT);
	assert_int_equal(answer.count, 0);
	assert_true(answer.alias[0] != '\0');
	dns_message_deinit(&message);
	dns_answer_deinit(&answer);
}

static void flags_are_taken(void **state)
{
	struct dns_answer answer = {0};
	struct dns_message message;

	(void)state;
	dns_message_init(&message, NAME, DNS_TXT, DNS_RCODE_NO_NAME);
	parse(&answer, &message, DNS_TXT);
	assert_int_equal(answer.rcode, DNS_RCODE_NO_NAME);
	assert_false(answer.is_truncated);
	message.text.data[2] |= 0x02;
	parse(&answer, &message, DNS_TXT);
	assert_true(answer.is_truncated);
	dns_message_deinit(&message);
	dns_answer_deinit(&answer);
}

static void more_values_than_there_is_room_for_are_left_out(void **state)
{
	struct dns_answer answer = {0};
	struct dns_message message;

	(void)state;
	dns_message_init(&message, NAME, DNS_TXT, 0);
	for (int i = 0; i < DNS_ANSWER_VALUES_MAX + 5; i++)
		dns_message_add_text(&message, NAME, BYTES_LITERAL("x"));
	parse(&answer, &message, DNS_TXT);
	assert_int_equal(answer.count, DNS_ANSWER_VALUES_MAX);
	dns_message_deinit(&message);
	dns_answer_deinit(&answer);
}

static void records_of_a_wrong_size_are_malformed(void **state)
{
	static const struct {
		enum dns_type type;
		struct bytes data;
	} rows[] = {
		{DNS_TXT,
		 {(const uint8_t *)"\x05"
				   "four",
		  5}},
		{DNS_TXT,
		 {(const uint8_t *)"\x01"
				   "a"
				   "\xff",
		  3}},
		{DNS_A, {(const uint8_t *)"\x01\x02\x03", 3}},
		{DNS_A, {(const uint8_t *)"\x01\x02\x03\x04\x05", 5}},
		{DNS_AAAA, {(const uint8_t *)"\x01\x02\x03\x04", 4}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct dns_answer answer = {0};
		struct dns_message message;

		dns_message_init(&message, NAME, rows[i].type, 0);
		dns_message_add(&message, NAME, rows[i].type, rows[i].data);
		assert_int_equal(
			dns_answer_parse(&answer, NAME, rows[i].type, buffer_bytes(&message.text)),
			DNS_ANSWER_E_MALFORMED);
		dns_message_deinit(&message);
		dns_answer_deinit(&answer);
	}
}

static void message_that_is_cut_off_is_malformed(void **state)
{
	struct dns_answer answer = {0};
	struct dns_message message;

	(void)state;
	dns_message_init(&message, NAME, DNS_TXT, 0);
	dns_message_add_alias(&message, NAME, "b.example.net");
	dns_message_add_text(&message, "b.example.net", BYTES_LITERAL("value"));
	for (size_t size = 0; size < message.text.size; size++) {
		uint8_t *alone = malloc(size + (size == 0));

		assert_non_null(alone);
		memcpy(alone, message.text.data, size);
		assert_int_equal(dns_answer_parse(&answer, NAME, DNS_TXT, bytes_of(alone, size)),
				 DNS_ANSWER_E_MALFORMED);
		free(alone);
	}
	/* A name that points to itself. */
	message.text.data[12] = 0xc0;
	message.text.data[13] = 12;
	assert_int_equal(dns_answer_parse(&answer, NAME, DNS_TXT, buffer_bytes(&message.text)),
			 DNS_ANSWER_E_MALFORMED);
	dns_message_deinit(&message);
	dns_answer_deinit(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_of_a_text_are_joined),
		cmocka_unit_test(aliases_are_followed_in_any_order),
		cmocka_unit_test(aliases_in_a_circle_end),
		cmocka_unit_test(flags_are_taken),
		cmocka_unit_test(more_values_than_there_is_room_for_are_left_out),
		cmocka_unit_test(records_of_a_wrong_size_are_malformed),
		cmocka_unit_test(message_that_is_cut_off_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
