/*
 * random_numbers - a small generator of numbers: from the same seed always the same ones.
 *
 * Is:       what makes loads and digests differ from each other, and a run repeatable.
 * Is not:   for secrets.
 * Source:   splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
 * Owns:     nothing: the state is a number of the caller, at first the seed.
 */
#ifndef BENCH_RANDOM_NUMBERS_H
#define BENCH_RANDOM_NUMBERS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t random_number(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* From 0 to below `limit`. */
static inline unsigned random_below(uint64_t *state, unsigned limit)
{
	return (unsigned)(random_number(state) >> 32) % limit;
}

/* `size` is a multiple of 8. */
static inline void random_fill(uint64_t *state, uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t number = random_number(state);

		memcpy(data + i, &number, sizeof(number));
	}
}

#endif
