#include "signer/dns/dmarc_record.h"

#include "signer/dkim/domain_name.h"

#include <stdarg.h>
#include <stdio.h>

#define VERSION "DMARC1"
#define MAILTO	"mailto:"

bool dmarc_record_is(struct bytes text)
{
	size_t end = bytes_find(text, ';');
	struct bytes first = bytes_slice(text, 0, end);
	size_t equals = bytes_find(first, '=');

	return equals < first.size &&
	       bytes_equal(bytes_trim(bytes_slice(first, 0, equals)), BYTES_LITERAL("v")) &&
	       bytes_equal(bytes_trim(bytes_skip(first, equals + 1)), BYTES_LITERAL(VERSION));
}

static PRINTF_LIKE(2, 3) int wrong(struct dmarc_record *record, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(record->fault, sizeof(record->fault), format, args);
	va_end(args);
	return DMARC_RECORD_E_SYNTAX;
}

bool dmarc_policy_is_valid(struct bytes policy)
{
	static const char *const policies[] = {"none", "quarantine", "reject"};

	for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
		if (bytes_equal_nocase(policy, bytes_of_string(policies[i])))
			return true;
	}
	return false;
}

static int check_policy(struct dmarc_record *record, const char *name)
{
	const struct tag *tag = tag_list_find(&record->tags, name);

	if (tag == NULL || dmarc_policy_is_valid(tag->value))
		return 0;
	return wrong(record, "%s=%.*s: only none, quarantine and reject are policies", name,
		     BYTES_PRINTF(tag->value));
}

static int check_percent(struct dmarc_record *record)
{
	const struct tag *tag = tag_list_find(&record->tags, "pct");
	uint64_t percent;

	if (tag == NULL || (tag_list_number(tag->value, &percent) == 0 && percent <= 100))
		return 0;
	return wrong(record, "pct=%.*s: not a number from 0 to 100", BYTES_PRINTF(tag->value));
}

/* adkim and aspf: r or s. */
static int check_alignment(struct dmarc_record *record, const char *name)
{
	const struct tag *tag = tag_list_find(&record->tags, name);

	if (tag == NULL || bytes_equal_nocase(tag->value, BYTES_LITERAL("r")) ||
	    bytes_equal_nocase(tag->value, BYTES_LITERAL("s")))
		return 0;
	return wrong(record, "%s=%.*s: only r and s are allowed", name, BYTES_PRINTF(tag->value));
}

bool dmarc_next_uri(struct bytes *rest, struct bytes *uri_out)
{
	size_t comma;

	if (rest->size == 0)
		return false;
	comma = bytes_find(*rest, ',');
	*uri_out = bytes_trim(bytes_slice(*rest, 0, comma));
	*rest = comma < rest->size ? bytes_skip(*rest, comma + 1) : bytes_of(NULL, 0);
	return true;
}

/* RFC 7489 6.4: "!" 1*DIGIT [ "k" / "m" / "g" / "t" ]. */
static bool is_size_limit(struct bytes text)
{
	size_t digits = 0;

	while (digits < text.size && ascii_is_digit(text.data[digits]))
		digits++;
	return digits > 0 &&
	       (digits == text.size || (digits + 1 == text.size &&
					memchr("kmgt", ascii_lower(text.data[digits]), 4) != NULL));
}

static bool is_mailbox(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~' || memchr(";,!\"\\", text.data[i], 5))
			return false;
	}
	return true;
}

bool dmarc_uri_is_valid(struct bytes uri, struct bytes *domain_out)
{
	size_t mark = bytes_find(uri, '!');
	struct bytes mailbox = bytes_slice(uri, 0, mark);
	size_t at;

	if (!bytes_start_with_nocase(mailbox, BYTES_LITERAL(MAILTO)) ||
	    (mark < uri.size && !is_size_limit(bytes_skip(uri, mark + 1))))
		return false;
	mailbox = bytes_skip(mailbox, strlen(MAILTO));
	mailbox = bytes_slice(mailbox, 0, bytes_find(mailbox, '?'));
	at = bytes_find(mailbox, '@');
	if (at == 0 || at == mailbox.size || !is_mailbox(mailbox) ||
	    !domain_name_is_valid(bytes_skip(mailbox, at + 1)))
		return false;
	*domain_out = bytes_skip(mailbox, at + 1);
	return true;
}

static int check_addresses(struct dmarc_record *record, const char *name)
{
	const struct tag *tag = tag_list_find(&record->tags, name);
	struct bytes rest;
	struct bytes uri;
	struct bytes domain;

	if (tag == NULL)
		return 0;
	rest = tag->value;
	if (rest.size == 0)
		return wrong(record, "%s= is empty", name);
	while (dmarc_next_uri(&rest, &uri)) {
		/* Other schemes are allowed, and nobody reports to them. */
		if (!dmarc_uri_is_valid(uri, &domain))
			return wrong(record, "%s=%.*s: not mailto:NAME@DOMAIN", name,
				     BYTES_PRINTF(uri));
	}
	return 0;
}

int dmarc_record_parse(struct dmarc_record *record, struct bytes text)
{
	int r;

	*record = (struct dmarc_record){0};
	if (!dmarc_record_is(text))
		return DMARC_RECORD_E_NONE;
	r = tag_list_parse(&record->tags, text);
	if (r == TAG_LIST_E_DUPLICATE)
		return wrong(record, "a tag is in it twice");
	if (r != 0)
		return wrong(record, "it is not a list NAME=VALUE; NAME=VALUE; ...");
	if (tag_list_find(&record->tags, "p") == NULL)
		return wrong(record, "p= is missing");
	r = check_policy(record, "p");
	if (r == 0)
		r = check_policy(record, "sp");
	if (r == 0)
		r = check_percent(record);
	if (r == 0)
		r = check_alignment(record, "adkim");
	if (r == 0)
		r = check_alignment(record, "aspf");
	if (r == 0)
		r = check_addresses(record, "rua");
	return r == 0 ? check_addresses(record, "ruf") : r;
}

struct bytes dmarc_record_value(const struct dmarc_record *record, const char *name)
{
	const struct tag *tag = tag_list_find(&record->tags, name);

	if (tag != NULL)
		return tag->value;
	if (strcmp(name, "pct") == 0)
		return BYTES_LITERAL("100");
	return strcmp(name, "sp") == 0 ? dmarc_record_value(record, "p") : bytes_of(NULL, 0);
}
