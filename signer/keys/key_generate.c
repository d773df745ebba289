/*
 * How it works: OpenSSL makes the key and writes it to a memory BIO, which wipes its memory when
 * it is freed; the text is copied from there.
 */
#include "signer/keys/key_generate.h"

#include "signer/keys/openssl_error.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static int copy_pem(EVP_PKEY *evp, struct secret_memory *pem_out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long size;
	int r = 0;

	if (bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bio, evp, NULL, NULL, 0, NULL, NULL) != 1) {
		r = openssl_error(KEY_GENERATE_E_FAILED);
		goto out;
	}
	size = BIO_get_mem_data(bio, &data);
	r = secret_memory_init(pem_out, (size_t)size);
	if (r == 0)
		memcpy(pem_out->data, data, (size_t)size);
out:
	BIO_free(bio);
	return r;
}

int key_generate(enum key_type type, unsigned rsa_bits, struct secret_memory *pem_out)
{
	EVP_PKEY *evp;
	int r;

	if (type == KEY_RSA && (rsa_bits < RSA_BITS_MIN || rsa_bits > RSA_BITS_MAX))
		return KEY_GENERATE_E_BITS;
	evp = type == KEY_RSA ? EVP_RSA_gen(rsa_bits) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (evp == NULL)
		return openssl_error(KEY_GENERATE_E_FAILED);
	r = copy_pem(evp, pem_out);
	EVP_PKEY_free(evp);
	return r;
}
