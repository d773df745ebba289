/*
 * How it works: inet_pton() and inet_ntop() know the forms; here is what they want around them.
 */
#include "signer/tables/ip_address.h"

#include <arpa/inet.h>
#include <assert.h>

#define MAPPED_SIZE 12 /* bytes before the IPv4 address in an IPv6 one */

static const uint8_t mapped_start[MAPPED_SIZE] = {[10] = 0xff, [11] = 0xff};

bool ip_address_parse(struct bytes text, struct ip_address *address_out)
{
	const struct bytes label = BYTES_LITERAL("IPv6:");
	struct ip_address address = {.is_ipv4 = false};
	char string[IP_ADDRESS_TEXT_SIZE] = "";
	bool is_labelled = bytes_start_with_nocase(text, label);

	if (is_labelled)
		text = bytes_skip(text, label.size);
	/* inet_pton() stops at a NUL, and what is behind it would count for nothing. */
	if (text.size == 0 || text.size >= sizeof(string) || bytes_find(text, '\0') < text.size)
		return false;
	memcpy(string, text.data, text.size);
	if (inet_pton(AF_INET6, string, address.bytes) != 1) {
		if (is_labelled || inet_pton(AF_INET, string, address.bytes + MAPPED_SIZE) != 1)
			return false;
		memcpy(address.bytes, mapped_start, sizeof(mapped_start));
		address.is_ipv4 = true;
	}
	*address_out = address;
	return true;
}

void ip_address_format(const struct ip_address *address, char text[IP_ADDRESS_TEXT_SIZE])
{
	const char *written = address->is_ipv4 ? inet_ntop(AF_INET, address->bytes + MAPPED_SIZE,
							   text, IP_ADDRESS_TEXT_SIZE)
					       : inet_ntop(AF_INET6, address->bytes, text,
							   IP_ADDRESS_TEXT_SIZE);

	assert(written != NULL); /* the room is what the longest one needs */
}

bool ip_address_is_mapped(const struct ip_address *address)
{
	return memcmp(address->bytes, mapped_start, sizeof(mapped_start)) == 0;
}

struct ip_address ip_address_loopback(void)
{
	struct ip_address address = {.bytes = {[12] = 127, [15] = 1}, .is_ipv4 = true};

	memcpy(address.bytes, mapped_start, sizeof(mapped_start));
	return address;
}
