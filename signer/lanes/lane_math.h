/*
 * lane_math - almost-Montgomery arithmetic in eight lanes.
 *
 * Is:       products and squares modulo eight odd numbers at once, one in each lane, in digits of 52
 *           bits. Each back-end includes it, so both run the same source.
 * Is not:   exponentiation, or RSA (lane_rsa.h).
 * Source:   Montgomery, "Modular multiplication without trial division" (1985); Gueron, "Efficient
 *           software implementations of modular exponentiation" (2012) for "almost": with
 *           R = 2^(52 n) > 16 M, numbers below 4 M give a product below 2 M, so that nothing is
 *           subtracted between products.
 * Units:    n is the number of digits, and constant where it is inlined. A number is an array of
 *           n vectors, lowest digit first; each digit is below 2^52 ("normal").
 * Secrets:  no branch and no address depends on a digit.
 *
 * How it works. A multiply-add takes two digits and adds the low or the high half of their product to
 * 64 bits, so 12 bits are left for sums: enough for 4 n of them, n at most 80, and a carry. Carries
 * are resolved once, at the end.
 *
 * One digit is reduced by adding q * m with q = sum * -m^-1 mod 2^52. Its low half makes that digit 0
 * mod 2^52, always; so it need not be computed, and what is carried from it is sum / 2^52, rounded up.
 *
 * Speed is in what the compiler keeps in registers. Up to 30 digits all sums are there, or almost, row by row
 * (multiply_rows, square_rows); more digits go in blocks of ten rows (multiply_blocks,
 * square_blocks): ten digits of one number stay in registers while a window of eleven sums moves along
 * the other. lane_forget() makes a compiler read an operand anew from memory, which costs nothing
 * (the multiply-add reads it itself), instead of keeping all of them in registers, of which there
 * are too few. Two numbers of ten digits go side by side, because one alone waits for itself.
 */
#ifndef SIGNER_LANES_LANE_MATH_H
#define SIGNER_LANES_LANE_MATH_H

#include "signer/lanes/lane_digits.h"

#ifdef LANE_VEC_IFMA
#include "signer/lanes/lane_vec_ifma.h"
#else
#include "signer/lanes/lane_vec_portable.h"
#endif

#include <stddef.h>

#define ROW_DIGITS_MAX 30 /* in registers, or almost */
#define BLOCK	       10 /* rows */
#define DIGITS_MAX     80 /* RSA-4096, for the check */

#define SEEK_ENTRIES 16
#define SEEK_DIGITS  10 /* at a time */

/*
 * A look-up in a table of powers, which reads every entry. It is done in steps, because the next power is
 * known some squares before it is needed: a square in blocks takes a step after each block, and what
 * that loads and compares goes on beside the multiplications. A square in rows takes none: its time is in the
 * multipliers, and steps there were slower than all of them at once.
 */
struct seek {
	const lane_vec *table; /* entry by entry, `width` digits each */
	unsigned width;
	unsigned digits;    /* of a number; side by side there are two */
	lane_vec window[2]; /* which entry; for each number */
	lane_vec *found;
	unsigned at; /* digits found */
};

/* What a modulus is made of; with two of them side by side, one after the other. */
struct modulus {
	unsigned digits;     /* of one */
	unsigned count;	     /* side by side: 1 or 2 */
	const lane_vec *m;   /* count * digits */
	const lane_vec *rr;  /* R^2 mod m */
	lane_vec inverse[2]; /* -m^-1 mod 2^52 */
	void (*multiply)(lane_vec *r, const lane_vec *a, const lane_vec *b,
			 const struct modulus *modulus);
	/* May take steps of a seek on the way; NULL: there is none. */
	void (*square)(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
		       struct seek *seek);
};

LANE_INLINE void lane_forget(void)
{
	__asm__ volatile("" ::: "memory");
}

/* Some digits of the entry that the window of each lane says. */
LANE_INLINE void seek_step(struct seek *seek)
{
	const lane_vec window = seek->window[seek->at / seek->digits];
	const lane_vec *digits = seek->table + seek->at;
	lane_vec found[SEEK_DIGITS];

	LANE_UNROLL(10)
	for (unsigned j = 0; j < SEEK_DIGITS; j++)
		found[j] = lane_zero();
	LANE_UNROLL(16)
	for (unsigned entry = 0; entry < SEEK_ENTRIES; entry++) {
		lane_mask mask = lane_equal(window, lane_all(entry));

		LANE_UNROLL(10)
		for (unsigned j = 0; j < SEEK_DIGITS; j++)
			found[j] = lane_pick(mask, digits[j], found[j]);
		digits += seek->width;
	}
	LANE_UNROLL(10)
	for (unsigned j = 0; j < SEEK_DIGITS; j++)
		seek->found[seek->at + j] = found[j];
	seek->at += SEEK_DIGITS;
}

LANE_INLINE void seek_step_if(struct seek *seek)
{
	if (seek != NULL && seek->at < seek->width)
		seek_step(seek);
}

/* Resolves the carries of n sums; what is carried out of the last is lost. */
LANE_INLINE void normalize(lane_vec *r, const lane_vec *sums, const unsigned n)
{
	const lane_vec mask = lane_all(DIGIT_MASK);
	lane_vec carry = lane_zero();

	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++) {
		lane_vec sum = lane_add(sums[j], carry);

		r[j] = lane_and(sum, mask);
		carry = lane_shift(sum, DIGIT_BITS);
	}
}

/* What digit `sum` carries when it is reduced. */
LANE_INLINE lane_vec carry_of(lane_vec sum)
{
	return lane_shift(lane_add(sum, lane_all(DIGIT_MASK)), DIGIT_BITS);
}

/* Makes sums[0] a multiple of 2^52, and adds to the n sums from there what that takes. */
LANE_INLINE lane_vec reduce_digit(lane_vec *sums, const lane_vec *m, lane_vec inverse,
				  const unsigned n)
{
	lane_vec q = lane_low(lane_zero(), sums[0], inverse);

	lane_forget();
	sums[1] = lane_add(sums[1], carry_of(sums[0]));
	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++) {
		if (j > 0)
			sums[j] = lane_low(sums[j], q, m[j]);
		sums[j + 1] = lane_high(sums[j + 1], q, m[j]);
	}
	return q;
}

/* sums = (sums + a * b + q * m) / 2^52 */
LANE_INLINE void multiply_row(lane_vec *sums, const lane_vec *a, lane_vec b, const lane_vec *m,
			      lane_vec inverse, const unsigned n)
{
	lane_vec q;

	lane_forget();
	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++)
		sums[j] = lane_low(sums[j], b, a[j]);
	q = lane_low(lane_zero(), sums[0], inverse);
	sums[1] = lane_add(sums[1], carry_of(sums[0]));
	LANE_UNROLL(30)
	for (unsigned j = 1; j < n; j++)
		sums[j] = lane_low(sums[j], q, m[j]);
	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++) {
		sums[j] = j + 1 < n ? sums[j + 1] : lane_zero();
		sums[j] = lane_high(sums[j], b, a[j]);
		sums[j] = lane_high(sums[j], q, m[j]);
	}
}

LANE_INLINE void multiply_rows(lane_vec *r, const lane_vec *a, const lane_vec *b,
			       const struct modulus *modulus, const unsigned n)
{
	const lane_vec *m = modulus->m;
	const lane_vec inverse = modulus->inverse[0];
	lane_vec sums[ROW_DIGITS_MAX];

	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++)
		sums[j] = lane_zero();
	/* All rows in a row would be more code than fits into a CPU's first cache. */
	LANE_UNROLL(2)
	for (unsigned i = 0; i < n; i++)
		multiply_row(sums, a, b[i], m, inverse, n);
	normalize(r, sums, n);
}

LANE_INLINE void multiply_rows_of_two(lane_vec *r, const lane_vec *a, const lane_vec *b,
				      const struct modulus *modulus, const unsigned n)
{
	lane_vec first[BLOCK];
	lane_vec second[BLOCK];

	LANE_UNROLL(10)
	for (unsigned j = 0; j < n; j++)
		first[j] = second[j] = lane_zero();
	LANE_UNROLL(10)
	for (unsigned i = 0; i < n; i++) {
		multiply_row(first, a, b[i], modulus->m, modulus->inverse[0], n);
		multiply_row(second, a + n, b[n + i], modulus->m + n, modulus->inverse[1], n);
	}
	normalize(r, first, n);
	normalize(r + n, second, n);
}

/*
 * A number doubled, for the products of two different digits, which a square has twice. `all` is normal.
 * `first` has each digit without what the one below carried into it: that is for the row of the digit
 * below, which starts there.
 */
struct doubled {
	lane_vec all[DIGITS_MAX];
	lane_vec first[DIGITS_MAX];
};

LANE_INLINE void doubled_set(struct doubled *doubled, const lane_vec *a, const unsigned n)
{
	const lane_vec mask = lane_all(DIGIT_MASK);

	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++) {
		doubled->first[j] = lane_and(lane_add(a[j], a[j]), mask);
		doubled->all[j] = doubled->first[j];
		if (j > 0)
			doubled->all[j] = lane_add(doubled->all[j],
						   lane_shift(a[j - 1], DIGIT_BITS - 1));
	}
}

/*
 * Row i of a square: its digit times itself and twice those above. After that the sums of digits 2 i and
 * 2 i + 1 are complete, and are reduced at once, so that no more than n + 2 sums are in use.
 */
LANE_INLINE void square_row(lane_vec *sums, const lane_vec *a, const struct doubled *doubled,
			    const lane_vec *m, lane_vec inverse, const unsigned i, const unsigned n)
{
	lane_vec digit;

	if (i >= n)
		return;
	lane_forget();
	digit = a[i];
	sums[2 * i] = lane_low(sums[2 * i], digit, digit);
	sums[2 * i + 1] = lane_high(sums[2 * i + 1], digit, digit);
	LANE_UNROLL(30)
	for (unsigned j = i + 1; j < n; j++) {
		lane_vec other = j == i + 1 ? doubled->first[j] : doubled->all[j];

		sums[i + j] = lane_low(sums[i + j], digit, other);
		sums[i + j + 1] = lane_high(sums[i + j + 1], digit, other);
	}
	if (2 * i < n) {
		(void)reduce_digit(sums + 2 * i, m, inverse, n);
		(void)reduce_digit(sums + 2 * i + 1, m, inverse, n);
	}
}

LANE_INLINE void square_five_rows(lane_vec *sums, const lane_vec *a, const struct doubled *doubled,
				  const lane_vec *m, lane_vec inverse, const unsigned i,
				  const unsigned n)
{
	square_row(sums, a, doubled, m, inverse, i, n);
	square_row(sums, a, doubled, m, inverse, i + 1, n);
	square_row(sums, a, doubled, m, inverse, i + 2, n);
	square_row(sums, a, doubled, m, inverse, i + 3, n);
	square_row(sums, a, doubled, m, inverse, i + 4, n);
}

LANE_INLINE void square_rows(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
			     const unsigned n)
{
	const lane_vec inverse = modulus->inverse[0];
	struct doubled doubled;
	lane_vec sums[2 * ROW_DIGITS_MAX];

	doubled_set(&doubled, a, n);
	LANE_UNROLL(60)
	for (unsigned j = 0; j < 2 * n; j++)
		sums[j] = lane_zero();
	/* Not a loop: the sums are in registers only where a compiler knows their number early. */
	square_five_rows(sums, a, &doubled, modulus->m, inverse, 0, n);
	square_five_rows(sums, a, &doubled, modulus->m, inverse, 5, n);
	square_five_rows(sums, a, &doubled, modulus->m, inverse, 10, n);
	square_five_rows(sums, a, &doubled, modulus->m, inverse, 15, n);
	square_five_rows(sums, a, &doubled, modulus->m, inverse, 20, n);
	square_five_rows(sums, a, &doubled, modulus->m, inverse, 25, n);
	normalize(r, sums + n, n);
}

/* Row i of both. */
LANE_INLINE void square_row_of_two(lane_vec *first, lane_vec *second, const lane_vec *a,
				   const struct doubled *doubled, const struct modulus *modulus,
				   const unsigned i, const unsigned n)
{
	square_row(first, a, &doubled[0], modulus->m, modulus->inverse[0], i, n);
	square_row(second, a + n, &doubled[1], modulus->m + n, modulus->inverse[1], i, n);
}

LANE_INLINE void square_rows_of_two(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
				    const unsigned n)
{
	struct doubled doubled[2];
	lane_vec first[2 * BLOCK];
	lane_vec second[2 * BLOCK];

	doubled_set(&doubled[0], a, n);
	doubled_set(&doubled[1], a + n, n);
	LANE_UNROLL(20)
	for (unsigned j = 0; j < 2 * n; j++)
		first[j] = second[j] = lane_zero();
	square_row_of_two(first, second, a, doubled, modulus, 0, n);
	square_row_of_two(first, second, a, doubled, modulus, 1, n);
	square_row_of_two(first, second, a, doubled, modulus, 2, n);
	square_row_of_two(first, second, a, doubled, modulus, 3, n);
	square_row_of_two(first, second, a, doubled, modulus, 4, n);
	square_row_of_two(first, second, a, doubled, modulus, 5, n);
	square_row_of_two(first, second, a, doubled, modulus, 6, n);
	square_row_of_two(first, second, a, doubled, modulus, 7, n);
	square_row_of_two(first, second, a, doubled, modulus, 8, n);
	square_row_of_two(first, second, a, doubled, modulus, 9, n);
	normalize(r, first + n, n);
	normalize(r + n, second + n, n);
}

/* The sums from some digit on, while ten rows of a number move along another. */
struct window {
	lane_vec sums[BLOCK + 1];
};

LANE_INLINE void window_open(struct window *window, const lane_vec *sums)
{
	LANE_UNROLL(11)
	for (unsigned i = 0; i <= BLOCK; i++)
		window->sums[i] = sums[i];
}

/* Adds a digit times each row; the last row may see another one (struct doubled). */
LANE_INLINE void window_add(struct window *window, lane_vec digit, lane_vec last_digit,
			    const lane_vec *rows)
{
	LANE_UNROLL(10)
	for (unsigned i = 0; i < BLOCK; i++)
		window->sums[i] = lane_low(window->sums[i], i + 1 < BLOCK ? digit : last_digit,
					   rows[i]);
	LANE_UNROLL(10)
	for (unsigned i = 0; i < BLOCK; i++)
		window->sums[i + 1] = lane_high(window->sums[i + 1],
						i + 1 < BLOCK ? digit : last_digit, rows[i]);
}

/* The lowest sum goes to where the window stands, and the window one digit on. */
LANE_INLINE void window_move(struct window *window, lane_vec *sums)
{
	sums[0] = window->sums[0];
	LANE_UNROLL(10)
	for (unsigned i = 0; i < BLOCK; i++)
		window->sums[i] = window->sums[i + 1];
	window->sums[BLOCK] = sums[BLOCK + 1];
}

LANE_INLINE void window_close(const struct window *window, lane_vec *sums)
{
	LANE_UNROLL(10)
	for (unsigned i = 0; i < BLOCK; i++)
		sums[i] = window->sums[i];
}

LANE_INLINE void sweep(struct window *window, lane_vec *sums, const lane_vec *digits,
		       const lane_vec *rows, const unsigned count)
{
	LANE_UNROLL(1)
	for (unsigned j = 0; j < count; j++) {
		window_add(window, digits[j], digits[j], rows);
		window_move(window, sums + j);
	}
	window_close(window, sums + count);
}

LANE_INLINE void load_rows(lane_vec rows[BLOCK], const lane_vec *digits)
{
	LANE_UNROLL(10)
	for (unsigned i = 0; i < BLOCK; i++)
		rows[i] = digits[i];
}

/* The sums that ten digits and the lowest ten of m touch, and the ten factors q that reduce those digits. */
struct reduction {
	lane_vec block[2 * BLOCK + 1];
	lane_vec q[BLOCK];
};

LANE_INLINE void reduction_open(struct reduction *reduction, const lane_vec *sums)
{
	LANE_UNROLL(21)
	for (unsigned j = 0; j <= 2 * BLOCK; j++)
		reduction->block[j] = j < BLOCK ? sums[j] : lane_zero();
}

LANE_INLINE void reduction_step(struct reduction *reduction, const lane_vec *m, lane_vec inverse,
				const unsigned k)
{
	reduction->q[k] = reduce_digit(reduction->block + k, m, inverse, BLOCK);
}

/* What it adds to the sums behind its ten digits. */
LANE_INLINE void reduction_close(const struct reduction *reduction, struct window *window,
				 const lane_vec *sums)
{
	LANE_UNROLL(11)
	for (unsigned i = 0; i <= BLOCK; i++)
		window->sums[i] = lane_add(reduction->block[BLOCK + i], sums[BLOCK + i]);
}

/* Two digits of a sweep. */
LANE_INLINE void sweep_two(struct window *window, lane_vec *sums, const lane_vec *digits,
			   const lane_vec *rows)
{
	window_add(window, digits[0], digits[0], rows);
	window_move(window, sums);
	window_add(window, digits[1], digits[1], rows);
	window_move(window, sums + 1);
}

/*
 * r = sums / R; there are 2 n + 2 sums, and the last two are 0. Ten digits at a time give ten factors q, which then
 * sweep over the rest of m. The first ten digits of a sweep complete the sums of the next ten factors. Each of
 * those waits for the one before, so they are computed beside the next twenty digits of the sweep.
 */
LANE_INLINE void reduce_blocks(lane_vec *r, lane_vec *sums, const struct modulus *modulus,
			       struct seek *seek)
{
	const unsigned n = modulus->digits;
	const lane_vec *m = modulus->m;
	const lane_vec inverse = modulus->inverse[0];
	struct reduction next;
	struct window window;
	lane_vec q[BLOCK];

	reduction_open(&next, sums);
	LANE_UNROLL(10)
	for (unsigned k = 0; k < BLOCK; k++)
		reduction_step(&next, m, inverse, k);
	LANE_UNROLL(1)
	for (unsigned at = BLOCK; at < n; at += BLOCK) {
		load_rows(q, next.q);
		reduction_close(&next, &window, sums + at - BLOCK);
		sweep(&window, sums + at, m + BLOCK, q, BLOCK);
		reduction_open(&next, sums + at);
		LANE_UNROLL(10)
		for (unsigned k = 0; k < BLOCK; k++) {
			reduction_step(&next, m, inverse, k);
			sweep_two(&window, sums + at + BLOCK + 2 * k, m + 2 * BLOCK + 2 * k, q);
		}
		sweep(&window, sums + at + 3 * BLOCK, m + 4 * BLOCK, q, n - 4 * BLOCK);
		seek_step_if(seek);
	}
	reduction_close(&next, &window, sums + n - BLOCK);
	sweep(&window, sums + n, m + BLOCK, next.q, n - BLOCK);
	normalize(r, sums + n, n);
}

#define BLOCK_SUMS_MAX (2 * DIGITS_MAX + 2)

static void multiply_blocks(lane_vec *r, const lane_vec *a, const lane_vec *b,
			    const struct modulus *modulus)
{
	const unsigned n = modulus->digits;
	lane_vec sums[BLOCK_SUMS_MAX];
	lane_vec rows[BLOCK];
	struct window window;

	for (unsigned j = 0; j < 2 * n + 2; j++)
		sums[j] = lane_zero();
	LANE_UNROLL(1)
	for (unsigned at = 0; at < n; at += BLOCK) {
		load_rows(rows, b + at);
		window_open(&window, sums + at);
		sweep(&window, sums + at, a, rows, n);
	}
	reduce_blocks(r, sums, modulus, NULL);
}

/* The ten digits of a block times each other. */
LANE_INLINE void square_block(lane_vec *sums, const lane_vec *rows, const struct doubled *doubled,
			      const unsigned at)
{
	lane_vec block[2 * BLOCK];

	LANE_UNROLL(20)
	for (unsigned j = 0; j < 2 * BLOCK; j++)
		block[j] = sums[j];
	LANE_UNROLL(10)
	for (unsigned j = 0; j < BLOCK; j++) {
		block[2 * j] = lane_low(block[2 * j], rows[j], rows[j]);
		block[2 * j + 1] = lane_high(block[2 * j + 1], rows[j], rows[j]);
		LANE_UNROLL(10)
		for (unsigned i = 0; i < j; i++) {
			lane_vec other = i + 1 == j ? doubled->first[at + j] : doubled->all[at + j];

			block[i + j] = lane_low(block[i + j], rows[i], other);
			block[i + j + 1] = lane_high(block[i + j + 1], rows[i], other);
		}
	}
	LANE_UNROLL(20)
	for (unsigned j = 0; j < 2 * BLOCK; j++)
		sums[j] = block[j];
}

static void square_blocks(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
			  struct seek *seek)
{
	const unsigned n = modulus->digits;
	lane_vec sums[BLOCK_SUMS_MAX];
	lane_vec rows[BLOCK];
	struct doubled doubled;
	struct window window;

	doubled_set(&doubled, a, n);
	for (unsigned j = 0; j < 2 * n + 2; j++)
		sums[j] = lane_zero();
	LANE_UNROLL(1)
	for (unsigned at = 0; at < n; at += BLOCK) {
		const unsigned next = at + BLOCK;
		lane_vec *behind = sums + at + next;

		load_rows(rows, a + at);
		square_block(sums + 2 * at, rows, &doubled, at);
		if (next == n)
			break;
		window_open(&window, behind);
		window_add(&window, doubled.all[next], doubled.first[next], rows);
		window_move(&window, behind);
		sweep(&window, behind + 1, doubled.all + next + 1, rows, n - next - 1);
	}
	reduce_blocks(r, sums, modulus, seek);
}

static void multiply_10_10(lane_vec *r, const lane_vec *a, const lane_vec *b,
			   const struct modulus *modulus)
{
	multiply_rows_of_two(r, a, b, modulus, 10);
}

static void square_10_10(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
			 struct seek *seek)
{
	(void)seek;
	square_rows_of_two(r, a, modulus, 10);
}

static void multiply_20(lane_vec *r, const lane_vec *a, const lane_vec *b,
			const struct modulus *modulus)
{
	multiply_rows(r, a, b, modulus, 20);
}

static void square_20(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
		      struct seek *seek)
{
	(void)seek;
	square_rows(r, a, modulus, 20);
}

static void multiply_30(lane_vec *r, const lane_vec *a, const lane_vec *b,
			const struct modulus *modulus)
{
	multiply_rows(r, a, b, modulus, 30);
}

static void square_30(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
		      struct seek *seek)
{
	(void)seek;
	square_rows(r, a, modulus, 30);
}

/* -m^-1 mod 2^52 in each lane, for odd m: each step doubles the number of bits that are right. */
static lane_vec negative_inverse(lane_vec m)
{
	const lane_vec two = lane_all(2);
	lane_vec x = m; /* right in 3 bits */

	for (unsigned bits = 3; bits < DIGIT_BITS; bits *= 2)
		x = lane_low(lane_zero(), x, lane_sub(two, lane_low(lane_zero(), m, x)));
	return lane_and(lane_sub(lane_zero(), x), lane_all(DIGIT_MASK));
}

/* `count` numbers of `digits` digits side by side: 2 of 10, or 1 of 20, 30, 40, 60 or 80. */
static void modulus_set(struct modulus *modulus, unsigned digits, unsigned count, const lane_vec *m,
			const lane_vec *rr)
{
	modulus->digits = digits;
	modulus->count = count;
	modulus->m = m;
	modulus->rr = rr;
	for (unsigned i = 0; i < count; i++)
		modulus->inverse[i] = negative_inverse(m[i * digits]);
	modulus->multiply = multiply_blocks;
	modulus->square = square_blocks;
	if (count == 2) {
		modulus->multiply = multiply_10_10;
		modulus->square = square_10_10;
	} else if (digits == 20) {
		modulus->multiply = multiply_20;
		modulus->square = square_20;
	} else if (digits == 30) {
		modulus->multiply = multiply_30;
		modulus->square = square_30;
	}
}

/* r = a - m where that is not negative, else a: from a number below 2 m, one below m. */
static void subtract_once(lane_vec *r, const lane_vec *a, const lane_vec *m, unsigned n)
{
	lane_vec difference[DIGITS_MAX];
	lane_vec borrow = lane_zero();

	for (unsigned j = 0; j < n; j++) {
		lane_vec x = lane_add(lane_sub(a[j], m[j]), borrow);

		difference[j] = lane_and(x, lane_all(DIGIT_MASK));
		borrow = lane_shift_signed(x, 63);
	}
	for (unsigned j = 0; j < n; j++)
		r[j] = lane_xor(difference[j], lane_and(borrow, lane_xor(difference[j], a[j])));
}

#endif
