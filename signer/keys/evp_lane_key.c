#include "signer/keys/evp_lane_key.h"

#include "signer/keys/openssl_error.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

#define MODULUS_SIZE_MAX (RSA_LANE_BITS_MAX / 8)
#define PRIME_SIZE_MAX	 (RSA_LANE_BITS_MAX / 16)
#define EXPONENT_SIZE	 4 /* more is not 65537 */

struct number_bytes {
	uint8_t modulus[MODULUS_SIZE_MAX];
	uint8_t public_exponent[EXPONENT_SIZE];
	uint8_t secrets[5][PRIME_SIZE_MAX];
};

/* A number padded to `size` bytes; one that is longer is that of an unfit key. */
static int read_number(EVP_PKEY *evp, const char *name, uint8_t *data, size_t size,
		       struct bytes *number_out)
{
	BIGNUM *number = BN_secure_new();
	int r = 0;

	if (number == NULL || EVP_PKEY_get_bn_param(evp, name, &number) != 1)
		r = openssl_error(EVP_LANE_KEY_E_UNFIT);
	else if (BN_bn2binpad(number, data, (int)size) < 0)
		r = openssl_error(EVP_LANE_KEY_E_UNFIT);
	BN_clear_free(number);
	*number_out = bytes_of(data, size);
	return r;
}

static int read_numbers(EVP_PKEY *evp, struct number_bytes *bytes, struct rsa_numbers *numbers)
{
	const struct {
		const char *name;
		struct bytes *to;
	} secrets[] = {
		{OSSL_PKEY_PARAM_RSA_FACTOR1, &numbers->prime1},
		{OSSL_PKEY_PARAM_RSA_FACTOR2, &numbers->prime2},
		{OSSL_PKEY_PARAM_RSA_EXPONENT1, &numbers->exponent1},
		{OSSL_PKEY_PARAM_RSA_EXPONENT2, &numbers->exponent2},
		{OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &numbers->coefficient},
	};
	const size_t size = (size_t)EVP_PKEY_get_bits(evp) / 8;
	int r = read_number(evp, OSSL_PKEY_PARAM_RSA_N, bytes->modulus, size, &numbers->modulus);

	if (r == 0)
		r = read_number(evp, OSSL_PKEY_PARAM_RSA_E, bytes->public_exponent,
				sizeof(bytes->public_exponent), &numbers->public_exponent);
	for (size_t i = 0; r == 0 && i < ARRAY_COUNT(secrets); i++)
		r = read_number(evp, secrets[i].name, bytes->secrets[i], size / 2, secrets[i].to);
	return r;
}

int evp_lane_key_set(struct rsa_lane_key *key, EVP_PKEY *evp)
{
	struct number_bytes bytes;
	struct rsa_numbers numbers;
	int r = EVP_LANE_KEY_E_UNFIT;

	if (!EVP_PKEY_is_a(evp, "RSA") || !rsa_lane_key_has_bits((size_t)EVP_PKEY_get_bits(evp)))
		return EVP_LANE_KEY_E_UNFIT;
	r = read_numbers(evp, &bytes, &numbers);
	if (r == 0 && !rsa_lane_key_is_fit(&numbers))
		r = EVP_LANE_KEY_E_UNFIT;
	if (r == 0)
		rsa_lane_key_set(key, &numbers);
	OPENSSL_cleanse(&bytes, sizeof(bytes));
	return r;
}
