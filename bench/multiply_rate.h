/*
 * multiply_rate - how many 512-bit multiply-adds one core issues in a second, as a contender.
 *
 * Is:       the limit that the multipliers set for the lanes: independent multiply-adds between registers,
 *           and nothing else. It is measured in the same turns, because a core has no fixed clock.
 * Units:    multiply-adds (VPMADD52LUQ, VPMADD52HUQ) of eight lanes each.
 * Errors:   BENCH_E_SKIPPED where the CPU or the build has no AVX-512 IFMA.
 */
#ifndef BENCH_MULTIPLY_RATE_H
#define BENCH_MULTIPLY_RATE_H

#include "bench/turns.h"

/* `arg` points to the seconds, a double. */
int multiply_rate_run(void *arg, struct measure *measure_out, struct failure *failure);

#endif
