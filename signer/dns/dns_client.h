/*
 * dns_client - asks name servers, one question after the other.
 *
 * Is:       UDP, and TCP where an answer does not fit; aliases are followed.
 * Is not:   a resolver: the servers are asked to do the work, and are believed. No cache.
 * Why:      res_nquery(3) waits for TCP as long as the kernel does, which is minutes where a firewall drops
 *           it, and does not tell SERVFAIL from silence: both are what one who checks his records wants to
 *           know. So the bytes of messages are libresolv's work, and sending them is done here.
 * Source:   RFC 1035 4.2, RFC 7766 (TCP), RFC 6891 (EDNS: DNS_CLIENT_UDP_SIZE bytes by UDP).
 * Use:      dns_client_init(); dns_client_ask()...; dns_client_deinit().
 * Units:    a question takes `timeout_ms` at most, and each alias that must be asked for is another one.
 * Errors:   -errno; DNS_CLIENT_E_*, with the reason in `why`.
 * Threads:  one.
 */
#ifndef SIGNER_DNS_DNS_CLIENT_H
#define SIGNER_DNS_DNS_CLIENT_H

#include "signer/dns/dns_answer.h"

#include <sys/socket.h>

#define DNS_CLIENT_SERVERS_MAX 3
#define DNS_CLIENT_UDP_SIZE    1232 /* what goes through every network in one piece */
#define DNS_CLIENT_WHY_SIZE    1400
#define DNS_CLIENT_TIMEOUT_MS  5000

enum {
	DNS_CLIENT_E_SERVER = 1, /* that is no server */
	DNS_CLIENT_E_NO_ANSWER,	 /* there is only an error */
	DNS_CLIENT_E_SILENCE,	 /* there is nothing, and all the time was spent on it */
};

struct dns_client {
	unsigned timeout_ms;

	/* Private. */
	struct dns_server {
		struct sockaddr_storage address;
		socklen_t address_size;
		char name[64]; /* for people */
	} servers[DNS_CLIENT_SERVERS_MAX];
	size_t server_count;
	uint8_t *message; /* room for one of any size */
};

/*
 * `server`: NAME or ADDRESS with :PORT or not, an IPv6 address with a port as [ADDRESS]:PORT; NULL: those of
 * /etc/resolv.conf.
 */
MUST_CHECK int dns_client_init(struct dns_client *client, const char *server,
			       char why[DNS_CLIENT_WHY_SIZE]);
void dns_client_deinit(struct dns_client *client);

/* With 0 the rcode of the answer is DNS_RCODE_OK or DNS_RCODE_NO_NAME. */
MUST_CHECK int dns_client_ask(struct dns_client *client, const char *name, enum dns_type type,
			      struct dns_answer *answer, char why[DNS_CLIENT_WHY_SIZE]);

#endif
