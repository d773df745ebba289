/*
 * Goal:   the field says what it was told to say, in lines that fit, and its text without the value
 *         of b= is the same before and after it is filled, as a verifier sees it.
 * Method: one field written out; then many combinations of sizes and options, each read back with
 *         dkim_signature_parse().
 */
#include "signer/dkim/signature_field.h"

#include "signer/dkim/dkim_signature.h"
#include "signer/dkim/header_canon.h"
#include "signer/dkim/quoted_printable.h"
#include "signer/dkim/tag_list.h"
#include "tests/unit/unit_test.h"

#define SOME_NAMES "From:To:Subject:Date:Message-ID:MIME-Version:Content-Type"
#define MANY_NAMES "Received:Received:List-Id:List-Unsubscribe:" SOME_NAMES ":" SOME_NAMES
#define LONG_NAME  "X-Longer-Than-Any-Line-May-Be-" LONG_LABEL "-" LONG_LABEL
#define LONG_LABEL "a-label-of-a-domain-that-is-as-long-as-labels-may-be"

static const uint8_t digest[SHA256_SIZE] = {
	0xda, 0x35, 0x12, 0x38, 0x7f, 0x4d, 0x86, 0xd5, 0x46, 0x09, 0x05,
	0x8d, 0xaf, 0xd0, 0x6b, 0x20, 0x03, 0xeb, 0x78, 0xa4, 0x23, 0x3b,
	0xa4, 0xa7, 0xed, 0x72, 0x24, 0x7c, 0x95, 0x4e, 0xce, 0xff,
};

static struct bytes test_signature(size_t size)
{
	static uint8_t signature[1024];

	for (size_t i = 0; i < sizeof(signature); i++)
		signature[i] = (uint8_t)(i * 31 + 7);
	return bytes_of(signature, size);
}

static void add_names(struct name_list *names, const char *text)
{
	struct bytes rest = bytes_of_string(text);
	struct bytes name;

	name_list_clear(names);
	while (tag_list_next_item(&rest, &name))
		assert_int_equal(name_list_add(names, name), 0);
}

static void full_field_is_as_written_here(void **state)
{
	struct signature_field field = {0};
	struct name_list names = {0};
	struct header header;
	struct signature_field_values values = {
		.algorithm = DKIM_ALGORITHM_ED25519_SHA256,
		.header_canonicalization = CANONICALIZATION_RELAXED,
		.body_canonicalization = CANONICALIZATION_SIMPLE,
		.domain = BYTES_LITERAL("example.com"),
		.selector = BYTES_LITERAL("s1"),
		.identity = BYTES_LITERAL("j;e@sub.example.com"),
		.timestamp = 1700000000,
		.expiry = 1700604800,
		.asks_reports = true,
		.body_length_max = 999,
		.names = &names,
		.copied = &header,
		.signature_size = 64,
		.line_end = MESSAGE_LINE_END_CRLF,
	};

	(void)state;
	header_init(&header, 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("From: Joe | <a@b>")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("X: 1")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("Subject: a\n b")), 0);
	add_names(&names, "From:Subject:From");
	assert_int_equal(signature_field_compose(&field, &values), 0);
	signature_field_set_body_hash(&field, digest);
	signature_field_set_body_length(&field, 42);
	assert_int_equal(signature_field_set_signature(&field, test_signature(64)), 0);
	assert_string_equal(
		buffer_string(&field.text),
		"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/simple; d=example.com; s=s1;\r\n"
		"\tt=1700000000; x=1700604800; i=j=3Be@sub.example.com; r=y;\r\n"
		"\tbh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; l=042;\r\n"
		"\th=From:Subject:From; z=From:=20Joe=20=7C=20<a@b>|Subject:=20a=0D=0A=20\r\n"
		"\t b;\r\n"
		"\tb=ByZFZIOiweD/Hj1ce5q52PcWNVRzkrHQ7w4tTGuKqcjnBiVEY4KhwN/+HTxbepm41/YV\r\n"
		"\t NFNykbDP7g0sS2qJqA==\r\n");
	signature_field_deinit(&field);
	name_list_deinit(&names);
	header_deinit(&header);
}

/* RFC 5322 2.1.1, and a blank or a tab before each tag. */
static void assert_lines_fit(struct bytes text, struct bytes line_end)
{
	bool first = true;

	while (text.size > 0) {
		size_t end = bytes_find(text, '\n') + 1 - line_end.size;
		struct bytes line = bytes_slice(text, 0, end);
		size_t columns = line.size;

		assert_true(bytes_start_with(bytes_skip(text, end), line_end));
		if (!first) {
			assert_int_equal(line.data[0], '\t');
			columns += 7;
			line = bytes_skip(line, 1);
		}
		/* Longer lines are one token. */
		if (columns > SIGNATURE_FIELD_COLUMNS_MAX &&
		    bytes_find(line, ' ') != (line.data[0] == ' ' ? 0 : line.size))
			fail_msg("%zu columns in '%.*s'", columns, BYTES_PRINTF(line));
		assert_false(ascii_is_wsp(line.data[line.size - 1]));
		first = false;
		text = bytes_skip(text, end + line_end.size);
	}
}

static void assert_reads_back(struct signature_field *field,
			      const struct signature_field_values *values)
{
	struct dkim_signature signature = {0};
	struct bytes text = signature_field_text(field);
	struct buffer unsigned_field = {0};
	struct bytes expected = test_signature(values->signature_size);

	text.size -= values->line_end == MESSAGE_LINE_END_CRLF ? 2 : 1;
	assert_int_equal(dkim_signature_parse(&signature, text), 0);
	assert_int_equal(signature.algorithm, values->algorithm);
	assert_true(bytes_equal(signature.domain, values->domain));
	assert_true(bytes_equal(signature.selector, values->selector));
	if (values->identity.size > 0)
		assert_true(bytes_equal(buffer_bytes(&signature.identity), values->identity));
	assert_int_equal(signature.timestamp, values->timestamp);
	assert_int_equal(signature.has_expiry, values->expiry != 0);
	assert_int_equal(signature.expiry, values->expiry);
	assert_memory_equal(signature.body_hash, digest, SHA256_SIZE);
	assert_int_equal(signature.body_limit, values->body_length_max == 0
						       ? DKIM_SIGNATURE_NO_BODY_LIMIT
						       : values->body_length_max / 3);
	assert_int_equal(signature.names.count, values->names->count);
	for (size_t i = 0; i < signature.names.count; i++)
		assert_true(bytes_equal(signature.names.names[i], values->names->names[i]));
	assert_true(bytes_equal(bytes_of(signature.signature, signature.signature_size), expected));

	/* What a verifier hashes is what was hashed before b= was known. */
	assert_int_equal(dkim_signature_append_unsigned(&signature, &unsigned_field), 0);
	assert_true(bytes_equal(buffer_bytes(&unsigned_field), signature_field_unsigned(field)));
	buffer_deinit(&unsigned_field);
	dkim_signature_deinit(&signature);
}

/* Composes and fills; the text has the same size before and after. */
static void make(struct signature_field *field, const struct signature_field_values *values)
{
	size_t size;

	assert_int_equal(signature_field_compose(field, values), 0);
	size = field->text.size;
	signature_field_set_body_hash(field, digest);
	if (values->body_length_max != 0)
		signature_field_set_body_length(field, values->body_length_max / 3);
	/* Twice: a gap that was filled can be filled again. */
	assert_int_equal(
		signature_field_set_signature(field, test_signature(values->signature_size)), 0);
	assert_int_equal(
		signature_field_set_signature(field, test_signature(values->signature_size)), 0);
	assert_int_equal(field->text.size, size);
}

static void remove_crs(struct bytes text, struct buffer *out)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '\r')
			assert_int_equal(buffer_append_byte(out, text.data[i]), 0);
	}
}

static void every_combination_fits_and_reads_back(void **state)
{
	static const char *const name_lists[] = {"From", SOME_NAMES, MANY_NAMES, LONG_NAME ":From"};
	static const char *const domains[] = {"a.b", "example.com",
					      LONG_LABEL "." LONG_LABEL ".com"};
	static const char *const identities[] = {"none", "", "joe", "j=\xc3\xb6 \"@\""};
	static const size_t sizes[] = {1, 64, 128, 256, 512, 1024};
	struct signature_field field = {0};
	struct signature_field lf_field = {0};
	struct name_list names = {0};

	(void)state;
	for (unsigned int i = 0; i < 4 * 3 * 6 * 16; i++) {
		struct buffer identity = {0};
		struct buffer lf_text = {0};
		struct signature_field_values values = {
			.algorithm = (enum dkim_algorithm)(i % 2),
			.domain = bytes_of_string(domains[i / 4 % 3]),
			.selector = BYTES_LITERAL("selector"),
			.timestamp = 1700000000,
			.expiry = i / 288 % 2 == 0 ? 0 : 1700604800,
			.body_length_max = i / 576 % 2 == 0 ? 0 : UINT64_MAX - 1,
			.names = &names,
			.signature_size = sizes[i / 12 % 6],
			.line_end = MESSAGE_LINE_END_CRLF,
		};

		add_names(&names, name_lists[i % 4]);
		assert_int_equal(buffer_printf(&identity, "%s@%.*s", identities[i / 72 % 4],
					       BYTES_PRINTF(values.domain)),
				 0);
		if (i / 72 % 4 != 0)
			values.identity = buffer_bytes(&identity);
		make(&field, &values);
		assert_lines_fit(signature_field_text(&field), BYTES_LITERAL("\r\n"));
		assert_reads_back(&field, &values);

		values.line_end = MESSAGE_LINE_END_LF;
		make(&lf_field, &values);
		assert_reads_back(&lf_field, &values);
		remove_crs(signature_field_text(&field), &lf_text);
		assert_true(bytes_equal(buffer_bytes(&lf_text), signature_field_text(&lf_field)));
		buffer_deinit(&identity);
		buffer_deinit(&lf_text);
	}
	signature_field_deinit(&field);
	signature_field_deinit(&lf_field);
	name_list_deinit(&names);
}

/* Simple canonicalization sees each blank, and the line ends of an LF message as CRLF. */
static void canonical_text_is_the_same_for_both_line_ends(void **state)
{
	struct signature_field field = {0};
	struct name_list names = {0};
	struct buffer canonical[2] = {{0}};
	struct signature_field_values values = {
		.domain = BYTES_LITERAL("example.com"),
		.selector = BYTES_LITERAL("selector"),
		.names = &names,
		.signature_size = 256,
	};

	(void)state;
	add_names(&names, "From:To");
	for (int i = 0; i < 2; i++) {
		values.line_end = i == 0 ? MESSAGE_LINE_END_LF : MESSAGE_LINE_END_CRLF;
		assert_int_equal(signature_field_compose(&field, &values), 0);
		assert_int_equal(header_canon_append(&canonical[i],
						     signature_field_unsigned(&field),
						     CANONICALIZATION_SIMPLE),
				 0);
	}
	assert_string_equal(buffer_string(&canonical[0]), buffer_string(&canonical[1]));
	buffer_deinit(&canonical[0]);
	buffer_deinit(&canonical[1]);
	signature_field_deinit(&field);
	name_list_deinit(&names);
}

/* RFC 6376 3.5: what z= copies comes back, whatever bytes are in it. */
static void copied_fields_come_back(void **state)
{
	struct signature_field field = {0};
	struct name_list names = {0};
	struct header header;
	struct buffer text = {0};
	struct buffer decoded = {0};
	struct tag_list tags;
	struct bytes tags_text;
	struct signature_field_values values = {
		.domain = BYTES_LITERAL("a.b"),
		.selector = BYTES_LITERAL("s"),
		.names = &names,
		.copied = &header,
		.signature_size = 64,
		.line_end = MESSAGE_LINE_END_CRLF,
	};

	(void)state;
	header_init(&header, 0);
	assert_int_equal(buffer_append_string(&text, "Subject: "), 0);
	for (unsigned int byte = 1; byte < 256; byte++) {
		if (byte != '\r' && byte != '\n')
			assert_int_equal(buffer_append_byte(&text, (uint8_t)byte), 0);
	}
	assert_int_equal(header_add(&header, BYTES_LITERAL("From: x")), 0);
	assert_int_equal(header_add(&header, BYTES_LITERAL("Not-Listed: x")), 0);
	assert_int_equal(header_add(&header, buffer_bytes(&text)), 0);
	add_names(&names, "From:Subject:From");
	assert_int_equal(signature_field_compose(&field, &values), 0);
	assert_lines_fit(signature_field_text(&field), BYTES_LITERAL("\r\n"));
	tags_text = bytes_skip(signature_field_text(&field), strlen(SIGNATURE_FIELD_NAME ": "));
	assert_int_equal(tag_list_parse(&tags, bytes_trim(tags_text)), 0);
	assert_int_equal(quoted_printable_decode(tag_list_find(&tags, "z")->value, &decoded), 0);
	assert_true(bytes_start_with(buffer_bytes(&decoded), BYTES_LITERAL("From: x|Subject: ")));
	assert_true(bytes_equal(bytes_skip(buffer_bytes(&decoded), 8), buffer_bytes(&text)));
	buffer_deinit(&text);
	buffer_deinit(&decoded);
	header_deinit(&header);
	signature_field_deinit(&field);
	name_list_deinit(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_field_is_as_written_here),
		cmocka_unit_test(every_combination_fits_and_reads_back),
		cmocka_unit_test(canonical_text_is_the_same_for_both_line_ends),
		cmocka_unit_test(copied_fields_come_back),
	};

	return cmocka_run_group_tests_name("signature_field", tests, NULL, NULL);
}
