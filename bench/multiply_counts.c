/*
 * How it counts. n is the number of digits of a modulus: n = 10 bits / 1024 for a prime, twice that for the
 * check. lane_math.h takes other paths for other n, but each of them needs as many multiply-adds:
 *
 * A product has n rows. A row is n low and n high halves of a digit times the other number, one low half for
 * the factor q, and q times the modulus: n high halves and, since that of the digit which becomes zero is not
 * computed, n - 1 low ones. Together 4 n.
 *
 *	product = 4 n^2
 *
 * A square has n digits times themselves and n (n - 1) / 2 pairs, a low and a high half each, which makes
 * n (n + 1); and the same reduction as a product, 2 n for each digit.
 *
 *	square = 3 n^2 + n
 *
 * -m^-1 mod 2^52 (negative_inverse) takes five steps of two, for each modulus that is set.
 *
 * The power of a prime (lane_rsa.h, power) with c windows of four bits: its table is eight products and seven
 * squares, and c - 1 times there are four squares and a product.
 *
 * Beside that each prime has three products for the residue and one that takes the power out of Montgomery
 * form. The recombination is a product modulo p and h times q, 2 n^2; where the primes go side by side
 * (RSA-1024), its product is made for both of them. The check is two products and 16 squares modulo n.
 */
#include "bench/multiply_counts.h"

#include "signer/lanes/rsa_lane_key.h"

#define INVERSE_COUNT	 10
#define DIGITS_OF_1024	 10
#define CHECK_SQUARES	 16
#define RESIDUE_PRODUCTS 3

static uint64_t product_count(uint64_t n)
{
	return 4 * n * n;
}

static uint64_t square_count(uint64_t n)
{
	return 3 * n * n + n;
}

static uint64_t power_count(uint64_t n, unsigned bits)
{
	const uint64_t half_table = (uint64_t)1 << (RSA_LANE_WINDOW_BITS - 1);
	const uint64_t steps = RSA_LANE_WINDOW_COUNT(bits) - 1;
	uint64_t squares = half_table - 1 + steps * RSA_LANE_WINDOW_BITS;
	uint64_t products = half_table + steps;

	return squares * square_count(n) + products * product_count(n);
}

static uint64_t recombination_count(uint64_t n, unsigned together)
{
	return together * (INVERSE_COUNT + product_count(n)) + 2 * n * n;
}

static uint64_t check_count(uint64_t n)
{
	return INVERSE_COUNT + 2 * product_count(n) + CHECK_SQUARES * square_count(n);
}

struct multiply_counts multiply_counts_of(unsigned bits)
{
	const uint64_t n = bits / 1024 * DIGITS_OF_1024;
	const unsigned together = bits == 1024 ? 2 : 1;
	const uint64_t power = power_count(n, bits);
	const uint64_t beside = INVERSE_COUNT + (RESIDUE_PRODUCTS + 1) * product_count(n);

	return (struct multiply_counts){
		.exponentiation = 2 * power,
		.all = 2 * (power + beside) + recombination_count(n, together) + check_count(2 * n),
	};
}
