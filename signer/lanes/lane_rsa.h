/*
 * lane_rsa - RSA signatures of up to eight keys of one size, one in each lane.
 *
 * Is:       prepare and sign of rsa_lanes.h. Each back-end includes it.
 * Source:   RFC 8017 5.2.1 2b, 9.2; Garner's recombination.
 *
 * How it works. Of the message EM, c = EM mod p and mod q, in Montgomery form. A power c^dP mod p goes
 * through its exponent in windows of four bits, from the top: four squares, and a product with the
 * power of c that the window says, which is looked for in all 16 of them. Then
 * s = m2 + q * ((m1 - m2) qInv mod p), and s^65537 mod n must be EM.
 *
 * The primes of RSA-1024 go side by side, the others one after the other, so that one table at a time is
 * in the cache.
 */
#ifndef SIGNER_LANES_LANE_RSA_H
#define SIGNER_LANES_LANE_RSA_H

#include "signer/lanes/lane_digits.h"
#include "signer/lanes/lane_math.h"
#include "signer/lanes/rsa_lanes.h"

#include <assert.h>
#include <string.h>

/* What is public from here on although it was made of secrets. A test that follows secrets defines it. */
#ifndef LANE_DECLASSIFY
#define LANE_DECLASSIFY(data, size) ((void)0)
#endif

#define PRIME_DIGITS_MAX (DIGITS_MAX / 2)
#define WINDOW_COUNT_MAX RSA_LANE_WINDOW_COUNT(RSA_LANE_BITS_MAX)
#define SIGNATURE_MAX	 (RSA_LANE_BITS_MAX / 8)

_Static_assert(SEEK_ENTRIES == 1u << RSA_LANE_WINDOW_BITS, "a table has an entry for each window");
_Static_assert(PRIME_DIGITS_MAX <= RSA_LANE_WINDOW_BITS * SEEK_DIGITS,
	       "a step of a seek after each square is enough");

/* All pairs are the prime p's and then the prime q's. */
struct rsa_lanes_workspace {
	unsigned digits;   /* n, of a prime */
	unsigned together; /* primes side by side: 1 or 2 */
	unsigned window_count;
	lane_vec primes[DIGITS_MAX];
	lane_vec primes_rr[DIGITS_MAX];
	lane_vec coefficient[DIGITS_MAX]; /* n digits; as many zeros, for what goes side by side */
	lane_vec modulus[DIGITS_MAX];
	lane_vec modulus_rr[DIGITS_MAX];
	lane_vec message[DIGITS_MAX];
	lane_vec powers[DIGITS_MAX]; /* m1, m2 */
	lane_vec signature[DIGITS_MAX];
	lane_vec table[SEEK_ENTRIES * PRIME_DIGITS_MAX];
	uint8_t windows[2][WINDOW_COUNT_MAX][RSA_LANES];
};

/*
 * Wipes what a call has left on the stack. The call is one of a function that is not inlined, so that all it has there
 * lies where this one's array comes to lie. The deepest is sign_batch(), powers_set() with two numbers, power() with one,
 * square_blocks() with sums and a number doubled, and two numbers are for the rest.
 */
static __attribute__((noinline)) void stack_wipe(void)
{
	uint8_t left[(7 * DIGITS_MAX + BLOCK_SUMS_MAX) * sizeof(lane_vec)];

	explicit_bzero(left, sizeof(left));
}

static uint64_t *lanes_of(lane_vec *digits)
{
	return (uint64_t *)digits;
}

static void set_small(lane_vec *r, unsigned n, uint64_t value)
{
	for (unsigned j = 0; j < n; j++)
		r[j] = j == 0 ? lane_all(value) : lane_zero();
}

static void copy(lane_vec *r, const lane_vec *a, unsigned n)
{
	for (unsigned j = 0; j < n; j++)
		r[j] = a[j];
}

/* Normal digits of a + b. */
static void add(lane_vec *r, const lane_vec *a, const lane_vec *b, unsigned n)
{
	for (unsigned j = 0; j < n; j++)
		r[j] = lane_add(a[j], b[j]);
	normalize(r, r, n);
}

/* Normal digits of a - b + m, which is not negative. */
static void subtract_add(lane_vec *r, const lane_vec *a, const lane_vec *b, const lane_vec *m,
			 unsigned n)
{
	lane_vec carry = lane_zero();

	for (unsigned j = 0; j < n; j++) {
		lane_vec sum = lane_add(lane_add(lane_sub(a[j], b[j]), m[j]), carry);

		r[j] = lane_and(sum, lane_all(DIGIT_MASK));
		carry = lane_shift_signed(sum, DIGIT_BITS);
	}
}

/* The prime at `at`, or both from 0. */
static void prime_modulus(struct modulus *modulus, const struct rsa_lanes_workspace *space,
			  unsigned at)
{
	modulus_set(modulus, space->digits, space->together, space->primes + at,
		    space->primes_rr + at);
}

/* Looks for what a window of the exponents says: of prime `first`, or of both. */
static void seek_start(struct seek *seek, lane_vec *found, const struct rsa_lanes_workspace *space,
		       unsigned first, unsigned window)
{
	seek->table = space->table;
	seek->width = space->together * space->digits;
	seek->digits = space->digits;
	seek->found = found;
	seek->at = 0;
	for (unsigned i = 0; i < space->together; i++)
		seek->window[i] = lane_from_bytes(space->windows[first + i][window]);
}

/* The first powers of `base`, all in Montgomery form. */
static void table_set(lane_vec *table, const lane_vec *base, const struct modulus *modulus)
{
	const unsigned width = modulus->count * modulus->digits;
	lane_vec one[DIGITS_MAX];

	for (unsigned i = 0; i < modulus->count; i++)
		set_small(one + i * modulus->digits, modulus->digits, 1);
	modulus->multiply(table, one, modulus->rr, modulus);
	copy(table + width, base, width);
	for (unsigned entry = 2; entry < SEEK_ENTRIES; entry++) {
		lane_vec *to = table + entry * width;

		if (entry % 2 == 0)
			modulus->square(to, table + entry / 2 * width, modulus);
		else
			modulus->multiply(to, to - width, base, modulus);
	}
}

/* r = base^d in Montgomery form; d is the exponent of prime `first`, or of both. */
static void power(lane_vec *r, const lane_vec *base, struct rsa_lanes_workspace *space,
		  unsigned first, const struct modulus *modulus)
{
	lane_vec found[DIGITS_MAX];
	struct seek seek;

	table_set(space->table, base, modulus);
	seek_start(&seek, r, space, first, space->window_count - 1);
	while (seek.at < seek.width)
		seek_step(&seek);
	for (unsigned window = space->window_count - 1; window-- > 0;) {
		seek_start(&seek, found, space, first, window);
		for (unsigned i = 0; i < RSA_LANE_WINDOW_BITS; i++) {
			modulus->square(r, r, modulus);
			if (seek.at < seek.width)
				seek_step(&seek);
		}
		modulus->multiply(r, r, found, modulus);
	}
}

/* r = message mod m in Montgomery form, below 4 m: low R + high R^2, as high is worth R. */
static void residue(lane_vec *r, const struct rsa_lanes_workspace *space,
		    const struct modulus *modulus)
{
	const unsigned n = modulus->digits;
	lane_vec half[DIGITS_MAX];

	for (unsigned i = 0; i < modulus->count; i++)
		copy(half + i * n, space->message + n, n);
	modulus->multiply(r, half, modulus->rr, modulus);
	modulus->multiply(r, r, modulus->rr, modulus);
	for (unsigned i = 0; i < modulus->count; i++)
		copy(half + i * n, space->message, n);
	modulus->multiply(half, half, modulus->rr, modulus);
	for (unsigned i = 0; i < modulus->count; i++)
		add(r + i * n, r + i * n, half + i * n, n);
}

/* powers = message^dP mod p and message^dQ mod q. */
static void powers_set(struct rsa_lanes_workspace *space)
{
	const unsigned n = space->digits;
	lane_vec base[DIGITS_MAX];
	lane_vec one[DIGITS_MAX];

	for (unsigned i = 0; i < 2; i++)
		set_small(one + i * n, n, 1);
	for (unsigned i = 0; i < 2; i += space->together) {
		lane_vec *r = space->powers + i * n;
		struct modulus modulus;

		prime_modulus(&modulus, space, i * n);
		residue(base, space, &modulus);
		power(r, base, space, i, &modulus);
		modulus.multiply(r, r, one, &modulus);
	}
	for (unsigned i = 0; i < 2; i++)
		subtract_once(space->powers + i * n, space->powers + i * n, space->primes + i * n,
			      n);
}

/* signature = m2 + q * ((m1 - m2) qInv mod p) */
static void recombine(struct rsa_lanes_workspace *space)
{
	const unsigned n = space->digits;
	const lane_vec *m1 = space->powers;
	const lane_vec *m2 = space->powers + n;
	const lane_vec *q = space->primes + n;
	lane_vec h[DIGITS_MAX];
	struct modulus modulus;

	set_small(h, 2 * n, 0);
	subtract_add(h, m1, m2, space->primes, n);
	prime_modulus(&modulus, space, 0);
	modulus.multiply(h, h, space->coefficient, &modulus);
	subtract_once(h, h, space->primes, n);
	for (unsigned j = 0; j < 2 * n; j++)
		space->signature[j] = j < n ? m2[j] : lane_zero();
	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < n; j++) {
			lane_vec *sums = space->signature + i + j;

			sums[0] = lane_low(sums[0], h[i], q[j]);
			sums[1] = lane_high(sums[1], h[i], q[j]);
		}
	}
	normalize(space->signature, space->signature, 2 * n);
}

/* In each lane 0 where signature^65537 mod n is the message. */
static lane_vec check(const struct rsa_lanes_workspace *space)
{
	const unsigned n = 2 * space->digits;
	lane_vec x[DIGITS_MAX];
	lane_vec difference = lane_zero();
	struct modulus modulus;

	modulus_set(&modulus, n, 1, space->modulus, space->modulus_rr);
	modulus.multiply(x, space->signature, space->modulus_rr, &modulus);
	for (unsigned exponent = RSA_LANE_EXPONENT; exponent > 1; exponent /= 2)
		modulus.square(x, x, &modulus);
	modulus.multiply(x, x, space->signature, &modulus); /* and out of Montgomery form */
	subtract_once(x, x, space->modulus, n);
	for (unsigned j = 0; j < n; j++)
		difference = lane_or(difference, lane_xor(x[j], space->message[j]));
	return difference;
}

/* RFC 8017 9.2 EMSA-PKCS1-v1_5, note 1: the DigestInfo of SHA-256. */
static void encode(uint8_t *message, size_t size, const uint8_t *digest)
{
	static const uint8_t prefix[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	const size_t info = size - sizeof(prefix) - RSA_LANES_DIGEST_SIZE;

	message[0] = 0;
	message[1] = 1;
	memset(message + 2, 0xff, info - 3);
	message[info - 1] = 0;
	memcpy(message + info, prefix, sizeof(prefix));
	memcpy(message + info + sizeof(prefix), digest, RSA_LANES_DIGEST_SIZE);
}

static void load_number(lane_vec *r, unsigned lane, const struct rsa_lane_key *key,
			enum rsa_lane_number number, unsigned n)
{
	const uint64_t *digits = rsa_lane_key_digits(key, number);
	uint64_t *lanes = lanes_of(r);

	for (unsigned j = 0; j < n; j++)
		lanes[j * RSA_LANES + lane] = digits[j];
}

static void load_key(struct rsa_lanes_workspace *space, unsigned lane,
		     const struct rsa_lane_key *key)
{
	const unsigned n = key->digits;
	const uint8_t *windows = rsa_lane_key_windows(key);

	load_number(space->primes, lane, key, RSA_LANE_PRIMES, 2 * n);
	load_number(space->primes_rr, lane, key, RSA_LANE_PRIMES_RR, 2 * n);
	load_number(space->coefficient, lane, key, RSA_LANE_COEFFICIENT, n);
	load_number(space->modulus, lane, key, RSA_LANE_MODULUS, 2 * n);
	load_number(space->modulus_rr, lane, key, RSA_LANE_MODULUS_RR, 2 * n);
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned window = 0; window < key->window_count; window++)
			space->windows[i][window][lane] = *windows++;
	}
}

static void load_size(struct rsa_lanes_workspace *space, const struct rsa_lane_key *key)
{
	space->digits = key->digits;
	space->together = 2 * key->digits <= ROW_DIGITS_MAX ? 2 : 1;
	space->window_count = key->window_count;
	set_small(space->coefficient, 2 * key->digits, 0);
}

static void load_job(struct rsa_lanes_workspace *space, unsigned lane,
		     const struct rsa_lane_job *job)
{
	const size_t size = job->key->bits / 8;
	uint8_t message[SIGNATURE_MAX];

	load_key(space, lane, job->key);
	encode(message, size, job->digest);
	lane_digits_from_bytes(lanes_of(space->message) + lane, RSA_LANES, 2 * job->key->digits,
			       bytes_of(message, size));
}

static void give_back(struct rsa_lanes_workspace *space, unsigned lane, struct rsa_lane_job *job,
		      bool has_failed)
{
	const size_t size = job->key->bits / 8;

	job->has_failed = has_failed;
	if (has_failed)
		memset(job->signature, 0, size);
	else
		lane_digits_to_bytes(lanes_of(space->signature) + lane, RSA_LANES,
				     2 * job->key->digits, job->signature, size);
}

static void load_jobs(struct rsa_lanes_workspace *space, const struct rsa_lane_job *jobs,
		      unsigned count)
{
	load_size(space, jobs[0].key);
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		const struct rsa_lane_job *job = &jobs[lane < count ? lane : 0];

		assert(job->key->digits == space->digits);
		load_job(space, lane, job);
	}
}

static __attribute__((noinline)) void sign_batch(struct rsa_lanes_workspace *space,
						 struct rsa_lane_job *jobs, unsigned count)
{
	lane_vec differences;

	load_jobs(space, jobs, count);
	powers_set(space);
	recombine(space);
	differences = check(space);
	LANE_DECLASSIFY(&differences, sizeof(differences));
	for (unsigned lane = 0; lane < count; lane++)
		give_back(space, lane, &jobs[lane], lanes_of(&differences)[lane] != 0);
}

static void lane_rsa_sign(struct rsa_lanes_workspace *space, struct rsa_lane_job *jobs,
			  unsigned count)
{
	assert(count >= 1 && count <= RSA_LANES);
	sign_batch(space, jobs, count);
	stack_wipe();
}

/* r = R^2 mod m, for m of `bits` bits: R by doubling 2^bits - m, then 2^k R, then squares. */
static void find_rr(lane_vec *r, const struct modulus *modulus, unsigned bits)
{
	const unsigned n = modulus->digits;
	unsigned doublings = DIGIT_BITS * n;
	unsigned squares = 0;

	for (; doublings % 2 == 0; doublings /= 2)
		squares++;
	for (unsigned i = 0; i < modulus->count; i++) {
		lane_vec *x = r + i * n;

		set_small(x, n, 0);
		x[bits / DIGIT_BITS] = lane_all((uint64_t)1 << bits % DIGIT_BITS);
		subtract_once(x, x, modulus->m + i * n, n);
		for (unsigned k = bits; k < DIGIT_BITS * n + doublings; k++) {
			add(x, x, x, n);
			subtract_once(x, x, modulus->m + i * n, n);
		}
	}
	for (; squares > 0; squares--)
		modulus->square(r, r, modulus);
	for (unsigned i = 0; i < modulus->count; i++)
		subtract_once(r + i * n, r + i * n, modulus->m + i * n, n);
}

static void store_number(struct rsa_lane_key *key, enum rsa_lane_number number, lane_vec *a,
			 unsigned n)
{
	uint64_t *digits = rsa_lane_key_number(key, number);

	for (unsigned j = 0; j < n; j++)
		digits[j] = lanes_of(a)[j * RSA_LANES];
}

static __attribute__((noinline)) void complete_key(struct rsa_lanes_workspace *space,
						   struct rsa_lane_key *key)
{
	const unsigned n = key->digits;
	lane_vec h[DIGITS_MAX];
	struct modulus modulus;

	load_size(space, key);
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		load_key(space, lane, key);
	for (unsigned i = 0; i < 2; i += space->together) {
		prime_modulus(&modulus, space, i * n);
		find_rr(space->primes_rr + i * n, &modulus, key->bits / 2);
	}
	prime_modulus(&modulus, space, 0);
	modulus.multiply(h, space->coefficient, space->primes_rr, &modulus);
	subtract_once(h, h, space->primes, n);
	store_number(key, RSA_LANE_COEFFICIENT, h, n);
	store_number(key, RSA_LANE_PRIMES_RR, space->primes_rr, 2 * n);
	modulus_set(&modulus, 2 * n, 1, space->modulus, space->modulus_rr);
	find_rr(space->modulus_rr, &modulus, key->bits);
	store_number(key, RSA_LANE_MODULUS_RR, space->modulus_rr, 2 * n);
}

static void lane_rsa_prepare(struct rsa_lanes_workspace *space, struct rsa_lane_key *key)
{
	complete_key(space, key);
	stack_wipe();
}

#endif
