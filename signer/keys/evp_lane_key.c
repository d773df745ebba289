/*
 * How it works: OpenSSL is asked for all numbers in one call. Without memory it may leave numbers out of what it
 * calls a success; one that was asked for the first prime alone would then get the second.
 */
#include "signer/keys/evp_lane_key.h"

#include "signer/keys/openssl_error.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#define MODULUS_SIZE_MAX (RSA_LANE_BITS_MAX / 8)
#define PRIME_SIZE_MAX	 (RSA_LANE_BITS_MAX / 16)
#define EXPONENT_SIZE	 4 /* more is not 65537 */
#define NUMBER_COUNT	 7

struct number_bytes {
	uint8_t modulus[MODULUS_SIZE_MAX];
	uint8_t public_exponent[EXPONENT_SIZE];
	uint8_t secrets[5][PRIME_SIZE_MAX];
	uint8_t third_prime[1];
};

/* From OpenSSL's form to bytes of the same size, in place. */
static int convert_number(const OSSL_PARAM *param, struct bytes *number_out)
{
	BIGNUM *number = BN_secure_new();
	int r = 0;

	if (number == NULL || OSSL_PARAM_get_BN(param, &number) != 1 ||
	    BN_bn2binpad(number, param->data, (int)param->data_size) < 0)
		r = openssl_error(-ENOMEM);
	BN_clear_free(number);
	*number_out = bytes_of(param->data, param->data_size);
	return r;
}

/* What OpenSSL has of the numbers of a key; one that is longer than it may be is that of an unfit key. */
static int get_params(EVP_PKEY *evp, OSSL_PARAM params[NUMBER_COUNT])
{
	bool is_done = EVP_PKEY_get_params(evp, params) == 1;

	for (size_t i = 0; i < NUMBER_COUNT; i++) {
		if (OSSL_PARAM_modified(&params[i]) && params[i].return_size > params[i].data_size)
			return openssl_error(EVP_LANE_KEY_E_UNFIT);
		is_done = is_done && OSSL_PARAM_modified(&params[i]);
	}
	/* Our keys have all numbers (key.c), so memory is all that can be missing. */
	return is_done ? 0 : openssl_error(-ENOMEM);
}

static int read_numbers(EVP_PKEY *evp, struct number_bytes *bytes, struct rsa_numbers *numbers)
{
	const size_t size = (size_t)EVP_PKEY_get_bits(evp) / 8;
	uint8_t(*secrets)[PRIME_SIZE_MAX] = bytes->secrets;
	struct bytes *const to[NUMBER_COUNT] = {
		&numbers->modulus,     &numbers->public_exponent, &numbers->prime1,
		&numbers->prime2,      &numbers->exponent1,	  &numbers->exponent2,
		&numbers->coefficient,
	};
	OSSL_PARAM params[] = {
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, bytes->modulus, size),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, bytes->public_exponent, EXPONENT_SIZE),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR1, secrets[0], size / 2),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR2, secrets[1], size / 2),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT1, secrets[2], size / 2),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT2, secrets[3], size / 2),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, secrets[4], size / 2),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR3, bytes->third_prime, 1),
		OSSL_PARAM_END,
	};
	int r = get_params(evp, params);

	if (OSSL_PARAM_modified(&params[NUMBER_COUNT]))
		return openssl_error(EVP_LANE_KEY_E_UNFIT);
	for (size_t i = 0; r == 0 && i < NUMBER_COUNT; i++)
		r = convert_number(&params[i], to[i]);
	return r;
}

/* The numbers of a key that the lanes can take. */
static int read_fit(EVP_PKEY *evp, struct number_bytes *bytes, struct rsa_numbers *numbers)
{
	int r;

	/* Not EVP_PKEY_is_a(): that needs memory, and without it says no. */
	if (EVP_PKEY_get_base_id(evp) != EVP_PKEY_RSA ||
	    !rsa_lane_key_has_bits((size_t)EVP_PKEY_get_bits(evp)))
		return EVP_LANE_KEY_E_UNFIT;
	r = read_numbers(evp, bytes, numbers);
	return r == 0 && !rsa_lane_key_is_fit(numbers) ? EVP_LANE_KEY_E_UNFIT : r;
}

int evp_lane_key_check(EVP_PKEY *evp)
{
	struct number_bytes bytes;
	struct rsa_numbers numbers;
	int r = read_fit(evp, &bytes, &numbers);

	OPENSSL_cleanse(&bytes, sizeof(bytes));
	return r;
}

int evp_lane_key_set(struct rsa_lane_key *key, EVP_PKEY *evp)
{
	struct number_bytes bytes;
	struct rsa_numbers numbers;
	int r = read_fit(evp, &bytes, &numbers);

	if (r == 0)
		rsa_lane_key_set(key, &numbers);
	OPENSSL_cleanse(&bytes, sizeof(bytes));
	return r;
}
