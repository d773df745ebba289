/*
 * fuzz - what the fuzz targets share: a check that stops the run, and input cut into pieces.
 *
 * Is:       for targets of libFuzzer and for fuzz_replay.c, which runs their corpora without it.
 * Use:      a target is one LLVMFuzzerTestOneInput(). It checks a property with FUZZ_CHECK() and
 *           returns 0; -1 means that the input is not worth keeping.
 *
 *               for (unsigned cut = 0; cut < FUZZ_CUTS; cut++) {
 *                   fuzz_pieces_start(&pieces, input, cut);
 *                   while (fuzz_pieces_next(&pieces, &piece))
 *                       ...
 *                   fuzz_pieces_end(&pieces);
 *               }
 * Pieces:   each one is alone in memory of its size, which is gone when the next one comes, so that
 *           a sanitizer sees who reads too far or keeps what was only lent.
 * Errors:   none: without memory the run stops.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "common/buffer.h"

#include <stdio.h>
#include <stdlib.h>

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition);                                 \
	} while (0)

static inline _Noreturn void fuzz_fail(const char *file, int line, const char *condition)
{
	(void)fprintf(stderr, "%s:%d: the property does not hold: %s\n", file, line, condition);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An input larger than this is not cut at every byte, which would take too long. */
#define FUZZ_CUT_EVERYWHERE_MAX 512

enum fuzz_cut {
	FUZZ_CUT_NONE,
	FUZZ_CUT_EVERYWHERE, /* a byte a piece */
	FUZZ_CUT_ONCE,
	FUZZ_CUT_OFTEN, /* pieces of up to 40 bytes, which is more than twice a vector */
	FUZZ_CUTS,
};

struct fuzz_pieces {
	struct bytes rest;
	enum fuzz_cut cut;
	uint64_t random;
	uint8_t *piece;
};

static inline uint64_t fuzz_random(uint64_t *state)
{
	/* The generator of Steele, Lea and Flood, 2014: "splitmix". */
	uint64_t mixed = *state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

/* The same for the same input, so that a finding comes again. */
static inline uint64_t fuzz_seed(struct bytes input)
{
	uint64_t state = input.size;

	for (size_t i = 0; i < input.size; i++) {
		state ^= input.data[i];
		state = fuzz_random(&state);
	}
	return state;
}

static inline void fuzz_pieces_start(struct fuzz_pieces *pieces, struct bytes input,
				     enum fuzz_cut cut)
{
	if (cut == FUZZ_CUT_EVERYWHERE && input.size > FUZZ_CUT_EVERYWHERE_MAX)
		cut = FUZZ_CUT_OFTEN;
	*pieces = (struct fuzz_pieces){.rest = input, .cut = cut, .random = fuzz_seed(input)};
}

static inline size_t fuzz_piece_size(struct fuzz_pieces *pieces)
{
	size_t rest = pieces->rest.size;
	size_t size = rest;

	switch (pieces->cut) {
	case FUZZ_CUT_NONE:
	case FUZZ_CUTS: break;
	case FUZZ_CUT_EVERYWHERE: size = 1; break;
	case FUZZ_CUT_ONCE:
		size = 1 + (size_t)(fuzz_random(&pieces->random) % rest);
		pieces->cut = FUZZ_CUT_NONE;
		break;
	case FUZZ_CUT_OFTEN: size = 1 + (size_t)(fuzz_random(&pieces->random) % 40); break;
	}
	return size < rest ? size : rest;
}

static inline bool fuzz_pieces_next(struct fuzz_pieces *pieces, struct bytes *piece_out)
{
	size_t size;

	free(pieces->piece);
	pieces->piece = NULL;
	if (pieces->rest.size == 0)
		return false;
	size = fuzz_piece_size(pieces);
	pieces->piece = malloc(size);
	FUZZ_CHECK(pieces->piece != NULL);
	memcpy(pieces->piece, pieces->rest.data, size);
	pieces->rest = bytes_skip(pieces->rest, size);
	*piece_out = bytes_of(pieces->piece, size);
	return true;
}

static inline void fuzz_pieces_end(struct fuzz_pieces *pieces)
{
	free(pieces->piece);
	pieces->piece = NULL;
}

/* Takes a line without its LF off the front; at the end all that is left, or nothing. */
static inline struct bytes fuzz_line(struct bytes *rest)
{
	size_t size = bytes_find(*rest, '\n');
	struct bytes line = bytes_of(rest->data, size);

	if (rest->size > 0)
		*rest = bytes_skip(*rest, size < rest->size ? size + 1 : size);
	return line;
}

/* The decimal number that the line begins with. */
static inline uint64_t fuzz_number(struct bytes line)
{
	uint64_t number = 0;

	for (size_t i = 0; i < line.size && ascii_is_digit(line.data[i]); i++)
		number = number * 10 + (uint64_t)(line.data[i] - '0');
	return number;
}

#endif
