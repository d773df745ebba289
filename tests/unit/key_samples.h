/*
 * key_samples - private keys in every form that a file may have, made by OpenSSL.
 *
 * Errors:   a failing step fails the test.
 */
#ifndef TESTS_UNIT_KEY_SAMPLES_H
#define TESTS_UNIT_KEY_SAMPLES_H

#include "common/buffer.h"

#include <openssl/evp.h>

/* Small RSA keys keep the tests quick, under valgrind too. */
#define SAMPLE_RSA_BITS 1024

EVP_PKEY *sample_rsa(unsigned bits);
EVP_PKEY *sample_rsa_with(unsigned bits, unsigned long exponent, unsigned primes);
EVP_PKEY *sample_ed25519(void);
EVP_PKEY *sample_ec(void);

enum sample_form {
	PKCS8_PEM,
	PKCS8_DER,
	PKCS8_BASE64,
	PKCS1_PEM, /* RSA; of an EC key: SEC 1 */
	PKCS1_DER,
	PKCS1_BASE64,
	PKCS8_ENCRYPTED_PEM,
	PKCS8_ENCRYPTED_DER,
	PKCS1_ENCRYPTED_PEM,
	PUBLIC_PEM,
	PUBLIC_DER,
	RSA_PUBLIC_PEM,
	RSA_PUBLIC_DER,
	CERTIFICATE_PEM,
	CERTIFICATE_DER,
};

/* Free the buffer with buffer_deinit(). */
struct buffer sample_text(EVP_PKEY *key, enum sample_form form);

/* A key of these primes, in the form PKCS1_DER; they stay the caller's. */
struct buffer sample_rsa_of_primes(BIGNUM *const *primes, size_t count);

/* A prime of so many bits. Of the first four of them all are set, or only the first. */
BIGNUM *sample_prime(unsigned bits, bool is_large);

/* sample_text() of a new key; `rsa_bits` 0 is Ed25519. */
struct buffer sample_pem(unsigned rsa_bits);

#endif
