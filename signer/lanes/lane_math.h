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
 * known four squares before it is needed: what a step loads and compares goes on beside a square, whose own loads
 * leave room for it.
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
	void (*square)(lane_vec *r, const lane_vec *a, const struct modulus *modulus);
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

/* A sum with what was carried into it, as a normal digit; `carry` is then for the next. */
LANE_INLINE lane_vec normal_digit(lane_vec sum, lane_vec *carry)
{
	sum = lane_add(sum, *carry);
	*carry = lane_shift(sum, DIGIT_BITS);
	return lane_and(sum, lane_all(DIGIT_MASK));
}

/* Resolves the carries of n sums; what is carried out of the last is lost. */
LANE_INLINE void normalize(lane_vec *r, const lane_vec *sums, const unsigned n)
{
	lane_vec carry = lane_zero();

	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++)
		r[j] = normal_digit(sums[j], &carry);
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

/*
 * sums = (sums + a * b + q * m) / 2^52. A digit is loaded once for both of its halves: CPUs load two vectors at a
 * time and multiply two, so that loads are as scarce. The factor q is begun as soon as its sum is complete, because
 * all the rest waits for it.
 */
LANE_INLINE void multiply_row(lane_vec *sums, const lane_vec *a, lane_vec b, const lane_vec *m,
			      lane_vec inverse, const unsigned n)
{
	lane_vec digit;
	lane_vec carry;
	lane_vec q;

	lane_forget();
	digit = lane_keep(a[0]);
	sums[0] = lane_low(sums[0], b, digit);
	q = lane_low(lane_zero(), sums[0], inverse);
	carry = carry_of(sums[0]);
	sums[0] = lane_high(sums[1], b, digit);
	LANE_UNROLL(30)
	for (unsigned j = 1; j < n; j++) {
		digit = lane_keep(a[j]);
		sums[j - 1] = lane_low(sums[j - 1], b, digit);
		sums[j] = lane_high(j + 1 < n ? sums[j + 1] : lane_zero(), b, digit);
	}
	sums[0] = lane_add(sums[0], carry);
	sums[0] = lane_high(sums[0], q, m[0]);
	LANE_UNROLL(30)
	for (unsigned j = 1; j < n; j++) {
		digit = lane_keep(m[j]);
		sums[j - 1] = lane_low(sums[j - 1], q, digit);
		sums[j] = lane_high(sums[j], q, digit);
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
 * A number doubled, for the products of two different digits, which a square has twice. `doubled` is normal.
 * `first` has each digit without what the one below carried into it: that is for the row of the digit
 * below, which starts there.
 */
LANE_INLINE void double_digits(lane_vec *doubled, lane_vec *first, const lane_vec *a,
			       const unsigned n)
{
	const lane_vec mask = lane_all(DIGIT_MASK);

	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++) {
		first[j] = lane_and(lane_add(a[j], a[j]), mask);
		doubled[j] = first[j];
		if (j > 0)
			doubled[j] = lane_add(doubled[j], lane_shift(a[j - 1], DIGIT_BITS - 1));
	}
}

/* A square on its way. */
struct squaring {
	lane_vec *r;
	const lane_vec *a;
	const lane_vec *m;
	lane_vec inverse;
	lane_vec carry;
	lane_vec doubled[ROW_DIGITS_MAX];
	lane_vec first[ROW_DIGITS_MAX];
	lane_vec sums[2 * ROW_DIGITS_MAX];
};

LANE_INLINE void squaring_start(struct squaring *squaring, lane_vec *r, const lane_vec *a,
				const lane_vec *m, lane_vec inverse, const unsigned n)
{
	squaring->r = r;
	squaring->a = a;
	squaring->m = m;
	squaring->inverse = inverse;
	squaring->carry = lane_zero();
	double_digits(squaring->doubled, squaring->first, a, n);
	LANE_UNROLL(60)
	for (unsigned j = 0; j < 2 * n; j++)
		squaring->sums[j] = lane_zero();
}

/* As reduce_digit() twice, for sums[0] and sums[1]; q is the factor of the first. The second factor is begun as soon as
 * its sum is complete, because it takes long. */
LANE_INLINE void reduce_two(lane_vec *sums, lane_vec q, const lane_vec *m, lane_vec inverse,
			    const unsigned n)
{
	lane_vec p;

	lane_forget();
	sums[1] = lane_add(sums[1], carry_of(sums[0]));
	sums[1] = lane_high(sums[1], q, m[0]);
	sums[1] = lane_low(sums[1], q, m[1]);
	p = lane_low(lane_zero(), sums[1], inverse);
	LANE_UNROLL(30)
	for (unsigned j = 1; j < n; j++) {
		if (j > 1)
			sums[j] = lane_low(sums[j], q, m[j]);
		sums[j + 1] = lane_high(sums[j + 1], q, m[j]);
	}
	lane_forget();
	sums[2] = lane_add(sums[2], carry_of(sums[1]));
	LANE_UNROLL(30)
	for (unsigned j = 0; j < n; j++) {
		if (j > 0)
			sums[j + 1] = lane_low(sums[j + 1], p, m[j]);
		sums[j + 2] = lane_high(sums[j + 2], p, m[j]);
	}
}

/*
 * Row i of a square: its digit times itself and twice those above. After that the sums of digits 2 i and
 * 2 i + 1 are complete. In the lower half they are reduced at once, so that no more than n + 2 sums are in use; in the
 * upper half they are digits of the result, and their carries go on beside the next rows. What is written there is
 * no longer read where r is a.
 */
LANE_INLINE void square_row(struct squaring *squaring, const unsigned i, const unsigned n)
{
	lane_vec *sums = squaring->sums + 2 * i;
	lane_vec digit;
	lane_vec q;

	if (i >= n)
		return;
	/* With twenty digits, the first row takes what double_digits() has left in registers. */
	if (i > 0 || n > 20)
		lane_forget();
	digit = squaring->a[i];
	sums[0] = lane_low(sums[0], digit, digit);
	if (2 * i < n)
		q = lane_low(lane_zero(), sums[0], squaring->inverse);
	sums[1] = lane_high(sums[1], digit, digit);
	LANE_UNROLL(30)
	for (unsigned j = 1; j < n - i; j++) {
		lane_vec other = j == 1 ? squaring->first[i + j] : squaring->doubled[i + j];

		sums[j] = lane_low(sums[j], digit, other);
		sums[j + 1] = lane_high(sums[j + 1], digit, other);
	}
	if (2 * i < n) {
		reduce_two(sums, q, squaring->m, squaring->inverse, n);
	} else {
		squaring->r[2 * i - n] = normal_digit(sums[0], &squaring->carry);
		squaring->r[2 * i - n + 1] = normal_digit(sums[1], &squaring->carry);
	}
}

LANE_INLINE void square_five_rows(struct squaring *squaring, const unsigned i, const unsigned n)
{
	square_row(squaring, i, n);
	square_row(squaring, i + 1, n);
	square_row(squaring, i + 2, n);
	square_row(squaring, i + 3, n);
	square_row(squaring, i + 4, n);
}

LANE_INLINE void square_rows(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
			     const unsigned n)
{
	struct squaring squaring;

	squaring_start(&squaring, r, a, modulus->m, modulus->inverse[0], n);
	/* Not a loop: the sums are in registers only where a compiler knows their number early. */
	square_five_rows(&squaring, 0, n);
	square_five_rows(&squaring, 5, n);
	square_five_rows(&squaring, 10, n);
	square_five_rows(&squaring, 15, n);
	square_five_rows(&squaring, 20, n);
	square_five_rows(&squaring, 25, n);
}

/* Row i of both. */
LANE_INLINE void square_row_of_two(struct squaring *first, struct squaring *second,
				   const unsigned i, const unsigned n)
{
	square_row(first, i, n);
	square_row(second, i, n);
}

LANE_INLINE void square_rows_of_two(lane_vec *r, const lane_vec *a, const struct modulus *modulus,
				    const unsigned n)
{
	struct squaring first;
	struct squaring second;

	squaring_start(&first, r, a, modulus->m, modulus->inverse[0], n);
	squaring_start(&second, r + n, a + n, modulus->m + n, modulus->inverse[1], n);
	square_row_of_two(&first, &second, 0, n);
	square_row_of_two(&first, &second, 1, n);
	square_row_of_two(&first, &second, 2, n);
	square_row_of_two(&first, &second, 3, n);
	square_row_of_two(&first, &second, 4, n);
	square_row_of_two(&first, &second, 5, n);
	square_row_of_two(&first, &second, 6, n);
	square_row_of_two(&first, &second, 7, n);
	square_row_of_two(&first, &second, 8, n);
	square_row_of_two(&first, &second, 9, n);
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

/* Adds a digit times each row; the last row may see another one (double_digits()). */
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

/*
 * r = sums / R; there are 2 n + 2 sums, and the last two are 0. Ten digits at a time give ten factors q, which then
 * sweep over the rest of m. The first ten digits of a sweep complete the sums of the next ten factors. Each of
 * those waits for the one before, so they are computed beside the next ten digits of the sweep.
 */
LANE_INLINE void reduce_blocks(lane_vec *r, lane_vec *sums, const struct modulus *modulus)
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
			window_add(&window, m[2 * BLOCK + k], m[2 * BLOCK + k], q);
			window_move(&window, sums + at + BLOCK + k);
		}
		sweep(&window, sums + at + 2 * BLOCK, m + 3 * BLOCK, q, n - 3 * BLOCK);
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
	reduce_blocks(r, sums, modulus);
}

/* The ten digits of a block times each other. */
LANE_INLINE void square_block(lane_vec *sums, const lane_vec *rows, const lane_vec *doubled,
			      const lane_vec *first)
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
			lane_vec other = i + 1 == j ? first[j] : doubled[j];

			block[i + j] = lane_low(block[i + j], rows[i], other);
			block[i + j + 1] = lane_high(block[i + j + 1], rows[i], other);
		}
	}
	LANE_UNROLL(20)
	for (unsigned j = 0; j < 2 * BLOCK; j++)
		sums[j] = block[j];
}

static void square_blocks(lane_vec *r, const lane_vec *a, const struct modulus *modulus)
{
	const unsigned n = modulus->digits;
	lane_vec sums[BLOCK_SUMS_MAX];
	lane_vec rows[BLOCK];
	lane_vec doubled[DIGITS_MAX];
	lane_vec first[DIGITS_MAX];
	struct window window;

	double_digits(doubled, first, a, n);
	for (unsigned j = 0; j < 2 * n + 2; j++)
		sums[j] = lane_zero();
	LANE_UNROLL(1)
	for (unsigned at = 0; at < n; at += BLOCK) {
		const unsigned next = at + BLOCK;
		lane_vec *behind = sums + at + next;

		load_rows(rows, a + at);
		square_block(sums + 2 * at, rows, doubled + at, first + at);
		if (next == n)
			break;
		window_open(&window, behind);
		window_add(&window, doubled[next], first[next], rows);
		window_move(&window, behind);
		sweep(&window, behind + 1, doubled + next + 1, rows, n - next - 1);
	}
	reduce_blocks(r, sums, modulus);
}

static void multiply_10_10(lane_vec *r, const lane_vec *a, const lane_vec *b,
			   const struct modulus *modulus)
{
	multiply_rows_of_two(r, a, b, modulus, 10);
}

static void square_10_10(lane_vec *r, const lane_vec *a, const struct modulus *modulus)
{
	square_rows_of_two(r, a, modulus, 10);
}

static void multiply_20(lane_vec *r, const lane_vec *a, const lane_vec *b,
			const struct modulus *modulus)
{
	multiply_rows(r, a, b, modulus, 20);
}

static void square_20(lane_vec *r, const lane_vec *a, const struct modulus *modulus)
{
	square_rows(r, a, modulus, 20);
}

static void multiply_30(lane_vec *r, const lane_vec *a, const lane_vec *b,
			const struct modulus *modulus)
{
	multiply_rows(r, a, b, modulus, 30);
}

/* So much code that where it begins decides whether the CPU keeps it decoded: from the start of a page on, it does. */
LANE_PAGE_ALIGNED static void square_30(lane_vec *r, const lane_vec *a,
					const struct modulus *modulus)
{
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
