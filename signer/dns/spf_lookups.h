/*
 * spf_lookups - how many look-ups an SPF record costs its receivers, with all that it includes.
 *
 * Is:       the walk through include: and redirect=, as a receiver does it that finds no match.
 * Is not:   an evaluation, or the asking of the DNS: `fetch` does that.
 * Source:   RFC 7208 4.6.4: more than SPF_LOOKUPS_MAX are an error, and 5.2: so is an include without a
 *           record. What has a macro in it (%{i}) costs one, and is not followed.
 * Errors:   -errno; SPF_LOOKUPS_E_*, with `why`.
 * Bound:    it stops behind the first look-up that is one too many.
 */
#ifndef SIGNER_DNS_SPF_LOOKUPS_H
#define SIGNER_DNS_SPF_LOOKUPS_H

#include "common/buffer.h"

#define SPF_LOOKUPS_WHY_SIZE 1500

enum {
	SPF_LOOKUPS_E_TOO_MANY = 1,
	SPF_LOOKUPS_E_BROKEN,	 /* a receiver would call the whole an error */
	SPF_LOOKUPS_E_NO_ANSWER, /* what `fetch` says when it does not know */
};

struct spf_lookups {
	/* Appends the SPF record of the domain, or nothing if it has none; SPF_LOOKUPS_E_* with `why`. */
	int (*fetch)(void *arg, const char *domain, struct buffer *text_out,
		     char why[SPF_LOOKUPS_WHY_SIZE]);
	void *arg;
	unsigned count;
	char why[SPF_LOOKUPS_WHY_SIZE];
};

/* Counts those of a record; the struct has `fetch` and `arg`, and the rest zero. */
MUST_CHECK int spf_lookups_count(struct spf_lookups *lookups, struct bytes text);

#endif
