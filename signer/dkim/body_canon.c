/*
 * How it works: most of a body is canonical already. The input is searched, 16 bytes at a time, for
 * the first byte that is not, and everything before it, the clean run, goes to the sink as it is.
 * Where the next clean run is short, as in text with LF for CRLF or with double spaces, a chunk of
 * the input is rewritten into a buffer: lone LFs become CRLF and superfluous white space is left
 * out. What comes out is a clean run, too.
 *
 * Line ends at the end of a run that may be the empty lines at the end of the body are counted in
 * `empty_lines_held` and given out when something follows. What the last byte of the input is may
 * depend on the next one; then it waits in a pending state:
 *
 *   cr_pending    a CR: the line end's first half, or an error
 *   wsp_pending   (relaxed) white space: one space, or nothing at the end of the line
 *
 * Small pieces are gathered in `staging`, because a hash wants large ones; a large piece goes past
 * it, uncopied.
 *
 * Invariants: a clean run begins in no pending state and never ends in the middle of a CRLF;
 * nothing is in `staging` when a large piece is given to the sink.
 */
#include "signer/dkim/body_canon.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define CRLF BYTES_LITERAL("\r\n")

/* Pieces from this size on are not copied. */
#define DIRECT_SIZE_MIN 1024

/* A clean run that is shorter is rewritten together with what follows it. */
#define CLEAN_RUN_SIZE_MIN 256

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

/* The last bit of the block before: there was a CR, or a space, at its end. */
struct scan {
	uint32_t cr_before;
	uint32_t space_before;
};

#define BLOCK_CLEAN	   BLOCK_SIZE
#define BLOCK_WRONG_BEFORE (-1)

/*
 * Where the first wrong byte of a block is: BLOCK_CLEAN, an offset, or BLOCK_WRONG_BEFORE if it is
 * the last byte of the block before. `own` are the bytes that are wrong themselves, `next` those
 * whose predecessor turns out wrong because of them.
 */
static inline int scan_block(struct scan *scan, struct block block, bool relaxed)
{
	uint32_t after_cr = block.cr << 1 | scan->cr_before;
	uint32_t own = block.lf & ~after_cr;
	uint32_t next = after_cr & ~block.lf & 0xffff;

	scan->cr_before = block.cr >> 15;
	if (relaxed) {
		uint32_t blank_or_end = block.space | block.tab | block.cr | block.lf;

		own |= block.tab;
		next |= (block.space << 1 | scan->space_before) & blank_or_end;
		scan->space_before = block.space >> 15;
	}
	if ((own | next) == 0)
		return BLOCK_CLEAN;
	return (next & 1) != 0 ? BLOCK_WRONG_BEFORE : __builtin_ctz(own | next >> 1);
}

/* The size of the clean run at the start of the input. */
static inline size_t clean_run_size(struct bytes input, bool relaxed)
{
	struct scan scan = {0};
	uint8_t tail[BLOCK_SIZE];
	size_t offset = 0;
	int rest;
	int wrong;

	for (; input.size - offset >= BLOCK_SIZE; offset += BLOCK_SIZE) {
		wrong = scan_block(&scan, block_load(input.data + offset), relaxed);
		if (wrong != BLOCK_CLEAN)
			return offset + (size_t)wrong;
	}
	/*
	 * Behind the input stand CRs in thought: they make a CR at the end wrong, and relaxed a
	 * space, because what these are depends on what follows.
	 */
	rest = (int)(input.size - offset);
	memset(tail, '\r', sizeof(tail));
	memcpy(tail, input.data + offset, (size_t)rest);
	wrong = scan_block(&scan, block_load(tail), relaxed);
	return offset + (size_t)(wrong < rest ? wrong : rest);
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

/*
 * Bytes that must be readable where a block is rewritten: whole blocks are copied from any of its
 * bytes.
 */
#define REWRITE_READ_SIZE (BLOCK_SIZE * 2)

struct rewriter {
	uint8_t *end;	    /* of what was written */
	uint32_t cr_before; /* the block before ended in CR */
	uint32_t tabs;	    /* not 0: there was one */
};

/*
 * Rewrites the first `size` bytes of a block, at most BLOCK_SIZE. Returns how many it took: fewer
 * where a CR stands alone. The byte behind them is looked at.
 */
static inline size_t rewrite_block(struct rewriter *rewriter, const uint8_t *data, size_t size,
				   bool relaxed)
{
	struct block block = block_load(data);
	struct block ahead = block_load(data + 1);
	uint32_t lone_lf = block.lf & ~(block.cr << 1 | rewriter->cr_before);
	uint32_t lone_cr = block.cr & ~ahead.lf;
	uint32_t odd = lone_lf | lone_cr;
	size_t start = 0;

	if (relaxed) {
		/* Of white space the last byte stays, if text follows it. */
		odd |= (block.space | block.tab) & (ahead.space | ahead.tab | ahead.cr | ahead.lf);
		rewriter->tabs |= block.tab;
	}
	odd &= (1u << size) - 1;
	for (; odd != 0; odd &= odd - 1) {
		size_t at = (size_t)__builtin_ctz(odd);

		memcpy(rewriter->end, data + start, BLOCK_SIZE);
		rewriter->end += at - start;
		if ((lone_cr >> at & 1) != 0)
			return at;
		if ((lone_lf >> at & 1) != 0) {
			memcpy(rewriter->end, "\r\n", 2);
			rewriter->end += 2;
		}
		start = at + 1;
	}
	memcpy(rewriter->end, data + start, BLOCK_SIZE);
	rewriter->end += size - start;
	rewriter->cr_before = block.cr >> (BLOCK_SIZE - 1);
	return size;
}

/* The size of the chunk that can be rewritten: its last byte must not depend on one not there. */
static size_t chunk_size(struct bytes input, bool relaxed)
{
	size_t size = input.size < BODY_CANON_CHUNK_SIZE ? input.size : BODY_CANON_CHUNK_SIZE;

	if (size > 0 && (input.data[size - 1] == '\r' ||
			 (relaxed && size == input.size && ascii_is_wsp(input.data[size - 1]))))
		size--;
	return size;
}

/* Relaxed wants a space for each tab that is left. */
static void replace_tabs(uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = data[i] == '\t' ? ' ' : data[i];
}

/*
 * Rewrites a chunk of the input into `rewritten`; `size_out` is the size there. Returns what it
 * took.
 */
static inline size_t rewrite(struct body_canon *canon, struct bytes input, bool relaxed,
			     size_t *size_out)
{
	struct rewriter rewriter = {.end = canon->rewritten};
	size_t chunk = chunk_size(input, relaxed);
	size_t offset = 0;

	while (offset < chunk) {
		uint8_t tail[REWRITE_READ_SIZE];
		size_t rest = input.size - offset;
		size_t size = chunk - offset < BLOCK_SIZE ? chunk - offset : BLOCK_SIZE;
		size_t taken;

		if (rest >= REWRITE_READ_SIZE) {
			taken = rewrite_block(&rewriter, input.data + offset, size, relaxed);
		} else {
			memset(tail, 'x', sizeof(tail));
			memcpy(tail, input.data + offset, rest);
			taken = rewrite_block(&rewriter, tail, size, relaxed);
		}
		offset += taken;
		if (taken < size)
			break;
	}
	*size_out = (size_t)(rewriter.end - canon->rewritten);
	if (relaxed && rewriter.tabs != 0)
		replace_tabs(canon->rewritten, *size_out);
	return offset;
}

/* Takes as much as it can from the start of the input; in no pending state. */
static inline int take(struct body_canon *canon, struct bytes *input, bool relaxed)
{
	size_t size = clean_run_size(*input, relaxed);
	struct bytes run = bytes_slice(*input, 0, size);

	if (size < CLEAN_RUN_SIZE_MIN && size < input->size) {
		size = rewrite(canon, *input, relaxed, &run.size);
		run.data = canon->rewritten;
	}
	if (size == 0) {
		/*
		 * Nothing but a CR, or white space at the end of the input, stops a rewrite at
		 * once.
		 */
		canon->cr_pending = input->data[0] == '\r';
		canon->wsp_pending = !canon->cr_pending;
		size = 1;
	}
	*input = bytes_skip(*input, size);
	return run.size == 0 ? 0 : take_clean_run(canon, run);
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
		r = relaxed ? take(canon, &input, true) : take(canon, &input, false);
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
