/*
 * verification - what the signatures of one message are worth, but for the keys.
 *
 * Is:       all DKIM-Signature fields of a header, each checked as far as that goes without a key,
 *           and the digest that the key then has to confirm.
 * Is not:   fetching keys or verifying with them. Whoever does writes the outcome into the result
 *           with verification_set(), so that all outcomes have one list of words.
 * Use:      verification_init() once; per message verification_start() when the header is known,
 *           verification_push()..., verification_finish(). Then each result that is
 *           VERIFICATION_NEEDS_KEY waits for a key.
 * Source:   RFC 6376 6.1; RFC 8301.
 * Units:    times are seconds since 1970.
 * Errors:   -ENOMEM, and BODY_CANON_E_BARE_CR (body_canon.h) for the message as a whole. After an
 *           error the object takes nothing but a new start.
 * Owns:     results and hashes, kept between messages. The header is borrowed until the results
 *           are no longer used.
 * Threads:  one thread per object.
 */
#ifndef SIGNER_DKIM_VERIFICATION_H
#define SIGNER_DKIM_VERIFICATION_H

#include "signer/dkim/body_hash.h"
#include "signer/dkim/dkim_signature.h"
#include "signer/dkim/header_hash.h"
#include "signer/dkim/key_record.h"

enum verification_status {
	VERIFICATION_NEEDS_BODY, /* verification_finish() was not called */
	VERIFICATION_NEEDS_KEY,
	VERIFICATION_PASS,

	VERIFICATION_MALFORMED, /* `reason` says why */
	VERIFICATION_EXPIRED,
	VERIFICATION_FROM_FUTURE,
	VERIFICATION_BODY_SHORT, /* less body than l= says */
	VERIFICATION_BODY_DIFFERS,

	VERIFICATION_NO_KEY,
	VERIFICATION_KEY_MALFORMED,
	VERIFICATION_KEY_REVOKED,
	VERIFICATION_KEY_TYPE,	    /* k= does not fit a= */
	VERIFICATION_KEY_HASH,	    /* h= does not allow sha256 */
	VERIFICATION_KEY_SERVICE,   /* s= does not allow email */
	VERIFICATION_KEY_SUBDOMAIN, /* t=s, and i= is in a subdomain */
	VERIFICATION_KEY_SMALL,
	VERIFICATION_HEADER_DIFFERS, /* the key does not confirm the digest */
};

struct verification_options {
	uint64_t now;
	uint64_t clock_drift;  /* seconds that other people's clocks may be wrong */
	size_t signatures_max; /* fields from the top that are looked at */
	bool fix_crlf;
};

struct verification_result {
	enum verification_status status;
	int reason;			 /* DKIM_SIGNATURE_E_*, if malformed */
	size_t field;			 /* index in the header */
	size_t body;			 /* private: index of the body hash */
	struct dkim_signature signature; /* valid unless malformed */
	uint8_t digest[SHA256_SIZE];	 /* valid from VERIFICATION_NEEDS_KEY on */
};

/* Private: a body hash that signatures share. */
struct verification_body {
	enum canonicalization canonicalization;
	uint64_t limit;
	struct body_hash hash;
	uint8_t digest[SHA256_SIZE];
};

/* Private. Both arrays are of pointers, because what they point to must stay where it is. */
struct verification {
	struct verification_options options;
	struct header_hash header_hash;
	struct buffer unsigned_field;
	struct verification_result **results;
	size_t count;
	size_t allocated;
	struct verification_body **bodies;
	size_t bodies_count;
	size_t bodies_allocated;
	size_t skipped;
};

MUST_CHECK int verification_init(struct verification *verification);

/* Takes a struct of zeros, too. */
void verification_deinit(struct verification *verification);

MUST_CHECK int verification_start(struct verification *verification, const struct header *header,
				  const struct verification_options *options);
MUST_CHECK int verification_push(struct verification *verification, struct bytes body);
MUST_CHECK int verification_finish(struct verification *verification);

/* Signatures looked at, from the top of the header down. */
static inline size_t verification_count(const struct verification *verification)
{
	return verification->count;
}

/* Signatures below those, not looked at because of signatures_max. */
static inline size_t verification_skipped(const struct verification *verification)
{
	return verification->skipped;
}

static inline const struct verification_result *
verification_result(const struct verification *verification, size_t index)
{
	return verification->results[index];
}

/* What became of a signature that needed a key. */
void verification_set(struct verification *verification, size_t index,
		      enum verification_status status);

/*
 * Whether the record may be used for the signature (RFC 6376 6.1.2): VERIFICATION_NEEDS_KEY if so,
 * else what stands against it. The old g= tag is no reason.
 */
enum verification_status verification_check_key(const struct key_record *record,
						const struct dkim_signature *signature);

/* The status for a KEY_RECORD_E_*. */
enum verification_status verification_key_outcome(int outcome);

/* One word for programs: "body_differs". */
const char *verification_status_name(enum verification_status status);

/* A few words for people. */
const char *verification_status_text(enum verification_status status);

#endif
