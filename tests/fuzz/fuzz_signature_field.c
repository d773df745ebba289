/*
 * Goal: the field that a signer writes says what it was told, to everybody, in lines that fit.
 * Method: the input is values, a line each, and then a header. The field is composed, filled and
 * parsed, and the values are compared; z= is taken apart by hand. What is hashed for the signature
 * must be the same before b= is filled and after a verifier has emptied it, in both forms.
 *
 *   DOMAIN
 *   SELECTOR
 *   LOCAL-PART of i=, empty for none
 *   SUBDOMAIN of i=, empty for none
 *   TIMESTAMP
 *   SECONDS until it expires, 0 for never
 *   BODY LENGTH, 0 for no l=
 *   SIGNATURE SIZE
 *   LETTERS: e ed25519, h relaxed header, b relaxed body, r r=y, z z=, c CRLF
 *   fields of a header...
 */
#include "signer/dkim/dkim_signature.h"
#include "signer/dkim/domain_name.h"
#include "signer/dkim/header_canon.h"
#include "signer/dkim/header_select.h"
#include "signer/dkim/quoted_printable.h"
#include "signer/dkim/signature_field.h"
#include "signer/dkim/tag_list.h"
#include "tests/fuzz/fuzz.h"

/* RFC 6376 3.5: t= and x= have twelve digits at most. */
#define TIME_MAX UINT64_C(500000000000)

struct order {
	struct signature_field_values values;
	struct buffer identity;
	struct header header;
	struct name_list names;
	uint64_t body_length;
	uint8_t body_hash[SHA256_SIZE];
	uint8_t signature[DKIM_SIGNATURE_SIZE_MAX];
};

static void append(struct buffer *out, struct bytes bytes)
{
	FUZZ_CHECK(buffer_append(out, bytes) == 0);
}

static bool has_letter(struct bytes letters, char letter)
{
	return bytes_find(letters, (uint8_t)letter) < letters.size;
}

static bool read_header(struct order *order, struct bytes text, bool fix_crlf)
{
	struct message_reader reader;
	size_t consumed;
	int r;

	message_reader_init(&reader);
	message_reader_start(&reader, &order->header, fix_crlf);
	r = message_reader_push(&reader, text, &consumed);
	if (r == 0)
		r = message_reader_finish(&reader);
	message_reader_deinit(&reader);
	return r == 0;
}

/* What the configuration of a signer may say of h=: more than the default, and one name more. */
static bool select_names(struct order *order)
{
	struct bytes sign[] = {BYTES_LITERAL("*")};
	struct bytes omit[] = {BYTES_LITERAL("received")};
	struct bytes more[] = {BYTES_LITERAL("From"), BYTES_LITERAL("List-Unsubscribe-Post")};
	struct name_list sign_list = {sign, 1, 1};
	struct name_list omit_list = {omit, 1, 1};
	struct name_list more_list = {more, 2, 2};
	const struct header_select_lists lists = {&sign_list, &omit_list, &more_list};
	const struct header_select_lists usual = {.oversign = &more_list};
	struct header_select *select;
	struct bytes wrong;
	int r;

	FUZZ_CHECK(header_select_new(order->values.asks_reports ? &lists : &usual, &wrong,
				     &select) == 0);
	r = header_select_list(select, &order->header, &order->names);
	FUZZ_CHECK(r == 0 || r == HEADER_SELECT_E_TOO_MANY);
	/* Names point into the object that is going away. */
	for (size_t i = order->names.count - 2; r == 0 && i < order->names.count; i++)
		order->names.names[i] = order->names.names[i].size == 4
						? BYTES_LITERAL("From")
						: BYTES_LITERAL("List-Unsubscribe-Post");
	header_select_free(select);
	return r == 0;
}

static bool read_identity(struct order *order, struct bytes local_part, struct bytes subdomain)
{
	size_t at;

	if (local_part.size == 0 && subdomain.size == 0)
		return true;
	append(&order->identity, local_part);
	append(&order->identity, BYTES_LITERAL("@"));
	at = order->identity.size;
	if (subdomain.size > 0) {
		append(&order->identity, subdomain);
		append(&order->identity, BYTES_LITERAL("."));
	}
	append(&order->identity, order->values.domain);
	order->values.identity = buffer_bytes(&order->identity);
	return domain_name_is_valid(bytes_skip(order->values.identity, at));
}

/* false: not an order that a signer can get. */
static bool read_order(struct order *order, struct bytes rest)
{
	struct signature_field_values *values = &order->values;
	struct bytes local_part;
	struct bytes subdomain;
	struct bytes letters;
	uint64_t state = fuzz_seed(rest);
	uint64_t seconds;

	values->domain = fuzz_line(&rest);
	values->selector = fuzz_line(&rest);
	local_part = fuzz_line(&rest);
	subdomain = fuzz_line(&rest);
	values->timestamp = fuzz_number(fuzz_line(&rest)) % TIME_MAX;
	seconds = fuzz_number(fuzz_line(&rest)) % TIME_MAX;
	values->expiry = seconds == 0 ? 0 : values->timestamp + seconds;
	order->body_length = fuzz_number(fuzz_line(&rest));
	values->body_length_max = order->body_length == 0 ? 0 : order->body_length + state % 5000;
	if (values->body_length_max < order->body_length ||
	    order->body_length == DKIM_SIGNATURE_NO_BODY_LIMIT)
		return false;
	values->signature_size = 1 + fuzz_number(fuzz_line(&rest)) % DKIM_SIGNATURE_SIZE_MAX;
	letters = fuzz_line(&rest);
	values->algorithm = has_letter(letters, 'e') ? DKIM_ALGORITHM_ED25519_SHA256
						     : DKIM_ALGORITHM_RSA_SHA256;
	values->header_canonicalization = has_letter(letters, 'h') ? CANONICALIZATION_RELAXED
								   : CANONICALIZATION_SIMPLE;
	values->body_canonicalization = has_letter(letters, 'b') ? CANONICALIZATION_RELAXED
								 : CANONICALIZATION_SIMPLE;
	values->asks_reports = has_letter(letters, 'r');
	values->copied = has_letter(letters, 'z') ? &order->header : NULL;
	values->line_end = has_letter(letters, 'c') ? MESSAGE_LINE_END_CRLF : MESSAGE_LINE_END_LF;
	values->names = &order->names;
	for (size_t i = 0; i < sizeof(order->signature); i++)
		order->signature[i] = (uint8_t)fuzz_random(&state);
	for (size_t i = 0; i < sizeof(order->body_hash); i++)
		order->body_hash[i] = (uint8_t)fuzz_random(&state);
	if (!domain_name_is_valid(values->domain) || !domain_name_is_valid(values->selector) ||
	    bytes_find(values->domain, '.') == values->domain.size ||
	    !read_identity(order, local_part, subdomain))
		return false;
	if (!read_header(order, rest, has_letter(letters, 'f')))
		return false;
	return select_names(order);
}

/* RFC 5322 2.1.1, and each line by itself; only what cannot be cut may be longer. */
static void check_line(struct bytes line, bool is_first)
{
	size_t columns = 0;
	size_t blanks = 0;

	FUZZ_CHECK(line.size > 0 && bytes_find(line, '\r') == line.size);
	FUZZ_CHECK(is_first || line.data[0] == '\t');
	FUZZ_CHECK(bytes_trim(line).size > 0);
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] == '\t')
			columns = columns / 8 * 8 + 8;
		else
			columns++;
		blanks += line.data[i] == ' ' || line.data[i] == '\t';
	}
	/* The tab, and the blank behind it where a value goes on. */
	if (columns > SIGNATURE_FIELD_COLUMNS_MAX)
		FUZZ_CHECK(blanks == 1 || (blanks == 2 && line.data[1] == ' '));
}

static void check_lines(struct bytes text, enum message_line_end line_end)
{
	bool is_first = true;

	FUZZ_CHECK(text.data[text.size - 1] == '\n');
	while (text.size > 0) {
		struct bytes line = fuzz_line(&text);

		if (line_end == MESSAGE_LINE_END_CRLF) {
			FUZZ_CHECK(line.size > 0 && line.data[line.size - 1] == '\r');
			line.size--;
		}
		check_line(line, is_first);
		is_first = false;
	}
}

static void check_values(const struct order *order, const struct dkim_signature *parsed)
{
	const struct signature_field_values *values = &order->values;
	struct bytes identity = buffer_bytes(&parsed->identity);

	FUZZ_CHECK(parsed->algorithm == values->algorithm);
	FUZZ_CHECK(parsed->header_canonicalization == values->header_canonicalization);
	FUZZ_CHECK(parsed->body_canonicalization == values->body_canonicalization);
	FUZZ_CHECK(bytes_equal(parsed->domain, values->domain));
	FUZZ_CHECK(bytes_equal(parsed->selector, values->selector));
	if (values->identity.size > 0)
		FUZZ_CHECK(bytes_equal(identity, values->identity));
	else
		FUZZ_CHECK(identity.data[0] == '@' &&
			   bytes_equal(bytes_skip(identity, 1), values->domain));
	FUZZ_CHECK(parsed->has_timestamp && parsed->timestamp == values->timestamp);
	FUZZ_CHECK(parsed->has_expiry == (values->expiry != 0));
	FUZZ_CHECK(parsed->expiry == values->expiry);
	FUZZ_CHECK(
		parsed->body_limit ==
		(values->body_length_max == 0 ? DKIM_SIGNATURE_NO_BODY_LIMIT : order->body_length));
	FUZZ_CHECK(parsed->names.count == values->names->count);
	for (size_t i = 0; i < parsed->names.count; i++)
		FUZZ_CHECK(bytes_equal(parsed->names.names[i], values->names->names[i]));
	FUZZ_CHECK(memcmp(parsed->body_hash, order->body_hash, SHA256_SIZE) == 0);
	FUZZ_CHECK(parsed->signature_size == values->signature_size);
	FUZZ_CHECK(memcmp(parsed->signature, order->signature, parsed->signature_size) == 0);
}

/* What z= says of one field: NAME:VALUE, with each line end as CRLF. */
static void append_copy(struct buffer *out, const struct header *header, size_t index)
{
	struct bytes value = header_value(header, index);

	append(out, header_name(header, index));
	append(out, BYTES_LITERAL(":"));
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] != '\r' && value.data[i] != '\n') {
			append(out, bytes_slice(value, i, i + 1));
			continue;
		}
		append(out, BYTES_LITERAL("\r\n"));
		if (value.data[i] == '\r' && i + 1 < value.size && value.data[i + 1] == '\n')
			i++;
	}
}

static void check_copies(const struct order *order, struct bytes text)
{
	struct buffer wanted = {0};
	struct buffer decoded = {0};
	struct tag_list tags;
	struct bytes rest;
	size_t listed = 0;

	FUZZ_CHECK(tag_list_parse(&tags, bytes_skip(text, bytes_find(text, ':') + 1)) == 0);
	FUZZ_CHECK((tag_list_find(&tags, "r") != NULL) == order->values.asks_reports);
	FUZZ_CHECK((tag_list_find(&tags, "z") != NULL) == (order->values.copied != NULL));
	if (order->values.copied == NULL)
		return;
	rest = tag_list_find(&tags, "z")->value;
	for (size_t i = 0; i < header_count(&order->header); i++) {
		size_t end = bytes_find(rest, '|');

		/* All fields that are signed come first in h=, in the order of the message. */
		if (listed == order->names.count ||
		    !bytes_equal(header_name(&order->header, i), order->names.names[listed]))
			continue;
		buffer_clear(&wanted);
		buffer_clear(&decoded);
		append_copy(&wanted, &order->header, i);
		FUZZ_CHECK(quoted_printable_decode(bytes_slice(rest, 0, end), &decoded) == 0);
		FUZZ_CHECK(bytes_equal(buffer_bytes(&decoded), buffer_bytes(&wanted)));
		rest = bytes_skip(rest, end < rest.size ? end + 1 : end);
		listed++;
	}
	FUZZ_CHECK(bytes_trim(rest).size == 0);
	buffer_deinit(&wanted);
	buffer_deinit(&decoded);
}

/* A verifier hashes what the signer hashed. */
static void check_unsigned(const struct signature_field *field, const struct dkim_signature *parsed)
{
	struct buffer emptied = {0};
	struct buffer theirs = {0};
	struct buffer ours = {0};

	FUZZ_CHECK(dkim_signature_append_unsigned(parsed, &emptied) == 0);
	for (unsigned int i = CANONICALIZATION_SIMPLE; i <= CANONICALIZATION_RELAXED; i++) {
		buffer_clear(&theirs);
		buffer_clear(&ours);
		FUZZ_CHECK(header_canon_append(&theirs, buffer_bytes(&emptied),
					       (enum canonicalization)i) == 0);
		FUZZ_CHECK(header_canon_append(&ours, signature_field_unsigned(field),
					       (enum canonicalization)i) == 0);
		FUZZ_CHECK(bytes_equal(buffer_bytes(&theirs), buffer_bytes(&ours)));
	}
	buffer_deinit(&emptied);
	buffer_deinit(&theirs);
	buffer_deinit(&ours);
}

static void check_order(const struct order *order, struct signature_field *field)
{
	struct dkim_signature parsed = {0};
	struct buffer before = {0};
	struct bytes text;
	size_t size;

	FUZZ_CHECK(signature_field_compose(field, &order->values) == 0);
	size = signature_field_text(field).size;
	signature_field_set_body_hash(field, order->body_hash);
	if (order->values.body_length_max != 0)
		signature_field_set_body_length(field, order->body_length);
	append(&before, signature_field_unsigned(field));
	FUZZ_CHECK(signature_field_set_signature(
			   field, bytes_of(order->signature, order->values.signature_size)) == 0);
	FUZZ_CHECK(bytes_equal(signature_field_unsigned(field), buffer_bytes(&before)));
	text = signature_field_text(field);
	FUZZ_CHECK(text.size == size);
	check_lines(text, order->values.line_end);
	text.size -= order->values.line_end == MESSAGE_LINE_END_CRLF ? 2 : 1;
	FUZZ_CHECK(dkim_signature_parse(&parsed, text) == 0);
	check_values(order, &parsed);
	check_copies(order, text);
	check_unsigned(field, &parsed);
	buffer_deinit(&before);
	dkim_signature_deinit(&parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signature_field field = {0};
	struct order order = {0};
	bool is_order = read_order(&order, bytes_of(data, size));

	if (is_order) {
		check_order(&order, &field);
		/* Nothing of the last field is left in the next one. */
		check_order(&order, &field);
	}
	buffer_deinit(&order.identity);
	header_deinit(&order.header);
	name_list_deinit(&order.names);
	signature_field_deinit(&field);
	return is_order ? 0 : -1;
}
