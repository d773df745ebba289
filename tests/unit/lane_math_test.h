/*
 * lane_math_test - the tests of lane_math.h, for both back-ends.
 *
 * Goal:   products, squares and the helpers around them are right for every shape of number, also where
 *         numbers are what carries furthest.
 * Method: the operands are 0, 1, numbers around the modulus and twice it, all bits set, digits that
 *         carry through every digit, and random ones; moduli likewise. Each lane has other ones.
 *         OpenSSL computes the same.
 */
#ifndef TESTS_UNIT_LANE_MATH_TEST_H
#define TESTS_UNIT_LANE_MATH_TEST_H

#include "signer/lanes/lane_math.h"

#include "tests/unit/unit_test.h"

#include <openssl/bn.h>

#define LANES 8

struct shape {
	unsigned digits;
	unsigned count;
	unsigned bits; /* of a modulus */
};

static const struct shape shapes[] = {
	{10, 2, 512}, {20, 1, 1024}, {30, 1, 1536}, {40, 1, 2048}, {60, 1, 3072}, {80, 1, 4096},
};

struct numbers {
	const struct shape *shape;
	BN_CTX *context;
	BIGNUM *m[2][LANES];
	BIGNUM *a[2][LANES];
	BIGNUM *b[2][LANES];
	lane_vec m_lanes[DIGITS_MAX];
	lane_vec a_lanes[DIGITS_MAX];
	lane_vec b_lanes[DIGITS_MAX];
	struct modulus modulus;
};

static uint64_t *lane_digit(lane_vec *digits, unsigned j, unsigned lane)
{
	return (uint64_t *)&digits[j] + lane;
}

static void put(lane_vec *digits, unsigned n, unsigned lane, const BIGNUM *number)
{
	BIGNUM *rest = BN_dup(number);

	for (unsigned j = 0; j < n; j++) {
		BIGNUM *low = BN_dup(rest);

		if (BN_num_bits(low) > DIGIT_BITS)
			assert_int_equal(BN_mask_bits(low, DIGIT_BITS), 1);
		*lane_digit(digits, j, lane) = BN_get_word(low);
		assert_int_equal(BN_rshift(rest, rest, DIGIT_BITS), 1);
		BN_free(low);
	}
	assert_true(BN_is_zero(rest));
	BN_free(rest);
}

static BIGNUM *get(lane_vec *digits, unsigned n, unsigned lane)
{
	BIGNUM *number = BN_new();

	for (unsigned j = n; j-- > 0;) {
		assert_true(*lane_digit(digits, j, lane) <= DIGIT_MASK);
		assert_int_equal(BN_lshift(number, number, DIGIT_BITS), 1);
		assert_int_equal(BN_add_word(number, *lane_digit(digits, j, lane)), 1);
	}
	return number;
}

/* 2^bits - 1 */
static BIGNUM *all_ones(unsigned bits)
{
	BIGNUM *number = BN_new();

	assert_int_equal(BN_set_bit(number, (int)bits), 1);
	assert_int_equal(BN_sub_word(number, 1), 1);
	return number;
}

static BIGNUM *some_modulus(unsigned bits, unsigned kind)
{
	BIGNUM *m = BN_new();

	switch (kind % 4) {
	case 0: /* every digit is full */ BN_free(m); return all_ones(bits);
	case 1: /* every digit but two is empty */
		assert_true(BN_set_bit(m, (int)bits - 1) && BN_set_bit(m, 0));
		return m;
	default:
		assert_int_equal(BN_rand(m, (int)bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
		return m;
	}
}

/* Below 4 m. */
static BIGNUM *some_operand(const BIGNUM *m, unsigned bits, unsigned kind)
{
	BIGNUM *x = BN_dup(m);
	BIGNUM *random = BN_new();

	switch (kind % 12) {
	case 0: BN_zero(x); break;
	case 1: assert_int_equal(BN_set_word(x, 1), 1); break;
	case 2: assert_int_equal(BN_sub_word(x, 1), 1); break;
	case 3: break;
	case 4: assert_int_equal(BN_add_word(x, 1), 1); break;
	case 5: /* 2 m - 1 */ assert_true(BN_lshift1(x, x) && BN_sub_word(x, 1)); break;
	case 6: /* 4 m - 1 */ assert_true(BN_lshift(x, x, 2) && BN_sub_word(x, 1)); break;
	case 7: /* every digit is full */
		assert_true(BN_set_word(x, 1) && BN_lshift(x, x, (int)bits) && BN_sub_word(x, 1));
		break;
	case 8: /* 2^52 - 1, then 1, and so on: what is added to one digit goes through the next */
		BN_zero(x);
		for (unsigned bit = 0; bit + DIGIT_BITS < bits; bit += 2 * DIGIT_BITS) {
			BIGNUM *digit = all_ones(DIGIT_BITS);

			assert_true(BN_lshift(digit, digit, (int)bit) && BN_add(x, x, digit));
			BN_free(digit);
		}
		break;
	default:
		assert_true(BN_lshift1(x, x) && BN_rand_range(random, x));
		BN_free(x);
		return random;
	}
	BN_free(random);
	return x;
}

static void numbers_set(struct numbers *numbers, const struct shape *shape, unsigned round)
{
	const unsigned n = shape->digits;

	*numbers = (struct numbers){.shape = shape, .context = BN_CTX_new()};
	for (unsigned i = 0; i < shape->count; i++) {
		for (unsigned lane = 0; lane < LANES; lane++) {
			BIGNUM *m = some_modulus(shape->bits, lane + i + round / 12);

			numbers->m[i][lane] = m;
			numbers->a[i][lane] = some_operand(m, shape->bits, lane + i + round);
			numbers->b[i][lane] = some_operand(m, shape->bits,
							   5 * lane + i + round / 12);
			put(numbers->m_lanes + i * n, n, lane, m);
			put(numbers->a_lanes + i * n, n, lane, numbers->a[i][lane]);
			put(numbers->b_lanes + i * n, n, lane, numbers->b[i][lane]);
		}
	}
	modulus_set(&numbers->modulus, n, shape->count, numbers->m_lanes, NULL);
}

static void numbers_free(struct numbers *numbers)
{
	for (unsigned i = 0; i < numbers->shape->count; i++) {
		for (unsigned lane = 0; lane < LANES; lane++) {
			BN_free(numbers->m[i][lane]);
			BN_free(numbers->a[i][lane]);
			BN_free(numbers->b[i][lane]);
		}
	}
	BN_CTX_free(numbers->context);
}

/* r R = a b mod m, and r is below 2 m. */
static void assert_product(const struct numbers *numbers, lane_vec *r, bool is_square)
{
	const struct shape *shape = numbers->shape;
	BIGNUM *want = BN_new();
	BIGNUM *twice = BN_new();

	for (unsigned i = 0; i < shape->count; i++) {
		for (unsigned lane = 0; lane < LANES; lane++) {
			const BIGNUM *m = numbers->m[i][lane];
			const BIGNUM *a = numbers->a[i][lane];
			BIGNUM *got = get(r + i * shape->digits, shape->digits, lane);

			assert_int_equal(BN_lshift1(twice, m), 1);
			assert_true(BN_cmp(got, twice) < 0);
			assert_true(BN_mod_mul(want, a, is_square ? a : numbers->b[i][lane], m,
					       numbers->context));
			assert_true(BN_lshift(got, got, (int)(DIGIT_BITS * shape->digits)));
			assert_true(BN_mod(got, got, m, numbers->context));
			if (BN_cmp(got, want) != 0)
				fail_msg("%u digits, number %u, lane %u: a %s is wrong",
					 shape->digits, i, lane, is_square ? "square" : "product");
			BN_free(got);
		}
	}
	BN_free(want);
	BN_free(twice);
}

static void products_and_squares_are_right(void **state)
{
	(void)state;
	for (unsigned s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		for (unsigned round = 0; round < 144; round += stride_of(37)) {
			struct numbers numbers;
			lane_vec r[DIGITS_MAX];

			numbers_set(&numbers, &shapes[s], round);
			numbers.modulus.multiply(r, numbers.a_lanes, numbers.b_lanes,
						 &numbers.modulus);
			assert_product(&numbers, r, false);
			numbers.modulus.square(r, numbers.a_lanes, &numbers.modulus);
			assert_product(&numbers, r, true);
			/* The result may be where an operand was. */
			numbers.modulus.square(numbers.a_lanes, numbers.a_lanes, &numbers.modulus);
			assert_product(&numbers, numbers.a_lanes, true);
			numbers_free(&numbers);
		}
	}
}

static void subtraction_happens_where_it_must(void **state)
{
	const struct shape *shape = &shapes[1];

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		struct numbers numbers;
		lane_vec r[DIGITS_MAX];

		numbers_set(&numbers, shape, round);
		subtract_once(r, numbers.a_lanes, numbers.m_lanes, shape->digits);
		for (unsigned lane = 0; lane < LANES; lane++) {
			BIGNUM *got = get(r, shape->digits, lane);
			BIGNUM *want = BN_dup(numbers.a[0][lane]);

			if (BN_cmp(want, numbers.m[0][lane]) >= 0)
				assert_int_equal(BN_sub(want, want, numbers.m[0][lane]), 1);
			assert_int_equal(BN_cmp(got, want), 0);
			BN_free(got);
			BN_free(want);
		}
		numbers_free(&numbers);
	}
}

/* A 1 goes from the lowest digit to the highest; and the largest sums that there are lose nothing. */
static void carries_go_through_every_digit(void **state)
{
	lane_vec sums[DIGITS_MAX];
	lane_vec r[DIGITS_MAX];

	(void)state;
	for (unsigned j = 0; j < DIGITS_MAX; j++)
		sums[j] = lane_all(DIGIT_MASK + (j == 0));
	normalize(r, sums, DIGITS_MAX);
	for (unsigned j = 0; j < DIGITS_MAX; j++)
		assert_true(*lane_digit(r, j, 7) == 0);
	for (unsigned j = 0; j < DIGITS_MAX; j++)
		sums[j] = lane_all(UINT64_MAX - (UINT64_MAX >> DIGIT_BITS));
	normalize(r, sums, DIGITS_MAX);
	assert_true(*lane_digit(r, 0, 3) == (DIGIT_MASK & ~(uint64_t)0xfff));
	assert_true(*lane_digit(r, 1, 3) == DIGIT_MASK);
}

static void inverse_is_right_for_any_odd_digit(void **state)
{
	(void)state;
	for (uint64_t x = 1; x < 20000; x += 2 * stride_of(50)) {
		uint64_t m = (x * 0x9e3779b97f4a7c15 | 1) & DIGIT_MASK;
		lane_vec inverse = negative_inverse(lane_all(x % 4 == 1 ? x : m));
		uint64_t product = *lane_digit(&inverse, 0, 5) * (x % 4 == 1 ? x : m);

		assert_true((product & DIGIT_MASK) == DIGIT_MASK); /* -1 */
	}
}

static int run_lane_math_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_and_squares_are_right),
		cmocka_unit_test(subtraction_happens_where_it_must),
		cmocka_unit_test(carries_go_through_every_digit),
		cmocka_unit_test(inverse_is_right_for_any_odd_digit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
