/*
 * How it works: SenderHeaders only says where to look; OpenDKIM takes the first field of that list
 * which is there, whatever it holds, and so do we.
 */
#include "signer/message/sender.h"

#include "signer/dkim/domain_name.h"
#include "signer/message/header_counts.h"

static size_t sender_field(const struct header *header, const struct signer_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		size_t at = header_find(header, names->items[i], 0);

		if (at < header_count(header))
			return at;
	}
	return header_find(header, BYTES_LITERAL("From"), 0);
}

int sender_find(struct message_tools *tools, const struct header *header,
		const struct signer_names *sender_headers, struct sender_address *sender_out)
{
	size_t from_count = header_counts_of(header, BYTES_LITERAL("From"));
	struct bytes domain;
	int r;

	if (from_count != 1)
		return from_count == 0 ? SENDER_E_NO_FROM : SENDER_E_SEVERAL_FROM;
	r = address_parse(&tools->address,
			  header_value(header, sender_field(header, sender_headers)));
	if (r == ADDRESS_E_NONE)
		return SENDER_E_NO_ADDRESS;
	if (r != 0)
		return r < 0 ? r : SENDER_E_ADDRESS;
	domain = buffer_bytes(&tools->address.domain);
	buffer_clear(&tools->domain);
	/* An address literal has no domain: no table row can be for it. */
	if (domain.size > 0 && domain.data[0] == '[')
		r = buffer_append(&tools->domain, domain);
	else
		r = domain_name_to_ascii(domain, &tools->domain);
	if (r != 0)
		return r < 0 ? r : SENDER_E_DOMAIN;
	sender_out->local_part = buffer_bytes(&tools->address.local_part);
	sender_out->domain = buffer_bytes(&tools->domain);
	return 0;
}

const char *sender_error_text(int error)
{
	switch (error) {
	case SENDER_E_NO_FROM: return "it has no From field";
	case SENDER_E_SEVERAL_FROM: return "it has more than one From field";
	case SENDER_E_NO_ADDRESS: return "its From field holds no address";
	case SENDER_E_ADDRESS: return "the address in its From field is broken";
	case SENDER_E_DOMAIN: return "the domain in its From field is none";
	}
	return "out of memory";
}
