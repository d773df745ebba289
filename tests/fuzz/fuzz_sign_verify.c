/*
 * Goal: what postseal signs, postseal verifies, whatever the message is like and however it comes.
 * Method: the input is a message. It is signed with each pair of canonicalizations by the pieces
 * that a signer has, with a signature that no key made. Then the signed message is read in another
 * cut and given to verification, which must come to the digest that was signed. What the digest is of
 * is made a second time by the plainest means, so that signer and verifier cannot both be wrong.
 */
#include "signer/dkim/header_select.h"
#include "signer/dkim/signature_field.h"
#include "signer/dkim/verification.h"
#include "tests/fuzz/fuzz.h"

#define SIGNATURE "no key made this"

struct message {
	struct message_reader reader;
	struct header header;
	struct bytes body;
};

/* A way of signing. */
struct way {
	enum canonicalization header_canonicalization;
	enum canonicalization body_canonicalization;
	bool fix_crlf;
	uint64_t limit; /* BODY_HASH_NO_LIMIT: no l= */
};

/* Made once, as a signer and a verifier have them, so that one message may leave something in them. */
static struct {
	bool are_made;
	struct header_select *select;
	struct body_hash body_hash;
	struct header_hash header_hash;
	struct signature_field field;
	struct verification verification;
} tools;

static void append(struct buffer *out, struct bytes bytes)
{
	FUZZ_CHECK(buffer_append(out, bytes) == 0);
}

static int message_read(struct message *message, struct bytes text, bool fix_crlf,
			enum fuzz_cut cut)
{
	struct fuzz_pieces pieces;
	struct bytes piece;
	size_t consumed;
	int r = 0;

	header_init(&message->header, 0);
	message_reader_init(&message->reader);
	message_reader_start(&message->reader, &message->header, fix_crlf);
	fuzz_pieces_start(&pieces, text, cut);
	while (r == 0 && !message_reader_is_done(&message->reader) &&
	       fuzz_pieces_next(&pieces, &piece))
		r = message_reader_push(&message->reader, piece, &consumed);
	fuzz_pieces_end(&pieces);
	if (r == 0)
		r = message_reader_finish(&message->reader);
	if (r == 0)
		message->body = bytes_skip(text,
					   (size_t)message_reader_body_offset(&message->reader));
	return r;
}

static void message_deinit(struct message *message)
{
	header_deinit(&message->header);
	message_reader_deinit(&message->reader);
}

static int hash_body(struct bytes body, const struct way *way, uint8_t digest[SHA256_SIZE],
		     uint64_t *size_out)
{
	struct body_hash *hash = &tools.body_hash;
	int r;

	body_hash_start(hash, way->body_canonicalization, way->fix_crlf, way->limit);
	r = body_hash_push(hash, body);
	if (r == 0)
		r = body_hash_finish(hash, digest);
	*size_out = r == 0 ? body_hash_hashed_size(hash) : 0;
	return r;
}

static void make_tools(void)
{
	struct bytes names[] = {BYTES_LITERAL("From"), BYTES_LITERAL("Subject")};
	struct name_list oversign = {names, 2, 2};
	const struct header_select_lists lists = {.oversign = &oversign};
	struct bytes wrong;

	if (tools.are_made)
		return;
	FUZZ_CHECK(header_select_new(&lists, &wrong, &tools.select) == 0);
	FUZZ_CHECK(body_hash_init(&tools.body_hash) == 0);
	FUZZ_CHECK(header_hash_init(&tools.header_hash) == 0);
	FUZZ_CHECK(verification_init(&tools.verification) == 0);
	tools.are_made = true;
}

/* RFC 6376 3.4.1 and 3.4.2, a byte at a time. */
static void append_canonical(struct buffer *out, struct bytes field,
			     enum canonicalization canonicalization)
{
	size_t colon = bytes_find(field, ':');
	bool has_value = false;
	bool is_blank = false;

	for (size_t i = 0; i < field.size; i++) {
		uint8_t byte = field.data[i];
		bool is_end = byte == '\r' || byte == '\n';

		if (canonicalization == CANONICALIZATION_SIMPLE) {
			/* Each line end of the message is sent as CRLF. */
			if (byte == '\r' && i + 1 < field.size && field.data[i + 1] == '\n')
				continue;
			append(out, is_end ? BYTES_LITERAL("\r\n") : bytes_slice(field, i, i + 1));
			continue;
		}
		if (ascii_is_wsp(byte) || is_end) {
			is_blank = true;
			continue;
		}
		/* Blanks around the colon go, and those between two words become one. */
		if (is_blank && has_value)
			append(out, BYTES_LITERAL(" "));
		is_blank = false;
		has_value = i > colon;
		byte = i < colon ? ascii_lower(byte) : byte;
		append(out, bytes_of(&byte, 1));
	}
	append(out, BYTES_LITERAL("\r\n"));
}

/* RFC 6376 5.4.2: each name takes the last field of that name that was not taken before. */
static void check_selected(const struct header *header, const struct name_list *names,
			   enum canonicalization canonicalization, struct bytes selected)
{
	bool *taken = calloc(header_count(header) + 1, sizeof(*taken));
	struct buffer wanted = {0};

	FUZZ_CHECK(taken != NULL);
	for (size_t i = 0; i < names->count; i++) {
		for (size_t field = header_count(header); field-- > 0;) {
			if (taken[field] ||
			    !bytes_equal_nocase(header_name(header, field), names->names[i]))
				continue;
			taken[field] = true;
			append_canonical(&wanted, header_field(header, field), canonicalization);
			break;
		}
	}
	FUZZ_CHECK(bytes_equal(buffer_bytes(&wanted), selected));
	buffer_deinit(&wanted);
	free(taken);
}

/* The way of a signer up to the digest. */
static void sign(const struct message *message, const struct name_list *names,
		 const struct way *way, const uint8_t body_hash[SHA256_SIZE], uint64_t body_size,
		 uint8_t digest[SHA256_SIZE])
{
	const struct signature_field_values values = {
		.algorithm = DKIM_ALGORITHM_RSA_SHA256,
		.header_canonicalization = way->header_canonicalization,
		.body_canonicalization = way->body_canonicalization,
		.domain = BYTES_LITERAL("example.com"),
		.selector = BYTES_LITERAL("s1"),
		.timestamp = 1700000000,
		.body_length_max = way->limit == BODY_HASH_NO_LIMIT ? 0 : way->limit,
		.names = names,
		.signature_size = sizeof(SIGNATURE) - 1,
		.line_end = message_reader_line_end(&message->reader),
	};
	struct signature_field *field = &tools.field;
	struct header_hash *hash = &tools.header_hash;

	FUZZ_CHECK(header_hash_start(hash, &message->header) == 0);
	FUZZ_CHECK(header_hash_select(hash, names, way->header_canonicalization) == 0);
	check_selected(&message->header, names, way->header_canonicalization,
		       header_hash_selected(hash));
	FUZZ_CHECK(signature_field_compose(field, &values) == 0);
	signature_field_set_body_hash(field, body_hash);
	if (values.body_length_max != 0)
		signature_field_set_body_length(field, body_size);
	FUZZ_CHECK(header_hash_digest(hash, signature_field_unsigned(field), digest) == 0);
	FUZZ_CHECK(signature_field_set_signature(field, BYTES_LITERAL(SIGNATURE)) == 0);
}

static void verify(struct bytes text, const struct way *way, enum fuzz_cut cut,
		   const uint8_t digest[SHA256_SIZE])
{
	const struct verification_options options = {
		.now = 1700000000, .signatures_max = 1, .fix_crlf = way->fix_crlf};
	const struct verification_result *result;
	struct verification *verification = &tools.verification;
	struct message message;
	struct fuzz_pieces pieces;
	struct bytes piece;

	FUZZ_CHECK(message_read(&message, text, way->fix_crlf, cut) == 0);
	FUZZ_CHECK(verification_start(verification, &message.header, &options) == 0);
	fuzz_pieces_start(&pieces, message.body, cut);
	while (fuzz_pieces_next(&pieces, &piece))
		FUZZ_CHECK(verification_push(verification, piece) == 0);
	fuzz_pieces_end(&pieces);
	FUZZ_CHECK(verification_finish(verification) == 0);
	FUZZ_CHECK(verification_count(verification) == 1);
	result = verification_result(verification, 0);
	FUZZ_CHECK(result->field == 0);
	FUZZ_CHECK(result->status == VERIFICATION_NEEDS_KEY);
	FUZZ_CHECK(memcmp(result->digest, digest, SHA256_SIZE) == 0);
	FUZZ_CHECK(
		bytes_equal(bytes_of(result->signature.signature, result->signature.signature_size),
			    BYTES_LITERAL(SIGNATURE)));
	message_deinit(&message);
}

static void check_way(const struct message *message, struct bytes text,
		      const struct name_list *names, const struct way *way, enum fuzz_cut cut)
{
	size_t envelope = (size_t)message_reader_envelope_size(&message->reader);
	struct buffer signed_text = {0};
	uint8_t body_hash[SHA256_SIZE];
	uint8_t digest[SHA256_SIZE];
	uint64_t body_size;

	if (hash_body(message->body, way, body_hash, &body_size) != 0)
		return;
	sign(message, names, way, body_hash, body_size, digest);
	append(&signed_text, bytes_slice(text, 0, envelope));
	append(&signed_text, signature_field_text(&tools.field));
	append(&signed_text, bytes_skip(text, envelope));
	verify(buffer_bytes(&signed_text), way, cut, digest);
	buffer_deinit(&signed_text);
}

static void check(struct bytes text, bool fix_crlf)
{
	struct name_list names = {0};
	struct message message;

	if (message_read(&message, text, fix_crlf, FUZZ_CUT_NONE) == 0) {
		int r = header_select_list(tools.select, &message.header, &names);

		FUZZ_CHECK(r == 0 || r == HEADER_SELECT_E_TOO_MANY);
		/* Each of the four pairs with another cut, and one of them with l=. */
		for (unsigned int i = 0; i < 4 && r == 0; i++) {
			const struct way way = {
				.header_canonicalization = i & 1 ? CANONICALIZATION_RELAXED
								 : CANONICALIZATION_SIMPLE,
				.body_canonicalization = i & 2 ? CANONICALIZATION_RELAXED
							       : CANONICALIZATION_SIMPLE,
				.fix_crlf = fix_crlf,
				.limit = i == 3 ? 1 + fuzz_seed(text) % 64 : BODY_HASH_NO_LIMIT,
			};

			check_way(&message, text, &names, &way,
				  (enum fuzz_cut)((i + text.size) % FUZZ_CUTS));
		}
	}
	message_deinit(&message);
	name_list_deinit(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);

	make_tools();
	check(text, false);
	check(text, true);
	return 0;
}
