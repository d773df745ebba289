#include "signer/dns/ip_range.h"

#include <arpa/inet.h>
#include <string.h>

static unsigned prefix_max(const struct ip_range *range)
{
	return range->is_ip6 ? 128 : 32;
}

/* RFC 7208 5.6: decimal digits without leading zeros. */
static int parse_prefix(struct ip_range *range, struct bytes text)
{
	unsigned prefix = 0;

	if (text.size == 0 || text.size > 3 || (text.size > 1 && text.data[0] == '0'))
		return IP_RANGE_E_SYNTAX;
	for (size_t i = 0; i < text.size; i++) {
		if (!ascii_is_digit(text.data[i]))
			return IP_RANGE_E_SYNTAX;
		prefix = 10 * prefix + (text.data[i] - '0');
	}
	if (prefix > prefix_max(range))
		return IP_RANGE_E_SYNTAX;
	range->prefix = prefix;
	return 0;
}

int ip_range_parse(struct ip_range *range, struct bytes text)
{
	size_t slash = bytes_find(text, '/');
	char address[INET6_ADDRSTRLEN];

	if (slash == 0 || slash >= sizeof(address) || bytes_find(text, '\0') < slash)
		return IP_RANGE_E_SYNTAX;
	memcpy(address, text.data, slash);
	address[slash] = '\0';
	*range = (struct ip_range){.is_ip6 = strchr(address, ':') != NULL};
	if (inet_pton(range->is_ip6 ? AF_INET6 : AF_INET, address, range->address) != 1)
		return IP_RANGE_E_SYNTAX;
	range->prefix = prefix_max(range);
	return slash == text.size ? 0 : parse_prefix(range, bytes_skip(text, slash + 1));
}

bool ip_range_is_single(const struct ip_range *range)
{
	return range->prefix == prefix_max(range);
}

bool ip_range_equals(const struct ip_range *a, const struct ip_range *b)
{
	unsigned whole = a->prefix / 8;
	unsigned bits = a->prefix % 8;

	if (a->is_ip6 != b->is_ip6 || a->prefix != b->prefix ||
	    memcmp(a->address, b->address, whole) != 0)
		return false;
	return bits == 0 || (a->address[whole] ^ b->address[whole]) >> (8 - bits) == 0;
}

int ip_range_append(const struct ip_range *range, struct buffer *output)
{
	char text[INET6_ADDRSTRLEN];

	(void)inet_ntop(range->is_ip6 ? AF_INET6 : AF_INET, range->address, text, sizeof(text));
	if (ip_range_is_single(range))
		return buffer_append_string(output, text);
	return buffer_printf(output, "%s/%u", text, range->prefix);
}
