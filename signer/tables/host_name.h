/*
 * host_name - is this text fit to be a domain or a selector?
 *
 * Is:       letters, digits, - and _, in labels with a dot between them, or bytes of a U-label:
 *           what can stand in a tag of a signature and in a file name.
 * Is not:   a look-up, or the whole of RFC 1034: a label that is too long is somebody else's.
 * Source:   RFC 5321 2.3.5 sub-domain, RFC 6376 3.1 selector; _ because real names have it.
 */
#ifndef SIGNER_TABLES_HOST_NAME_H
#define SIGNER_TABLES_HOST_NAME_H

#include "common/bytes.h"

static inline bool host_name_is_valid(struct bytes name)
{
	bool in_label = false;

	for (size_t i = 0; i < name.size; i++) {
		uint8_t byte = ascii_lower(name.data[i]);

		if (byte == '.') {
			if (!in_label)
				return false;
			in_label = false;
			continue;
		}
		if (!ascii_is_digit(byte) && (byte < 'a' || byte > 'z') && byte != '-' &&
		    byte != '_' && byte < 0x80)
			return false;
		in_label = true;
	}
	return in_label;
}

#endif
