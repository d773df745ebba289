/*
 * postseal dns: the SPF, DKIM and DMARC records of a domain, to put into the DNS; and whether they are there.
 *
 * How it works: the keys say for which domains and selectors there are records (dns_keys), the flags what SPF
 * and DMARC say (dns_request). Both make a list (dns_plan), which is written in one form or another, or held
 * against what the DNS serves.
 */
#include "signer/cmd/command.h"
#include "signer/cmd/dns_check.h"
#include "signer/cmd/dns_keys.h"
#include "signer/cmd/dns_plan.h"
#include "signer/cmd/dns_request.h"
#include "signer/cmd/output.h"
#include "signer/cmd/settings.h"

#include "signer/dns/spf_record.h"
#include "signer/keys/core_dump.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dns_command {
	struct settings settings;
	struct dns_request request;
	struct signing_context *context; /* NULL: --record */
	struct public_keys *key_records; /* NULL: no --record */
	struct dns_keys keys;
	struct dns_records records;
	size_t error_count; /* of keys, which have been told */
};

static const struct command_flag flags[] = {
	SETTINGS_FLAG_CONFIG,
	SETTINGS_FLAG_OPTION,
	{'d', "domain", "DOMAIN", "only this domain; may be repeated (all that are configured)"},
	{'s', "selector", "NAME", "only this selector (all that are configured)"},
	{'k', "key", "FILE", "the private key, in place of a configuration; needs -d and -s"},
	{DNS_FLAG_RECORD, "record", "FILE",
	 "the key records, as genkey wrote them (.txt), in place of a configuration"},
	{DNS_FLAG_HOST, "host", "ADDRESS",
	 "a relay that mail comes from: ip4: or ip6: of SPF; ADDRESS/PREFIX, too; may be repeated"},
	{DNS_FLAG_A, "a", "NAME=ADDRESS",
	 "an A or AAAA record, as mail=192.0.2.1; @ is the domain itself; may be repeated"},
	{DNS_FLAG_SPF, "spf", "TERM",
	 "one more term of SPF, as include:_spf.example.net; may be repeated"},
	{DNS_FLAG_ALL, "all", "TERM",
	 "SPF on all other hosts: ~all (doubtful), -all (forged), ?all (unknown) (~all)"},
	{DNS_FLAG_POLICY, "policy", "POLICY",
	 "DMARC on mail that fails: none, quarantine, reject (none)"},
	{DNS_FLAG_SP, "sp", "POLICY", "the same for subdomains (as --policy)"},
	{DNS_FLAG_PCT, "pct", "N", "the policy is for N of 100 messages (100)"},
	{DNS_FLAG_RUA, "rua", "ADDRESS", "DMARC: send daily reports there; may be repeated"},
	{DNS_FLAG_RUF, "ruf", "ADDRESS",
	 "DMARC: send reports of single messages there; may be repeated"},
	{DNS_FLAG_FORMAT, "format", "FORM",
	 "zone: for a zone file; line: a registrar's lines; route53: its console; route53-json: a "
	 "change batch for `aws route53` (zone)"},
	{DNS_FLAG_TTL, "ttl", "SECONDS", "the TTL, in the forms that have one"},
	{DNS_FLAG_JSON, "json", NULL, "the records, or what --check found, as JSON on stdout"},
	{DNS_FLAG_CHECK, "check", NULL, "do not print the records but compare them with the DNS"},
	{DNS_FLAG_SERVER, "server", "ADDRESS",
	 "ask this one: NAME or ADDRESS, also with :PORT, [IPV6]:PORT (those of /etc/resolv.conf)"},
	{DNS_FLAG_TIMEOUT, "timeout", "SECONDS", "wait so long for an answer (5)"},
};

static const struct command_form form = {
	.name = "postseal dns",
	.synopsis = "[-x FILE] [-d DOMAIN]... [-s SELECTOR] [--host ADDRESS]... [FLAGS]\n"
		    "-d DOMAIN... -s SELECTOR -k KEYFILE [--host ADDRESS]... [FLAGS]\n"
		    "--record FILE.txt [--host ADDRESS]... [FLAGS]\n"
		    "--check [--server ADDRESS] [--json] (and the same flags)",
	.purpose = "Prints the records that make receivers believe a domain's mail, to put into "
		   "its DNS:\n"
		   "SPF (which hosts may send), DKIM (the public key), DMARC (what to do with the "
		   "rest).\n"
		   "Domains, selectors and keys are those of the configuration. With --check it "
		   "says of\n"
		   "each record whether the DNS has it, and what is wrong with what is there.",
	.flags = flags,
	.flag_count = ARRAY_COUNT(flags),
	.notes = "examples:\n"
		 "  postseal dns --host 192.0.2.1                       all of /etc/opendkim.conf\n"
		 "  postseal dns -d example.com --host 192.0.2.1 --a mail=192.0.2.1 --format "
		 "line\n"
		 "  postseal dns -d example.com --host 192.0.2.1 --policy reject --rua "
		 "dmarc@example.com\n"
		 "  postseal dns --record s2026.txt --host 192.0.2.1 --format route53-json > "
		 "batch.json\n"
		 "  postseal dns -d example.com --host 192.0.2.1 --check --server "
		 "ns1.example.net\n"
		 "\n"
		 "Exit status: 0 done, or all is in the DNS as it should be; 64 wrong flags; 65 a "
		 "record\n"
		 "is missing, different or broken; 75 the DNS did not answer; 78 configuration, or "
		 "a key\n"
		 "cannot be read. More: postseal-dns(1).",
};

static PRINTF_LIKE(1, 2) void say(const char *format, ...)
{
	va_list args;

	fputs("postseal dns: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
}

static int say_errno(int r)
{
	say("%s", strerror(-r));
	return r == -ENOMEM ? EX_OSERR : EX_IOERR;
}

static bool is_by_hand(const struct dns_command *command)
{
	return command->request.key_path != NULL || command->request.record_path != NULL;
}

/* -k is KeyFile of a configuration that has nothing else. Only its public half is shown. */
static int set_key_file(struct dns_command *command)
{
	const struct dns_request *request = &command->request;
	struct settings *settings = &command->settings;
	int status = settings_override(settings, &form, "KeyFile", request->key_path);

	if (status == EX_OK)
		status = settings_override(settings, &form, "Selector", request->selector);
	if (status == EX_OK)
		status = settings_override(settings, &form, "Domain", request->domains[0]);
	return status == EX_OK ? settings_override(settings, &form, "RequireSafeKeys", "no")
			       : status;
}

static int read_settings(struct dns_command *command)
{
	struct settings *settings = &command->settings;
	int status = EX_OK;

	settings->has_no_default = is_by_hand(command);
	if (command->request.key_path != NULL)
		status = set_key_file(command);
	if (status == EX_OK)
		status = settings_read(settings);
	if (status == EX_OK && !is_by_hand(command))
		status = settings_become_user(settings);
	if (status == EX_OK && core_dump_disable() != 0) {
		say("core dumps cannot be switched off: %s", strerror(errno));
		status = EX_OSERR;
	}
	return status;
}

static int take_keys(struct dns_command *command)
{
	const struct dns_request *request = &command->request;
	const struct dns_selection selection = {
		.domains = request->domains,
		.domain_count = request->domain_count,
		.selector = request->selector,
		.is_own_key = request->key_path != NULL,
	};
	struct problems *problems = &command->settings.problems;
	const struct problem_place place = {.file = request->record_path};
	int status;
	int r;

	if (request->record_path == NULL) {
		status = settings_context(&command->settings, &command->context);
		if (status != EX_OK)
			return status;
	}
	/* What is wrong with keys is what the person asks about: it is told at once. */
	command->settings.voice = SETTINGS_TELL;
	command->error_count = problems->error_count;
	if (request->record_path == NULL)
		r = dns_keys_from_context(&command->keys, command->context, &selection, problems);
	else
		r = public_keys_load(request->record_path,
				     (struct problem_place){.name = "--record"}, problems,
				     &command->key_records);
	if (r == 0 && request->record_path != NULL)
		r = dns_keys_from_records(&command->keys, command->key_records, place, &selection,
					  problems);
	command->error_count = problems->error_count - command->error_count;
	if (r < 0)
		return say_errno(r);
	return r == 0 ? EX_OK : EX_CONFIG;
}

/* What was asked for, and there is no key. */
static int check_domains(struct dns_command *command)
{
	const struct dns_request *request = &command->request;

	for (size_t i = 0; i < request->domain_count; i++) {
		if (dns_keys_have(&command->keys, request->domains[i]))
			continue;
		say("%s: there is no key for it", request->domains[i]);
		command->error_count++;
	}
	if (command->keys.count > 0)
		return EX_OK;
	if (!is_by_hand(command) && settings_file(&command->settings) == NULL)
		return command_line_wrong(
			&form, "there is no configuration, neither -x nor " SETTINGS_FILE_DEFAULT
			       ": give -d, -s and -k, or --record");
	if (request->domain_count == 0 && command->error_count == 0)
		say("there is no key to show a record of");
	return EX_CONFIG;
}

/* A batch is for one hosted zone. */
static int check_form(const struct dns_command *command)
{
	const struct dns_keys *keys = &command->keys;

	if (command->request.form == DNS_FORM_ROUTE53_JSON && keys->count > 0 &&
	    keys->keys[0].domain_number != keys->keys[keys->count - 1].domain_number)
		return command_line_wrong(&form, "--format route53-json is for one zone, and there "
						 "are several domains: choose one with -d");
	return EX_OK;
}

static size_t own_lookups(const struct dns_records *records)
{
	struct spf_record spf;
	size_t count = 0;

	for (size_t i = 0; i < records->count; i++) {
		if (records->records[i].kind != DNS_RECORD_SPF)
			continue;
		if (spf_record_parse(&spf, bytes_of_string(records->records[i].value)) != 0)
			return 0;
		for (size_t j = 0; j < spf.count; j++)
			count += spf_term_costs_lookup(&spf.terms[j]);
		return count; /* all domains have the same */
	}
	return 0;
}

/* What the records themselves do not say. */
static void say_notes(const struct dns_command *command)
{
	const struct dns_request *request = &command->request;
	size_t lookups = own_lookups(&command->records);

	if (request->spf.host_count == 0 && request->spf.term_count == 0)
		say("note: without --host, SPF allows only the hosts of the domain's A and MX "
		    "records");
	if (lookups > SPF_LOOKUPS_MAX)
		say("warning: SPF needs %zu look-ups or more, and receivers take more than %d for "
		    "an error (RFC 7208 4.6.4)",
		    lookups, SPF_LOOKUPS_MAX);
	if (request->is_json || request->form == DNS_FORM_ZONE)
		return;
	for (size_t i = 0; i < command->records.count; i++) {
		const struct dns_record *record = &command->records.records[i];

		if (record->kind == DNS_RECORD_REPORT)
			say("note: no reports come to %s before it has this record: %s TXT \"%s\"",
			    record->domain, record->name, record->value);
	}
	if (request->form == DNS_FORM_ROUTE53_JSON)
		say("note: UPSERT replaces all TXT values of a name: add others that %s has now",
		    command->keys.keys[0].domain);
}

static int print(struct dns_command *command)
{
	const struct dns_request *request = &command->request;
	struct dns_report report;
	int r = 0;

	if (request->is_json) {
		dns_report_begin(&report, true, false);
		for (size_t i = 0; i < command->records.count; i++)
			dns_report_record(&report, &command->records.records[i]);
		dns_report_end(&report);
	} else {
		r = dns_forms_write(&command->records, request->form, request->ttl, stdout);
	}
	if (r != 0)
		return say_errno(r);
	say_notes(command);
	return command->error_count > 0 ? EX_CONFIG : EX_OK;
}

static int status_of(const struct dns_report *report)
{
	size_t silent = report->counts[DNS_STATUS_NO_ANSWER];
	size_t wrong = 0;

	for (size_t i = 0; i < DNS_STATUS_COUNT; i++) {
		if (i != DNS_STATUS_OK && i != DNS_STATUS_NO_ANSWER)
			wrong += report->counts[i];
	}
	if (wrong > 0)
		return EX_DATAERR;
	return silent > 0 ? EX_TEMPFAIL : EX_OK;
}

static int check(struct dns_command *command)
{
	const struct dns_request *request = &command->request;
	char why[DNS_CLIENT_WHY_SIZE];
	struct dns_client client;
	struct dns_report report;
	int status = EX_OK;
	int r = dns_client_init(&client, request->server, why);

	if (r > 0)
		status = command_line_wrong(&form, "--server %s: %s", request->server, why);
	if (r == 0) {
		if (request->timeout_ms > 0)
			client.timeout_ms = request->timeout_ms;
		dns_report_begin(&report, request->is_json, true);
		r = dns_check_all(&command->records, &client, &report);
		dns_report_end(&report);
		status = status_of(&report);
	}
	dns_client_deinit(&client);
	if (r < 0)
		return say_errno(r);
	return status == EX_OK && command->error_count > 0 ? EX_CONFIG : status;
}

static int start(struct dns_command *command)
{
	int status = dns_request_finish(&command->request);

	if (status == EX_OK && is_by_hand(command) && command->settings.path != NULL)
		status = command_line_wrong(&form, "-x and %s are two ways to say the same",
					    command->request.key_path != NULL ? "-k" : "--record");
	if (status == EX_OK)
		status = read_settings(command);
	if (status == EX_OK)
		status = take_keys(command);
	if (status == EX_OK)
		status = check_domains(command);
	if (status == EX_OK)
		status = check_form(command);
	if (status == EX_OK)
		status = dns_plan_make(&command->request, &command->keys, &command->records);
	if (status != EX_OK)
		return status;
	return output_end(command->request.is_check ? check(command) : print(command));
}

static int take_flag(void *arg, int flag, const char *value)
{
	struct dns_command *command = arg;

	if (flag == 'x' || flag == 'o')
		return settings_flag(&command->settings, &form, flag, value);
	return dns_request_take(&command->request, flag, value);
}

int cmd_dns(int argc, char **argv)
{
	struct dns_command command = {0};
	struct command_line line;

	settings_init(&command.settings, SETTINGS_QUIET);
	dns_request_init(&command.request, &form);
	command_line_init(&line, &form, argc, argv);
	if (command_line_read(&line, take_flag, &command))
		line.status = start(&command);
	dns_records_deinit(&command.records);
	dns_keys_deinit(&command.keys);
	public_keys_free(command.key_records);
	signing_context_unref(command.context);
	dns_request_deinit(&command.request);
	settings_close(&command.settings);
	return line.status;
}
