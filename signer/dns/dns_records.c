/*
 * How it works: the texts are those that the hosting companies' help pages have: each mechanism with its
 * "+", and ";" behind the last tag of DMARC, unless it is an address.
 */
#include "signer/dns/dns_records.h"

#include "signer/dkim/domain_name.h"
#include "signer/dns/dmarc_record.h"

#include <errno.h>
#include <stdlib.h>

#define NO_BYTES bytes_of(NULL, 0)

void dns_records_deinit(struct dns_records *records)
{
	for (size_t i = 0; i < records->count; i++) {
		free(records->records[i].domain);
		free(records->records[i].name);
		free(records->records[i].value);
	}
	free(records->records);
	*records = (struct dns_records){0};
}

static int make_room(struct dns_records *records)
{
	size_t capacity = records->capacity == 0 ? 16 : 2 * records->capacity;
	struct dns_record *grown;

	if (records->count < records->capacity)
		return 0;
	grown = reallocarray(records->records, capacity, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	records->records = grown;
	records->capacity = capacity;
	return 0;
}

static int add(struct dns_records *records, enum dns_record_kind kind, enum dns_type type,
	       const char *domain, struct buffer *name, struct buffer *value)
{
	const char *name_text = buffer_string(name);
	const char *value_text = buffer_string(value);
	struct dns_record *record;
	int r = make_room(records);

	if (r != 0)
		return r;
	if (name_text == NULL || value_text == NULL)
		return -ENOMEM;
	record = &records->records[records->count++];
	*record = (struct dns_record){
		.kind = kind,
		.type = type,
		.domain = strdup(domain),
		.name = strdup(name_text),
		.value = strdup(value_text),
	};
	return record->domain == NULL || record->name == NULL || record->value == NULL ? -ENOMEM
										       : 0;
}

int dns_records_add_host(struct dns_records *records, const char *domain, const char *name,
			 const struct ip_range *address)
{
	struct buffer owner = {0};
	struct buffer value = {0};
	int r = buffer_append_string(&owner, name);

	if (r == 0)
		r = ip_range_append(address, &value);
	if (r == 0)
		r = add(records, DNS_RECORD_HOST, address->is_ip6 ? DNS_AAAA : DNS_A, domain,
			&owner, &value);
	buffer_deinit(&owner);
	buffer_deinit(&value);
	return r;
}

static int append_spf(const struct dns_spf_policy *policy, struct buffer *value)
{
	int r = buffer_append_string(value, "v=spf1 +a +mx");

	for (size_t i = 0; r == 0 && i < policy->host_count; i++) {
		r = buffer_append_string(value, policy->hosts[i].is_ip6 ? " +ip6:" : " +ip4:");
		if (r == 0)
			r = ip_range_append(&policy->hosts[i], value);
	}
	for (size_t i = 0; r == 0 && i < policy->term_count; i++)
		r = buffer_printf(value, " %s", policy->terms[i]);
	return r == 0 ? buffer_printf(value, " %s", policy->all) : r;
}

int dns_records_add_spf(struct dns_records *records, const char *domain,
			const struct dns_spf_policy *policy)
{
	struct buffer owner = {0};
	struct buffer value = {0};
	int r = buffer_append_string(&owner, domain);

	if (r == 0)
		r = append_spf(policy, &value);
	if (r == 0)
		r = add(records, DNS_RECORD_SPF, DNS_TXT, domain, &owner, &value);
	buffer_deinit(&owner);
	buffer_deinit(&value);
	return r;
}

int dns_records_add_dkim(struct dns_records *records, const char *domain, const char *selector,
			 struct bytes text)
{
	struct buffer owner = {0};
	struct buffer value = {0};
	int r = buffer_printf(&owner, "%s._domainkey.%s", selector, domain);

	if (r == 0)
		r = buffer_append(&value, text);
	if (r == 0)
		r = add(records, DNS_RECORD_DKIM, DNS_TXT, domain, &owner, &value);
	buffer_deinit(&owner);
	buffer_deinit(&value);
	return r;
}

int dns_records_dkim_text(const char *key_type, struct bytes p, struct buffer *output)
{
	int r = buffer_printf(output, "v=DKIM1; k=%s; p=", key_type);

	return r == 0 ? buffer_append(output, p) : r;
}

static int append_dmarc(const struct dns_dmarc_policy *policy, struct buffer *value)
{
	int r = buffer_printf(value, "v=DMARC1; p=%s;", policy->policy);

	if (r == 0 && policy->subdomain_policy != NULL)
		r = buffer_printf(value, " sp=%s;", policy->subdomain_policy);
	if (r == 0)
		r = buffer_printf(value, " pct=%u;", policy->percent);
	if (r == 0 && policy->rua != NULL)
		r = buffer_printf(value, " rua=%s%s", policy->rua, policy->ruf != NULL ? ";" : "");
	if (r == 0 && policy->ruf != NULL)
		r = buffer_printf(value, " ruf=%s", policy->ruf);
	return r;
}

/* Those of a domain stand behind its other records. */
static bool is_there(const struct dns_records *records, struct bytes name)
{
	for (size_t i = records->count; i > 0; i--) {
		const struct dns_record *record = &records->records[i - 1];

		if (record->kind != DNS_RECORD_REPORT)
			return false;
		if (bytes_equal(bytes_of_string(record->name), name))
			return true;
	}
	return false;
}

/* RFC 7489 7.1: without it receivers do not report to another domain. */
static int add_report(struct dns_records *records, const char *domain, struct bytes target)
{
	struct buffer zone = {0};
	struct buffer owner = {0};
	struct buffer value = {0};
	int r = domain_name_to_ascii(target, &zone);

	if (r == 0)
		r = buffer_printf(&owner, "%s._report._dmarc.", domain);
	if (r == 0)
		r = buffer_append(&owner, buffer_bytes(&zone));
	if (r == 0)
		r = buffer_append_string(&value, "v=DMARC1;");
	if (r == 0 && buffer_string(&zone) == NULL)
		r = -ENOMEM;
	if (r == 0 && !is_there(records, buffer_bytes(&owner)))
		r = add(records, DNS_RECORD_REPORT, DNS_TXT, buffer_string(&zone), &owner, &value);
	buffer_deinit(&zone);
	buffer_deinit(&owner);
	buffer_deinit(&value);
	return r;
}

static int add_reports(struct dns_records *records, const char *domain, const char *addresses)
{
	struct bytes rest = addresses == NULL ? NO_BYTES : bytes_of_string(addresses);
	struct bytes own = bytes_of_string(domain);
	struct bytes uri;
	struct bytes target;
	int r = 0;

	while (r == 0 && dmarc_next_uri(&rest, &uri)) {
		if (dmarc_uri_is_valid(uri, &target) && !domain_name_is_within(target, own) &&
		    !domain_name_is_within(own, target))
			r = add_report(records, domain, target);
	}
	return r;
}

int dns_records_add_dmarc(struct dns_records *records, const char *domain,
			  const struct dns_dmarc_policy *policy)
{
	struct buffer owner = {0};
	struct buffer value = {0};
	int r = buffer_printf(&owner, "_dmarc.%s", domain);

	if (r == 0)
		r = append_dmarc(policy, &value);
	if (r == 0)
		r = add(records, DNS_RECORD_DMARC, DNS_TXT, domain, &owner, &value);
	if (r == 0)
		r = add_reports(records, domain, policy->rua);
	if (r == 0)
		r = add_reports(records, domain, policy->ruf);
	buffer_deinit(&owner);
	buffer_deinit(&value);
	return r;
}

const char *dns_record_kind_name(enum dns_record_kind kind)
{
	switch (kind) {
	case DNS_RECORD_HOST: return "host";
	case DNS_RECORD_SPF: return "spf";
	case DNS_RECORD_DKIM: return "dkim";
	case DNS_RECORD_DMARC: return "dmarc";
	case DNS_RECORD_REPORT: return "report";
	}
	return "unknown";
}

/* Where p= of a key record begins; the size of the text if there is none, or it is at the front. */
static size_t key_offset(struct bytes text)
{
	bool is_tag_start = false;

	for (size_t i = 0; i + 1 < text.size; i++) {
		if (is_tag_start && text.data[i] == 'p' && text.data[i + 1] == '=')
			return i;
		if (!ascii_is_space(text.data[i]))
			is_tag_start = text.data[i] == ';';
	}
	return text.size;
}

bool dns_record_next_string(const struct dns_record *record, struct bytes *rest,
			    struct bytes *string_out)
{
	size_t size = rest->size;

	if (size == 0)
		return false;
	if (record->kind == DNS_RECORD_DKIM)
		size = key_offset(*rest);
	if (size > DNS_STRING_SIZE_MAX)
		size = DNS_STRING_SIZE_MAX;
	*string_out = bytes_slice(*rest, 0, size);
	*rest = bytes_skip(*rest, size);
	return true;
}
