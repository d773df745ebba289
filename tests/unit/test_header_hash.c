/*
 * Goal:   the digest is that of the selected fields and the unsigned DKIM-Signature field
 *         (RFC 6376 3.7), selected as RFC 6376 5.4.2 says.
 * Method: canonical bytes against text written out, and the digest against SHA-256 of that text.
 */
#include "signer/dkim/header_hash.h"

#include "tests/unit/digest.h"
#include "tests/unit/unit_test.h"

struct row {
	const char *name;
	const char *names; /* colon list */
	enum canonicalization canonicalization;
	const char *signature_field;
	const char *canonical;
};

static const char *const fields[] = {
	"Received: 1", "From:  A  B", "Received: 2\r\n 3", "X: 1", "x: 2",
};

static const struct row rows[] = {
	{"simple_keeps_bytes", "From", CANONICALIZATION_SIMPLE, "DKIM-Signature: b=\r\n\t; x=1",
	 "From:  A  B\r\nDKIM-Signature: b=\r\n\t; x=1"},
	{"relaxed_reduces", "from", CANONICALIZATION_RELAXED,
	 "DKIM-Signature:  v=1;\n\tb=", "from:A B\r\ndkim-signature:v=1; b="},
	/* RFC 6376 5.4.2: from the bottom up, and nothing when none is left. */
	{"repeated_names_go_up", "received:Received:RECEIVED:From:From", CANONICALIZATION_RELAXED,
	 "d:", "received:2 3\r\nreceived:1\r\nfrom:A B\r\nd:"},
	{"missing_names_hash_nothing", "a:From:b", CANONICALIZATION_RELAXED,
	 "d:", "from:A B\r\nd:"},
	{"order_is_that_of_the_list", "x:From:X", CANONICALIZATION_RELAXED,
	 "d:", "x:2\r\nfrom:A B\r\nx:1\r\nd:"},
	{"no_names_leave_the_signature_field", "", CANONICALIZATION_RELAXED, "d:  ", "d:"},
};

static void split(struct bytes text, struct name_list *names)
{
	name_list_clear(names);
	while (text.size > 0) {
		size_t colon = bytes_find(text, ':');

		assert_int_equal(name_list_add(names, bytes_slice(text, 0, colon)), 0);
		text = bytes_skip(text, colon < text.size ? colon + 1 : colon);
	}
}

static void assert_digest(struct header_hash *hash, const struct row *row)
{
	uint8_t got[SHA256_SIZE];
	uint8_t want[SHA256_SIZE];
	struct bytes canonical = bytes_of_string(row->canonical);

	assert_int_equal(header_hash_digest(hash, bytes_of_string(row->signature_field), got), 0);
	digest_of(canonical, want);
	if (!bytes_start_with(canonical, header_hash_selected(hash)))
		fail_msg("%s: got '%.*s', want the start of '%s'", row->name,
			 BYTES_PRINTF(header_hash_selected(hash)), row->canonical);
	if (memcmp(got, want, sizeof(got)) != 0)
		fail_msg("%s: the digest is another", row->name);
}

static void rows_hold_on_one_object(void **state)
{
	struct header header;
	struct header_hash hash;
	struct name_list names = {0};

	(void)state;
	header_init(&header, 0);
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		assert_int_equal(header_add(&header, bytes_of_string(fields[i])), 0);
	assert_int_equal(header_hash_init(&hash), 0);
	assert_int_equal(header_hash_start(&hash, &header), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		split(bytes_of_string(rows[i].names), &names);
		assert_int_equal(header_hash_select(&hash, &names, rows[i].canonicalization), 0);
		/* Twice: signatures share what was selected. */
		assert_digest(&hash, &rows[i]);
		assert_digest(&hash, &rows[i]);
	}
	header_hash_deinit(&hash);
	name_list_deinit(&names);
	header_deinit(&header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold_on_one_object),
	};

	return cmocka_run_group_tests_name("header_hash", tests, NULL, NULL);
}
