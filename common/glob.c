/*
 * How it works: on a mismatch the last `*` takes one byte more. Only that one is ever tried again, which is enough:
 * what it has left to the rest of the pattern is the most that an earlier one could.
 */
#include "common/glob.h"

static bool byte_equal(uint8_t a, uint8_t b, bool is_caseless)
{
	return is_caseless ? ascii_lower(a) == ascii_lower(b) : a == b;
}

bool glob_match(struct bytes glob, struct bytes subject, bool is_caseless)
{
	size_t g = 0;
	size_t s = 0;
	size_t star = glob.size; /* none met yet */
	size_t star_end = 0;

	while (s < subject.size) {
		if (g < glob.size && glob.data[g] == '*') {
			star = g++;
			star_end = s;
		} else if (g < glob.size &&
			   byte_equal(glob.data[g], subject.data[s], is_caseless)) {
			g++;
			s++;
		} else if (star < glob.size) {
			g = star + 1;
			s = ++star_end;
		} else {
			return false;
		}
	}
	while (g < glob.size && glob.data[g] == '*')
		g++;
	return g == glob.size;
}
