/*
 * host_list - which clients a list of hosts has: InternalHosts, ExternalIgnoreList, PeerList.
 *
 * Is:       a data set of names and networks (host_entry.h), made ready for look-ups that take a few
 *           steps however long the list is, allocate nothing and never ask the DNS.
 * Source:   opendkim.conf(5), PeerList.
 *
 *           The name comes first: mx.a.example is looked for as itself, then as .a.example, then as
 *           .example. The first that is in the list decides; both with and without !, it is
 *           not a member. After a name that is found with !, or not at all, comes the address:
 *           the longest network that it is in decides, and again ! wins at the same length.
 *           So ! before a name ends the search among names only; it keeps nobody out whose
 *           address is in the list.
 *
 *           A name is what the MTA gave, in upper or lower case. One that begins with [ is how an
 *           MTA says that there is none, and one of more than 255 bytes is none.
 *           In a pattern file, a name meets the patterns where it is looked for as itself, and
 *           those that begin with a dot where it is looked for as .a.example.
 *           A list that is nothing but - is empty.
 *
 *           Other than in OpenDKIM, an address need not be in the one form that inet_ntop(3)
 *           writes, and *.example.com in a pattern file stands for the hosts of that domain:
 *           there, it also meets "!mx.example.com" and so keeps them out.
 * Units:    lines count from 1.
 * Errors:   -errno, or HOST_LIST_E_REFUSED after the reason went to `problems`. An entry that is
 *           no name and no address is told as a warning and matches nobody.
 * Owns:     all that it needs: text and place are only for the call.
 * Threads:  read by any number at once.
 */
#ifndef SIGNER_TABLES_HOST_LIST_H
#define SIGNER_TABLES_HOST_LIST_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/problems.h"
#include "signer/tables/ip_address.h"

enum {
	HOST_LIST_E_REFUSED = 1, /* the set cannot be had */
};

struct host_list;

/* As data_set_load(); a `text` of NULL is an empty list. */
MUST_CHECK int host_list_load(const char *text, const char *base_directory,
			      struct problem_place place, struct problems *problems,
			      struct host_list **list_out);
void host_list_free(struct host_list *list); /* takes NULL */

/* Does it have nobody? */
bool host_list_is_empty(const struct host_list *list);

bool host_list_has_name(const struct host_list *list, struct bytes name);
bool host_list_has_address(const struct host_list *list, const struct ip_address *address);

/* By its name, and then by its address. NULL: it has none. */
bool host_list_has(const struct host_list *list, struct bytes name,
		   const struct ip_address *address);

#endif
