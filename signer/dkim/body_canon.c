/*
 * How it works: most of a body is canonical already. The input is searched, 16 bytes at a time, for
 * the first byte that is not, and everything before it, the clean run, goes to the sink as it is.
 * Then one byte is taken by hand into a pending state, and the search goes on behind it:
 *
 *   LF without CR before it     ends the line: CRLF
 *   CR                          cr_pending; the next byte tells what it was
 *   white space that is not one space between two words (relaxed only)
 *                               wsp_pending; becomes one space, or nothing at the end of the line
 *
 * Line ends at the end of a run that may be the empty lines at the end of the body are counted in
 * `empty_lines_held` and given out when something follows. Small pieces are gathered in `staging`,
 * because a hash wants large ones; a large piece goes past it, uncopied.
 *
 * Invariants: a clean run begins in no pending state and never ends in the middle of a CRLF or
 * (relaxed) behind white space; nothing is in `staging` when a large piece is given to the sink.
 */
#include "signer/dkim/body_canon.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define CRLF BYTES_LITERAL("\r\n")

/* Pieces from this size on are not copied. */
#define DIRECT_SIZE_MIN 1024

#define BLOCK_SIZE 16

/* For each byte of a block one bit, the first byte's lowest. */
struct block {
	uint32_t cr;
	uint32_t lf;
	uint32_t space;
	uint32_t tab;
};

#ifdef __SSE2__
static inline uint32_t block_find(__m128i bytes, char byte)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)));
}

static inline struct block block_load(const uint8_t *data)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)data);

	return (struct block){
		.cr = block_find(bytes, '\r'),
		.lf = block_find(bytes, '\n'),
		.space = block_find(bytes, ' '),
		.tab = block_find(bytes, '\t'),
	};
}
#else
static inline struct block block_load(const uint8_t *data)
{
	/* Four lanes of 16 bits, so that one look-up answers four questions. */
	static const uint64_t lanes[256] = {
		['\r'] = 1,
		['\n'] = UINT64_C(1) << 16,
		[' '] = UINT64_C(1) << 32,
		['\t'] = UINT64_C(1) << 48,
	};
	uint64_t found = 0;

	for (unsigned int i = 0; i < BLOCK_SIZE; i++)
		found |= lanes[data[i]] << i;
	return (struct block){
		.cr = found & 0xffff,
		.lf = found >> 16 & 0xffff,
		.space = found >> 32 & 0xffff,
		.tab = found >> 48,
	};
}
#endif

/*
 * The size of the clean run at the start of the input. `own` are the bytes that are wrong themselves;
 * `next` those whose predecessor turns out wrong because of them. `before` is the last bit of the
 * block before: there was a CR, or a space, at its end.
 */
static inline size_t clean_run_size(struct bytes input, bool relaxed)
{
	uint32_t cr_before = 0;
	uint32_t space_before = 0;
	size_t offset = 0;

	while (offset < input.size) {
		uint8_t tail[BLOCK_SIZE] = {0};
		const uint8_t *data = input.data + offset;
		struct block block;
		uint32_t after_cr;
		uint32_t own;
		uint32_t next;

		if (input.size - offset < BLOCK_SIZE) {
			memcpy(tail, data, input.size - offset);
			data = tail;
		}
		block = block_load(data);
		after_cr = block.cr << 1 | cr_before;
		own = block.lf & ~after_cr;
		next = after_cr & ~block.lf & 0xffff;
		cr_before = block.cr >> 15;
		if (relaxed) {
			uint32_t blank_or_end = block.space | block.tab | block.cr | block.lf;

			own |= block.tab;
			next |= (block.space << 1 | space_before) & blank_or_end & 0xffff;
			space_before = block.space >> 15;
		}
		if (next & 1)
			return offset - 1;
		if ((own | next) != 0)
			return offset + (size_t)__builtin_ctz(own | next >> 1);
		offset += BLOCK_SIZE;
	}
	if (input.size > 0 &&
	    (input.data[input.size - 1] == '\r' || (relaxed && input.data[input.size - 1] == ' ')))
		return input.size - 1;
	return input.size;
}

static int staging_flush(struct body_canon *canon)
{
	size_t size = canon->staging_size;

	canon->staging_size = 0;
	return size == 0 ? 0 : canon->sink(canon->sink_context, bytes_of(canon->staging, size));
}

static inline int give(struct body_canon *canon, struct bytes canonical)
{
	int r;

	canon->has_output = true;
	if (canonical.size > BODY_CANON_STAGING_SIZE - canon->staging_size ||
	    canonical.size >= DIRECT_SIZE_MIN) {
		r = staging_flush(canon);
		if (r != 0)
			return r;
		if (canonical.size >= DIRECT_SIZE_MIN)
			return canon->sink(canon->sink_context, canonical);
	}
	memcpy(canon->staging + canon->staging_size, canonical.data, canonical.size);
	canon->staging_size += canonical.size;
	return 0;
}

static int give_held_lines(struct body_canon *canon)
{
	for (; canon->empty_lines_held > 0; canon->empty_lines_held--) {
		int r = give(canon, CRLF);

		if (r != 0)
			return r;
	}
	return 0;
}

static int end_line(struct body_canon *canon)
{
	canon->wsp_pending = false;
	if (canon->at_line_start) {
		canon->empty_lines_held++;
		return 0;
	}
	canon->at_line_start = true;
	return give(canon, CRLF);
}

/* `run` is not empty and in no pending state. */
static int take_clean_run(struct body_canon *canon, struct bytes run)
{
	size_t end = run.size;
	int r;

	if (canon->at_line_start) {
		while (bytes_start_with(run, CRLF)) {
			canon->empty_lines_held++;
			run = bytes_skip(run, CRLF.size);
		}
		if (run.size == 0)
			return 0;
		r = give_held_lines(canon);
		if (r != 0)
			return r;
		end = run.size;
	}
	canon->at_line_start = false;
	while (end >= CRLF.size && run.data[end - 1] == '\n') {
		if (canon->at_line_start)
			canon->empty_lines_held++;
		canon->at_line_start = true;
		end -= CRLF.size;
	}
	/* The first of those line ends closes the last line with text in it. */
	return give(canon, bytes_slice(run, 0, canon->at_line_start ? end + CRLF.size : end));
}

/* Takes the white space at the start; returns what is behind it. */
static struct bytes skip_white_space(struct bytes input)
{
	while (input.size > 0 && ascii_is_wsp(input.data[0]))
		input = bytes_skip(input, 1);
	return input;
}

/* What follows the white space is there: it becomes one space, or nothing at a line's end. */
static int end_white_space(struct body_canon *canon, uint8_t next)
{
	int r;

	canon->wsp_pending = false;
	if (next == '\r' || next == '\n')
		return 0;
	r = give_held_lines(canon);
	if (r != 0)
		return r;
	canon->at_line_start = false;
	return give(canon, BYTES_LITERAL(" "));
}

/* What follows the CR is there: takes it if it is the LF. */
static int end_cr(struct body_canon *canon, struct bytes *input)
{
	canon->cr_pending = false;
	if (input->data[0] == '\n')
		*input = bytes_skip(*input, 1);
	else if (!canon->fix_crlf)
		return BODY_CANON_E_BARE_CR;
	return end_line(canon);
}

/* The first byte is not clean. */
static int take_odd_byte(struct body_canon *canon, uint8_t byte)
{
	if (byte == '\n')
		return end_line(canon);
	if (byte == '\r')
		canon->cr_pending = true;
	else
		canon->wsp_pending = true;
	return 0;
}

void body_canon_start(struct body_canon *canon, enum canonicalization canonicalization,
		      bool fix_crlf, body_canon_sink *sink, void *sink_context)
{
	canon->sink = sink;
	canon->sink_context = sink_context;
	canon->canonicalization = canonicalization;
	canon->fix_crlf = fix_crlf;
	canon->at_line_start = true;
	canon->cr_pending = false;
	canon->wsp_pending = false;
	canon->has_output = false;
	canon->empty_lines_held = 0;
	canon->staging_size = 0;
}

int body_canon_push(struct body_canon *canon, struct bytes input)
{
	bool relaxed = canon->canonicalization == CANONICALIZATION_RELAXED;
	int r = 0;

	while (input.size > 0 && r == 0) {
		size_t size;

		if (canon->cr_pending) {
			r = end_cr(canon, &input);
			continue;
		}
		if (canon->wsp_pending) {
			input = skip_white_space(input);
			if (input.size == 0)
				break;
			r = end_white_space(canon, input.data[0]);
			if (r != 0)
				break;
		}
		size = relaxed ? clean_run_size(input, true) : clean_run_size(input, false);
		if (size > 0) {
			r = take_clean_run(canon, bytes_slice(input, 0, size));
		} else {
			size = 1;
			r = take_odd_byte(canon, input.data[0]);
		}
		input = bytes_skip(input, size);
	}
	return r;
}

int body_canon_finish(struct body_canon *canon)
{
	int r = 0;

	if (canon->cr_pending) {
		if (!canon->fix_crlf)
			return BODY_CANON_E_BARE_CR;
		canon->cr_pending = false;
		r = end_line(canon);
	}
	/* RFC 6376 3.4.3: a body without a final line end gets one; so does an empty body. */
	if (r == 0 && !canon->at_line_start)
		r = end_line(canon);
	if (r == 0 && !canon->has_output && canon->canonicalization == CANONICALIZATION_SIMPLE)
		r = give(canon, CRLF);
	return r != 0 ? r : staging_flush(canon);
}
