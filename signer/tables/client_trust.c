/*
 * How it works: each macro is kept by the name that an MTA gives it, so that the same text asks for
 * its value and tells the MTA to send it. The values of a rule lie in the data set as they were
 * written, and are gone through when the macro has one.
 */
#include "signer/tables/client_trust.h"

#include "common/string_map.h"
#include "signer/tables/data_set.h"
#include "signer/tables/host_list.h"
#include "signer/tables/ip_address.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MACRO_MTA  "{daemon_name}"
#define MACRO_AUTH "{auth_type}"
#define MACRO_HOST "j" /* the MTA's own name, for the log */

/* What OpenDKIM logs of a macro that the MTA did not give. */
#define MACRO_MISSING "?"

struct macro_rule {
	struct bytes name;
	struct bytes values; /* A|B; size 0: any will do */
};

struct client_trust {
	bool has_mta_set;
	struct string_map mta_names;
	struct data_set *macro_set; /* NULL: there is none */
	struct macro_rule *rules;
	size_t rule_count;
	struct bytes *macros; /* to ask for; their texts are in `texts` or literals */
	size_t macro_count;
	char *texts; /* names of macros, one behind the other */
	struct host_list *internal;
	struct host_list *external_ignored;
	struct host_list *peers;
};

/* A set of which no key is a pattern. */
static int plain_set_load(const struct signer_config *config, const char *option, const char *text,
			  struct problems *problems, struct data_set **set_out)
{
	struct problem_place place = signer_config_place(config, option);
	struct data_set *set;
	int r = data_set_load(text, config->base_directory, place, problems, &set);

	if (r != 0)
		return r == DATA_SET_E_REFUSED ? CLIENT_TRUST_E_REFUSED : r;
	if (data_set_kind(set) == DATA_SET_PATTERN_FILE) {
		problems_error(problems, place,
			       "patterns (refile:) are not supported here; allowed are file:PATH, "
			       "/PATH, csl:LIST, or a list");
		data_set_free(set);
		return CLIENT_TRUST_E_REFUSED;
	}
	*set_out = set;
	return 0;
}

static int mta_names_load(struct client_trust *trust, const struct signer_config *config,
			  struct problems *problems)
{
	struct data_set *set;
	int r;

	if (config->mta_set == NULL)
		return 0;
	r = plain_set_load(config, "MTA", config->mta_set, problems, &set);
	if (r != 0)
		return r;
	trust->has_mta_set = true;
	r = string_map_init(&trust->mta_names, STRING_MAP_CASEFUL);
	for (size_t row = 0; r == 0 && row < data_set_count(set); row++) {
		r = string_map_insert(&trust->mta_names, data_set_row(set, row)->key, 0, NULL);
		if (r == STRING_MAP_E_EXISTS)
			r = 0;
	}
	data_set_free(set);
	return r;
}

/* The name without its braces; size 0: it is none. */
static struct bytes macro_name_bare(struct bytes name)
{
	if (name.size > 2 && name.data[0] == '{' && name.data[name.size - 1] == '}')
		name = bytes_slice(name, 1, name.size - 1);
	for (size_t i = 0; i < name.size; i++) {
		uint8_t byte = name.data[i];

		if (byte <= ' ' || byte >= 0x7f || byte == '{' || byte == '}' || byte == ',')
			return bytes_of(NULL, 0);
	}
	return name;
}

/* Takes the next of the values A|B off the front; size 0: there are no more. */
static struct bytes value_take(struct bytes *values)
{
	struct bytes value = {0};

	while (value.size == 0 && values->size > 0) {
		size_t size = bytes_find(*values, '|');

		value = bytes_trim(bytes_slice(*values, 0, size));
		*values = bytes_skip(*values, size < values->size ? size + 1 : size);
	}
	return value;
}

/* Writes the name as an MTA has it, where there is room for its bytes and two more. */
static struct bytes macro_name_write(struct bytes bare, char *text)
{
	size_t size = 0;

	if (bare.size > 1)
		text[size++] = '{';
	memcpy(text + size, bare.data, bare.size);
	size += bare.size;
	if (bare.size > 1)
		text[size++] = '}';
	return bytes_of(text, size);
}

static void macro_ask(struct client_trust *trust, struct bytes name)
{
	for (size_t i = 0; i < trust->macro_count; i++) {
		if (bytes_equal(trust->macros[i], name))
			return;
	}
	trust->macros[trust->macro_count++] = name;
}

/* In a file, NAME=VALUE is all key. */
static void row_split(const struct data_row *row, struct bytes *name_out, struct bytes *values_out)
{
	size_t equals = bytes_find(row->key, '=');

	*name_out = bytes_slice(row->key, 0, equals);
	*values_out = row->value;
	if (equals < row->key.size)
		*values_out = bytes_of(row->key.data + equals + 1, row->key.size - equals - 1);
}

/* Returns the room of `text` that the name took. */
static size_t rule_add(struct client_trust *trust, size_t row, char *text,
		       struct problems *problems)
{
	const struct data_set *set = trust->macro_set;
	struct macro_rule rule;
	struct bytes written;
	struct bytes values;
	struct bytes bare;

	row_split(data_set_row(set, row), &written, &rule.values);
	bare = macro_name_bare(written);
	values = rule.values;
	if (bare.size == 0) {
		problems_warning(problems, data_set_place(set, row),
				 "\"%.*s\" makes nobody trusted: it is no macro; allowed are NAME "
				 "and NAME=VALUE|VALUE, the name with or without braces",
				 BYTES_PRINTF(written));
		return 0;
	}
	if (values.size > 0 && value_take(&values).size == 0) {
		problems_warning(problems, data_set_place(set, row),
				 "\"%.*s\" makes nobody trusted: there is no value in \"%.*s\"; "
				 "allowed are NAME and NAME=VALUE|VALUE",
				 BYTES_PRINTF(written), BYTES_PRINTF(rule.values));
		return 0;
	}
	rule.name = macro_name_write(bare, text);
	trust->rules[trust->rule_count++] = rule;
	macro_ask(trust, rule.name);
	return rule.name.size;
}

/* Room for all rules and names, of which three are always the same. */
static int rules_allocate(struct client_trust *trust)
{
	size_t count = trust->macro_set == NULL ? 0 : data_set_count(trust->macro_set);
	size_t size = 1;

	for (size_t row = 0; row < count; row++)
		size += data_set_row(trust->macro_set, row)->key.size + 2;
	trust->texts = malloc(size);
	trust->rules = calloc(count + 1, sizeof(*trust->rules));
	trust->macros = calloc(count + 3, sizeof(*trust->macros));
	if (trust->texts == NULL || trust->rules == NULL || trust->macros == NULL)
		return -ENOMEM;
	return 0;
}

static int macros_load(struct client_trust *trust, const struct signer_config *config,
		       struct problems *problems)
{
	size_t size = 0;
	int r = 0;

	if (config->macro_set != NULL)
		r = plain_set_load(config, "MacroList", config->macro_set, problems,
				   &trust->macro_set);
	if (r == 0)
		r = rules_allocate(trust);
	if (r != 0)
		return r;
	if (config->mta_set != NULL)
		macro_ask(trust, BYTES_LITERAL(MACRO_MTA));
	if (config->mta_set != NULL && config->log_why)
		macro_ask(trust, BYTES_LITERAL(MACRO_HOST));
	macro_ask(trust, BYTES_LITERAL(MACRO_AUTH));
	for (size_t row = 0; trust->macro_set != NULL && row < data_set_count(trust->macro_set);
	     row++)
		size += rule_add(trust, row, trust->texts + size, problems);
	return 0;
}

static int hosts_load(const struct signer_config *config, const char *option, const char *text,
		      struct problems *problems, struct host_list **list)
{
	int r = host_list_load(text, config->base_directory, signer_config_place(config, option),
			       problems, list);

	return r == HOST_LIST_E_REFUSED ? CLIENT_TRUST_E_REFUSED : r;
}

/* Of two results the one to return: trouble with the machine, else what came first. */
static int worse(int before, int now)
{
	return now < 0 || before == 0 ? now : before;
}

/* Goes on after a set that is refused, so that a person sees all that is wrong at once. */
static int sets_load(struct client_trust *trust, const struct signer_config *config,
		     struct problems *problems)
{
	int r = mta_names_load(trust, config, problems);

	if (r >= 0)
		r = worse(r, macros_load(trust, config, problems));
	if (r >= 0)
		r = worse(r, hosts_load(config, "InternalHosts", config->internal_hosts_set,
					problems, &trust->internal));
	if (r >= 0)
		r = worse(r, hosts_load(config, "ExternalIgnoreList", config->external_ignore_set,
					problems, &trust->external_ignored));
	if (r >= 0)
		r = worse(r, hosts_load(config, "PeerList", config->peer_list_set, problems,
					&trust->peers));
	return r;
}

int client_trust_load(const struct signer_config *config, struct problems *problems,
		      struct client_trust **trust_out)
{
	struct client_trust *trust = calloc(1, sizeof(*trust));
	int r;

	if (trust == NULL)
		return -ENOMEM;
	r = sets_load(trust, config, problems);
	if (r != 0) {
		client_trust_free(trust);
		return r;
	}
	*trust_out = trust;
	return 0;
}

void client_trust_free(struct client_trust *trust)
{
	if (trust == NULL)
		return;
	string_map_deinit(&trust->mta_names);
	data_set_free(trust->macro_set);
	free(trust->rules);
	free(trust->macros);
	free(trust->texts);
	host_list_free(trust->internal);
	host_list_free(trust->external_ignored);
	host_list_free(trust->peers);
	free(trust);
}

PRINTF_LIKE(2, 3) static void say(const struct trust_why *why, const char *format, ...)
{
	char line[CLIENT_TRUST_LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	why->tell(why->arg, line);
}

static bool macro_find(const struct trust_macros *macros, struct bytes name,
		       struct bytes *value_out)
{
	return macros->find(macros->arg, name, value_out);
}

/* For the log. */
static struct bytes macro_text(const struct trust_macros *macros, struct bytes name)
{
	struct bytes value;

	return macro_find(macros, name, &value) ? value : BYTES_LITERAL(MACRO_MISSING);
}

static bool mta_matches(const struct client_trust *trust, const struct trust_macros *macros,
			const struct trust_why *why)
{
	struct bytes name;

	if (!trust->has_mta_set)
		return false;
	if (macro_find(macros, BYTES_LITERAL(MACRO_MTA), &name) &&
	    string_map_find(&trust->mta_names, name) != NULL)
		return true;
	if (why != NULL) {
		struct bytes host = macro_text(macros, BYTES_LITERAL(MACRO_HOST));
		struct bytes mta = macro_text(macros, BYTES_LITERAL(MACRO_MTA));

		say(why, "no MTA name match (host=%.*s, MTA=%.*s)", BYTES_PRINTF(host),
		    BYTES_PRINTF(mta));
	}
	return false;
}

static bool rule_matches(const struct macro_rule *rule, const struct trust_macros *macros)
{
	struct bytes values = rule->values;
	struct bytes allowed;
	struct bytes value;

	if (!macro_find(macros, rule->name, &value))
		return false;
	if (values.size == 0)
		return true;
	for (allowed = value_take(&values); allowed.size > 0; allowed = value_take(&values)) {
		if (bytes_equal(allowed, value))
			return true;
	}
	return false;
}

static bool macros_match(const struct client_trust *trust, const struct trust_macros *macros,
			 const struct trust_why *why)
{
	for (size_t i = 0; i < trust->rule_count; i++) {
		if (rule_matches(&trust->rules[i], macros))
			return true;
	}
	if (trust->macro_set != NULL && why != NULL)
		say(why, "no macros match");
	return false;
}

/* false: the client has none that can be looked up. */
static bool address_of(const struct trust_client *client, struct ip_address *address_out)
{
	switch (client->family) {
	case TRUST_FAMILY_UNKNOWN: *address_out = ip_address_loopback(); return true;
	case TRUST_FAMILY_IP: return ip_address_parse(client->address, address_out);
	case TRUST_FAMILY_UNIX: break;
	}
	return false;
}

static bool hosts_have(const struct host_list *list, const struct trust_client *client)
{
	struct ip_address address;

	return host_list_has(list, client->host, address_of(client, &address) ? &address : NULL);
}

static void say_not_internal(const struct trust_client *client, const struct trust_why *why)
{
	struct ip_address address;
	char text[IP_ADDRESS_TEXT_SIZE];
	struct bytes shown = client->address;

	if (client->family == TRUST_FAMILY_UNIX) {
		shown = BYTES_LITERAL("unix");
	} else if (address_of(client, &address)) {
		ip_address_format(&address, text);
		shown = bytes_of_string(text);
	}
	say(why, "%.*s [%.*s] not internal", BYTES_PRINTF(client->host), BYTES_PRINTF(shown));
}

static bool is_authenticated(const struct trust_macros *macros)
{
	struct bytes type;

	return macro_find(macros, BYTES_LITERAL(MACRO_AUTH), &type) && type.size > 0;
}

enum trust_reason client_trust_judge(const struct client_trust *trust,
				     const struct trust_client *client,
				     const struct trust_macros *macros, const struct trust_why *why)
{
	if (mta_matches(trust, macros, why))
		return TRUST_MTA;
	if (macros_match(trust, macros, why))
		return TRUST_MACRO;
	if (hosts_have(trust->internal, client))
		return TRUST_INTERNAL;
	if (is_authenticated(macros))
		return TRUST_AUTHENTICATED;
	if (why != NULL) {
		say_not_internal(client, why);
		say(why, "not authenticated");
	}
	return TRUST_NONE;
}

bool client_trust_has_peers(const struct client_trust *trust)
{
	return !host_list_is_empty(trust->peers);
}

bool client_trust_is_peer(const struct client_trust *trust, const struct trust_client *client)
{
	if (client->family == TRUST_FAMILY_UNKNOWN)
		return host_list_has_name(trust->peers, client->host);
	return hosts_have(trust->peers, client);
}

bool client_trust_is_ignored_external(const struct client_trust *trust,
				      const struct trust_client *client)
{
	return hosts_have(trust->external_ignored, client);
}

size_t client_trust_macro_count(const struct client_trust *trust)
{
	return trust->macro_count;
}

struct bytes client_trust_macro(const struct client_trust *trust, size_t i)
{
	assert(i < trust->macro_count);
	return trust->macros[i];
}
