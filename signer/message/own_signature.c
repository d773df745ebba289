/*
 * How it works: only a header that begins with DKIM-Signature is looked at. If d= and s= of the planned
 * signatures are all found in that run, verification.h does the hashing, from the header to the end of
 * the body; the keys are those of the planned signatures. Mail that others have signed is common, and
 * mail that we have signed is not, so nothing is made and hashed before that is known.
 */
#include "signer/message/own_signature.h"

#include <errno.h>
#include <stdlib.h>

/* More signatures of ours are on no message. */
#define RUN_MAX 16

struct own_signature {
	struct verification verification;
	struct message_signature *const *signatures;
	size_t count;
};

static size_t run_length(const struct header *header)
{
	size_t length = 0;

	while (length < header_count(header) && length < RUN_MAX &&
	       bytes_equal_nocase(header_name(header, length), BYTES_LITERAL(SIGNATURE_FIELD_NAME)))
		length++;
	return length;
}

static bool is_of(const struct dkim_signature *field, const struct message_signature *signature)
{
	return bytes_equal_nocase(field->domain, signature->domain) &&
	       bytes_equal(field->selector, signature->selector);
}

/* The result for the field that has this d= and s=; NULL: there is none. */
static const struct verification_result *find_result(const struct own_signature *own,
						     const struct message_signature *signature)
{
	for (size_t i = 0; i < verification_count(&own->verification); i++) {
		const struct verification_result *result = verification_result(&own->verification,
									       i);

		if (result->status != VERIFICATION_MALFORMED &&
		    is_of(&result->signature, signature))
			return result;
	}
	return NULL;
}

/* Whether one of the first `length` fields is this signature. */
static int look_for(struct dkim_signature *field, const struct header *header, size_t length,
		    const struct message_signature *signature, bool *found_out)
{
	*found_out = false;
	for (size_t i = 0; i < length && !*found_out; i++) {
		int r = dkim_signature_parse(field, header_field(header, i));

		if (r < 0)
			return r;
		*found_out = r == 0 && is_of(field, signature);
	}
	return 0;
}

int own_signature_new(struct message_tools *tools, const struct header *header,
		      struct message_signature *const *signatures, size_t count, int64_t now_s,
		      bool fix_crlf, struct own_signature **own_out)
{
	struct verification_options options = {
		.now = (uint64_t)now_s,
		.clock_drift = 300,
		.signatures_max = run_length(header),
		.fix_crlf = fix_crlf,
	};
	struct own_signature *own;
	bool all_found = options.signatures_max > 0;
	int r = 0;

	*own_out = NULL;
	for (size_t i = 0; r == 0 && all_found && i < count; i++)
		r = look_for(&tools->signature, header, options.signatures_max, signatures[i],
			     &all_found);
	if (r != 0 || !all_found)
		return r;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return -ENOMEM;
	own->signatures = signatures;
	own->count = count;
	r = verification_init(&own->verification);
	if (r == 0)
		r = verification_start(&own->verification, header, &options);
	if (r != 0) {
		own_signature_free(own);
		return r;
	}
	*own_out = own;
	return 0;
}

void own_signature_free(struct own_signature *own)
{
	if (own == NULL)
		return;
	verification_deinit(&own->verification);
	free(own);
}

int own_signature_push(struct own_signature *own, struct bytes body)
{
	return verification_push(&own->verification, body);
}

static int verify_one(const struct own_signature *own, const struct message_signature *signature,
		      bool *verified_out)
{
	const struct verification_result *result = find_result(own, signature);
	struct public_key *key;
	int r;

	*verified_out = false;
	if (result == NULL || result->status != VERIFICATION_NEEDS_KEY ||
	    result->signature.algorithm != message_signature_algorithm(signature))
		return 0;
	r = public_key_new(key_type(signature->key), key_public(signature->key), &key);
	if (r != 0)
		return r < 0 ? r : 0;
	r = public_key_verify(
		key, result->digest,
		bytes_of(result->signature.signature, result->signature.signature_size));
	public_key_free(key);
	*verified_out = r == 0;
	return r < 0 ? r : 0;
}

int own_signature_finish(struct own_signature *own, bool *verified_out)
{
	bool verified = true;
	int r = verification_finish(&own->verification);

	for (size_t i = 0; r == 0 && verified && i < own->count; i++)
		r = verify_one(own, own->signatures[i], &verified);
	if (r == 0)
		*verified_out = verified;
	return r;
}
