/*
 * dns_keys - the key records that there should be in the DNS, with domain and selector.
 *
 * Is:       those of all rows of the KeyTable, or of KeyFile for each of Domain; or those of a file of
 *           records, as genkey writes it. What `selection` leaves out is not among them, and not read.
 * Use:      a struct of zeros; one dns_keys_from_...(); dns_keys_deinit().
 * Order:    by domain, in the order in which domains come up.
 * Errors:   -errno. A key that cannot be read, and what has no domain of its own, goes to `problems`.
 * Owns:     copies of all.
 */
#ifndef SIGNER_CMD_DNS_KEYS_H
#define SIGNER_CMD_DNS_KEYS_H

#include "common/string_map.h"
#include "signer/message/signing_context.h"
#include "signer/tables/public_keys.h"

/* A-labels. */
struct dns_selection {
	char *const *domains;
	size_t domain_count;  /* 0: all */
	const char *selector; /* NULL: all */
	bool is_own_key;      /* KeyFile is for these domains, whatever else is configured */
};

struct dns_key {
	char *domain;
	char *selector;
	struct buffer text; /* "v=DKIM1; ..." */
	uint32_t domain_number;
	uint32_t number;
};

struct dns_keys {
	struct dns_key *keys;
	size_t count;

	/* Private. */
	size_t capacity;
	struct string_map domains; /* to domain_number */
	struct string_map names;   /* to the number of the key */
	uint32_t domain_count;
};

void dns_keys_deinit(struct dns_keys *keys);

MUST_CHECK int dns_keys_from_context(struct dns_keys *keys, const struct signing_context *context,
				     const struct dns_selection *selection,
				     struct problems *problems);
MUST_CHECK int dns_keys_from_records(struct dns_keys *keys, const struct public_keys *records,
				     struct problem_place place,
				     const struct dns_selection *selection,
				     struct problems *problems);

/* Whether there is one for the domain. */
bool dns_keys_have(const struct dns_keys *keys, const char *domain);

#endif
