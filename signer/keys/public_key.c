/*
 * How it works: our own reader (der.h) takes the numbers out of the record, because OpenSSL's
 * general decoder tries every format that it knows: twenty times the time for bytes that anyone
 * can put into DNS. The numbers are bounded before OpenSSL sees them: the time of one
 * verification grows with the square of the modulus, and with the exponent.
 */
#include "signer/keys/public_key.h"

#include "signer/keys/der.h"
#include "signer/keys/openssl_error.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#define ED25519_KEY_SIZE      32
#define ED25519_BITS	      256
#define RSA_EXPONENT_SIZE_MAX 8

struct public_key {
	enum key_type type;
	unsigned bits;
	EVP_PKEY *evp;
	struct buffer record;
};

const char *key_type_name(enum key_type type)
{
	return type == KEY_RSA ? "rsa" : "ed25519";
}

unsigned rsa_bits(struct bytes modulus)
{
	unsigned bits = (unsigned)modulus.size * 8;

	if (modulus.size == 0)
		return 0;
	for (uint8_t top = modulus.data[0]; top < 0x80; top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

static bool is_odd(struct bytes number)
{
	return number.size > 0 && (number.data[number.size - 1] & 1) != 0;
}

static int rsa_check(struct bytes modulus, struct bytes exponent)
{
	if (!is_odd(modulus) || !is_odd(exponent) || (exponent.size == 1 && exponent.data[0] == 1))
		return PUBLIC_KEY_E_MALFORMED;
	if (rsa_bits(modulus) < RSA_BITS_MIN)
		return PUBLIC_KEY_E_TOO_SMALL;
	if (rsa_bits(modulus) > RSA_BITS_MAX || exponent.size > RSA_EXPONENT_SIZE_MAX)
		return PUBLIC_KEY_E_TOO_LARGE;
	return 0;
}

/* RFC 8017 A.1.1: RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
static int rsa_append_key(struct bytes modulus, struct bytes exponent, struct buffer *output)
{
	struct buffer numbers = {0};
	int r = der_append_unsigned(&numbers, modulus);

	if (r == 0)
		r = der_append_unsigned(&numbers, exponent);
	if (r == 0)
		r = der_append(output, DER_SEQUENCE, buffer_bytes(&numbers));
	buffer_deinit(&numbers);
	return r;
}

/* RFC 5280 4.1: SEQUENCE { SEQUENCE { OID, NULL }, BIT STRING } */
int public_key_append_rsa(struct bytes modulus, struct bytes exponent, struct buffer *output)
{
	struct buffer algorithm = {0};
	struct buffer info = {0};
	struct buffer key = {0};
	int r = rsa_check(modulus, exponent);

	if (r == 0)
		r = der_append(&algorithm, DER_OID, DER_OID_RSA_ENCRYPTION);
	if (r == 0)
		r = der_append(&algorithm, DER_NULL, bytes_of(NULL, 0));
	if (r == 0)
		r = der_append(&info, DER_SEQUENCE, buffer_bytes(&algorithm));
	if (r == 0)
		r = rsa_append_key(modulus, exponent, &key);
	if (r == 0)
		r = der_append_bit_string(&info, buffer_bytes(&key));
	if (r == 0)
		r = der_append(output, DER_SEQUENCE, buffer_bytes(&info));
	buffer_deinit(&algorithm);
	buffer_deinit(&info);
	buffer_deinit(&key);
	return r;
}

/* Finds the two numbers in either form of the record. */
static bool rsa_take_numbers(struct bytes record, struct bytes *modulus_out,
			     struct bytes *exponent_out)
{
	struct bytes outer;
	struct bytes algorithm;
	struct bytes oid;
	struct bytes key;

	if (!der_take(&record, DER_SEQUENCE, &outer) || record.size != 0)
		return false;
	if (der_take(&outer, DER_SEQUENCE, &algorithm)) {
		if (!der_take(&algorithm, DER_OID, &oid) ||
		    !bytes_equal(oid, DER_OID_RSA_ENCRYPTION) ||
		    !der_take_bit_string(&outer, &key) || outer.size != 0)
			return false;
		if (!der_take(&key, DER_SEQUENCE, &outer) || key.size != 0)
			return false;
	}
	return der_take_unsigned(&outer, modulus_out) && der_take_unsigned(&outer, exponent_out) &&
	       outer.size == 0;
}

static int rsa_make_evp(struct bytes modulus, struct bytes exponent, EVP_PKEY **evp_out)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.size, NULL);
	BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.size, NULL);
	OSSL_PARAM *params = NULL;
	int r = 0;

	if (builder != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(builder);
	/* The numbers were checked, so memory is all that can be missing. */
	if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, evp_out, EVP_PKEY_PUBLIC_KEY, params) != 1)
		r = openssl_error(-ENOMEM);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	EVP_PKEY_CTX_free(context);
	return r;
}

static int rsa_init(struct public_key *key, struct bytes record)
{
	struct bytes modulus;
	struct bytes exponent;
	int r;

	if (!rsa_take_numbers(record, &modulus, &exponent))
		return PUBLIC_KEY_E_MALFORMED;
	r = public_key_append_rsa(modulus, exponent, &key->record);
	if (r != 0)
		return r;
	key->bits = rsa_bits(modulus);
	return rsa_make_evp(modulus, exponent, &key->evp);
}

static int ed25519_init(struct public_key *key, struct bytes record)
{
	if (record.size != ED25519_KEY_SIZE)
		return PUBLIC_KEY_E_MALFORMED;
	key->bits = ED25519_BITS;
	key->evp = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, record.data, record.size);
	if (key->evp == NULL)
		return openssl_error(-ENOMEM);
	return buffer_append(&key->record, record);
}

int public_key_new(enum key_type type, struct bytes record, struct public_key **key_out)
{
	struct public_key *key = calloc(1, sizeof(*key));
	int r;

	if (key == NULL)
		return -ENOMEM;
	key->type = type;
	r = type == KEY_RSA ? rsa_init(key, record) : ed25519_init(key, record);
	if (r != 0) {
		public_key_free(key);
		return r;
	}
	*key_out = key;
	return 0;
}

void public_key_free(struct public_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->evp);
	buffer_deinit(&key->record);
	free(key);
}

enum key_type public_key_type(const struct public_key *key)
{
	return key->type;
}

unsigned public_key_bits(const struct public_key *key)
{
	return key->bits;
}

struct bytes public_key_record(const struct public_key *key)
{
	return buffer_bytes(&key->record);
}

static int rsa_verify(const struct public_key *key, const uint8_t *digest, struct bytes signature)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->evp, NULL);
	int r = 0;

	if (context == NULL || EVP_PKEY_verify_init(context) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1)
		r = openssl_error(-ENOMEM);
	else if (EVP_PKEY_verify(context, signature.data, signature.size, digest, DIGEST_SIZE) != 1)
		r = openssl_error(PUBLIC_KEY_E_MISMATCH);
	EVP_PKEY_CTX_free(context);
	return r;
}

static int ed25519_verify(const struct public_key *key, const uint8_t *digest,
			  struct bytes signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int r = 0;

	if (context == NULL ||
	    EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, key->evp, NULL) != 1)
		r = openssl_error(-ENOMEM);
	else if (EVP_DigestVerify(context, signature.data, signature.size, digest, DIGEST_SIZE) !=
		 1)
		r = openssl_error(PUBLIC_KEY_E_MISMATCH);
	EVP_MD_CTX_free(context);
	return r;
}

int public_key_verify(const struct public_key *key, const uint8_t digest[DIGEST_SIZE],
		      struct bytes signature)
{
	if (signature.size == 0)
		return PUBLIC_KEY_E_MISMATCH;
	return key->type == KEY_RSA ? rsa_verify(key, digest, signature)
				    : ed25519_verify(key, digest, signature);
}

int public_key_append_p(struct bytes record, struct buffer *output)
{
	size_t size = (record.size + 2) / 3 * 4;
	int r = buffer_reserve(output, size + 1); /* OpenSSL adds a NUL */

	if (r != 0)
		return r;
	(void)EVP_EncodeBlock(output->data + output->size, record.data, (int)record.size);
	output->size += size;
	return 0;
}
