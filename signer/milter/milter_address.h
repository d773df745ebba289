/*
 * milter_address - where a milter listens: OpenDKIM's Socket.
 *
 * Is:       the addresses that the option names, and a socket that listens at one of them.
 * Form:     inet:PORT[@HOST], inet6:PORT[@HOST], local:PATH, unix:PATH, or a bare PATH with a slash; several with
 *           commas between. A host is a name or an address, in brackets or not; without one it is all of them.
 * Source:   opendkim.conf(5) Socket.
 * Errors:   MILTER_ADDRESS_E_WRONG or -errno, with one line that says why.
 * Owns:     nothing; the caller closes the sockets.
 */
#ifndef SIGNER_MILTER_MILTER_ADDRESS_H
#define SIGNER_MILTER_MILTER_ADDRESS_H

#include "common/bytes.h"
#include "common/compiler.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MILTER_ADDRESSES_MAX 16
#define MILTER_ADDRESS_WHY   256

enum {
	MILTER_ADDRESS_E_WRONG = 1,
};

struct milter_address {
	struct sockaddr_storage address;
	socklen_t size;
	char text[sizeof(((struct sockaddr_un *)0)->sun_path) + 8]; /* as it was written */
};

struct milter_addresses {
	struct milter_address items[MILTER_ADDRESSES_MAX];
	size_t count;
};

/* Names of hosts are looked up. */
MUST_CHECK int milter_addresses_parse(const char *text, struct milter_addresses *addresses_out,
				      char why[MILTER_ADDRESS_WHY]);

/*
 * A socket that listens there, and does not block. One in the file system that nobody listens at any more is taken over;
 * what is no socket stays, and is an error.
 */
MUST_CHECK int milter_address_listen(const struct milter_address *address, int *fd_out,
				     char why[MILTER_ADDRESS_WHY]);

/* Takes the file of such a socket away. */
void milter_address_remove(const struct milter_address *address);

static inline bool milter_address_is_local(const struct milter_address *address)
{
	return address->address.ss_family == AF_UNIX;
}

#endif
