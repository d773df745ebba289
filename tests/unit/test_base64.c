/*
 * Goal:   base64 as DKIM tags carry it: RFC 4648 4, and RFC 6376 2.10 for white space.
 * Method: RFC 4648 10's vectors in both directions; odd texts by row; all short sizes there and
 *         back.
 */
#include "signer/dkim/base64.h"

#include "tests/unit/unit_test.h"

struct row {
	const char *name;
	const char *text;
	const char *data;
	int outcome;
};

/* RFC 4648 10. */
static const struct row vectors[] = {
	{"nothing", "", "", 0},
	{"f", "Zg==", "f", 0},
	{"fo", "Zm8=", "fo", 0},
	{"foo", "Zm9v", "foo", 0},
	{"foob", "Zm9vYg==", "foob", 0},
	{"fooba", "Zm9vYmE=", "fooba", 0},
	{"foobar", "Zm9vYmFy", "foobar", 0},
};

static const struct row decodings[] = {
	/* RFC 6376 2.10: FWS anywhere, padding optional. */
	{"folded_text_is_joined", " Zm9\r\n\tv Y g = =", "foob", 0},
	{"padding_missing_is_accepted", "Zm9vYg", "foob", 0},
	{"both_odd_characters_are_known", "+/+/", "\xfb\xff\xbf", 0},
	{"one_character_left_is_refused", "Zm9vY", "", BASE64_E_SYNTAX},
	{"one_character_and_padding_is_refused", "Z===", "", BASE64_E_SYNTAX},
	{"padding_too_long_is_refused", "Zm9v=", "", BASE64_E_SYNTAX},
	{"padding_too_short_is_refused", "Zg=", "", BASE64_E_SYNTAX},
	{"text_after_padding_is_refused", "Zg==Zg==", "", BASE64_E_SYNTAX},
	{"text_between_padding_is_refused", "Z=g=", "", BASE64_E_SYNTAX},
	{"text_after_too_short_padding_is_refused", "Zg=m", "", BASE64_E_SYNTAX},
	{"url_alphabet_is_refused", "-_-_", "", BASE64_E_SYNTAX},
	{"8bit_is_refused", "Zm9\xff", "", BASE64_E_SYNTAX},
	{"more_than_room_is_refused", "Zm9vYmFyZm9vYmFyZm9v", "", BASE64_E_TOO_LARGE},
};

#define ROOM 12

static void assert_decodes(const struct row *row)
{
	uint8_t data[ROOM];
	size_t size = 0;
	int r = base64_decode(bytes_of_string(row->text), data, sizeof(data), &size);

	if (r != row->outcome)
		fail_msg("%s: got %d, want %d", row->name, r, row->outcome);
	if (!bytes_equal(bytes_of(data, size), bytes_of_string(row->data)))
		fail_msg("%s: got '%.*s', want '%s'", row->name, BYTES_PRINTF(bytes_of(data, size)),
			 row->data);
}

static void known_vectors_encode_and_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
		struct bytes data = bytes_of_string(vectors[i].data);
		uint8_t text[BASE64_SIZE(ROOM)];

		base64_encode(data, text);
		assert_true(bytes_equal(bytes_of(text, BASE64_SIZE(data.size)),
					bytes_of_string(vectors[i].text)));
		assert_decodes(&vectors[i]);
	}
}

static void odd_texts_decode_or_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(decodings); i++)
		assert_decodes(&decodings[i]);
}

static void every_size_comes_back(void **state)
{
	uint8_t data[300];
	uint8_t text[BASE64_SIZE(sizeof(data))];
	uint8_t back[sizeof(data)];
	size_t back_size;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 167 + 13);
	for (size_t size = 0; size <= sizeof(data); size++) {
		base64_encode(bytes_of(data, size), text);
		assert_int_equal(
			base64_decode(bytes_of(text, BASE64_SIZE(size)), back, size, &back_size),
			0);
		assert_int_equal(back_size, size);
		assert_memory_equal(back, data, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_vectors_encode_and_decode),
		cmocka_unit_test(odd_texts_decode_or_are_refused),
		cmocka_unit_test(every_size_comes_back),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
