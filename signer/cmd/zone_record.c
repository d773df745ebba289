#include "signer/cmd/zone_record.h"

#include <errno.h>
#include <string.h>

#define STRING_SIZE_MAX 255 /* RFC 1035 3.3: what a length byte can say */
#define PIECE_SIZE	250 /* of p= in one string */

/* What would end the tag, the string or the line. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte > 0x7e || strchr("\"\\;", byte) != NULL)
			return false;
	}
	return true;
}

static const char *flags_tag(const struct zone_record *record)
{
	if (record->is_test)
		return record->is_strict ? "t=y:s; " : "t=y; ";
	return record->is_strict ? "t=s; " : "";
}

/* The first string: all tags but p=. The quotes of n= are part of it, so the zone file escapes them. */
static int append_tags(const struct zone_record *record, struct buffer *output)
{
	size_t start = output->size;
	size_t escapes = 0;
	int r = buffer_append_string(output, "v=DKIM1;");

	if (r == 0 && record->note != NULL) {
		r = buffer_printf(output, " n=\\\"%s\\\";", record->note);
		escapes = 2;
	}
	if (r == 0)
		r = buffer_printf(output, " h=%s; k=%s; %s%s", record->hashes, record->key_type,
				  flags_tag(record), record->is_email_only ? "s=email; " : "");
	if (r == 0 && output->size - start - escapes > STRING_SIZE_MAX)
		return ZONE_RECORD_E_TOO_LONG;
	return r;
}

static int append_key(struct bytes key, struct buffer *output)
{
	int r = buffer_append_string(output, "\"\n\t  \"p=");

	while (r == 0 && key.size > PIECE_SIZE) {
		r = buffer_append(output, bytes_slice(key, 0, PIECE_SIZE));
		if (r == 0)
			r = buffer_append_string(output, "\"\n\t  \"");
		key = bytes_skip(key, PIECE_SIZE);
	}
	return r == 0 ? buffer_append(output, key) : r;
}

int zone_record_append(const struct zone_record *record, struct buffer *output)
{
	int r;

	if (!is_plain(record->hashes) || (record->note != NULL && !is_plain(record->note)))
		return ZONE_RECORD_E_CHARACTER;
	r = buffer_printf(output, "%s._domainkey", record->selector);
	if (r == 0 && record->with_domain)
		r = buffer_printf(output, ".%s.", record->domain);
	if (r == 0)
		r = buffer_append_string(output, "\tIN\tTXT\t( \"");
	if (r == 0)
		r = append_tags(record, output);
	if (r == 0)
		r = append_key(record->public_key, output);
	if (r == 0)
		r = buffer_append_string(output, "\" ) ");
	if (r == 0 && record->domain[0] != '\0')
		r = buffer_printf(output, " ; ----- DKIM key %s for %s", record->selector,
				  record->domain);
	return r == 0 ? buffer_append_byte(output, '\n') : r;
}
