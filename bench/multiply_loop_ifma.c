/*
 * How it works: a multiply-add has its result after four cycles, and two can begin in each, so eight sums are
 * the least that keeps the multipliers busy. There are 24, all in registers, as in the products of the
 * lanes. Only this file is compiled for such CPUs (meson.build).
 */
#include "bench/multiply_loop_ifma.h"

#include "signer/lanes/lane_vec_ifma.h"

#define SUMS   24
#define ROUNDS 4000

uint64_t multiply_loop_ifma(void)
{
	volatile uint64_t from = UINT64_C(0x000123456789abcd);
	volatile uint64_t to;
	const lane_vec a = lane_all(from);
	const lane_vec b = lane_all(from + 2);
	lane_vec sums[SUMS];
	lane_vec all = lane_zero();

	LANE_UNROLL(24)
	for (unsigned i = 0; i < SUMS; i++)
		sums[i] = lane_all(i);
	for (unsigned round = 0; round < ROUNDS; round++) {
		LANE_UNROLL(24)
		for (unsigned i = 0; i < SUMS; i++)
			sums[i] = i % 2 == 0 ? lane_low(sums[i], a, b) : lane_high(sums[i], a, b);
	}
	/* Whoever asks for the sums needs them computed. */
	LANE_UNROLL(24)
	for (unsigned i = 0; i < SUMS; i++)
		all = lane_xor(all, sums[i]);
	to = (uint64_t)_mm512_reduce_add_epi64(all);
	(void)to;
	return (uint64_t)SUMS * ROUNDS;
}
