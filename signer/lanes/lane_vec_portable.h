/*
 * lane_vec_portable - eight lanes of 64 bits, in C for any CPU.
 *
 * Is:       what lane_vec_ifma.h is, slow, and visible to valgrind and the sanitizers: lane_math.h
 *           does the same with either. Also what each operation means.
 * Note:     nothing in here depends on a value for where it goes or what it reads.
 */
#ifndef SIGNER_LANES_LANE_VEC_PORTABLE_H
#define SIGNER_LANES_LANE_VEC_PORTABLE_H

#include <stdint.h>

/* As it is: what the other back-end wants to be fast is here only large. */
#define LANE_UNROLL(count)
#define LANE_PAGE_ALIGNED
#define LANE_INLINE static inline

/* These are the names of registers elsewhere, so they are types of their own. */
typedef struct {
	uint64_t lane[8];
} lane_vec;
typedef lane_vec lane_mask; /* all bits of a lane are alike */

#define LANE_EACH(expression)                                                                      \
	lane_vec result;                                                                           \
	for (unsigned l = 0; l < 8; l++)                                                           \
		result.lane[l] = (expression);                                                     \
	return result

LANE_INLINE lane_vec lane_all(uint64_t value)
{
	LANE_EACH(value);
}

LANE_INLINE lane_vec lane_zero(void)
{
	return lane_all(0);
}

LANE_INLINE lane_vec lane_keep(lane_vec a)
{
	return a;
}

LANE_INLINE lane_vec lane_add(lane_vec a, lane_vec b)
{
	LANE_EACH(a.lane[l] + b.lane[l]);
}

LANE_INLINE lane_vec lane_sub(lane_vec a, lane_vec b)
{
	LANE_EACH(a.lane[l] - b.lane[l]);
}

LANE_INLINE lane_vec lane_and(lane_vec a, lane_vec b)
{
	LANE_EACH(a.lane[l] & b.lane[l]);
}

LANE_INLINE lane_vec lane_or(lane_vec a, lane_vec b)
{
	LANE_EACH(a.lane[l] | b.lane[l]);
}

LANE_INLINE lane_vec lane_xor(lane_vec a, lane_vec b)
{
	LANE_EACH(a.lane[l] ^ b.lane[l]);
}

/* To the right, zeros follow. */
LANE_INLINE lane_vec lane_shift(lane_vec a, const unsigned bits)
{
	LANE_EACH(a.lane[l] >> bits);
}

/* To the right, copies of the highest bit follow. */
LANE_INLINE lane_vec lane_shift_signed(lane_vec a, const unsigned bits)
{
	LANE_EACH(a.lane[l] >> bits | (0 - (a.lane[l] >> 63)) << (63 - bits));
}

__extension__ typedef unsigned __int128 lane_wide;

/* What the multiply-adds take of an operand: its lowest 52 bits. */
LANE_INLINE lane_wide lane_product(uint64_t a, uint64_t b)
{
	const uint64_t mask = ((uint64_t)1 << 52) - 1;

	return (lane_wide)(a & mask) * (b & mask);
}

/* sum + the lowest 52 bits of the product of the lowest 52 bits of a and b */
LANE_INLINE lane_vec lane_low(lane_vec sum, lane_vec a, lane_vec b)
{
	const uint64_t mask = ((uint64_t)1 << 52) - 1;

	LANE_EACH(sum.lane[l] + ((uint64_t)lane_product(a.lane[l], b.lane[l]) & mask));
}

/* sum + the highest 52 bits of the product of the lowest 52 bits of a and b */
LANE_INLINE lane_vec lane_high(lane_vec sum, lane_vec a, lane_vec b)
{
	LANE_EACH(sum.lane[l] + (uint64_t)(lane_product(a.lane[l], b.lane[l]) >> 52));
}

LANE_INLINE lane_mask lane_equal(lane_vec a, lane_vec b)
{
	lane_mask differs = lane_xor(a, b);
	lane_mask result;

	for (unsigned l = 0; l < 8; l++)
		result.lane[l] = ((differs.lane[l] | (0 - differs.lane[l])) >> 63) - 1;
	return result;
}

LANE_INLINE lane_vec lane_pick(lane_mask mask, lane_vec yes, lane_vec no)
{
	return lane_xor(no, lane_and(mask, lane_xor(yes, no)));
}

LANE_INLINE lane_vec lane_from_bytes(const uint8_t bytes[8])
{
	LANE_EACH(bytes[l]);
}

#undef LANE_EACH

#endif
