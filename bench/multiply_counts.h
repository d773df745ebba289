/*
 * multiply_counts - how many 512-bit multiply-adds a batch in the lanes takes.
 *
 * Is:       what the code in signer/lanes executes, counted from its loops. It is the same for one lane filled
 *           as for eight, and for every key and digest. tests/unit/test_multiply_counts.c counts while the
 *           portable back-end signs, and gets the same numbers.
 * Units:    multiply-adds (VPMADD52LUQ and VPMADD52HUQ count alike) for a batch of up to eight.
 */
#ifndef BENCH_MULTIPLY_COUNTS_H
#define BENCH_MULTIPLY_COUNTS_H

#include <stdint.h>

struct multiply_counts {
	uint64_t exponentiation; /* the two powers with their tables, and nothing else */
	uint64_t all; /* and residues, recombination, the check with the public exponent */
};

struct multiply_counts multiply_counts_of(unsigned bits);

#endif
