#include "tests/unit/key_samples.h"

#include "signer/keys/der.h"
#include "tests/unit/unit_test.h"

#include <openssl/bio.h>
#include <openssl/encoder.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

EVP_PKEY *sample_rsa(unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);

	assert_non_null(key);
	return key;
}

EVP_PKEY *sample_rsa_with(unsigned bits, unsigned long exponent, unsigned primes)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *number = BN_new();
	EVP_PKEY *key = NULL;

	assert_int_equal(BN_set_word(number, exponent), 1);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, number), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_primes(context, (int)primes), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	BN_free(number);
	EVP_PKEY_CTX_free(context);
	return key;
}

EVP_PKEY *sample_ed25519(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	assert_non_null(key);
	return key;
}

EVP_PKEY *sample_ec(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_non_null(key);
	return key;
}

static int write_certificate(BIO *bio, EVP_PKEY *key, bool is_pem)
{
	X509 *certificate = X509_new();
	int r;

	assert_non_null(certificate);
	assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 1000));
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	r = is_pem ? PEM_write_bio_X509(bio, certificate) : i2d_X509_bio(bio, certificate);
	X509_free(certificate);
	return r;
}

static int write_encoded(BIO *bio, EVP_PKEY *key, int selection, const char *type,
			 const char *structure)
{
	OSSL_ENCODER_CTX *context = OSSL_ENCODER_CTX_new_for_pkey(key, selection, type, structure,
								  NULL);
	int r = OSSL_ENCODER_to_bio(context, bio);

	OSSL_ENCODER_CTX_free(context);
	return r;
}

static int write_form(BIO *bio, EVP_PKEY *key, enum sample_form form)
{
	unsigned char password[] = "secret";
	int password_size = (int)sizeof(password) - 1;
	char *phrase = (char *)password;

	switch (form) {
	case PKCS8_PEM: return PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	case PKCS8_DER:
	case PKCS8_BASE64: return i2d_PKCS8PrivateKey_bio(bio, key, NULL, NULL, 0, NULL, NULL);
	case PKCS1_PEM:
		return PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
	case PKCS1_DER:
	case PKCS1_BASE64: return write_encoded(bio, key, EVP_PKEY_KEYPAIR, "DER", "type-specific");
	case PKCS8_ENCRYPTED_PEM:
		return PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), phrase,
						     password_size, NULL, NULL);
	case PKCS8_ENCRYPTED_DER:
		return i2d_PKCS8PrivateKey_bio(bio, key, EVP_aes_128_cbc(), phrase, password_size,
					       NULL, NULL);
	case PKCS1_ENCRYPTED_PEM:
		return PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(), password,
							    password_size, NULL, NULL);
	case PUBLIC_PEM: return PEM_write_bio_PUBKEY(bio, key);
	case PUBLIC_DER: return i2d_PUBKEY_bio(bio, key);
	case RSA_PUBLIC_PEM:
		return write_encoded(bio, key, EVP_PKEY_PUBLIC_KEY, "PEM", "type-specific");
	case RSA_PUBLIC_DER:
		return write_encoded(bio, key, EVP_PKEY_PUBLIC_KEY, "DER", "type-specific");
	case CERTIFICATE_PEM: return write_certificate(bio, key, true);
	case CERTIFICATE_DER: return write_certificate(bio, key, false);
	}
	return 0;
}

struct buffer sample_text(EVP_PKEY *key, enum sample_form form)
{
	struct buffer text = {0};
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	size_t size;

	assert_non_null(bio);
	assert_int_equal(write_form(bio, key, form), 1);
	size = (size_t)BIO_get_mem_data(bio, &data);
	if (form == PKCS8_BASE64 || form == PKCS1_BASE64) {
		assert_int_equal(buffer_reserve(&text, (size + 2) / 3 * 4 + 1), 0);
		text.size = (size_t)EVP_EncodeBlock(text.data, (unsigned char *)data, (int)size);
	} else {
		assert_int_equal(buffer_append(&text, bytes_of(data, size)), 0);
	}
	(void)BIO_free(bio);
	return text;
}

#define SAMPLE_EXPONENT 65537

BIGNUM *sample_prime(unsigned bits, bool is_large)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *prime = BN_new();

	do {
		assert_int_equal(BN_rand(prime, (int)bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
		for (int i = 2; i <= 4; i++)
			assert_int_equal(is_large ? BN_set_bit(prime, (int)bits - i)
						  : BN_is_bit_set(prime, (int)bits - i) == 0 ||
							    BN_clear_bit(prime, (int)bits - i),
					 1);
	} while (BN_mod_word(prime, SAMPLE_EXPONENT) == 1 ||
		 BN_check_prime(prime, context, NULL) != 1);
	BN_CTX_free(context);
	return prime;
}

static void append_number(struct buffer *content, const BIGNUM *number)
{
	uint8_t bytes[2048];

	assert_true(BN_num_bytes(number) <= (int)sizeof(bytes));
	assert_int_equal(
		der_append_unsigned(content, bytes_of(bytes, (size_t)BN_bn2bin(number, bytes))), 0);
}

/* 1 / number mod modulus. */
static void append_inverse(struct buffer *content, const BIGNUM *number, const BIGNUM *modulus,
			   BN_CTX *context)
{
	BIGNUM *inverse = BN_mod_inverse(NULL, number, modulus, context);

	assert_non_null(inverse);
	append_number(content, inverse);
	BN_free(inverse);
}

/* RFC 8017 A.1.2: the exponent of a prime is 1 / e mod (prime - 1). */
static void append_exponent(struct buffer *content, const BIGNUM *prime, BN_CTX *context)
{
	BIGNUM *exponent = BN_new();
	BIGNUM *less_one = BN_dup(prime);

	assert_true(BN_set_word(exponent, SAMPLE_EXPONENT) && BN_sub_word(less_one, 1));
	append_inverse(content, exponent, less_one, context);
	BN_free(exponent);
	BN_free(less_one);
}

static void append_others(struct buffer *content, BIGNUM *const *primes, size_t count,
			  BN_CTX *context)
{
	struct buffer others = {0};
	BIGNUM *product = BN_new();

	assert_int_equal(BN_mul(product, primes[0], primes[1], context), 1);
	for (size_t i = 2; i < count; i++) {
		struct buffer other = {0};

		append_number(&other, primes[i]);
		append_exponent(&other, primes[i], context);
		append_inverse(&other, product, primes[i], context);
		assert_int_equal(BN_mul(product, product, primes[i], context), 1);
		assert_int_equal(der_append(&others, DER_SEQUENCE, buffer_bytes(&other)), 0);
		buffer_deinit(&other);
	}
	assert_int_equal(der_append(content, DER_SEQUENCE, buffer_bytes(&others)), 0);
	buffer_deinit(&others);
	BN_free(product);
}

struct buffer sample_rsa_of_primes(BIGNUM *const *primes, size_t count)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *product = BN_new();
	BIGNUM *phi = BN_new();
	BIGNUM *exponent = BN_new();
	struct buffer content = {0};
	struct buffer text = {0};

	assert_true(BN_one(product) && BN_one(phi) && BN_set_word(exponent, SAMPLE_EXPONENT));
	for (size_t i = 0; i < count; i++) {
		BIGNUM *less_one = BN_dup(primes[i]);

		assert_true(BN_sub_word(less_one, 1) && BN_mul(phi, phi, less_one, context) &&
			    BN_mul(product, product, primes[i], context));
		BN_free(less_one);
	}
	assert_int_equal(der_append_unsigned(&content,
					     count > 2 ? BYTES_LITERAL("\x01") : bytes_of(NULL, 0)),
			 0);
	append_number(&content, product);
	append_number(&content, exponent);
	append_inverse(&content, exponent, phi, context);
	append_number(&content, primes[0]);
	append_number(&content, primes[1]);
	append_exponent(&content, primes[0], context);
	append_exponent(&content, primes[1], context);
	append_inverse(&content, primes[1], primes[0], context);
	if (count > 2)
		append_others(&content, primes, count, context);
	assert_int_equal(der_append(&text, DER_SEQUENCE, buffer_bytes(&content)), 0);
	buffer_deinit(&content);
	BN_free(product);
	BN_free(phi);
	BN_free(exponent);
	BN_CTX_free(context);
	return text;
}

struct buffer sample_pem(unsigned rsa_bits)
{
	EVP_PKEY *key = rsa_bits == 0 ? sample_ed25519() : sample_rsa(rsa_bits);
	struct buffer text = sample_text(key, PKCS8_PEM);

	EVP_PKEY_free(key);
	return text;
}
