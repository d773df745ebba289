#include "signer/dns/spf_lookups.h"

#include "signer/dkim/domain_name.h"
#include "signer/dns/spf_record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static PRINTF_LIKE(3, 4) int stop(struct spf_lookups *lookups, int outcome, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(lookups->why, sizeof(lookups->why), format, args);
	va_end(args);
	return outcome;
}

static int count_of_domain(struct spf_lookups *lookups, const struct spf_term *term,
			   const char *domain)
{
	struct buffer text = {0};
	int r = lookups->fetch(lookups->arg, domain, &text, lookups->why);

	if (r == 0 && text.size == 0)
		r = stop(lookups, SPF_LOOKUPS_E_BROKEN,
			 "%.*s: that domain has no SPF record, so the whole is an error",
			 BYTES_PRINTF(term->text));
	if (r == 0)
		r = spf_lookups_count(lookups, buffer_bytes(&text));
	buffer_deinit(&text);
	return r;
}

static int count_term(struct spf_lookups *lookups, const struct spf_term *term)
{
	struct buffer domain = {0};
	int r;

	if (!spf_term_costs_lookup(term))
		return 0;
	if (++lookups->count > SPF_LOOKUPS_MAX)
		return stop(lookups, SPF_LOOKUPS_E_TOO_MANY,
			    "it needs more than %d look-ups, so receivers take it for an error "
			    "(RFC 7208 4.6.4)",
			    SPF_LOOKUPS_MAX);
	if ((term->kind != SPF_INCLUDE && term->kind != SPF_REDIRECT) ||
	    bytes_find(term->value, '%') < term->value.size)
		return 0;
	r = domain_name_to_ascii(term->value, &domain);
	if (r == DOMAIN_NAME_E_INVALID)
		r = stop(lookups, SPF_LOOKUPS_E_BROKEN, "%.*s: this is no domain",
			 BYTES_PRINTF(term->text));
	else if (r == 0 && buffer_string(&domain) == NULL)
		r = -ENOMEM;
	if (r == 0)
		r = count_of_domain(lookups, term, buffer_string(&domain));
	buffer_deinit(&domain);
	return r;
}

int spf_lookups_count(struct spf_lookups *lookups, struct bytes text)
{
	struct spf_record *record = malloc(sizeof(*record)); /* too large for a recursion */
	int r;

	if (record == NULL)
		return -ENOMEM;
	r = spf_record_parse(record, text);
	if (r != 0)
		r = stop(lookups, SPF_LOOKUPS_E_BROKEN,
			 "\"%.*s\" in a record that it includes is no term of SPF",
			 BYTES_PRINTF(record->fault));
	for (size_t i = 0; r == 0 && i < record->count; i++)
		r = count_term(lookups, &record->terms[i]);
	free(record);
	return r;
}
