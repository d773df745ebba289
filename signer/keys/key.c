/*
 * How it works: der.h takes the numbers out of the text in place, and OpenSSL gets them one by
 * one: its general decoder takes fifty times as long, and copies the key about. The first element
 * that does not fit tells what the bytes are instead, for the error text.
 *
 * Checks of an RSA key: the numbers of the Chinese remainder theorem, five, and three more for each
 * further prime, belong to n, e and d (without that, OpenSSL finds each result wrong and computes it
 * again, four times slower), and one signature verifies. That the primes are primes is not tested: a
 * composite shows in the signature.
 */
#include "signer/keys/key.h"

#include "signer/keys/der.h"
#include "signer/keys/evp_lane_key.h"
#include "signer/keys/evp_signer.h"
#include "signer/keys/key_text.h"
#include "signer/keys/openssl_error.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ED25519_SIZE	       32
#define ED25519_BITS	       256
#define ED25519_SIGNATURE_SIZE 64

struct key {
	atomic_uint_fast64_t
		references; /* all of them, and KEPT for each that only keeps the key */
	enum key_type type;
	unsigned bits;
	bool fits_lanes;
	EVP_PKEY *evp;
	struct buffer public_record;
};

#define KEPT ((uint_fast64_t)1 << 32)

/* RFC 8017 A.1.2, in the order of the file. */
enum rsa_number { RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QINV, RSA_FIRST_OTHER };

/* Of each further prime: the prime, its exponent, its coefficient. */
#define RSA_OTHER_NUMBERS 3
#define RSA_OTHERS_MAX	  3 /* as many as OpenSSL takes */
#define RSA_NUMBERS_MAX	  (RSA_FIRST_OTHER + RSA_OTHERS_MAX * RSA_OTHER_NUMBERS)

static const char *const rsa_params[RSA_NUMBERS_MAX] = {
	OSSL_PKEY_PARAM_RSA_N,
	OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D,
	OSSL_PKEY_PARAM_RSA_FACTOR1,
	OSSL_PKEY_PARAM_RSA_FACTOR2,
	OSSL_PKEY_PARAM_RSA_EXPONENT1,
	OSSL_PKEY_PARAM_RSA_EXPONENT2,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	OSSL_PKEY_PARAM_RSA_FACTOR3,
	OSSL_PKEY_PARAM_RSA_EXPONENT3,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT2,
	OSSL_PKEY_PARAM_RSA_FACTOR4,
	OSSL_PKEY_PARAM_RSA_EXPONENT4,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT3,
	OSSL_PKEY_PARAM_RSA_FACTOR5,
	OSSL_PKEY_PARAM_RSA_EXPONENT5,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT4,
};

/* What a file has of them: RSA_FIRST_OTHER with two primes. */
struct rsa_magnitudes {
	struct bytes numbers[RSA_NUMBERS_MAX];
	size_t count;
};

/* What one key_new() works with. */
struct key_reading {
	const char *name;
	unsigned rsa_bits_min;
	struct key *key;
	struct key_problem *problem;
};

static int malformed(struct key_reading *reading)
{
	return key_problem_set(reading->problem, KEY_E_MALFORMED,
			       "%s: the private key is cut short or damaged", reading->name);
}

static int broken(struct key_reading *reading)
{
	return key_problem_set(reading->problem, KEY_E_BROKEN,
			       "%s: the parts of the private key do not belong together",
			       reading->name);
}

static int unsupported(struct key_reading *reading, const char *what)
{
	return key_problem_set(reading->problem, KEY_E_UNSUPPORTED,
			       "%s: %s; DKIM knows RSA and Ed25519", reading->name, what);
}

static int not_private(struct key_reading *reading, const char *what)
{
	return key_problem_set(reading->problem, KEY_E_NOT_PRIVATE, "%s: %s, not a private key",
			       reading->name, what);
}

/* (a * b) mod m is 1. */
static bool is_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *context)
{
	BIGNUM *product;
	bool is_one;

	BN_CTX_start(context);
	product = BN_CTX_get(context);
	is_one = product != NULL && BN_mod_mul(product, a, b, m, context) == 1 &&
		 BN_is_one(product);
	BN_CTX_end(context);
	return is_one;
}

/* RFC 8017 3.2: of one prime, its exponent and d. */
static bool rsa_prime_belongs(const BIGNUM *prime, const BIGNUM *exponent,
			      BIGNUM *const numbers[RSA_NUMBERS_MAX], BN_CTX *context)
{
	BIGNUM *less_one;
	bool is_good;

	BN_CTX_start(context);
	less_one = BN_CTX_get(context);
	is_good = less_one != NULL && BN_sub(less_one, prime, BN_value_one()) == 1 &&
		  is_inverse(numbers[RSA_D], numbers[RSA_E], less_one, context) &&
		  is_inverse(exponent, numbers[RSA_E], less_one, context);
	BN_CTX_end(context);
	return is_good;
}

/* RFC 8017 3.2: of a further prime, with the product of those before it, which it joins. */
static bool rsa_other_belongs(BIGNUM *const other[RSA_OTHER_NUMBERS], BIGNUM *product,
			      BIGNUM *const numbers[RSA_NUMBERS_MAX], BN_CTX *context)
{
	return rsa_prime_belongs(other[0], other[1], numbers, context) &&
	       is_inverse(other[2], product, other[0], context) &&
	       BN_mul(product, product, other[0], context) == 1;
}

static bool rsa_belong_together(BIGNUM *const numbers[RSA_NUMBERS_MAX], size_t count,
				BN_CTX *context)
{
	BIGNUM *product;
	bool is_good;

	BN_CTX_start(context);
	product = BN_CTX_get(context);
	is_good = product != NULL &&
		  rsa_prime_belongs(numbers[RSA_P], numbers[RSA_DP], numbers, context) &&
		  rsa_prime_belongs(numbers[RSA_Q], numbers[RSA_DQ], numbers, context) &&
		  is_inverse(numbers[RSA_QINV], numbers[RSA_Q], numbers[RSA_P], context) &&
		  BN_mul(product, numbers[RSA_P], numbers[RSA_Q], context) == 1;
	for (size_t i = RSA_FIRST_OTHER; is_good && i < count; i += RSA_OTHER_NUMBERS)
		is_good = rsa_other_belongs(numbers + i, product, numbers, context);
	is_good = is_good && BN_cmp(product, numbers[RSA_N]) == 0;
	BN_CTX_end(context);
	return is_good;
}

static int rsa_make_evp(struct key_reading *reading, BIGNUM *const numbers[RSA_NUMBERS_MAX],
			size_t count)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	bool is_good = context != NULL && builder != NULL;
	int r = 0;

	for (size_t i = 0; is_good && i < count; i++)
		is_good = OSSL_PARAM_BLD_push_BN(builder, rsa_params[i], numbers[i]) == 1;
	if (is_good)
		params = OSSL_PARAM_BLD_to_param(builder);
	/* The numbers were checked, so memory is all that can be missing. */
	if (params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &reading->key->evp, EVP_PKEY_KEYPAIR, params) != 1)
		r = openssl_error(-ENOMEM);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return r;
}

static int rsa_set_numbers(struct key_reading *reading, const struct rsa_magnitudes *magnitudes)
{
	BIGNUM *numbers[RSA_NUMBERS_MAX] = {NULL};
	BN_CTX *context = BN_CTX_secure_new();
	int r = context == NULL ? openssl_error(-ENOMEM) : 0;

	/* Secure numbers are wiped when freed, and so are copies that OpenSSL makes of them. */
	for (size_t i = 0; r == 0 && i < magnitudes->count; i++) {
		struct bytes magnitude = magnitudes->numbers[i];

		numbers[i] = BN_secure_new();
		if (numbers[i] == NULL ||
		    BN_bin2bn(magnitude.data, (int)magnitude.size, numbers[i]) == NULL)
			r = openssl_error(-ENOMEM);
	}
	if (r == 0 && !rsa_belong_together(numbers, magnitudes->count, context)) {
		r = openssl_error(KEY_E_BROKEN);
		r = r == KEY_E_BROKEN ? broken(reading) : r;
	}
	if (r == 0)
		r = rsa_make_evp(reading, numbers, magnitudes->count);
	for (size_t i = 0; i < magnitudes->count; i++)
		BN_clear_free(numbers[i]);
	BN_CTX_free(context);
	return r;
}

/* Size and public numbers: before OpenSSL computes with them. */
static int rsa_check_public(struct key_reading *reading, struct bytes modulus,
			    struct bytes exponent)
{
	unsigned bits = rsa_bits(modulus);
	unsigned bits_min = reading->rsa_bits_min > RSA_BITS_MIN ? reading->rsa_bits_min
								 : RSA_BITS_MIN;
	int r;

	if (bits < bits_min)
		return key_problem_set(reading->problem, KEY_E_TOO_SMALL,
				       "%s: private key too small (%u bits, need at least %u)",
				       reading->name, bits, bits_min);
	if (bits > RSA_BITS_MAX)
		return key_problem_set(reading->problem, KEY_E_TOO_LARGE,
				       "%s: private key too large (%u bits, at most %u)",
				       reading->name, bits, RSA_BITS_MAX);
	r = public_key_append_rsa(modulus, exponent, &reading->key->public_record);
	if (r == PUBLIC_KEY_E_TOO_LARGE)
		return key_problem_set(reading->problem, KEY_E_TOO_LARGE,
				       "%s: the public exponent is too large", reading->name);
	if (r > 0)
		return broken(reading);
	reading->key->type = KEY_RSA;
	reading->key->bits = bits;
	return r;
}

/* Until there are so many numbers; false: there are not. */
static bool take_numbers(struct bytes *content, struct rsa_magnitudes *magnitudes, size_t count)
{
	while (magnitudes->count < count &&
	       der_take_unsigned(content, &magnitudes->numbers[magnitudes->count]))
		magnitudes->count++;
	return magnitudes->count == count;
}

/* RFC 8017 A.1.2: OtherPrimeInfos, a SEQUENCE of at least one SEQUENCE. */
static int read_rsa_others(struct key_reading *reading, struct bytes *content,
			   struct rsa_magnitudes *magnitudes)
{
	struct bytes others;
	struct bytes other;

	if (!der_take(content, DER_SEQUENCE, &others) || others.size == 0)
		return malformed(reading);
	while (others.size > 0) {
		if (magnitudes->count == RSA_NUMBERS_MAX)
			return unsupported(reading, "an RSA key with more than five primes");
		if (!der_take(&others, DER_SEQUENCE, &other) ||
		    !take_numbers(&other, magnitudes, magnitudes->count + RSA_OTHER_NUMBERS) ||
		    other.size != 0)
			return malformed(reading);
	}
	return 0;
}

/* `content` is what is in an RSAPrivateKey, from the version on. */
static int read_rsa(struct key_reading *reading, struct bytes content)
{
	struct rsa_magnitudes magnitudes = {.count = 0};
	const struct bytes *numbers = magnitudes.numbers;
	struct bytes version;
	int r = 0;

	if (!der_take_unsigned(&content, &version) ||
	    !take_numbers(&content, &magnitudes, RSA_FIRST_OTHER))
		return malformed(reading);
	/* 0, or 1 if there are more than two primes. */
	if (bytes_equal(version, BYTES_LITERAL("\x01")))
		r = read_rsa_others(reading, &content, &magnitudes);
	else if (version.size != 0)
		r = malformed(reading);
	if (r != 0)
		return r;
	if (content.size != 0)
		return malformed(reading);
	r = rsa_check_public(reading, numbers[RSA_N], numbers[RSA_E]);
	if (r != 0)
		return r;
	/* Bounds the arithmetic of the checks; n has at most RSA_BITS_MAX. */
	for (size_t i = RSA_D; i < magnitudes.count; i++) {
		if (numbers[i].size == 0 || numbers[i].size > numbers[RSA_N].size)
			return broken(reading);
	}
	return rsa_set_numbers(reading, &magnitudes);
}

/* RFC 5958 2: a newer file may carry the public key, too, and then it must be the right one. */
static bool ed25519_public_differs(struct bytes public_key, struct bytes content)
{
	struct bytes attributes;
	struct bytes given;

	/* [0] attributes, constructed */
	(void)!der_take(&content, 0xa0, &attributes);
	if (!der_take(&content, DER_CONTEXT_1, &given))
		return content.size != 0;
	return given.size != 1 + ED25519_SIZE || !bytes_equal(bytes_skip(given, 1), public_key);
}

/* RFC 8410 7: `private_key` holds an OCTET STRING; `rest` is what follows it in the file. */
static int read_ed25519(struct key_reading *reading, struct bytes private_key, struct bytes rest)
{
	uint8_t public_key[ED25519_SIZE];
	size_t public_size = sizeof(public_key);
	struct key *key = reading->key;
	struct bytes seed;

	if (!der_take(&private_key, DER_OCTET_STRING, &seed) || seed.size != ED25519_SIZE)
		return malformed(reading);
	key->type = KEY_ED25519;
	key->bits = ED25519_BITS;
	key->evp = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed.data, seed.size);
	if (key->evp == NULL ||
	    EVP_PKEY_get_raw_public_key(key->evp, public_key, &public_size) != 1)
		return openssl_error(-ENOMEM); /* any 32 bytes are a key */
	if (ed25519_public_differs(bytes_of(public_key, public_size), rest))
		return broken(reading);
	return buffer_append(&key->public_record, bytes_of(public_key, public_size));
}

/* RFC 5208 5: `algorithm` is the AlgorithmIdentifier; `rest` begins with the OCTET STRING. */
static int read_pkcs8(struct key_reading *reading, struct bytes algorithm, struct bytes rest)
{
	struct bytes private_key;
	struct bytes numbers;
	struct bytes oid;

	if (!der_take(&algorithm, DER_OID, &oid) ||
	    !der_take(&rest, DER_OCTET_STRING, &private_key))
		return malformed(reading);
	if (bytes_equal(oid, DER_OID_ED25519))
		return read_ed25519(reading, private_key, rest);
	if (bytes_equal(oid, DER_OID_RSA_ENCRYPTION)) {
		if (!der_take(&private_key, DER_SEQUENCE, &numbers))
			return malformed(reading);
		return read_rsa(reading, numbers);
	}
	if (bytes_equal(oid, DER_OID_EC_PUBLIC_KEY))
		return unsupported(reading, "an EC private key");
	if (bytes_equal(oid, DER_OID_RSA_PSS))
		return unsupported(reading, "an RSA key that may only be used for PSS");
	return unsupported(reading, "a private key of an unknown type");
}

/* The outer SEQUENCE begins with a SEQUENCE: nothing that we can use, but what? */
static int explain_not_private(struct key_reading *reading, struct bytes after_first)
{
	struct bytes element;

	if (der_take(&after_first, DER_BIT_STRING, &element))
		return not_private(reading, "a public key");
	if (der_take(&after_first, DER_SEQUENCE, &element))
		return not_private(reading, "a certificate");
	if (der_take(&after_first, DER_OCTET_STRING, &element))
		return key_problem_set(reading->problem, KEY_E_ENCRYPTED,
				       "%s: the private key is encrypted; a daemon cannot ask for "
				       "its passphrase",
				       reading->name);
	return malformed(reading);
}

static int read_der(struct key_reading *reading, struct bytes der)
{
	struct bytes outer;
	struct bytes rest;
	struct bytes version;
	struct bytes element;

	/* What follows the key in a DER file is ignored, as other programs do. */
	if (!der_take(&der, DER_SEQUENCE, &outer))
		return malformed(reading);
	rest = outer;
	if (der_take(&rest, DER_SEQUENCE, &element))
		return explain_not_private(reading, rest);
	if (!der_take_unsigned(&rest, &version))
		return malformed(reading);
	if (der_take(&rest, DER_SEQUENCE, &element))
		return read_pkcs8(reading, element, rest);
	/* RFC 5915 3: ECPrivateKey */
	if (der_take(&rest, DER_OCTET_STRING, &element))
		return unsupported(reading, "an EC private key");
	if (der_take_unsigned(&rest, &element) && rest.size == 0)
		return not_private(reading, "a public key");
	return read_rsa(reading, outer);
}

static int verify_own_signature(struct key *key)
{
	static const uint8_t digest[DIGEST_SIZE] = {1};
	uint8_t signature[SIGNATURE_SIZE_MAX];
	struct public_key *public_key = NULL;
	struct evp_signer signer;
	size_t size;
	int r = evp_signer_init(&signer, key->type, key->evp);

	if (r != 0)
		return r;
	r = evp_signer_sign(&signer, digest, signature, &size);
	if (r == 0 && size != key_signature_size(key))
		r = EVP_SIGNER_E_FAILED;
	if (r == 0)
		r = public_key_new(key->type, key_public(key), &public_key);
	if (r == 0)
		r = public_key_verify(public_key, digest, bytes_of(signature, size));
	public_key_free(public_key);
	evp_signer_deinit(&signer);
	return r;
}

static int find_whether_it_fits_lanes(struct key *key)
{
	int r = evp_lane_key_check(key->evp);

	key->fits_lanes = r == 0;
	return r == EVP_LANE_KEY_E_UNFIT ? 0 : r;
}

int key_new(const char *name, struct bytes text, unsigned rsa_bits_min, struct key **key_out,
	    struct key_problem *problem)
{
	struct key_reading reading = {name, rsa_bits_min, calloc(1, sizeof(*reading.key)), problem};
	struct secret_memory memory = {0};
	struct bytes der;
	int r;

	if (reading.key == NULL)
		return -ENOMEM;
	atomic_init(&reading.key->references, 1);
	r = key_text_find(name, text, &memory, &der, problem);
	if (r == 0)
		r = read_der(&reading, der);
	secret_memory_deinit(&memory);
	if (r == 0) {
		r = verify_own_signature(reading.key);
		if (r > 0)
			r = broken(&reading);
	}
	if (r == 0)
		r = find_whether_it_fits_lanes(reading.key);
	if (r != 0) {
		key_unref(reading.key);
		return r;
	}
	*key_out = reading.key;
	return 0;
}

struct key *key_ref(struct key *key)
{
	(void)atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
	return key;
}

static void give_up(struct key *key, uint_fast64_t references)
{
	if (atomic_fetch_sub_explicit(&key->references, references, memory_order_acq_rel) !=
	    references)
		return;
	EVP_PKEY_free(key->evp);
	buffer_deinit(&key->public_record);
	free(key);
}

void key_unref(struct key *key)
{
	if (key != NULL)
		give_up(key, 1);
}

struct key *key_keep(struct key *key)
{
	(void)atomic_fetch_add_explicit(&key->references, KEPT + 1, memory_order_relaxed);
	return key;
}

void key_let_go(struct key *key)
{
	if (key != NULL)
		give_up(key, KEPT + 1);
}

bool key_is_used(const struct key *key)
{
	uint_fast64_t references = atomic_load_explicit(&key->references, memory_order_relaxed);

	return references % KEPT > references / KEPT;
}

enum key_type key_type(const struct key *key)
{
	return key->type;
}

unsigned key_bits(const struct key *key)
{
	return key->bits;
}

bool key_fits_lanes(const struct key *key)
{
	return key->fits_lanes;
}

size_t key_signature_size(const struct key *key)
{
	return key->type == KEY_RSA ? (key->bits + 7) / 8 : ED25519_SIGNATURE_SIZE;
}

struct bytes key_public(const struct key *key)
{
	return buffer_bytes(&key->public_record);
}

struct evp_pkey_st *key_evp(const struct key *key)
{
	return key->evp;
}
