/*
 * host_entry - one entry of a list of hosts, as InternalHosts, ExternalIgnoreList and PeerList have.
 *
 * Is:       HOST                 a name, "localhost" or "mx.example.com"
 *           .DOMAIN              the hosts below it, not itself
 *           ADDRESS              IPv4 or IPv6, bare or as [ADDRESS]
 *           ADDRESS/BITS         a network; also [ADDRESS]/BITS, [ADDRESS/BITS], 10.0.0.0/255.0.0.0
 *           *.DOMAIN, mx*.net    in a pattern file: `*` is any run of bytes
 *           10.1.*               in a pattern file: 10.1.0.0/16
 *           and each of them with ! before it, which says that it is not in the list.
 *           There may be blanks around the parts, a dot behind a name, and any bits of an address
 *           behind the network's. An IPv4-mapped IPv6 address is the IPv4 one.
 * Is not:   a look-up (host_list.h).
 * Source:   opendkim.conf(5), PeerList.
 * Errors:   HOST_ENTRY_E_*, of which host_entry_fault() is for people.
 * Owns:     nothing: a name lies in the text.
 * Threads:  any.
 */
#ifndef SIGNER_TABLES_HOST_ENTRY_H
#define SIGNER_TABLES_HOST_ENTRY_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "signer/tables/ip_address.h"

/* RFC 1035 2.3.4: no name is longer. */
#define HOST_ENTRY_NAME_SIZE_MAX 255

enum {
	HOST_ENTRY_E_EMPTY = 1,
	HOST_ENTRY_E_UNKNOWN, /* neither a name nor an address */
	HOST_ENTRY_E_DASH,
	HOST_ENTRY_E_BRACKET,
	HOST_ENTRY_E_IPV4, /* looks like one */
	HOST_ENTRY_E_IPV6,
	HOST_ENTRY_E_IPV4_BITS,
	HOST_ENTRY_E_IPV6_BITS,
	HOST_ENTRY_E_MAPPED_BITS,
	HOST_ENTRY_E_STAR, /* a pattern where patterns are not known */
	HOST_ENTRY_E_PATTERN,
};

enum host_entry_kind {
	HOST_ENTRY_NAME,    /* `name` as a whole; it begins with a dot if it is .DOMAIN */
	HOST_ENTRY_PATTERN, /* `name` is a glob for names */
	HOST_ENTRY_NETWORK, /* `address` and `bits` */
};

struct host_entry {
	enum host_entry_kind kind;
	bool is_excluded; /* ! */
	struct bytes name;
	struct ip_address address; /* any bits may be set behind `bits` */
	unsigned bits;		   /* of 32 if address.is_ipv4, else of 128 */
};

/* `has_patterns`: the entry is from a pattern file (refile:). */
MUST_CHECK int host_entry_parse(struct bytes text, bool has_patterns, struct host_entry *entry_out);

/* What is wrong with an entry, and what is allowed: to stand behind the entry and a colon. */
const char *host_entry_fault(int outcome);

#endif
