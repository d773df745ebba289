#include "tests/unit/rsa_pool.h"

#include "tests/unit/unit_test.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

static BIGNUM *read_prime(unsigned bits, unsigned index)
{
	char path[512];
	char line[1200];
	char number[1100];
	unsigned line_bits;
	BIGNUM *prime = NULL;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/vectors/rsa_primes.txt", getenv("TEST_DATA"));
	file = fopen(path, "re");
	assert_non_null(file);
	while (prime == NULL && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%u %1099s", &line_bits, number) == 2 && line_bits == bits &&
		    index-- == 0)
			assert_true(BN_hex2bn(&prime, number) > 0);
	}
	(void)fclose(file);
	assert_non_null(prime);
	return prime;
}

struct numbers {
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
};

static void numbers_set(struct numbers *x, unsigned bits, unsigned index)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *p1 = BN_new();
	BIGNUM *q1 = BN_new();
	BIGNUM *phi = BN_new();
	unsigned first = 0;
	unsigned second;

	while (index >= RSA_POOL_PRIMES - 1 - first)
		index -= RSA_POOL_PRIMES - 1 - first++;
	second = first + 1 + index;
	x->p = read_prime(bits / 2, first);
	x->q = read_prime(bits / 2, second);
	if (BN_cmp(x->p, x->q) < 0)
		BN_swap(x->p, x->q);
	x->n = BN_new();
	x->e = BN_new();
	x->dp = BN_new();
	x->dq = BN_new();
	assert_int_equal(BN_mul(x->n, x->p, x->q, context), 1);
	assert_int_equal(BN_set_word(x->e, RSA_LANE_EXPONENT), 1);
	assert_true(BN_sub(p1, x->p, BN_value_one()) && BN_sub(q1, x->q, BN_value_one()) &&
		    BN_mul(phi, p1, q1, context));
	x->d = BN_mod_inverse(NULL, x->e, phi, context);
	x->qinv = BN_mod_inverse(NULL, x->q, x->p, context);
	assert_true(x->d != NULL && x->qinv != NULL);
	assert_true(BN_mod(x->dp, x->d, p1, context) && BN_mod(x->dq, x->d, q1, context));
	BN_free(p1);
	BN_free(q1);
	BN_free(phi);
	BN_CTX_free(context);
}

static EVP_PKEY *make_evp(const struct numbers *x)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *evp = NULL;

	assert_true(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, x->n) &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, x->e) &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, x->d) &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_FACTOR1, x->p) &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_FACTOR2, x->q) &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_EXPONENT1, x->dp) &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_EXPONENT2, x->dq) &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, x->qinv));
	params = OSSL_PARAM_BLD_to_param(builder);
	assert_non_null(params);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &evp, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return evp;
}

/* Behind what was written before. */
static struct bytes write_number(uint8_t **at, const BIGNUM *number, size_t size)
{
	struct bytes bytes = bytes_of(*at, size);

	assert_int_equal(BN_bn2binpad(number, *at, (int)size), (int)size);
	*at += size;
	return bytes;
}

struct rsa_pool_key *rsa_pool_key_new(unsigned bits, unsigned index)
{
	struct rsa_pool_key *key = calloc(1, sizeof(*key));
	const size_t half = bits / 16;
	struct numbers x;
	uint8_t *at;

	assert_non_null(key);
	numbers_set(&x, bits, index);
	key->evp = make_evp(&x);
	at = key->bytes;
	key->numbers = (struct rsa_numbers){
		.modulus = write_number(&at, x.n, 2 * half),
		.public_exponent = write_number(&at, x.e, 3),
		.prime1 = write_number(&at, x.p, half),
		.prime2 = write_number(&at, x.q, half),
		.exponent1 = write_number(&at, x.dp, half),
		.exponent2 = write_number(&at, x.dq, half),
		.coefficient = write_number(&at, x.qinv, half),
	};
	for (size_t i = 0; i < sizeof(x) / sizeof(BIGNUM *); i++)
		BN_free(((BIGNUM *const *)(const void *)&x)[i]);
	return key;
}

void rsa_pool_key_free(struct rsa_pool_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->evp);
	free(key);
}

size_t rsa_pool_sign(const struct rsa_pool_key *key, const uint8_t *digest, uint8_t *signature)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->evp, NULL);
	size_t size = RSA_LANE_BITS_MAX / 8;

	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_sign(context, signature, &size, digest, 32), 1);
	EVP_PKEY_CTX_free(context);
	return size;
}

bool rsa_pool_verifies(const struct rsa_pool_key *key, const uint8_t *digest,
		       const uint8_t *signature)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->evp, NULL);
	bool verifies;

	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
	verifies = EVP_PKEY_verify(context, signature, key->numbers.modulus.size, digest, 32) == 1;
	EVP_PKEY_CTX_free(context);
	return verifies;
}
