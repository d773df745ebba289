/*
 * Goal: the canonical form of a body is the one that RFC 6376 defines, however the body was cut.
 * Method: the form is made a second time, line by line as the text of the RFC reads, without regard
 * to speed, and compared. Then what follows from the text is asked: that doing it twice changes
 * nothing, that all ends in CRLF, and that relaxed leaves no white space to reduce.
 */
#include "signer/dkim/body_hash.h"
#include "tests/fuzz/fuzz.h"

#define CRLF BYTES_LITERAL("\r\n")

/* Made once: to find a hash costs OpenSSL more than all the rest of a run. */
static struct {
	bool are_made;
	struct body_hash body;
	struct sha256 sha256;
} hashes;

static void make_hashes(void)
{
	if (hashes.are_made)
		return;
	FUZZ_CHECK(body_hash_init(&hashes.body) == 0);
	FUZZ_CHECK(sha256_init(&hashes.sha256) == 0);
	hashes.are_made = true;
}

static void append(struct buffer *out, struct bytes bytes)
{
	FUZZ_CHECK(buffer_append(out, bytes) == 0);
}

static int gather(void *context, struct bytes canonical)
{
	append(context, canonical);
	return 0;
}

static int canon(struct buffer *out, struct bytes body, enum canonicalization canonicalization,
		 bool fix_crlf, enum fuzz_cut cut)
{
	struct body_canon object;
	struct fuzz_pieces pieces;
	struct bytes piece;
	int r = 0;

	buffer_clear(out);
	body_canon_start(&object, canonicalization, fix_crlf, gather, out);
	fuzz_pieces_start(&pieces, body, cut);
	while (r == 0 && fuzz_pieces_next(&pieces, &piece))
		r = body_canon_push(&object, piece);
	fuzz_pieces_end(&pieces);
	return r != 0 ? r : body_canon_finish(&object);
}

/* Takes a line off the body: false if its CR has no LF and none may be missing. */
static bool take_line(struct bytes *body, bool fix_crlf, struct bytes *line_out)
{
	size_t size = 0;
	size_t end;

	while (size < body->size && body->data[size] != '\r' && body->data[size] != '\n')
		size++;
	*line_out = bytes_slice(*body, 0, size);
	end = size;
	if (end < body->size && body->data[end] == '\r') {
		end++;
		if (end < body->size && body->data[end] == '\n')
			end++;
		else if (!fix_crlf)
			return false;
	} else if (end < body->size) {
		end++;
	}
	*body = bytes_skip(*body, end);
	return true;
}

/* RFC 6376 3.4.4: white space at the end of a line goes, and a run of it becomes one space. */
static void append_reduced(struct buffer *out, struct bytes line)
{
	bool is_blank = false;

	FUZZ_CHECK(buffer_reserve(out, line.size) == 0);
	while (line.size > 0 && ascii_is_wsp(line.data[line.size - 1]))
		line.size--;
	for (size_t i = 0; i < line.size; i++) {
		bool was_blank = is_blank;

		is_blank = ascii_is_wsp(line.data[i]);
		if (!is_blank || !was_blank)
			out->data[out->size++] = is_blank ? ' ' : line.data[i];
	}
}

static int reference(struct buffer *out, struct bytes body, enum canonicalization canonicalization,
		     bool fix_crlf)
{
	struct bytes line;
	size_t text_end = 0;

	buffer_clear(out);
	while (body.size > 0) {
		size_t start = out->size;

		if (!take_line(&body, fix_crlf, &line))
			return BODY_CANON_E_BARE_CR;
		if (canonicalization == CANONICALIZATION_RELAXED)
			append_reduced(out, line);
		else
			append(out, line);
		if (out->size > start)
			text_end = out->size + CRLF.size;
		append(out, CRLF);
	}
	/* Empty lines at the end go. In simple, what is then empty is one CRLF. */
	out->size = text_end;
	if (out->size == 0 && canonicalization == CANONICALIZATION_SIMPLE)
		append(out, CRLF);
	return 0;
}

static void check_form(struct bytes form, enum canonicalization canonicalization)
{
	bool relaxed = canonicalization == CANONICALIZATION_RELAXED;

	FUZZ_CHECK(form.size > 0 || relaxed);
	FUZZ_CHECK(form.size == 0 || bytes_equal(bytes_skip(form, form.size - 2), CRLF));
	for (size_t i = 0; relaxed && i + 1 < form.size; i++) {
		FUZZ_CHECK(form.data[i] != '\t');
		if (form.data[i] == ' ')
			FUZZ_CHECK(form.data[i + 1] != ' ' && form.data[i + 1] != '\r');
	}
}

static void check_hash(struct bytes body, struct bytes form, enum canonicalization canonicalization,
		       bool fix_crlf)
{
	uint64_t limit = fuzz_seed(body) % (form.size + 2);
	struct bytes hashed = limit < form.size ? bytes_slice(form, 0, (size_t)limit) : form;
	uint8_t digest[SHA256_SIZE];
	uint8_t wanted[SHA256_SIZE];

	body_hash_start(&hashes.body, canonicalization, fix_crlf, limit);
	FUZZ_CHECK(body_hash_push(&hashes.body, body) == 0);
	FUZZ_CHECK(body_hash_finish(&hashes.body, digest) == 0);
	FUZZ_CHECK(body_hash_size(&hashes.body) == form.size);
	FUZZ_CHECK(body_hash_hashed_size(&hashes.body) == hashed.size);
	sha256_start(&hashes.sha256);
	sha256_update(&hashes.sha256, hashed);
	FUZZ_CHECK(sha256_finish(&hashes.sha256, wanted) == 0);
	FUZZ_CHECK(memcmp(digest, wanted, sizeof(digest)) == 0);
}

static void check(struct bytes body, enum canonicalization canonicalization, bool fix_crlf)
{
	struct buffer wanted = {0};
	struct buffer form = {0};
	struct buffer again = {0};
	int r = reference(&wanted, body, canonicalization, fix_crlf);

	for (unsigned int i = 0; i < FUZZ_CUTS; i++) {
		FUZZ_CHECK(canon(&form, body, canonicalization, fix_crlf, (enum fuzz_cut)i) == r);
		if (r != 0)
			continue;
		FUZZ_CHECK(bytes_equal(buffer_bytes(&form), buffer_bytes(&wanted)));
	}
	if (r == 0) {
		check_form(buffer_bytes(&form), canonicalization);
		FUZZ_CHECK(canon(&again, buffer_bytes(&form), canonicalization, false,
				 FUZZ_CUT_OFTEN) == 0);
		FUZZ_CHECK(bytes_equal(buffer_bytes(&again), buffer_bytes(&form)));
		check_hash(body, buffer_bytes(&form), canonicalization, fix_crlf);
	}
	buffer_deinit(&wanted);
	buffer_deinit(&form);
	buffer_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes body = bytes_of(data, size);

	make_hashes();
	check(body, CANONICALIZATION_SIMPLE, false);
	check(body, CANONICALIZATION_SIMPLE, true);
	check(body, CANONICALIZATION_RELAXED, false);
	check(body, CANONICALIZATION_RELAXED, true);
	return 0;
}
