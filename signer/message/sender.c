/*
 * How it works: SenderHeaders only says where to look; OpenDKIM takes the first field of that list
 * which is there, whatever it holds, and so do we.
 */
#include "signer/message/sender.h"

#include "signer/dkim/domain_name.h"
#include "signer/message/header_counts.h"

#include <assert.h>
#include <stdio.h>

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

struct bytes sender_field_name(const struct header *header,
			       const struct signer_names *sender_headers)
{
	size_t at = sender_field(header, sender_headers);

	return at < header_count(header) ? header_name(header, at) : BYTES_LITERAL("From");
}

void sender_error_text(int error, struct bytes field, char *text, size_t size)
{
	switch (error) {
	case SENDER_E_NO_FROM: snprintf(text, size, "it has no From field"); return;
	case SENDER_E_SEVERAL_FROM: snprintf(text, size, "it has more than one From field"); return;
	case SENDER_E_NO_ADDRESS:
		snprintf(text, size, "its %.*s field holds no address", BYTES_PRINTF(field));
		return;
	case SENDER_E_ADDRESS:
		snprintf(text, size, "the address in its %.*s field is broken",
			 BYTES_PRINTF(field));
		return;
	case SENDER_E_DOMAIN:
		snprintf(text, size, "the domain in its %.*s field is none", BYTES_PRINTF(field));
		return;
	}
	assert(!"not an error of a sender");
}
