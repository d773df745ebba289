#include "signer/cmd/dns_request.h"

#include "signer/dkim/domain_name.h"
#include "signer/dns/dmarc_record.h"
#include "signer/dns/spf_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define MAILTO	      "mailto:"
#define TTL_MAX	      604800 /* a week: longer ones are no use, and nobody keeps them */
#define TIMEOUT_S_MAX 600

void dns_request_init(struct dns_request *request, const struct command_form *command)
{
	*request = (struct dns_request){
		.command = command,
		.spf = {.all = "~all"},
		.dmarc = {.policy = "none", .percent = 100},
		.form = DNS_FORM_ZONE,
	};
	request->spf.hosts = request->hosts;
	request->spf.terms = request->terms;
}

void dns_request_deinit(struct dns_request *request)
{
	for (size_t i = 0; i < request->domain_count; i++)
		free(request->domains[i]);
	free(request->selector);
	buffer_deinit(&request->rua);
	buffer_deinit(&request->ruf);
}

static int no_memory(const struct dns_request *request)
{
	fprintf(stderr, "%s: %s\n", request->command->name, strerror(ENOMEM));
	return EX_OSERR;
}

static int too_many(const struct dns_request *request, const char *flag)
{
	return command_line_wrong(request->command, "more than %d of %s", DNS_REQUEST_ITEMS_MAX,
				  flag);
}

static int take_name(const struct dns_request *request, const char *flag, const char *what,
		     const char *value, char **name_out)
{
	struct bytes text = bytes_of_string(value);
	struct buffer name = {0};
	int r;

	if (text.size > 1 && text.data[text.size - 1] == '.')
		text.size--;
	r = domain_name_to_ascii(text, &name);
	if (r == 0 &&
	    (buffer_string(&name) == NULL || (*name_out = strdup(buffer_string(&name))) == NULL))
		r = -ENOMEM;
	buffer_deinit(&name);
	if (r == DOMAIN_NAME_E_INVALID)
		return command_line_wrong(request->command, "%s %s: this is no %s", flag, value,
					  what);
	return r == 0 ? EX_OK : no_memory(request);
}

static int take_domain(struct dns_request *request, const char *value)
{
	char *domain = NULL;
	int status;

	if (request->domain_count == DNS_REQUEST_ITEMS_MAX)
		return too_many(request, "-d");
	status = take_name(request, "-d", "domain", value, &domain);
	if (status != EX_OK)
		return status;
	for (size_t i = 0; i < request->domain_count; i++) {
		if (strcmp(request->domains[i], domain) == 0) {
			free(domain);
			return EX_OK;
		}
	}
	request->domains[request->domain_count++] = domain;
	return EX_OK;
}

static int take_selector(struct dns_request *request, const char *value)
{
	free(request->selector);
	request->selector = NULL;
	return take_name(request, "-s", "selector", value, &request->selector);
}

static int take_host(struct dns_request *request, const char *value)
{
	if (request->spf.host_count == DNS_REQUEST_ITEMS_MAX)
		return too_many(request, "--host");
	if (ip_range_parse(&request->hosts[request->spf.host_count], bytes_of_string(value)) != 0)
		return command_line_wrong(request->command,
					  "--host %s: want the address that mail comes from, as "
					  "192.0.2.1, 192.0.2.0/28 or 2001:db8::1",
					  value);
	request->spf.host_count++;
	return EX_OK;
}

static int take_address(struct dns_request *request, const char *value)
{
	const char *equals = strchr(value, '=');
	struct dns_address *address = &request->addresses[request->address_count];
	struct ip_range range;
	struct bytes name;

	if (request->address_count == DNS_REQUEST_ITEMS_MAX)
		return too_many(request, "--a");
	if (equals == NULL || ip_range_parse(&range, bytes_of_string(equals + 1)) != 0 ||
	    !ip_range_is_single(&range))
		return command_line_wrong(request->command,
					  "--a %s: want NAME=ADDRESS, as mail=192.0.2.1; @ is the "
					  "domain itself",
					  value);
	name = bytes_of(value, (size_t)(equals - value));
	if (name.size > 1 && name.data[name.size - 1] == '.')
		name.size--;
	if (!bytes_equal(name, BYTES_LITERAL("@")) && !domain_name_is_valid(name))
		return command_line_wrong(request->command, "--a %s: \"%.*s\" is no name", value,
					  BYTES_PRINTF(name));
	*address = (struct dns_address){value, (size_t)(equals - value), range};
	request->address_count++;
	return EX_OK;
}

static int take_term(struct dns_request *request, const char *value)
{
	struct spf_term term;

	if (request->spf.term_count == DNS_REQUEST_ITEMS_MAX)
		return too_many(request, "--spf");
	if (spf_term_parse(&term, bytes_of_string(value)) != 0)
		return command_line_wrong(request->command,
					  "--spf %s: this is no term of SPF, as "
					  "include:_spf.example.net is",
					  value);
	if (term.kind == SPF_ALL)
		return command_line_wrong(request->command, "--spf %s: that is for --all", value);
	request->terms[request->spf.term_count++] = value;
	return EX_OK;
}

/* From a list of words that ends with NULL. */
static int take_word(const struct dns_request *request, const char *flag, const char *value,
		     const char *const *words, const char *list, const char **word_out)
{
	for (; *words != NULL; words++) {
		if (strcmp(*words, value) == 0) {
			*word_out = *words;
			return EX_OK;
		}
	}
	return command_line_wrong(request->command, "%s %s: want %s", flag, value, list);
}

static int take_all(struct dns_request *request, const char *value)
{
	static const char *const words[] = {"~all", "-all", "?all", NULL};

	return take_word(request, "--all", value, words, "~all, -all or ?all", &request->spf.all);
}

static int take_policy(const struct dns_request *request, const char *flag, const char *value,
		       const char **policy_out)
{
	static const char *const words[] = {"none", "quarantine", "reject", NULL};

	return take_word(request, flag, value, words, "none, quarantine or reject", policy_out);
}

static int take_number(const struct dns_request *request, const char *flag, const char *value,
		       unsigned min, unsigned max, unsigned *number_out)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (!ascii_is_digit((uint8_t)value[0]) || *end != '\0' || errno != 0 || number < min ||
	    number > max)
		return command_line_wrong(request->command, "%s %s: want a number from %u to %u",
					  flag, value, min, max);
	*number_out = (unsigned)number;
	return EX_OK;
}

/* Appends to the addresses that there are; a bare one gets its mailto:. */
static int take_uri(struct dns_request *request, const char *flag, struct bytes uri,
		    struct buffer *list)
{
	bool is_bare = bytes_find(uri, ':') == uri.size;
	size_t start;
	struct bytes domain;
	int r = list->size > 0 ? buffer_append_byte(list, ',') : 0;

	start = list->size;
	if (r == 0 && is_bare)
		r = buffer_append_string(list, MAILTO);
	if (r == 0)
		r = buffer_append(list, uri);
	if (r != 0)
		return no_memory(request);
	if (!dmarc_uri_is_valid(bytes_skip(buffer_bytes(list), start), &domain))
		return command_line_wrong(request->command,
					  "%s %.*s: want an address for reports, as "
					  "dmarc@example.com",
					  flag, BYTES_PRINTF(uri));
	return EX_OK;
}

static int take_uris(struct dns_request *request, const char *flag, const char *value,
		     struct buffer *list)
{
	struct bytes rest = bytes_of_string(value);
	struct bytes uri;
	int status = EX_OK;

	if (rest.size == 0)
		return take_uri(request, flag, rest, list);
	while (status == EX_OK && dmarc_next_uri(&rest, &uri))
		status = take_uri(request, flag, uri, list);
	return status;
}

static int take_form(struct dns_request *request, const char *value)
{
	request->has_form = true;
	if (dns_form_find(value, &request->form))
		return EX_OK;
	return command_line_wrong(request->command,
				  "--format %s: want zone, line, route53 or route53-json", value);
}

static int take_timeout(struct dns_request *request, const char *value)
{
	unsigned seconds;
	int status = take_number(request, "--timeout", value, 1, TIMEOUT_S_MAX, &seconds);

	if (status == EX_OK)
		request->timeout_ms = 1000 * seconds;
	return status;
}

int dns_request_take(struct dns_request *request, int flag, const char *value)
{
	struct dns_dmarc_policy *dmarc = &request->dmarc;

	switch (flag) {
	case 'd': return take_domain(request, value);
	case 's': return take_selector(request, value);
	case 'k': request->key_path = value; return EX_OK;
	case DNS_FLAG_RECORD: request->record_path = value; return EX_OK;
	case DNS_FLAG_HOST: return take_host(request, value);
	case DNS_FLAG_A: return take_address(request, value);
	case DNS_FLAG_SPF: return take_term(request, value);
	case DNS_FLAG_ALL: return take_all(request, value);
	case DNS_FLAG_POLICY: return take_policy(request, "--policy", value, &dmarc->policy);
	case DNS_FLAG_SP: return take_policy(request, "--sp", value, &dmarc->subdomain_policy);
	case DNS_FLAG_PCT: return take_number(request, "--pct", value, 0, 100, &dmarc->percent);
	case DNS_FLAG_RUA: return take_uris(request, "--rua", value, &request->rua);
	case DNS_FLAG_RUF: return take_uris(request, "--ruf", value, &request->ruf);
	case DNS_FLAG_FORMAT: return take_form(request, value);
	case DNS_FLAG_TTL: return take_number(request, "--ttl", value, 1, TTL_MAX, &request->ttl);
	case DNS_FLAG_JSON: request->is_json = true; return EX_OK;
	case DNS_FLAG_CHECK: request->is_check = true; return EX_OK;
	case DNS_FLAG_SERVER: request->server = value; return EX_OK;
	default: return take_timeout(request, value);
	}
}

static int check_together(const struct dns_request *request)
{
	const struct command_form *command = request->command;

	if (request->key_path != NULL && request->record_path != NULL)
		return command_line_wrong(command, "-k and --record are two ways to say the same");
	if (request->key_path != NULL && (request->domain_count == 0 || request->selector == NULL))
		return command_line_wrong(command, "-k needs -d DOMAIN and -s SELECTOR: a key does "
						   "not know what it is for");
	if (!request->is_check && (request->server != NULL || request->timeout_ms != 0))
		return command_line_wrong(command, "--server and --timeout are for --check");
	if (request->has_form && (request->is_check || request->is_json))
		return command_line_wrong(command, "--format has no use with %s",
					  request->is_check ? "--check" : "--json");
	return EX_OK;
}

int dns_request_finish(struct dns_request *request)
{
	if (request->rua.size > 0 && (request->dmarc.rua = buffer_string(&request->rua)) == NULL)
		return no_memory(request);
	if (request->ruf.size > 0 && (request->dmarc.ruf = buffer_string(&request->ruf)) == NULL)
		return no_memory(request);
	return check_together(request);
}
