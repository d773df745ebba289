/*
 * client_trust - which clients a milter signs for, and which it leaves alone.
 *
 * Is:       MTA, MacroList, InternalHosts, ExternalIgnoreList and PeerList of a configuration, and
 *           what they say of a client.
 * Is not:   about the message: a client that is trusted still needs a sender that is signed for
 *           (signing_plan.h).
 * Source:   opendkim.conf(5). A client is trusted if the first of these holds:
 *
 *             MTA             {daemon_name} is in the set, which counts upper and lower case
 *             MacroList       one of the macros has one of its values, or just is there
 *             InternalHosts   has the client (host_list.h)
 *             {auth_type}     is there and not empty: the client has logged in
 *
 *           A client of unknown address is one on the MTA's own machine, as OpenDKIM has it: for
 *           InternalHosts and ExternalIgnoreList its address is 127.0.0.1. PeerList, and all of them
 *           for a client on a unix socket, go by the name alone.
 *
 *           Other than in OpenDKIM, a name in MacroList may have its braces, and a row of a file may
 *           read NAME=VALUE|VALUE.
 * Macros:   names are as an MTA has them: one letter bare (`j`), all others in braces.
 * Errors:   -errno, or CLIENT_TRUST_E_REFUSED after the reason went to `problems`. The questions
 *           do not fail.
 * Owns:     all that it needs; the configuration is for the load only.
 * Threads:  const after load, and asked by any number. A question allocates nothing.
 *
 *	r = client_trust_load(config, problems, &trust);
 *	if (client_trust_is_peer(trust, &client))                 at connect
 *		return ACCEPT;
 *	reason = client_trust_judge(trust, &client, macros, why); at the end of the header
 */
#ifndef SIGNER_TABLES_CLIENT_TRUST_H
#define SIGNER_TABLES_CLIENT_TRUST_H

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/problems.h"
#include "signer/tables/signer_config.h"

enum {
	CLIENT_TRUST_E_REFUSED = 1, /* a set cannot be had */
};

/* A longer line is cut. */
#define CLIENT_TRUST_LINE_SIZE 512

enum trust_family {
	TRUST_FAMILY_UNKNOWN,
	TRUST_FAMILY_IP,
	TRUST_FAMILY_UNIX,
};

struct trust_client {
	struct bytes host; /* as the MTA gave it, "[192.0.2.1]" if it found no name */
	enum trust_family family;
	struct bytes address; /* of TRUST_FAMILY_IP. One that cannot be read is in no list. */
};

/* Where the values of macros come from. false: the MTA did not give that one. */
struct trust_macros {
	bool (*find)(void *arg, struct bytes name, struct bytes *value_out);
	void *arg;
};

/* Gets the lines that OpenDKIM logs with LogWhy, without the name of the job before them. */
struct trust_why {
	void (*tell)(void *arg, const char *line);
	void *arg;
};

enum trust_reason {
	TRUST_NONE,
	TRUST_MTA,
	TRUST_MACRO,
	TRUST_INTERNAL,
	TRUST_AUTHENTICATED,
};

struct client_trust;

MUST_CHECK int client_trust_load(const struct signer_config *config, struct problems *problems,
				 struct client_trust **trust_out);
void client_trust_free(struct client_trust *trust); /* takes NULL */

/*
 * Why the client is trusted; TRUST_NONE: it is not. `why` may be NULL. It is also told what did
 * not hold before something did.
 */
enum trust_reason client_trust_judge(const struct client_trust *trust,
				     const struct trust_client *client,
				     const struct trust_macros *macros,
				     const struct trust_why *why);

/* Does PeerList have anybody: does the answer to a connection depend on the client? */
bool client_trust_has_peers(const struct client_trust *trust);
bool client_trust_is_peer(const struct client_trust *trust, const struct trust_client *client);

/* Is nothing to be logged of it when it sends in the name of a domain that is signed for? */
bool client_trust_is_ignored_external(const struct client_trust *trust,
				      const struct trust_client *client);

/* The macros that the judgement needs, each once: an MTA can be asked to send them. */
size_t client_trust_macro_count(const struct client_trust *trust);
struct bytes client_trust_macro(const struct client_trust *trust, size_t i);

#endif
