#include "signer/lanes/rsa_lane_key.h"

#include "signer/lanes/lane_digits.h"

#include <assert.h>
#include <string.h>

/* How many times n digits a number has, in the order of enum rsa_lane_number. */
static const uint8_t widths[RSA_LANE_NUMBER_COUNT] = {2, 2, 1, 2, 2};
#define WIDTH_SUM 9

/* R = 2^(52 n) is at least 2^8 times a prime. */
static unsigned prime_digits(unsigned bits)
{
	return bits / 1024 * 10;
}

/* For numbers that are public. */
static size_t bit_count(struct bytes number)
{
	size_t bits;

	while (number.size > 0 && number.data[0] == 0)
		number = bytes_skip(number, 1);
	if (number.size == 0)
		return 0;
	bits = 8 * number.size;
	for (unsigned high = number.data[0]; high < 0x80; high *= 2)
		bits--;
	return bits;
}

static bool is_public_exponent(struct bytes number)
{
	unsigned value = 0;

	if (bit_count(number) != 17)
		return false;
	for (size_t i = 0; i < number.size; i++)
		value = value << 8 | number.data[i];
	return value == RSA_LANE_EXPONENT;
}

/* For numbers of one size. Goes nowhere by what they are. */
static bool is_larger(struct bytes a, struct bytes b)
{
	unsigned is_less = 0; /* b less than a, from the lowest byte up */

	for (size_t i = a.size; i-- > 0;)
		is_less = ((unsigned)b.data[i] - a.data[i] - is_less) >> 31;
	return is_less != 0;
}

static bool has_top_bit(struct bytes number)
{
	return (number.data[0] & 0x80) != 0;
}

bool rsa_lane_key_has_bits(size_t bits)
{
	return bits >= 1024 && bits <= RSA_LANE_BITS_MAX && bits % 1024 == 0;
}

bool rsa_lane_key_is_fit(const struct rsa_numbers *numbers)
{
	const size_t bits = bit_count(numbers->modulus);
	const size_t size = bits / 16;

	return rsa_lane_key_has_bits(bits) && is_public_exponent(numbers->public_exponent) &&
	       numbers->prime1.size == size && numbers->prime2.size == size &&
	       numbers->exponent1.size == size && numbers->exponent2.size == size &&
	       numbers->coefficient.size == size && has_top_bit(numbers->prime1) &&
	       has_top_bit(numbers->prime2) && is_larger(numbers->prime1, numbers->prime2);
}

size_t rsa_lane_key_size(unsigned bits)
{
	size_t size = sizeof(struct rsa_lane_key) +
		      WIDTH_SUM * prime_digits(bits) * sizeof(uint64_t) +
		      2 * RSA_LANE_WINDOW_COUNT(bits);

	return (size + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
}

static size_t number_offset(const struct rsa_lane_key *key, unsigned number)
{
	size_t offset = 0;

	for (unsigned i = 0; i < number; i++)
		offset += (size_t)widths[i] * key->digits;
	return offset;
}

uint64_t *rsa_lane_key_number(struct rsa_lane_key *key, enum rsa_lane_number number)
{
	return key->data + number_offset(key, number);
}

const uint64_t *rsa_lane_key_digits(const struct rsa_lane_key *key, enum rsa_lane_number number)
{
	return key->data + number_offset(key, number);
}

static uint8_t *windows_of(struct rsa_lane_key *key)
{
	return (uint8_t *)rsa_lane_key_number(key, RSA_LANE_NUMBER_COUNT);
}

const uint8_t *rsa_lane_key_windows(const struct rsa_lane_key *key)
{
	return (const uint8_t *)rsa_lane_key_digits(key, RSA_LANE_NUMBER_COUNT);
}

/* The byte of a number in which bit 8 * `at` is the lowest. */
static unsigned byte_at(struct bytes number, size_t at)
{
	return at < number.size ? number.data[number.size - 1 - at] : 0;
}

static void set_windows(uint8_t *windows, const struct rsa_lane_key *key, struct bytes exponent)
{
	for (unsigned i = 0; i < key->window_count; i++) {
		size_t bit = (size_t)i * RSA_LANE_WINDOW_BITS;
		unsigned two = byte_at(exponent, bit / 8) | byte_at(exponent, bit / 8 + 1) << 8;

		windows[i] = (uint8_t)(two >> bit % 8 & ((1u << RSA_LANE_WINDOW_BITS) - 1));
	}
}

void rsa_lane_key_set(struct rsa_lane_key *key, const struct rsa_numbers *numbers)
{
	const unsigned bits = (unsigned)bit_count(numbers->modulus);
	const unsigned n = prime_digits(bits);
	uint64_t *primes;

	assert(rsa_lane_key_has_bits(bits));
	memset(key, 0, rsa_lane_key_size(bits));
	key->bits = bits;
	key->digits = n;
	key->window_count = RSA_LANE_WINDOW_COUNT(bits);
	primes = rsa_lane_key_number(key, RSA_LANE_PRIMES);
	lane_digits_from_bytes(primes, 1, n, numbers->prime1);
	lane_digits_from_bytes(primes + n, 1, n, numbers->prime2);
	lane_digits_from_bytes(rsa_lane_key_number(key, RSA_LANE_COEFFICIENT), 1, n,
			       numbers->coefficient);
	lane_digits_from_bytes(rsa_lane_key_number(key, RSA_LANE_MODULUS), 1, 2 * n,
			       numbers->modulus);
	set_windows(windows_of(key), key, numbers->exponent1);
	set_windows(windows_of(key) + key->window_count, key, numbers->exponent2);
}
