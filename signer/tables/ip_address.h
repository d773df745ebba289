/*
 * ip_address - an IPv4 or IPv6 address, from its text and back.
 *
 * Is:       any form that inet_pton(3) takes: upper case, not shortened, with a dotted end; and with
 *           the "IPv6:" before it that RFC 5321 4.1.3 and some MTAs write.
 * Is not:   a zone ("fe80::1%eth0"), a name, or a dotted quad with zeros before a number, which
 *           some programs read as octal.
 * Owns:     nothing.
 * Threads:  any.
 */
#ifndef SIGNER_TABLES_IP_ADDRESS_H
#define SIGNER_TABLES_IP_ADDRESS_H

#include "common/bytes.h"
#include "common/compiler.h"

#define IP_ADDRESS_BITS	     128
#define IP_ADDRESS_IPV4_BITS 32
#define IP_ADDRESS_TEXT_SIZE 46 /* INET6_ADDRSTRLEN: with its NUL */

struct ip_address {
	uint8_t bytes[16]; /* in network order; IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2) */
	bool is_ipv4;	   /* it was written as such, not as an IPv6 address that stands for one */
};

/* false: the text is no address, and *address_out is what it was. */
MUST_CHECK bool ip_address_parse(struct bytes text, struct ip_address *address_out);

/* As inet_ntop(3) writes it, which is how RFC 5952 wants it. */
void ip_address_format(const struct ip_address *address, char text[IP_ADDRESS_TEXT_SIZE]);

/* Is it IPv4, however it was written? */
bool ip_address_is_mapped(const struct ip_address *address);

struct ip_address ip_address_loopback(void); /* 127.0.0.1 */

#endif
