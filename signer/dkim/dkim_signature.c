/*
 * How it works: the tag list is cut first, then each tag has a function that checks it and fills
 * its members. They run in a fixed order, so the same field always gets the same verdict.
 */
#include "signer/dkim/dkim_signature.h"

#include "signer/dkim/base64.h"
#include "signer/dkim/domain_name.h"
#include "signer/dkim/field_name.h"
#include "signer/dkim/quoted_printable.h"
#include "signer/dkim/tag_list.h"

#include <errno.h>

/* RFC 6376 3.5: t= and x= have at most twelve digits. */
#define TIME_DIGITS_MAX 12

void dkim_signature_deinit(struct dkim_signature *signature)
{
	buffer_deinit(&signature->identity);
	name_list_deinit(&signature->names);
}

static struct bytes value_of(const struct tag_list *tags, const char *name)
{
	const struct tag *tag = tag_list_find(tags, name);

	return tag == NULL ? bytes_of(NULL, 0) : tag->value;
}

static int check_required(const struct tag_list *tags)
{
	static const char *const required[] = {"v", "a", "b", "bh", "d", "h", "s"};

	for (size_t i = 0; i < ARRAY_COUNT(required); i++) {
		if (tag_list_find(tags, required[i]) == NULL)
			return DKIM_SIGNATURE_E_MISSING_TAG;
	}
	if (!bytes_equal(value_of(tags, "v"), BYTES_LITERAL("1")))
		return DKIM_SIGNATURE_E_VERSION;
	return 0;
}

static int parse_algorithm(struct dkim_signature *signature, const struct tag_list *tags)
{
	switch (dkim_algorithm_parse(value_of(tags, "a"), &signature->algorithm)) {
	case 0: return 0;
	case DKIM_ALGORITHM_E_SHA1: return DKIM_SIGNATURE_E_SHA1;
	default: return DKIM_SIGNATURE_E_ALGORITHM;
	}
}

static int parse_signature(struct dkim_signature *signature, const struct tag_list *tags)
{
	const struct tag *tag = tag_list_find(tags, "b");

	signature->signature_start = (size_t)(tag->raw.data - signature->field.data);
	signature->signature_end = signature->signature_start + tag->raw.size;
	if (base64_decode(tag->value, signature->signature, sizeof(signature->signature),
			  &signature->signature_size) != 0 ||
	    signature->signature_size == 0)
		return DKIM_SIGNATURE_E_SIGNATURE;
	return 0;
}

static int parse_body_hash(struct dkim_signature *signature, const struct tag_list *tags)
{
	size_t size;

	if (base64_decode(value_of(tags, "bh"), signature->body_hash, SHA256_SIZE, &size) != 0 ||
	    size != SHA256_SIZE)
		return DKIM_SIGNATURE_E_BODY_HASH;
	return 0;
}

static int parse_canonicalization(struct dkim_signature *signature, const struct tag_list *tags)
{
	const struct tag *tag = tag_list_find(tags, "c");

	signature->header_canonicalization = CANONICALIZATION_SIMPLE;
	signature->body_canonicalization = CANONICALIZATION_SIMPLE;
	if (tag == NULL)
		return 0;
	return canonicalization_parse(tag->value, &signature->header_canonicalization,
				      &signature->body_canonicalization) == 0
		       ? 0
		       : DKIM_SIGNATURE_E_CANONICALIZATION;
}

static int parse_domain(struct dkim_signature *signature, const struct tag_list *tags)
{
	signature->domain = value_of(tags, "d");
	signature->selector = value_of(tags, "s");
	/* RFC 6376 3.5: a domain-name has two labels at least. */
	if (!domain_name_is_valid(signature->domain) ||
	    bytes_find(signature->domain, '.') == signature->domain.size)
		return DKIM_SIGNATURE_E_DOMAIN;
	return domain_name_is_valid(signature->selector) ? 0 : DKIM_SIGNATURE_E_SELECTOR;
}

static bool is_field_name(struct bytes name)
{
	for (size_t i = 0; i < name.size; i++) {
		if (!field_name_is_character(name.data[i]))
			return false;
	}
	return name.size > 0;
}

static int parse_names(struct dkim_signature *signature, const struct tag_list *tags)
{
	struct bytes rest = value_of(tags, "h");
	struct bytes name;
	bool has_from = false;

	name_list_clear(&signature->names);
	while (tag_list_next_item(&rest, &name)) {
		if (!is_field_name(name))
			return DKIM_SIGNATURE_E_NAMES;
		if (signature->names.count == DKIM_SIGNATURE_NAMES_MAX)
			return DKIM_SIGNATURE_E_TOO_MANY_NAMES;
		if (name_list_add(&signature->names, name) != 0)
			return -ENOMEM;
		has_from = has_from || bytes_equal_nocase(name, BYTES_LITERAL("from"));
	}
	return has_from ? 0 : DKIM_SIGNATURE_E_FROM_NOT_SIGNED;
}

static int default_identity(struct dkim_signature *signature)
{
	int r = buffer_append(&signature->identity, BYTES_LITERAL("@"));

	return r != 0 ? r : buffer_append(&signature->identity, signature->domain);
}

static int parse_identity(struct dkim_signature *signature, const struct tag_list *tags)
{
	const struct tag *tag = tag_list_find(tags, "i");
	struct bytes domain;
	size_t at;
	int r;

	buffer_clear(&signature->identity);
	if (tag == NULL)
		return default_identity(signature);
	r = quoted_printable_decode(tag->value, &signature->identity);
	if (r != 0)
		return r < 0 ? r : DKIM_SIGNATURE_E_IDENTITY;
	/* The local part may be a quoted string with "@" in it, so the last one counts. */
	for (at = signature->identity.size; at > 0; at--) {
		if (signature->identity.data[at - 1] == '@')
			break;
	}
	if (at == 0)
		return DKIM_SIGNATURE_E_IDENTITY;
	domain = bytes_skip(buffer_bytes(&signature->identity), at);
	if (!domain_name_is_valid(domain))
		return DKIM_SIGNATURE_E_IDENTITY;
	return domain_name_is_within(domain, signature->domain) ? 0
								: DKIM_SIGNATURE_E_IDENTITY_OUTSIDE;
}

static int parse_body_limit(struct dkim_signature *signature, const struct tag_list *tags)
{
	const struct tag *tag = tag_list_find(tags, "l");

	signature->body_limit = DKIM_SIGNATURE_NO_BODY_LIMIT;
	if (tag == NULL)
		return 0;
	if (tag_list_number(tag->value, &signature->body_limit) != 0)
		return DKIM_SIGNATURE_E_BODY_LIMIT;
	/* No body has so many bytes, and the number that means "none" must not be written in l=. */
	return signature->body_limit == DKIM_SIGNATURE_NO_BODY_LIMIT ? DKIM_SIGNATURE_E_BODY_LIMIT
								     : 0;
}

static int check_query(const struct tag_list *tags)
{
	const struct tag *tag = tag_list_find(tags, "q");
	struct bytes rest;
	struct bytes method;

	if (tag == NULL)
		return 0;
	rest = tag->value;
	while (tag_list_next_item(&rest, &method)) {
		if (bytes_equal_nocase(method, BYTES_LITERAL("dns/txt")))
			return 0;
	}
	return DKIM_SIGNATURE_E_QUERY;
}

static int parse_time(const struct tag_list *tags, const char *name, bool *has_out,
		      uint64_t *seconds_out)
{
	const struct tag *tag = tag_list_find(tags, name);

	*has_out = tag != NULL;
	*seconds_out = 0;
	if (tag == NULL)
		return 0;
	if (tag->value.size > TIME_DIGITS_MAX || tag_list_number(tag->value, seconds_out) != 0)
		return DKIM_SIGNATURE_E_TIME;
	return 0;
}

static int parse_times(struct dkim_signature *signature, const struct tag_list *tags)
{
	int r = parse_time(tags, "t", &signature->has_timestamp, &signature->timestamp);

	if (r == 0)
		r = parse_time(tags, "x", &signature->has_expiry, &signature->expiry);
	if (r != 0)
		return r;
	if (signature->has_timestamp && signature->has_expiry &&
	    signature->expiry <= signature->timestamp)
		return DKIM_SIGNATURE_E_TIME_ORDER;
	return 0;
}

static int tags_outcome(int r)
{
	switch (r) {
	case TAG_LIST_E_DUPLICATE: return DKIM_SIGNATURE_E_DUPLICATE_TAG;
	case TAG_LIST_E_TOO_MANY: return DKIM_SIGNATURE_E_TOO_MANY_TAGS;
	default: return DKIM_SIGNATURE_E_SYNTAX;
	}
}

int dkim_signature_parse(struct dkim_signature *signature, struct bytes field)
{
	static int (*const parsers[])(struct dkim_signature *, const struct tag_list *) = {
		parse_algorithm, parse_canonicalization, parse_domain,
		parse_names,	 parse_identity,	 parse_body_hash,
		parse_signature, parse_body_limit,	 parse_times,
	};
	struct tag_list tags;
	size_t colon = bytes_find(field, ':');
	int r;

	if (colon == field.size)
		return DKIM_SIGNATURE_E_SYNTAX;
	r = tag_list_parse(&tags, bytes_skip(field, colon + 1));
	if (r != 0)
		return tags_outcome(r);
	signature->field = field;
	r = check_required(&tags);
	if (r == 0)
		r = check_query(&tags);
	for (size_t i = 0; r == 0 && i < ARRAY_COUNT(parsers); i++)
		r = parsers[i](signature, &tags);
	return r;
}

int dkim_signature_append_unsigned(const struct dkim_signature *signature, struct buffer *out)
{
	int r = buffer_reserve(out, signature->field.size);

	if (r == 0)
		r = buffer_append(out,
				  bytes_slice(signature->field, 0, signature->signature_start));
	if (r == 0)
		r = buffer_append(out, bytes_skip(signature->field, signature->signature_end));
	return r;
}

const char *dkim_signature_reason(int outcome)
{
	switch (outcome) {
	case DKIM_SIGNATURE_E_SYNTAX: return "not a list of tags";
	case DKIM_SIGNATURE_E_DUPLICATE_TAG: return "a tag is there twice";
	case DKIM_SIGNATURE_E_TOO_MANY_TAGS: return "too many tags";
	case DKIM_SIGNATURE_E_MISSING_TAG: return "one of the tags v, a, b, bh, d, h, s is missing";
	case DKIM_SIGNATURE_E_VERSION: return "v= is not 1";
	case DKIM_SIGNATURE_E_ALGORITHM: return "a= names an unknown algorithm";
	case DKIM_SIGNATURE_E_SHA1: return "a= is rsa-sha1, which is no longer trusted (RFC 8301)";
	case DKIM_SIGNATURE_E_SIGNATURE: return "b= is not a signature in base64";
	case DKIM_SIGNATURE_E_BODY_HASH: return "bh= is not a SHA-256 digest in base64";
	case DKIM_SIGNATURE_E_CANONICALIZATION: return "c= names an unknown canonicalization";
	case DKIM_SIGNATURE_E_DOMAIN: return "d= is not a domain";
	case DKIM_SIGNATURE_E_SELECTOR: return "s= is not a selector";
	case DKIM_SIGNATURE_E_NAMES: return "h= is not a list of field names";
	case DKIM_SIGNATURE_E_TOO_MANY_NAMES: return "h= lists too many names";
	case DKIM_SIGNATURE_E_FROM_NOT_SIGNED: return "h= does not list From";
	case DKIM_SIGNATURE_E_IDENTITY: return "i= is not an address";
	case DKIM_SIGNATURE_E_IDENTITY_OUTSIDE: return "the domain of i= is not within d=";
	case DKIM_SIGNATURE_E_BODY_LIMIT: return "l= is not a number of bytes";
	case DKIM_SIGNATURE_E_QUERY: return "q= does not allow dns/txt";
	case DKIM_SIGNATURE_E_TIME: return "t= or x= is not a time";
	case DKIM_SIGNATURE_E_TIME_ORDER: return "x= is not after t=";
	default: return "unknown error";
	}
}
