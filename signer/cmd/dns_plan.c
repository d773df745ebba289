/*
 * How it works: the keys come by domain, so a domain is a run of them.
 */
#include "signer/cmd/dns_plan.h"

#include "signer/dkim/domain_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* A host with its whole name, and the domain it is of. */
struct host {
	struct buffer name;
	const char *domain;
};

static size_t end_of_domain(const struct dns_keys *keys, size_t start)
{
	size_t end = start;

	while (end < keys->count &&
	       keys->keys[end].domain_number == keys->keys[start].domain_number)
		end++;
	return end;
}

static bool is_one_domain(const struct dns_keys *keys)
{
	return keys->count > 0 && end_of_domain(keys, 0) == keys->count;
}

/* The nearest domain above a name, or the name itself; NULL: there is none. */
static const char *domain_above(const struct dns_keys *keys, struct bytes name)
{
	const char *found = NULL;

	for (size_t i = 0; i < keys->count; i = end_of_domain(keys, i)) {
		const char *domain = keys->keys[i].domain;

		if (domain_name_is_within(name, bytes_of_string(domain)) &&
		    (found == NULL || strlen(domain) > strlen(found)))
			found = domain;
	}
	return found;
}

static int set_name(struct host *host, const char *domain, struct bytes short_name)
{
	int r = domain_name_to_ascii(short_name, &host->name);

	if (r == 0)
		r = buffer_printf(&host->name, ".%s", domain);
	if (r == 0 && host->name.size > DOMAIN_NAME_SIZE_MAX)
		r = DOMAIN_NAME_E_INVALID;
	return r;
}

/* A whole name, one that is short for the only domain, or "@". */
static int find_name(const struct dns_keys *keys, struct bytes text, struct host *host)
{
	bool is_whole = text.data[text.size - 1] == '.';
	int r;

	if (is_whole)
		text.size--;
	if (bytes_equal(text, BYTES_LITERAL("@"))) {
		host->domain = is_one_domain(keys) ? keys->keys[0].domain : NULL;
		return host->domain == NULL ? 0 : buffer_append_string(&host->name, host->domain);
	}
	r = domain_name_to_ascii(text, &host->name);
	if (r != 0)
		return r;
	host->domain = domain_above(keys, buffer_bytes(&host->name));
	if (host->domain != NULL || is_whole || !is_one_domain(keys))
		return 0;
	buffer_clear(&host->name);
	host->domain = keys->keys[0].domain;
	return set_name(host, host->domain, text);
}

static int say_memory(const struct dns_request *request)
{
	fprintf(stderr, "%s: %s\n", request->command->name, strerror(ENOMEM));
	return EX_OSERR;
}

static int find_host(const struct dns_request *request, const struct dns_keys *keys,
		     const struct dns_address *address, struct host *host)
{
	int r = find_name(keys, bytes_of(address->name, address->name_size), host);

	if (r < 0 || (r == 0 && buffer_string(&host->name) == NULL))
		return say_memory(request);
	if (r == 0 && host->domain != NULL)
		return EX_OK;
	return command_line_wrong(request->command, "--a %s: %s", address->name,
				  r > 0			? "that is no name"
				  : is_one_domain(keys) ? "the name is not in the domain"
							: "with several domains the whole name is "
							  "needed, and in one of them");
}

static int add_hosts(const struct dns_request *request, const struct host *hosts,
		     const char *domain, struct dns_records *records)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->address_count; i++) {
		if (strcmp(hosts[i].domain, domain) == 0)
			r = dns_records_add_host(records, domain, (const char *)hosts[i].name.data,
						 &request->addresses[i].address);
	}
	return r;
}

static int add_domain(const struct dns_request *request, const struct host *hosts,
		      const struct dns_keys *keys, size_t start, size_t end,
		      struct dns_records *records)
{
	const char *domain = keys->keys[start].domain;
	int r = add_hosts(request, hosts, domain, records);

	if (r == 0)
		r = dns_records_add_spf(records, domain, &request->spf);
	for (size_t i = start; r == 0 && i < end; i++)
		r = dns_records_add_dkim(records, domain, keys->keys[i].selector,
					 buffer_bytes(&keys->keys[i].text));
	return r == 0 ? dns_records_add_dmarc(records, domain, &request->dmarc) : r;
}

int dns_plan_make(const struct dns_request *request, const struct dns_keys *keys,
		  struct dns_records *records)
{
	struct host hosts[DNS_REQUEST_ITEMS_MAX] = {0};
	int status = EX_OK;
	size_t start = 0;

	for (size_t i = 0; status == EX_OK && i < request->address_count; i++)
		status = find_host(request, keys, &request->addresses[i], &hosts[i]);
	while (status == EX_OK && start < keys->count) {
		size_t end = end_of_domain(keys, start);

		if (add_domain(request, hosts, keys, start, end, records) != 0)
			status = say_memory(request);
		start = end;
	}
	for (size_t i = 0; i < request->address_count; i++)
		buffer_deinit(&hosts[i].name);
	return status;
}
