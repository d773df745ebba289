/*
 * public_keys - DKIM key records from a file, in place of the DNS.
 *
 * Is:       OpenDKIM's TestPublicKeys: a line is `SELECTOR._domainkey.DOMAIN RECORD`; or TXT records as
 *           in a zone file (txt_record.h), so that what genkey wrote serves as it is.
 * Is not:   a parser of records (signer/dkim).
 * Source:   opendkim.conf(5) TestPublicKeys; RFC 6376 3.6.2.1 for the name.
 * Units:    a line that starts with # or ; and an empty one do not count. The first of two records with
 *           one name is the one. The name `SELECTOR._domainkey` of a zone file has its domain from the
 *           comment that genkey writes: `; ----- DKIM key SELECTOR for DOMAIN`.
 * Errors:   -errno, or PUBLIC_KEYS_E_REFUSED when the file cannot be read or has keys in PEM form. A line
 *           without a record is told, and its name is not there.
 * Owns:     the records, until public_keys_free().
 * Threads:  read by any number at once.
 */
#ifndef SIGNER_TABLES_PUBLIC_KEYS_H
#define SIGNER_TABLES_PUBLIC_KEYS_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/problems.h"

enum {
	PUBLIC_KEYS_E_REFUSED = 1, /* `problems` says why */
};

struct public_keys;

/* `place` is the option that names the file. */
MUST_CHECK int public_keys_load(const char *path, struct problem_place place,
				struct problems *problems, struct public_keys **keys_out);
void public_keys_free(struct public_keys *keys);

/* The name in any case, with or without a dot at its end. false: there is no such record. */
bool public_keys_find(const struct public_keys *keys, struct bytes name, struct bytes *record_out);

/* All that there are, in the order of the file; the name without a dot at its end. */
size_t public_keys_count(const struct public_keys *keys);
void public_keys_at(const struct public_keys *keys, size_t index, struct bytes *name_out,
		    struct bytes *record_out);

#endif
