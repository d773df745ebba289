/*
 * Goal: a DKIM-Signature field or key record that is taken is taken as it stands: nothing points
 * outside it, everything is bounded, and only the value of b= goes when it is taken back to what
 * was signed.
 * Method: the input is parsed as a field and as a record. The unsigned form of an accepted field
 * differs from it by a piece that decodes to the signature; with another signature in its place all
 * the rest must be parsed as before.
 */
#include "signer/dkim/base64.h"
#include "signer/dkim/dkim_signature.h"
#include "signer/dkim/domain_name.h"
#include "signer/dkim/key_record.h"
#include "signer/dkim/tag_list.h"
#include "tests/fuzz/fuzz.h"

static void append(struct buffer *out, struct bytes bytes)
{
	FUZZ_CHECK(buffer_append(out, bytes) == 0);
}

static void check_within(struct bytes part, struct bytes text)
{
	FUZZ_CHECK(part.size <= text.size);
	FUZZ_CHECK(part.data >= text.data);
	FUZZ_CHECK(part.data + part.size <= text.data + text.size);
}

/* NAME=VALUE; of each tag is the list again. */
static void check_tags(struct bytes text)
{
	struct buffer written = {0};
	struct tag_list list;
	struct tag_list again;

	if (tag_list_parse(&list, text) != 0) {
		FUZZ_CHECK(list.count == 0);
		return;
	}
	FUZZ_CHECK(list.count > 0 && list.count <= TAG_LIST_COUNT_MAX);
	for (size_t i = 0; i < list.count; i++) {
		check_within(list.tags[i].name, text);
		check_within(list.tags[i].raw, text);
		check_within(list.tags[i].value, list.tags[i].raw);
		append(&written, list.tags[i].name);
		append(&written, BYTES_LITERAL("="));
		append(&written, list.tags[i].raw);
		append(&written, BYTES_LITERAL(";"));
	}
	FUZZ_CHECK(tag_list_parse(&again, buffer_bytes(&written)) == 0);
	FUZZ_CHECK(again.count == list.count);
	for (size_t i = 0; i < list.count; i++) {
		FUZZ_CHECK(bytes_equal(again.tags[i].name, list.tags[i].name));
		FUZZ_CHECK(bytes_equal(again.tags[i].raw, list.tags[i].raw));
	}
	buffer_deinit(&written);
}

static void check_bounds(const struct dkim_signature *signature)
{
	struct bytes identity = buffer_bytes(&signature->identity);
	struct bytes field = signature->field;
	bool has_from = false;

	check_within(signature->domain, field);
	check_within(signature->selector, field);
	FUZZ_CHECK(domain_name_is_valid(signature->domain));
	FUZZ_CHECK(domain_name_is_valid(signature->selector));
	FUZZ_CHECK(identity.size > signature->domain.size && identity.size <= field.size + 1);
	FUZZ_CHECK(bytes_equal_nocase(bytes_skip(identity, identity.size - signature->domain.size),
				      signature->domain));
	FUZZ_CHECK(signature->names.count > 0 &&
		   signature->names.count <= DKIM_SIGNATURE_NAMES_MAX);
	for (size_t i = 0; i < signature->names.count; i++) {
		struct bytes name = signature->names.names[i];

		check_within(name, field);
		FUZZ_CHECK(name.size > 0 && bytes_find(name, ':') == name.size);
		has_from = has_from || bytes_equal_nocase(name, BYTES_LITERAL("from"));
	}
	FUZZ_CHECK(has_from);
	FUZZ_CHECK(signature->signature_size > 0 &&
		   signature->signature_size <= DKIM_SIGNATURE_SIZE_MAX);
	FUZZ_CHECK(!signature->has_timestamp || !signature->has_expiry ||
		   signature->timestamp <= signature->expiry);
}

/* The place of b= is exact: what is there decodes to the signature, and "=" and ";" are around it. */
static void check_place(const struct dkim_signature *signature)
{
	struct bytes field = signature->field;
	uint8_t decoded[DKIM_SIGNATURE_SIZE_MAX];
	size_t start = signature->signature_start;
	size_t end = signature->signature_end;
	size_t size;

	FUZZ_CHECK(start < end && end <= field.size);
	FUZZ_CHECK(field.data[start - 1] == '=');
	FUZZ_CHECK(end == field.size || field.data[end] == ';');
	FUZZ_CHECK(base64_decode(bytes_slice(field, start, end), decoded, sizeof(decoded), &size) ==
		   0);
	FUZZ_CHECK(size == signature->signature_size);
	FUZZ_CHECK(memcmp(decoded, signature->signature, size) == 0);
}

static void check_same(const struct dkim_signature *a, const struct dkim_signature *b)
{
	FUZZ_CHECK(a->algorithm == b->algorithm);
	FUZZ_CHECK(a->header_canonicalization == b->header_canonicalization);
	FUZZ_CHECK(a->body_canonicalization == b->body_canonicalization);
	FUZZ_CHECK(bytes_equal(a->domain, b->domain));
	FUZZ_CHECK(bytes_equal(a->selector, b->selector));
	FUZZ_CHECK(bytes_equal(buffer_bytes(&a->identity), buffer_bytes(&b->identity)));
	FUZZ_CHECK(a->names.count == b->names.count);
	for (size_t i = 0; i < a->names.count; i++)
		FUZZ_CHECK(bytes_equal(a->names.names[i], b->names.names[i]));
	FUZZ_CHECK(a->body_limit == b->body_limit);
	FUZZ_CHECK(a->has_timestamp == b->has_timestamp && a->timestamp == b->timestamp);
	FUZZ_CHECK(a->has_expiry == b->has_expiry && a->expiry == b->expiry);
	FUZZ_CHECK(memcmp(a->body_hash, b->body_hash, sizeof(a->body_hash)) == 0);
	FUZZ_CHECK(a->signature_start == b->signature_start);
}

static void check_unsigned(const struct dkim_signature *signature)
{
	struct dkim_signature again = {0};
	struct buffer text = {0};
	struct buffer other = {0};
	struct bytes unsigned_field;
	size_t start = signature->signature_start;

	FUZZ_CHECK(dkim_signature_append_unsigned(signature, &text) == 0);
	unsigned_field = buffer_bytes(&text);
	FUZZ_CHECK(unsigned_field.size ==
		   signature->field.size - (signature->signature_end - start));
	FUZZ_CHECK(bytes_start_with(signature->field, bytes_slice(unsigned_field, 0, start)));
	FUZZ_CHECK(dkim_signature_parse(&again, unsigned_field) == DKIM_SIGNATURE_E_SIGNATURE);

	append(&other, bytes_slice(unsigned_field, 0, start));
	append(&other, BYTES_LITERAL("c2ln\r\n\tbmF0dXJl"));
	append(&other, bytes_skip(unsigned_field, start));
	FUZZ_CHECK(dkim_signature_parse(&again, buffer_bytes(&other)) == 0);
	check_same(signature, &again);
	FUZZ_CHECK(bytes_equal(bytes_of(again.signature, again.signature_size),
			       BYTES_LITERAL("signature")));
	buffer_deinit(&text);
	buffer_deinit(&other);
	dkim_signature_deinit(&again);
}

static void check_field(struct bytes field)
{
	struct dkim_signature signature = {0};
	int r = dkim_signature_parse(&signature, field);

	FUZZ_CHECK(r >= 0);
	if (r == 0) {
		check_bounds(&signature);
		check_place(&signature);
		check_unsigned(&signature);
	} else {
		FUZZ_CHECK(strcmp(dkim_signature_reason(r), "unknown error") != 0);
	}
	dkim_signature_deinit(&signature);
}

/* A record with the key alone is the same key. */
static void check_record(struct bytes text)
{
	struct key_record record = {0};
	struct key_record again = {0};
	struct buffer written = {0};
	int r = key_record_parse(&record, text);

	FUZZ_CHECK(r >= 0);
	if (r == 0) {
		size_t size = BASE64_SIZE(record.key.size);

		FUZZ_CHECK(record.key.size > 0 && record.key.size <= KEY_RECORD_KEY_SIZE_MAX);
		FUZZ_CHECK(record.key.size <= text.size);
		FUZZ_CHECK(buffer_printf(&written, "v=DKIM1; k=%s; p=",
					 dkim_algorithm_key_type(record.algorithm)) == 0);
		FUZZ_CHECK(buffer_reserve(&written, size) == 0);
		base64_encode(buffer_bytes(&record.key), written.data + written.size);
		written.size += size;
		FUZZ_CHECK(key_record_parse(&again, buffer_bytes(&written)) == 0);
		FUZZ_CHECK(again.algorithm == record.algorithm);
		FUZZ_CHECK(bytes_equal(buffer_bytes(&again.key), buffer_bytes(&record.key)));
		FUZZ_CHECK(again.allows_sha256 && again.allows_email);
		FUZZ_CHECK(!again.is_test && !again.is_strict);
	} else {
		FUZZ_CHECK(strcmp(key_record_reason(r), "unknown error") != 0);
	}
	buffer_deinit(&written);
	key_record_deinit(&record);
	key_record_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);

	check_field(text);
	check_record(text);
	check_tags(text);
	return 0;
}
