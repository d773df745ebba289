/*
 * spelling - which of the words that we know somebody meant who wrote another one.
 *
 * Is:       the choice of the nearest word, by the letters that are to be changed, left out or put in
 *           (Levenshtein), if one is near enough to be worth a hint.
 * Is not:   a reason to take that word: a person says whether it was meant.
 * Case:     ASCII letters are folded.
 * Owns:     nothing: the word is borrowed until the last question.
 *
 *	spelling_init(&spelling, word);
 *	for (...)
 *		if (spelling_is_nearer(&spelling, known[i]))
 *			nearest = known[i];
 */
#ifndef COMMON_SPELLING_H
#define COMMON_SPELLING_H

#include "common/bytes.h"

/* A longer word is near to nothing. */
#define SPELLING_SIZE_MAX 64

struct spelling {
	/* private */
	struct bytes word;
	size_t limit;
};

void spelling_init(struct spelling *spelling, struct bytes word);

/* Is `known` near, and nearer than all that were asked about before? */
bool spelling_is_nearer(struct spelling *spelling, struct bytes known);

#endif
