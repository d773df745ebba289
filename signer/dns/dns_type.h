/*
 * dns_type - the types of records that we have to do with.
 *
 * Source:   RFC 1035 3.2.2, RFC 3596 2.1: the numbers are those of the protocol.
 */
#ifndef SIGNER_DNS_DNS_TYPE_H
#define SIGNER_DNS_DNS_TYPE_H

enum dns_type {
	DNS_A = 1,
	DNS_TXT = 16,
	DNS_AAAA = 28,
};

static inline const char *dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A: return "A";
	case DNS_TXT: return "TXT";
	case DNS_AAAA: return "AAAA";
	}
	return "?";
}

#endif
