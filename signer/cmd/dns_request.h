/*
 * dns_request - what the command line of `postseal dns` asks for, checked.
 *
 * Is:       the flags of the command, as values: names as A-labels, addresses parsed, policies known.
 * Is not:   the keys (dns_keys.h) or the configuration (settings.h).
 * Use:      dns_request_init(); dns_request_take() for each flag; dns_request_finish() when they are over;
 *           dns_request_deinit().
 * Errors:   EX_USAGE or EX_OSERR, which has then been said.
 * Owns:     the names; other texts are those of argv.
 */
#ifndef SIGNER_CMD_DNS_REQUEST_H
#define SIGNER_CMD_DNS_REQUEST_H

#include "signer/cmd/command_line.h"
#include "signer/dns/dns_forms.h"

#define DNS_REQUEST_ITEMS_MAX 200 /* of each flag that may be repeated */

enum {
	DNS_FLAG_RECORD = COMMAND_LINE_LONG,
	DNS_FLAG_HOST,
	DNS_FLAG_A,
	DNS_FLAG_SPF,
	DNS_FLAG_ALL,
	DNS_FLAG_POLICY,
	DNS_FLAG_SP,
	DNS_FLAG_PCT,
	DNS_FLAG_RUA,
	DNS_FLAG_RUF,
	DNS_FLAG_FORMAT,
	DNS_FLAG_TTL,
	DNS_FLAG_JSON,
	DNS_FLAG_CHECK,
	DNS_FLAG_SERVER,
	DNS_FLAG_TIMEOUT,
};

struct dns_request {
	char *domains[DNS_REQUEST_ITEMS_MAX];
	size_t domain_count;
	char *selector; /* NULL: any */
	const char *key_path;
	const char *record_path;

	struct dns_spf_policy spf;
	struct dns_dmarc_policy dmarc;
	struct dns_address {
		const char *name; /* as it was given */
		size_t name_size;
		struct ip_range address;
	} addresses[DNS_REQUEST_ITEMS_MAX];
	size_t address_count;

	enum dns_form form;
	unsigned ttl; /* seconds; 0: none was given */
	bool is_json;
	bool is_check;
	const char *server;
	unsigned timeout_ms; /* 0: none was given */

	/* Private. */
	const struct command_form *command;
	struct ip_range hosts[DNS_REQUEST_ITEMS_MAX];
	const char *terms[DNS_REQUEST_ITEMS_MAX];
	struct buffer rua;
	struct buffer ruf;
	bool has_form;
};

void dns_request_init(struct dns_request *request, const struct command_form *command);
void dns_request_deinit(struct dns_request *request);

/* EX_OK, or an exit code. `flag` is one of the above, or d, s, k. */
MUST_CHECK int dns_request_take(struct dns_request *request, int flag, const char *value);
MUST_CHECK int dns_request_finish(struct dns_request *request);

#endif
