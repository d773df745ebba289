/*
 * multiply_loop_ifma - a loop of multiply-adds that do not wait for each other.
 *
 * Is not:   to be called on a CPU without AVX-512 IFMA (multiply_rate.h asks).
 */
#ifndef BENCH_MULTIPLY_LOOP_IFMA_H
#define BENCH_MULTIPLY_LOOP_IFMA_H

#include <stdint.h>

/* Some ten microseconds of them. Returns how many. */
uint64_t multiply_loop_ifma(void);

#endif
