/*
 * How it works: what an entry is shows in its bytes. A bracket or a colon is an address, a `*` is a
 * pattern, and so is a last label of digits only an address, because no top-level domain is one
 * (RFC 3696 2): "10.0.0.256" is a mistake, not a host.
 */
#include "signer/tables/host_entry.h"

#include "signer/tables/host_name.h"

/* Bits that IPv6 has more; those before an IPv4-mapped address. */
#define MAPPED_BITS (IP_ADDRESS_BITS - IP_ADDRESS_IPV4_BITS)

static bool bytes_have(struct bytes bytes, uint8_t byte)
{
	return bytes_find(bytes, byte) < bytes.size;
}

static bool is_digits(struct bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		if (!ascii_is_digit(bytes.data[i]))
			return false;
	}
	return bytes.size > 0;
}

static struct bytes label_last(struct bytes name)
{
	size_t start = name.size;

	while (start > 0 && name.data[start - 1] != '.')
		start--;
	return bytes_skip(name, start);
}

/* Is it .DOMAIN or HOST? */
static bool is_name(struct bytes text)
{
	if (text.size > HOST_ENTRY_NAME_SIZE_MAX)
		return false;
	if (text.size > 0 && text.data[0] == '.')
		text = bytes_skip(text, 1);
	return host_name_is_valid(text) && !is_digits(label_last(text));
}

/* A decimal number up to `max`. With a zero before it, some would read it as octal. */
static bool number_parse(struct bytes text, unsigned max, unsigned *number_out)
{
	unsigned number = 0;

	if (!is_digits(text) || text.size > 3 || (text.size > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.size; i++)
		number = number * 10 + (text.data[i] - '0');
	if (number > max)
		return false;
	*number_out = number;
	return true;
}

/* 255.255.0.0, with all ones before all zeros. */
static bool mask_parse(struct bytes text, unsigned *bits_out)
{
	struct ip_address mask;
	const uint8_t *bytes;
	uint32_t zeros;

	if (!ip_address_parse(text, &mask) || !mask.is_ipv4)
		return false;
	bytes = mask.bytes + sizeof(mask.bytes) - sizeof(zeros);
	zeros = ~((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		  (uint32_t)bytes[3]);
	if ((zeros & (zeros + 1)) != 0)
		return false;
	*bits_out = zeros == 0 ? IP_ADDRESS_IPV4_BITS : (unsigned)__builtin_clz(zeros);
	return true;
}

static int bits_parse(struct bytes text, struct host_entry *entry)
{
	bool is_mapped = ip_address_is_mapped(&entry->address);

	if (entry->address.is_ipv4) {
		if (!number_parse(text, IP_ADDRESS_IPV4_BITS, &entry->bits) &&
		    !mask_parse(text, &entry->bits))
			return HOST_ENTRY_E_IPV4_BITS;
		return 0;
	}
	if (!number_parse(text, IP_ADDRESS_BITS, &entry->bits))
		return HOST_ENTRY_E_IPV6_BITS;
	/* Who writes ::ffff:10.0.0.0/8 hardly means all that is in ::/8. */
	return is_mapped && entry->bits < MAPPED_BITS ? HOST_ENTRY_E_MAPPED_BITS : 0;
}

/* An IPv4-mapped address becomes the IPv4 one. */
static void network_unmap(struct host_entry *entry)
{
	if (entry->address.is_ipv4 || !ip_address_is_mapped(&entry->address))
		return;
	entry->address.is_ipv4 = true;
	entry->bits -= MAPPED_BITS;
}

/* What is wrong with a text that should be an address. */
static int address_fault(struct bytes text)
{
	if (bytes_have(text, ':'))
		return HOST_ENTRY_E_IPV6;
	return is_digits(label_last(text)) ? HOST_ENTRY_E_IPV4 : HOST_ENTRY_E_UNKNOWN;
}

/* `mask`: what stands behind the slash, if there is one. */
static int network_make(struct bytes address, bool has_mask, struct bytes mask,
			struct host_entry *entry)
{
	int r = 0;

	address = bytes_trim(address);
	if (!ip_address_parse(address, &entry->address))
		return address_fault(address);
	entry->kind = HOST_ENTRY_NETWORK;
	entry->bits = entry->address.is_ipv4 ? IP_ADDRESS_IPV4_BITS : IP_ADDRESS_BITS;
	if (has_mask)
		r = bits_parse(bytes_trim(mask), entry);
	if (r == 0)
		network_unmap(entry);
	return r;
}

/* ADDRESS or ADDRESS/MASK. */
static int network_parse(struct bytes text, struct host_entry *entry)
{
	size_t slash = bytes_find(text, '/');
	bool has_mask = slash < text.size;

	return network_make(bytes_slice(text, 0, slash), has_mask,
			    bytes_skip(text, has_mask ? slash + 1 : slash), entry);
}

/* [ADDRESS], [ADDRESS]/MASK or [ADDRESS/MASK]. */
static int bracket_parse(struct bytes text, struct host_entry *entry)
{
	size_t end = bytes_find(text, ']');
	struct bytes inside;
	struct bytes behind;
	int r;

	if (end == text.size)
		return HOST_ENTRY_E_BRACKET;
	inside = bytes_slice(text, 1, end);
	behind = bytes_trim(bytes_skip(text, end + 1));
	if (behind.size == 0)
		r = network_parse(inside, entry);
	else if (behind.data[0] == '/')
		r = network_make(inside, true, bytes_skip(behind, 1), entry);
	else
		r = HOST_ENTRY_E_BRACKET;
	return r == HOST_ENTRY_E_UNKNOWN ? HOST_ENTRY_E_BRACKET : r;
}

/* 10.* and 10.1.*.*: the numbers before the stars are the network. */
static bool octets_parse(struct bytes text, struct host_entry *entry)
{
	struct ip_address address = ip_address_loopback();
	uint8_t *octets = address.bytes + sizeof(address.bytes) - 4;
	unsigned number_count = 0;
	unsigned count = 0;

	memset(octets, 0, 4);
	while (text.size > 0) {
		size_t size = bytes_find(text, '.');
		struct bytes label = bytes_slice(text, 0, size);
		bool is_star = bytes_equal(label, BYTES_LITERAL("*"));
		unsigned octet = 0;

		if (count == 4 ||
		    (!is_star && (number_count < count || !number_parse(label, UINT8_MAX, &octet))))
			return false;
		number_count += !is_star;
		octets[count++] = (uint8_t)octet;
		text = bytes_skip(text, size < text.size ? size + 1 : size);
	}
	if (number_count == 0 || number_count == count)
		return false;
	entry->kind = HOST_ENTRY_NETWORK;
	entry->address = address;
	entry->bits = 8 * number_count;
	return true;
}

/* Can it be a pattern for names: labels of their bytes, and a letter or nothing but dots and stars? */
static bool is_pattern(struct bytes text)
{
	bool has_digits = false;
	bool has_letters = false;

	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = ascii_lower(text.data[i]);

		if (ascii_is_digit(byte))
			has_digits = true;
		else if ((byte >= 'a' && byte <= 'z') || byte >= 0x80)
			has_letters = true;
		else if (byte != '*' && byte != '.' && byte != '-' && byte != '_')
			return false;
		if (byte == '.' && (i + 1 == text.size || text.data[i + 1] == '.'))
			return false;
	}
	return has_letters || !has_digits;
}

static int pattern_parse(struct bytes text, bool has_patterns, struct host_entry *entry)
{
	struct bytes below = bytes_skip(text, 1);

	if (!has_patterns)
		return HOST_ENTRY_E_STAR;
	if (octets_parse(text, entry))
		return 0;
	if (!is_pattern(text))
		return HOST_ENTRY_E_PATTERN;
	/* The same hosts, found without trying pattern after pattern. */
	if (text.data[0] == '*' && below.size > 0 && below.data[0] == '.' && is_name(below)) {
		entry->kind = HOST_ENTRY_NAME;
		entry->name = below;
		return 0;
	}
	entry->kind = HOST_ENTRY_PATTERN;
	entry->name = text;
	return 0;
}

static int name_parse(struct bytes text, struct host_entry *entry)
{
	if (is_digits(label_last(text)))
		return HOST_ENTRY_E_IPV4;
	if (!is_name(text))
		return HOST_ENTRY_E_UNKNOWN;
	entry->kind = HOST_ENTRY_NAME;
	entry->name = text;
	return 0;
}

/* Without the dot of the root, which a name in DNS has at its end. */
static struct bytes root_cut(struct bytes text)
{
	if (text.size > 1 && text.data[text.size - 1] == '.')
		text.size--;
	return text;
}

static int kind_parse(struct bytes text, bool has_patterns, struct host_entry *entry)
{
	struct ip_address address;
	bool is_bracket = text.data[0] == '[';

	if (bytes_equal(root_cut(text), BYTES_LITERAL("-")))
		return HOST_ENTRY_E_DASH;
	if (is_bracket)
		return bracket_parse(text, entry);
	if (bytes_have(text, '*'))
		return pattern_parse(root_cut(text), has_patterns, entry);
	if (bytes_have(text, ':') || bytes_have(text, '/') || ip_address_parse(text, &address))
		return network_parse(text, entry);
	return name_parse(root_cut(text), entry);
}

int host_entry_parse(struct bytes text, bool has_patterns, struct host_entry *entry_out)
{
	struct host_entry entry = {.is_excluded = false};
	int r;

	text = bytes_trim(text);
	if (text.size > 0 && text.data[0] == '!') {
		entry.is_excluded = true;
		text = bytes_trim(bytes_skip(text, 1));
	}
	if (text.size == 0)
		return HOST_ENTRY_E_EMPTY;
	r = kind_parse(text, has_patterns, &entry);
	if (r == 0)
		*entry_out = entry;
	return r;
}

const char *host_entry_fault(int outcome)
{
	switch (outcome) {
	case HOST_ENTRY_E_EMPTY: return "a host or an address must stand behind the !";
	case HOST_ENTRY_E_DASH: return "- stands for an empty list only where it is alone";
	case HOST_ENTRY_E_BRACKET:
		return "brackets hold one address; allowed are [ADDRESS] and [ADDRESS]/BITS";
	case HOST_ENTRY_E_IPV4:
		return "it ends in a number and is no IPv4 address: four numbers from 0 to 255, "
		       "without zeros before them";
	case HOST_ENTRY_E_IPV6: return "it has a : and is no IPv6 address";
	case HOST_ENTRY_E_IPV4_BITS:
		return "behind an IPv4 address, allowed are /0 to /32, or a mask such as "
		       "/255.255.0.0";
	case HOST_ENTRY_E_IPV6_BITS: return "behind an IPv6 address, allowed are /0 to /128";
	case HOST_ENTRY_E_MAPPED_BITS:
		return "behind an IPv4 address written as IPv6, allowed are /96 to /128";
	case HOST_ENTRY_E_STAR:
		return "* is for pattern files (refile:PATH); .DOMAIN stands for all hosts of a "
		       "domain, and ADDRESS/BITS for a network";
	case HOST_ENTRY_E_PATTERN:
		return "a pattern has letters, digits, -, _, . and *; for addresses, allowed are "
		       "ADDRESS/BITS and, as 10.1.*, the first numbers of an IPv4 address";
	}
	return "it is no host name and no address; allowed are HOST, .DOMAIN, ADDRESS and "
	       "ADDRESS/BITS, each also with ! before it";
}
