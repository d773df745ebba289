/*
 * key_record - the TXT record of a DKIM public key, parsed.
 *
 * Is not:   the fetching of it, or the key in a form that verifies; only its bytes.
 * Use:      a struct of zeros, key_record_parse() as often as wanted, key_record_deinit().
 * Source:   RFC 6376 3.6.1; RFC 8463 4 (k=ed25519: p= is the 32 bytes of the key itself).
 * Errors:   -ENOMEM, KEY_RECORD_E_*; the object is then only good for another parse.
 * Owns:     the bytes of the key.
 */
#ifndef SIGNER_DKIM_KEY_RECORD_H
#define SIGNER_DKIM_KEY_RECORD_H

#include "common/buffer.h"
#include "signer/dkim/dkim_algorithm.h"

/* The SubjectPublicKeyInfo of an RSA key of 16384 bits, the largest that OpenSSL takes, fits. */
#define KEY_RECORD_KEY_SIZE_MAX 4096

#define KEY_RECORD_ED25519_SIZE 32 /* RFC 8463 4 */

enum {
	KEY_RECORD_E_SYNTAX = 1,
	KEY_RECORD_E_VERSION,  /* v= is not DKIM1, or not the first tag */
	KEY_RECORD_E_NO_KEY,   /* no p= */
	KEY_RECORD_E_REVOKED,  /* p= is empty */
	KEY_RECORD_E_KEY_TYPE, /* k= is unknown */
	KEY_RECORD_E_KEY,      /* p= is not base64, or has the wrong size */
};

struct key_record {
	enum dkim_algorithm algorithm; /* the one that k= can verify */
	struct buffer key;  /* p=: for RSA a SubjectPublicKeyInfo or an RSAPublicKey, in DER */
	bool allows_sha256; /* h= */
	bool allows_email;  /* s= */
	bool is_test;	    /* t=y */
	bool is_strict;	    /* t=s: the domain of i= must be d= itself */
};

void key_record_deinit(struct key_record *record);
MUST_CHECK int key_record_parse(struct key_record *record, struct bytes text);

/* What a KEY_RECORD_E_* means, for a person. */
const char *key_record_reason(int outcome);

#endif
