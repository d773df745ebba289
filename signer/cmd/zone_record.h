/*
 * zone_record - the TXT record of a public key, as a line for a zone file.
 *
 * Source:   RFC 6376 3.6.1 for the tags, RFC 1035 5.1 for the line and 3.3 for strings of up to 255
 *           bytes. The form is that of opendkim-genkey's .txt file, byte for byte, because there are
 *           scripts that read it.
 * Errors:   -ENOMEM; ZONE_RECORD_E_*.
 */
#ifndef SIGNER_CMD_ZONE_RECORD_H
#define SIGNER_CMD_ZONE_RECORD_H

#include "common/buffer.h"

enum {
	ZONE_RECORD_E_CHARACTER =
		1,		/* in note or hashes: a quote, backslash, semicolon or control */
	ZONE_RECORD_E_TOO_LONG, /* the tags before p= do not fit into one string */
};

struct zone_record {
	const char *selector;
	const char *domain;
	bool with_domain;	 /* the domain is part of the name, with a dot at its end */
	const char *key_type;	 /* k= */
	struct bytes public_key; /* p=, in base64 */
	const char *hashes;	 /* h= */
	const char *note;	 /* n=; NULL: none */
	bool is_test;		 /* t=y */
	bool is_strict;		 /* t=s: not for subdomains */
	bool is_email_only;	 /* s=email */
};

MUST_CHECK int zone_record_append(const struct zone_record *record, struct buffer *output);

#endif
