/*
 * How it works: the distances of two words are a table with a row a letter of one and a column a letter of the
 * other. Only one row is kept.
 */
#include "common/spelling.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* distances[i] is that of the first i letters of `known` from what was seen of `word`. */
static size_t distance(struct bytes word, struct bytes known)
{
	size_t distances[SPELLING_SIZE_MAX + 1];

	for (size_t i = 0; i <= known.size; i++)
		distances[i] = i;
	for (size_t n = 0; n < word.size; n++) {
		size_t diagonal = distances[0];

		distances[0] = n + 1;
		for (size_t i = 0; i < known.size; i++) {
			bool is_same = ascii_lower(word.data[n]) == ascii_lower(known.data[i]);
			size_t changed = diagonal + (is_same ? 0 : 1);

			diagonal = distances[i + 1];
			distances[i + 1] = smaller(changed,
						   smaller(distances[i], distances[i + 1]) + 1);
		}
	}
	return distances[known.size];
}

void spelling_init(struct spelling *spelling, struct bytes word)
{
	/* From there on it is another word. */
	*spelling = (struct spelling){.word = word, .limit = word.size / 3 + 2};
}

bool spelling_is_nearer(struct spelling *spelling, struct bytes known)
{
	size_t found;

	if (spelling->word.size > SPELLING_SIZE_MAX || known.size > SPELLING_SIZE_MAX)
		return false;
	found = distance(spelling->word, known);
	if (found >= spelling->limit)
		return false;
	spelling->limit = found;
	return true;
}
