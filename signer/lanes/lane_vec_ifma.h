/*
 * lane_vec_ifma - eight lanes of 64 bits in one AVX-512 register.
 *
 * Is:       the few operations that lane_math.h is written in, one instruction each. What they do
 *           is said in lane_vec_portable.h, in C.
 * Source:   Intel 64 and IA-32 Architectures Software Developer's Manual, VPMADD52LUQ and
 *           VPMADD52HUQ (AVX512_IFMA). Their last operand may be in memory, so `b` is what comes
 *           from there.
 * Is not:   for a file that is compiled for other CPUs, too.
 */
#ifndef SIGNER_LANES_LANE_VEC_IFMA_H
#define SIGNER_LANES_LANE_VEC_IFMA_H

#include <immintrin.h>
#include <stdint.h>

/* The loop that follows is written out: sums have registers only where their number is a constant. */
#define LANE_PRAGMA(text)  _Pragma(#text)
#define LANE_UNROLL(count) LANE_PRAGMA(GCC unroll count)
#define LANE_PAGE_ALIGNED  __attribute__((aligned(4096)))
#define LANE_INLINE	   static inline __attribute__((always_inline))

/* No struct around it: compilers keep that in memory. */
typedef __m512i lane_vec;
typedef __mmask8 lane_mask;

LANE_INLINE lane_vec lane_zero(void)
{
	return _mm512_setzero_si512();
}

LANE_INLINE lane_vec lane_all(uint64_t value)
{
	return _mm512_set1_epi64((long long)value);
}

/* In a register from here on, for who uses it twice. */
LANE_INLINE lane_vec lane_keep(lane_vec a)
{
	__asm__("" : "+v"(a));
	return a;
}

LANE_INLINE lane_vec lane_add(lane_vec a, lane_vec b)
{
	return _mm512_add_epi64(a, b);
}

LANE_INLINE lane_vec lane_sub(lane_vec a, lane_vec b)
{
	return _mm512_sub_epi64(a, b);
}

LANE_INLINE lane_vec lane_and(lane_vec a, lane_vec b)
{
	return _mm512_and_si512(a, b);
}

LANE_INLINE lane_vec lane_or(lane_vec a, lane_vec b)
{
	return _mm512_or_si512(a, b);
}

LANE_INLINE lane_vec lane_xor(lane_vec a, lane_vec b)
{
	return _mm512_xor_si512(a, b);
}

LANE_INLINE lane_vec lane_shift(lane_vec a, const unsigned bits)
{
	return _mm512_srli_epi64(a, bits);
}

LANE_INLINE lane_vec lane_shift_signed(lane_vec a, const unsigned bits)
{
	return _mm512_srai_epi64(a, bits);
}

/*
 * Where registers are short, GCC copies sums around its own multiply-adds, which a square of 30 digits has no room for
 * in the CPU's first cache. Clang would put each operand into memory that may be there.
 */
#ifdef __clang__
LANE_INLINE lane_vec lane_low(lane_vec sum, lane_vec a, lane_vec b)
{
	return _mm512_madd52lo_epu64(sum, a, b);
}

LANE_INLINE lane_vec lane_high(lane_vec sum, lane_vec a, lane_vec b)
{
	return _mm512_madd52hi_epu64(sum, a, b);
}
#else
LANE_INLINE lane_vec lane_low(lane_vec sum, lane_vec a, lane_vec b)
{
	__asm__("vpmadd52luq %2, %1, %0" : "+v"(sum) : "v"(a), "vm"(b));
	return sum;
}

LANE_INLINE lane_vec lane_high(lane_vec sum, lane_vec a, lane_vec b)
{
	__asm__("vpmadd52huq %2, %1, %0" : "+v"(sum) : "v"(a), "vm"(b));
	return sum;
}
#endif

LANE_INLINE lane_mask lane_equal(lane_vec a, lane_vec b)
{
	return _mm512_cmpeq_epi64_mask(a, b);
}

LANE_INLINE lane_vec lane_pick(lane_mask mask, lane_vec yes, lane_vec no)
{
	return _mm512_mask_mov_epi64(no, mask, yes);
}

LANE_INLINE lane_vec lane_from_bytes(const uint8_t bytes[8])
{
	return _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)(const void *)bytes));
}

#endif
