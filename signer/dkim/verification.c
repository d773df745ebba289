/*
 * How it works: at the start each field is parsed and either rejected or given a body hash, which
 * it shares with those that want the same; their number is bounded by signatures_max. The digest of
 * the header needs only what is in the field, so it is made at the start too.
 *
 *   (start) -> MALFORMED, EXPIRED, FROM_FUTURE
 *           -> NEEDS_BODY -- finish --> BODY_SHORT, BODY_DIFFERS
 *                                   --> NEEDS_KEY -- verification_set() --> the rest
 */
#include "signer/dkim/verification.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *name;
	const char *text;
} statuses[] = {
	[VERIFICATION_NEEDS_BODY] = {"needs_body", "the body was not read"},
	[VERIFICATION_NEEDS_KEY] = {"needs_key", "the key was not asked for"},
	[VERIFICATION_PASS] = {"pass", "the signature is good"},
	[VERIFICATION_MALFORMED] = {"malformed", "the signature field is malformed"},
	[VERIFICATION_EXPIRED] = {"expired", "the signature has expired (x=)"},
	[VERIFICATION_FROM_FUTURE] = {"from_future", "the signature is from the future (t=)"},
	[VERIFICATION_BODY_SHORT] = {"body_short", "the body is shorter than l= says"},
	[VERIFICATION_BODY_DIFFERS] = {"body_differs", "the body was changed after signing"},
	[VERIFICATION_NO_KEY] = {"no_key", "there is no key record"},
	[VERIFICATION_KEY_MALFORMED] = {"key_malformed", "the key record is malformed"},
	[VERIFICATION_KEY_REVOKED] = {"key_revoked", "the key was revoked"},
	[VERIFICATION_KEY_TYPE] = {"key_type", "the key is of another type than a= says"},
	[VERIFICATION_KEY_HASH] = {"key_hash", "the key record does not allow sha256"},
	[VERIFICATION_KEY_SERVICE] = {"key_service", "the key record does not allow email"},
	[VERIFICATION_KEY_SUBDOMAIN] = {"key_subdomain",
					"the key record does not allow i= in a subdomain"},
	[VERIFICATION_KEY_SMALL] = {"key_small", "the key is too small"},
	[VERIFICATION_HEADER_DIFFERS] =
		{"header_differs", "the header was changed after signing, or the key is another"},
};

int verification_init(struct verification *verification)
{
	*verification = (struct verification){0};
	return header_hash_init(&verification->header_hash);
}

static void result_free(struct verification_result *result)
{
	if (result == NULL)
		return;
	dkim_signature_deinit(&result->signature);
	free(result);
}

static void body_free(struct verification_body *body)
{
	if (body == NULL)
		return;
	body_hash_deinit(&body->hash);
	free(body);
}

void verification_deinit(struct verification *verification)
{
	for (size_t i = 0; i < verification->allocated; i++)
		result_free(verification->results[i]);
	for (size_t i = 0; i < verification->bodies_allocated; i++)
		body_free(verification->bodies[i]);
	free(verification->results);
	free(verification->bodies);
	buffer_deinit(&verification->unsigned_field);
	header_hash_deinit(&verification->header_hash);
	*verification = (struct verification){0};
}

/* The next unused result, of an earlier message or new. */
static int next_result(struct verification *verification, struct verification_result **result_out)
{
	if (verification->count == verification->allocated) {
		struct verification_result **results = reallocarray(
			verification->results, verification->allocated + 1,
			sizeof(struct verification_result *));

		if (results == NULL)
			return -ENOMEM;
		verification->results = results;
		results[verification->allocated] = calloc(1, sizeof(**results));
		if (results[verification->allocated] == NULL)
			return -ENOMEM;
		verification->allocated++;
	}
	*result_out = verification->results[verification->count++];
	return 0;
}

static int new_body(struct verification *verification)
{
	struct verification_body **bodies = reallocarray(verification->bodies,
							 verification->bodies_allocated + 1,
							 sizeof(struct verification_body *));
	struct verification_body *body;
	int r;

	if (bodies == NULL)
		return -ENOMEM;
	verification->bodies = bodies;
	body = calloc(1, sizeof(*body));
	if (body == NULL)
		return -ENOMEM;
	r = body_hash_init(&body->hash);
	if (r != 0) {
		body_free(body);
		return r;
	}
	bodies[verification->bodies_allocated++] = body;
	return 0;
}

/* The hash that this signature needs: one that is running already, or the next. */
static int find_body(struct verification *verification, const struct dkim_signature *signature,
		     size_t *index_out)
{
	struct verification_body *body;
	int r;

	for (size_t i = 0; i < verification->bodies_count; i++) {
		body = verification->bodies[i];
		if (body->canonicalization == signature->body_canonicalization &&
		    body->limit == signature->body_limit) {
			*index_out = i;
			return 0;
		}
	}
	if (verification->bodies_count == verification->bodies_allocated) {
		r = new_body(verification);
		if (r != 0)
			return r;
	}
	body = verification->bodies[verification->bodies_count];
	body->canonicalization = signature->body_canonicalization;
	body->limit = signature->body_limit;
	body_hash_start(&body->hash, body->canonicalization, verification->options.fix_crlf,
			body->limit);
	*index_out = verification->bodies_count++;
	return 0;
}

static enum verification_status check_times(const struct verification_options *options,
					    const struct dkim_signature *signature)
{
	/* RFC 6376 3.5 gives both numbers twelve digits, so no sum here overflows. */
	if (signature->has_expiry && options->now > signature->expiry + options->clock_drift)
		return VERIFICATION_EXPIRED;
	if (signature->has_timestamp && signature->timestamp > options->now + options->clock_drift)
		return VERIFICATION_FROM_FUTURE;
	return VERIFICATION_NEEDS_BODY;
}

static int make_digest(struct verification *verification, struct verification_result *result)
{
	const struct dkim_signature *signature = &result->signature;
	int r = header_hash_select(&verification->header_hash, &signature->names,
				   signature->header_canonicalization);

	buffer_clear(&verification->unsigned_field);
	if (r == 0)
		r = dkim_signature_append_unsigned(signature, &verification->unsigned_field);
	if (r == 0)
		r = header_hash_digest(&verification->header_hash,
				       buffer_bytes(&verification->unsigned_field), result->digest);
	return r;
}

static int begin_signature(struct verification *verification, const struct header *header,
			   size_t field)
{
	struct verification_result *result;
	int r = next_result(verification, &result);

	if (r != 0)
		return r;
	result->field = field;
	result->reason = 0;
	r = dkim_signature_parse(&result->signature, header_field(header, field));
	if (r < 0)
		return r;
	if (r > 0) {
		result->status = VERIFICATION_MALFORMED;
		result->reason = r;
		return 0;
	}
	result->status = check_times(&verification->options, &result->signature);
	if (result->status != VERIFICATION_NEEDS_BODY)
		return 0;
	r = make_digest(verification, result);
	return r != 0 ? r : find_body(verification, &result->signature, &result->body);
}

int verification_start(struct verification *verification, const struct header *header,
		       const struct verification_options *options)
{
	struct bytes name = BYTES_LITERAL("DKIM-Signature");
	int r = header_hash_start(&verification->header_hash, header);

	verification->options = *options;
	verification->count = 0;
	verification->bodies_count = 0;
	verification->skipped = 0;
	if (r != 0)
		return r;
	for (size_t i = header_find(header, name, 0); i < header_count(header);
	     i = header_find(header, name, i + 1)) {
		if (verification->count == options->signatures_max) {
			verification->skipped++;
			continue;
		}
		r = begin_signature(verification, header, i);
		if (r != 0)
			return r;
	}
	return 0;
}

int verification_push(struct verification *verification, struct bytes body)
{
	for (size_t i = 0; i < verification->bodies_count; i++) {
		int r = body_hash_push(&verification->bodies[i]->hash, body);

		if (r != 0)
			return r;
	}
	return 0;
}

static enum verification_status check_body(const struct verification *verification,
					   const struct verification_result *result)
{
	const struct verification_body *body = verification->bodies[result->body];

	/* RFC 6376 3.4.5: an l= that promises more than there is means that the body was cut. */
	if (body->limit != DKIM_SIGNATURE_NO_BODY_LIMIT &&
	    body_hash_size(&body->hash) < body->limit)
		return VERIFICATION_BODY_SHORT;
	return memcmp(body->digest, result->signature.body_hash, SHA256_SIZE) == 0
		       ? VERIFICATION_NEEDS_KEY
		       : VERIFICATION_BODY_DIFFERS;
}

int verification_finish(struct verification *verification)
{
	for (size_t i = 0; i < verification->bodies_count; i++) {
		struct verification_body *body = verification->bodies[i];
		int r = body_hash_finish(&body->hash, body->digest);

		if (r != 0)
			return r;
	}
	for (size_t i = 0; i < verification->count; i++) {
		struct verification_result *result = verification->results[i];

		if (result->status == VERIFICATION_NEEDS_BODY)
			result->status = check_body(verification, result);
	}
	return 0;
}

void verification_set(struct verification *verification, size_t index,
		      enum verification_status status)
{
	assert(index < verification->count);
	assert(verification->results[index]->status == VERIFICATION_NEEDS_KEY);
	verification->results[index]->status = status;
}

enum verification_status verification_check_key(const struct key_record *record,
						const struct dkim_signature *signature)
{
	struct bytes identity = buffer_bytes(&signature->identity);

	if (record->algorithm != signature->algorithm)
		return VERIFICATION_KEY_TYPE;
	if (!record->allows_sha256)
		return VERIFICATION_KEY_HASH;
	if (!record->allows_email)
		return VERIFICATION_KEY_SERVICE;
	/* dkim_signature.c made sure that i= ends in d= or in a subdomain of it. */
	if (record->is_strict && identity.data[identity.size - signature->domain.size - 1] != '@')
		return VERIFICATION_KEY_SUBDOMAIN;
	return VERIFICATION_NEEDS_KEY;
}

enum verification_status verification_key_outcome(int outcome)
{
	switch (outcome) {
	case KEY_RECORD_E_REVOKED: return VERIFICATION_KEY_REVOKED;
	case KEY_RECORD_E_KEY_TYPE: return VERIFICATION_KEY_TYPE;
	default: return VERIFICATION_KEY_MALFORMED;
	}
}

const char *verification_status_name(enum verification_status status)
{
	return statuses[status].name;
}

const char *verification_status_text(enum verification_status status)
{
	return statuses[status].text;
}
