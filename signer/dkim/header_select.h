/*
 * header_select - which header fields a signature covers: what h= lists.
 *
 * Is:       SignHeaders, OmitHeaders and OversignHeaders, prepared for look-up.
 * Use:      header_select_new() once per configuration; header_select_list() per message.
 * Lists:    names without regard to case, "*" in a name stands for any characters. A list with an
 *           entry "*" is a change to the default list: "+x" adds, "-x" removes, and entries with
 *           neither sign mean nothing, as in OpenDKIM.
 * Result:   each present field that is signed and not omitted, in message order, in its own
 *           spelling, once per occurrence; From always. Then each oversigned name once, as
 *           configured, whether it was listed before or not.
 * Bound:    a message with more than HEADER_SELECT_NAMES_MAX of them has no list. Left out, the surplus
 *           could be changed and added to by anyone under a signature that the configuration promises
 *           to cover it; listed, verifiers that bound their work, ours among them, refuse the signature.
 * Source:   RFC 6376 5.4, 5.4.1 and 8.15; the default lists are OpenDKIM's.
 * Errors:   -ENOMEM, HEADER_SELECT_E_*.
 * Owns:     copies of all names. What was listed points into the header and this object.
 * Threads:  const after it was made, so any number.
 */
#ifndef SIGNER_DKIM_HEADER_SELECT_H
#define SIGNER_DKIM_HEADER_SELECT_H

#include "signer/dkim/dkim_signature.h"
#include "signer/dkim/header.h"
#include "signer/dkim/name_list.h"

/* What dkim_signature.h takes. */
#define HEADER_SELECT_NAMES_MAX DKIM_SIGNATURE_NAMES_MAX

struct header_select;

enum {
	HEADER_SELECT_E_NAME = 1, /* an entry that cannot be the name of a field */
	HEADER_SELECT_E_DELTA,	  /* "+x" or "-x" in a list without "*" */
	HEADER_SELECT_E_TOO_MANY, /* more oversigned names, or fields of a message, than h= may list */
};

/* A NULL list is one that is not configured: the default, or for `oversign` nothing. */
struct header_select_lists {
	const struct name_list *sign;
	const struct name_list *omit;
	const struct name_list *oversign;
};

enum header_select_verdict {
	HEADER_SELECT_SIGNED,
	HEADER_SELECT_OMITTED,
	HEADER_SELECT_NOT_LISTED,
};

/* On HEADER_SELECT_E_*, `wrong_out` is the entry that is wrong. */
MUST_CHECK int header_select_new(const struct header_select_lists *lists, struct bytes *wrong_out,
				 struct header_select **select_out);
void header_select_free(struct header_select *select);

enum header_select_verdict header_select_judge(const struct header_select *select,
					       struct bytes name);

/* Replaces what is in `names`. HEADER_SELECT_E_TOO_MANY: it holds nothing of use. */
MUST_CHECK int header_select_list(const struct header_select *select, const struct header *header,
				  struct name_list *names);

#endif
