/*
 * dkim_signature - a DKIM-Signature field, parsed and checked for itself.
 *
 * Is not:   the checks against a message, a clock or a key (verification.h).
 * Use:      a struct of zeros, dkim_signature_parse() as often as wanted, dkim_signature_deinit().
 * Source:   RFC 6376 3.5 and 6.1.1; RFC 8301 (no rsa-sha1); RFC 8463; RFC 8616 (UTF-8 in d=, s=,
 *           i=).
 * Errors:   -ENOMEM, DKIM_SIGNATURE_E_*; the object is then only good for another parse.
 * Owns:     `identity` and the array of `names`. All else points into the field that was parsed.
 */
#ifndef SIGNER_DKIM_DKIM_SIGNATURE_H
#define SIGNER_DKIM_DKIM_SIGNATURE_H

#include "common/buffer.h"
#include "signer/dkim/canonicalization.h"
#include "signer/dkim/dkim_algorithm.h"
#include "signer/dkim/name_list.h"
#include "signer/dkim/sha256.h"

/* RSA of 8192 bits. */
#define DKIM_SIGNATURE_SIZE_MAX 1024

/*
 * More names in h= than any message has fields; it bounds the work that one signature can ask
 * for.
 */
#define DKIM_SIGNATURE_NAMES_MAX 1000

#define DKIM_SIGNATURE_NO_BODY_LIMIT UINT64_MAX

enum {
	DKIM_SIGNATURE_E_SYNTAX = 1,
	DKIM_SIGNATURE_E_DUPLICATE_TAG,
	DKIM_SIGNATURE_E_TOO_MANY_TAGS,
	DKIM_SIGNATURE_E_MISSING_TAG, /* one of v a b bh d h s */
	DKIM_SIGNATURE_E_VERSION,
	DKIM_SIGNATURE_E_ALGORITHM,
	DKIM_SIGNATURE_E_SHA1,
	DKIM_SIGNATURE_E_SIGNATURE, /* b= */
	DKIM_SIGNATURE_E_BODY_HASH,
	DKIM_SIGNATURE_E_CANONICALIZATION,
	DKIM_SIGNATURE_E_DOMAIN,
	DKIM_SIGNATURE_E_SELECTOR,
	DKIM_SIGNATURE_E_NAMES, /* h= */
	DKIM_SIGNATURE_E_TOO_MANY_NAMES,
	DKIM_SIGNATURE_E_FROM_NOT_SIGNED,
	DKIM_SIGNATURE_E_IDENTITY, /* not an address */
	DKIM_SIGNATURE_E_IDENTITY_OUTSIDE,
	DKIM_SIGNATURE_E_BODY_LIMIT,
	DKIM_SIGNATURE_E_QUERY,
	DKIM_SIGNATURE_E_TIME,
	DKIM_SIGNATURE_E_TIME_ORDER,
};

struct dkim_signature {
	struct bytes field;
	enum dkim_algorithm algorithm;
	enum canonicalization header_canonicalization;
	enum canonicalization body_canonicalization;
	struct bytes domain;	/* d= as written */
	struct bytes selector;	/* s= as written */
	struct buffer identity; /* i= decoded, or "@" and d= */
	struct name_list names; /* h= */
	uint64_t body_limit;	/* l=, or DKIM_SIGNATURE_NO_BODY_LIMIT */
	bool has_timestamp;
	bool has_expiry;
	uint64_t timestamp; /* t=, seconds since 1970 */
	uint64_t expiry;    /* x=, likewise */
	uint8_t body_hash[SHA256_SIZE];
	uint8_t signature[DKIM_SIGNATURE_SIZE_MAX];
	size_t signature_size;
	/* The bytes of the field between the "=" of b= and the next ";" or the end. */
	size_t signature_start;
	size_t signature_end;
};

void dkim_signature_deinit(struct dkim_signature *signature);

/* `field` is a whole field (header_field()) and is borrowed for as long as the result is used. */
MUST_CHECK int dkim_signature_parse(struct dkim_signature *signature, struct bytes field);

/* Appends the field as it was before it was signed: with an empty b= (RFC 6376 3.7). */
MUST_CHECK int dkim_signature_append_unsigned(const struct dkim_signature *signature,
					      struct buffer *out);

/* What a DKIM_SIGNATURE_E_* means, for a person. */
const char *dkim_signature_reason(int outcome);

#endif
