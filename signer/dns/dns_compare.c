#include "signer/dns/dns_compare.h"

#include "signer/dkim/key_record.h"
#include "signer/dns/dmarc_record.h"
#include "signer/dns/spf_record.h"
#include "signer/keys/public_key.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define UDP_SIZE_PLAIN 512  /* RFC 1035 2.3.4: without EDNS */
#define UDP_SIZE_EDNS  1232 /* in one piece through every network */
#define CUT_SIZE_MIN   200
#define NOTE_SIZE      2048

static const struct {
	const char *name;
	const char *words;
} statuses[DNS_STATUS_COUNT] = {
	[DNS_STATUS_OK] = {"ok", "ok"},
	[DNS_STATUS_DIFFERENT] = {"different", "different"},
	[DNS_STATUS_MISSING] = {"missing", "missing"},
	[DNS_STATUS_TOO_LONG] = {"too_long", "too long"},
	[DNS_STATUS_TOO_MANY_LOOKUPS] = {"too_many_lookups", "too many look-ups"},
	[DNS_STATUS_SYNTAX] = {"syntax", "wrong syntax"},
	[DNS_STATUS_REVOKED] = {"revoked", "revoked"},
	[DNS_STATUS_TWO_RECORDS] = {"two_records", "two records"},
	[DNS_STATUS_NO_ANSWER] = {"no_answer", "no answer"},
};

const char *dns_status_name(enum dns_status status)
{
	return statuses[status].name;
}

const char *dns_status_words(enum dns_status status)
{
	return statuses[status].words;
}

void dns_finding_deinit(struct dns_finding *finding)
{
	buffer_deinit(&finding->notes);
	*finding = (struct dns_finding){0};
}

int dns_finding_add(struct dns_finding *finding, enum dns_status status, const char *format, ...)
{
	char note[NOTE_SIZE];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(note, sizeof(note), format, args);
	va_end(args);
	/* What others wrote must not look like another note. */
	for (char *at = note; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
	if (status > finding->status)
		finding->status = status;
	return buffer_printf(&finding->notes, "%s\n", note);
}

/* Texts that are not what they should be, and nearly are. */
static bool is_near(struct bytes text, const char *start)
{
	while (text.size > 0 && (ascii_is_space(text.data[0]) || text.data[0] == '"'))
		text = bytes_skip(text, 1);
	return bytes_start_with_nocase(text, bytes_of_string(start));
}

static bool is_any(struct bytes text)
{
	(void)text;
	return true;
}

/* Collects the values that receivers would take for the record. */
static void collect(const struct dns_answer *answer, bool (*is_served)(struct bytes text),
		    struct dns_finding *finding)
{
	finding->served_count = 0;
	for (size_t i = 0; i < answer->count; i++) {
		if (is_served(dns_answer_value(answer, i)))
			finding->served[finding->served_count++] = i;
	}
}

/* Nothing that counts: does something look as if it should? */
static int compare_none(const struct dns_answer *answer, const char *near_start, const char *what,
			const char *rule, struct dns_finding *finding)
{
	for (size_t i = 0; i < answer->count; i++) {
		struct bytes text = dns_answer_value(answer, i);

		if (near_start == NULL || !is_near(text, near_start))
			continue;
		finding->served[finding->served_count++] = i;
		return dns_finding_add(finding, DNS_STATUS_SYNTAX,
				       "receivers do not take that for %s: %s", what, rule);
	}
	if (answer->alias[0] != '\0')
		return dns_finding_add(finding, DNS_STATUS_MISSING,
				       "the alias leads to %s, which has no such record",
				       answer->alias);
	finding->status = DNS_STATUS_MISSING;
	return 0;
}

/*
 * Where a text ends early, the form that it was typed into took one string only. Some take a few bytes less
 * than 255; what ends long before was rather meant to be so.
 */
static int note_cut(struct bytes wanted, struct bytes served, struct dns_finding *finding)
{
	if (served.size < CUT_SIZE_MIN || served.size >= wanted.size ||
	    !bytes_start_with(wanted, served))
		return 0;
	return dns_finding_add(finding, DNS_STATUS_TOO_LONG,
			       "it is cut off after %zu of %zu bytes; a string has 255 at most, so "
			       "put it in as several strings, as --format zone has them",
			       served.size, wanted.size);
}

static int note_spf_terms(const struct spf_record *has, const struct spf_record *other,
			  const char *words, struct dns_finding *finding)
{
	struct buffer list = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < has->count; i++) {
		if (!spf_record_has(other, &has->terms[i]))
			r = buffer_printf(&list, " %.*s", BYTES_PRINTF(has->terms[i].text));
	}
	if (r == 0 && list.size > 0)
		r = dns_finding_add(finding, DNS_STATUS_DIFFERENT, "%s%.*s", words, (int)list.size,
				    (const char *)list.data);
	buffer_deinit(&list);
	return r;
}

static int compare_spf_records(struct bytes wanted_text, struct bytes served_text,
			       struct spf_record *wanted, struct spf_record *served,
			       struct dns_finding *finding)
{
	int r = note_cut(wanted_text, served_text, finding);

	if (r != 0)
		return r;
	/* One cut in the middle of a term is told as that. */
	if (spf_record_parse(served, served_text) != 0)
		return dns_finding_add(finding, DNS_STATUS_SYNTAX,
				       "\"%.*s\" is no term of SPF, so the whole is an error",
				       BYTES_PRINTF(served->fault));
	if (spf_record_parse(wanted, wanted_text) != 0)
		return 0;
	if (spf_record_equals(wanted, served))
		return 0;
	r = note_spf_terms(wanted, served, "DNS does not have", finding);
	if (r == 0)
		r = note_spf_terms(served, wanted, "only DNS has", finding);
	if (r == 0 && finding->status == DNS_STATUS_OK)
		r = dns_finding_add(finding, DNS_STATUS_DIFFERENT,
				    "the terms stand in another order");
	return r;
}

static int compare_spf(struct bytes wanted, const struct dns_answer *answer,
		       struct dns_finding *finding)
{
	struct spf_record *records;
	int r;

	collect(answer, spf_record_is, finding);
	if (finding->served_count == 0)
		return compare_none(answer, "v=spf", "an SPF record",
				    "it must begin with v=spf1 and a blank", finding);
	if (finding->served_count > 1)
		return dns_finding_add(
			finding, DNS_STATUS_TWO_RECORDS,
			"a domain has one SPF record or none: receivers take %zu for "
			"an error; put all of it into one",
			finding->served_count);
	records = calloc(2, sizeof(*records));
	if (records == NULL)
		return -ENOMEM;
	r = compare_spf_records(wanted, dns_answer_value(answer, finding->served[0]), &records[0],
				&records[1], finding);
	free(records);
	return r;
}

static enum key_type type_of(const struct key_record *record)
{
	return record->algorithm == DKIM_ALGORITHM_ED25519_SHA256 ? KEY_ED25519 : KEY_RSA;
}

static int compare_public_keys(const struct public_key *wanted, const struct public_key *served,
			       struct dns_finding *finding)
{
	if (public_key_type(wanted) != public_key_type(served) ||
	    public_key_bits(wanted) != public_key_bits(served))
		return dns_finding_add(
			finding, DNS_STATUS_DIFFERENT,
			"the key in DNS is %s with %u bits, this one is %s with %u",
			key_type_name(public_key_type(served)), public_key_bits(served),
			key_type_name(public_key_type(wanted)), public_key_bits(wanted));
	if (!bytes_equal(public_key_record(wanted), public_key_record(served)))
		return dns_finding_add(finding, DNS_STATUS_DIFFERENT,
				       "the key in DNS is another one of the same size");
	return 0;
}

static int compare_keys(const struct key_record *wanted, const struct key_record *served,
			struct dns_finding *finding)
{
	struct public_key *wanted_key = NULL;
	struct public_key *served_key = NULL;
	int r = public_key_new(type_of(wanted), buffer_bytes(&wanted->key), &wanted_key);

	if (r == 0)
		r = public_key_new(type_of(served), buffer_bytes(&served->key), &served_key);
	if (r == 0)
		r = compare_public_keys(wanted_key, served_key, finding);
	else if (r > 0 && wanted_key != NULL)
		r = dns_finding_add(finding, DNS_STATUS_SYNTAX,
				    r == PUBLIC_KEY_E_MALFORMED
					    ? "p= is not a key of that type"
					    : "p= is a key of a size that verifiers refuse");
	else if (r > 0)
		r = dns_finding_add(finding, DNS_STATUS_DIFFERENT,
				    "the key that is wanted is none itself");
	public_key_free(wanted_key);
	public_key_free(served_key);
	return r;
}

/* What a record says beside its key. */
static int compare_key_tags(const struct key_record *wanted, const struct key_record *served,
			    struct dns_finding *finding)
{
	int r = 0;

	if (!served->allows_sha256)
		r = dns_finding_add(finding, DNS_STATUS_DIFFERENT,
				    "h= does not allow sha256, so no signature passes");
	if (r == 0 && !served->allows_email)
		r = dns_finding_add(finding, DNS_STATUS_DIFFERENT,
				    "s= does not allow mail, so no signature passes");
	if (r == 0 && served->is_test && !wanted->is_test)
		r = dns_finding_add(finding, DNS_STATUS_DIFFERENT,
				    "t=y says that the domain only tests DKIM: receivers may "
				    "treat its mail as not signed");
	if (r == 0 && served->is_strict != wanted->is_strict)
		r = dns_finding_add(finding, DNS_STATUS_OK,
				    served->is_strict
					    ? "t=s: i= of signatures must not be a subdomain"
					    : "without t=s, i= of signatures may be a subdomain");
	return r;
}

static int compare_key_records(struct bytes wanted_text, struct bytes served_text,
			       struct key_record *wanted, struct key_record *served,
			       struct dns_finding *finding)
{
	int r = note_cut(wanted_text, served_text, finding);

	if (r != 0 || finding->status == DNS_STATUS_TOO_LONG)
		return r;
	r = key_record_parse(served, served_text);
	if (r > 0)
		return dns_finding_add(
			finding, r == KEY_RECORD_E_REVOKED ? DNS_STATUS_REVOKED : DNS_STATUS_SYNTAX,
			"%s%s", key_record_reason(r),
			bytes_find(served_text, '\\') < served_text.size
				? "; a backslash belongs into zone files only"
				: "");
	if (r == 0)
		r = key_record_parse(wanted, wanted_text);
	if (r > 0)
		return dns_finding_add(finding, DNS_STATUS_DIFFERENT, "what is wanted: %s",
				       key_record_reason(r));
	if (r == 0)
		r = compare_keys(wanted, served, finding);
	return r == 0 ? compare_key_tags(wanted, served, finding) : r;
}

static int compare_dkim(struct bytes wanted_text, const struct dns_answer *answer,
			struct dns_finding *finding)
{
	struct key_record wanted = {0};
	struct key_record served = {0};
	int r;

	collect(answer, is_any, finding);
	if (finding->served_count == 0)
		return compare_none(answer, NULL, NULL, NULL, finding);
	if (finding->served_count > 1)
		return dns_finding_add(
			finding, DNS_STATUS_TWO_RECORDS,
			"a selector has one record: which of %zu a verifier takes is "
			"not defined",
			finding->served_count);
	r = compare_key_records(wanted_text, dns_answer_value(answer, finding->served[0]), &wanted,
				&served, finding);
	key_record_deinit(&wanted);
	key_record_deinit(&served);
	return r;
}

static int compare_tag(const struct dmarc_record *wanted, const struct dmarc_record *served,
		       const char *name, struct dns_finding *finding)
{
	struct bytes a = dmarc_record_value(wanted, name);
	struct bytes b = dmarc_record_value(served, name);

	if (bytes_equal_nocase(a, b))
		return 0;
	return dns_finding_add(finding, DNS_STATUS_DIFFERENT,
			       "%s= is \"%.*s\" in DNS, not \"%.*s\"", name, BYTES_PRINTF(b),
			       BYTES_PRINTF(a));
}

static int compare_dmarc_records(const struct dmarc_record *wanted,
				 const struct dmarc_record *served, struct dns_finding *finding)
{
	static const char *const compared[] = {"p", "sp", "pct", "rua", "ruf"};
	static const char *const told[] = {"adkim", "aspf"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_COUNT(compared); i++)
		r = compare_tag(wanted, served, compared[i], finding);
	for (size_t i = 0; r == 0 && i < ARRAY_COUNT(told); i++) {
		struct bytes value = dmarc_record_value(served, told[i]);

		if (bytes_equal_nocase(value, BYTES_LITERAL("s")))
			r = dns_finding_add(finding, DNS_STATUS_OK,
					    "%s=s: the domain of From must match to the letter",
					    told[i]);
	}
	return r;
}

static int compare_dmarc(struct bytes wanted_text, const struct dns_answer *answer,
			 struct dns_finding *finding)
{
	struct dmarc_record wanted;
	struct dmarc_record served;

	collect(answer, dmarc_record_is, finding);
	if (finding->served_count == 0)
		return compare_none(answer, "v=dmarc", "a DMARC record",
				    "it must begin with v=DMARC1; in these letters", finding);
	if (finding->served_count > 1)
		return dns_finding_add(finding, DNS_STATUS_TWO_RECORDS,
				       "a domain has one DMARC record: receivers follow none of "
				       "%zu",
				       finding->served_count);
	if (dmarc_record_parse(&served, dns_answer_value(answer, finding->served[0])) != 0)
		return dns_finding_add(finding, DNS_STATUS_SYNTAX, "%s", served.fault);
	if (dmarc_record_parse(&wanted, wanted_text) != 0)
		return dns_finding_add(finding, DNS_STATUS_DIFFERENT, "what is wanted: %s",
				       wanted.fault);
	return compare_dmarc_records(&wanted, &served, finding);
}

static int compare_report(const struct dns_record *wanted, const struct dns_answer *answer,
			  struct dns_finding *finding)
{
	int r;

	collect(answer, dmarc_record_is, finding);
	if (finding->served_count > 0)
		return 0;
	r = compare_none(answer, "v=dmarc", "a DMARC record",
			 "it must begin with v=DMARC1; in these letters", finding);
	if (r == 0)
		r = dns_finding_add(finding, DNS_STATUS_OK,
				    "until %s has it, nobody sends reports there", wanted->domain);
	return r;
}

static int compare_host(const struct dns_record *wanted, const struct dns_answer *answer,
			struct dns_finding *finding)
{
	struct bytes address = bytes_of_string(wanted->value);

	collect(answer, is_any, finding);
	if (finding->served_count == 0)
		return compare_none(answer, NULL, NULL, NULL, finding);
	for (size_t i = 0; i < answer->count; i++) {
		if (bytes_equal(dns_answer_value(answer, i), address))
			return 0;
	}
	finding->status = DNS_STATUS_DIFFERENT;
	return 0;
}

static int note_alias(const struct dns_answer *answer, struct dns_finding *finding)
{
	if (answer->alias[0] == '\0' || finding->served_count == 0)
		return 0;
	return dns_finding_add(finding, DNS_STATUS_OK, "an alias (CNAME) leads to %s",
			       answer->alias);
}

static int note_size(const struct dns_answer *answer, struct dns_finding *finding)
{
	if (answer->size > UDP_SIZE_EDNS)
		return dns_finding_add(finding, DNS_STATUS_TOO_LONG,
				       "the answer has %zu bytes, and more than %d do not get "
				       "through by UDP everywhere: receivers have to ask by TCP",
				       answer->size, UDP_SIZE_EDNS);
	if (answer->size > UDP_SIZE_PLAIN)
		return dns_finding_add(finding, DNS_STATUS_OK,
				       "the answer has %zu bytes: above %d, receivers need EDNS or "
				       "TCP",
				       answer->size, UDP_SIZE_PLAIN);
	return 0;
}

int dns_compare(const struct dns_record *wanted, const struct dns_answer *answer,
		struct dns_finding *finding)
{
	struct bytes text = bytes_of_string(wanted->value);
	int r = 0;

	switch (wanted->kind) {
	case DNS_RECORD_HOST: r = compare_host(wanted, answer, finding); break;
	case DNS_RECORD_SPF: r = compare_spf(text, answer, finding); break;
	case DNS_RECORD_DKIM: r = compare_dkim(text, answer, finding); break;
	case DNS_RECORD_DMARC: r = compare_dmarc(text, answer, finding); break;
	case DNS_RECORD_REPORT: r = compare_report(wanted, answer, finding); break;
	}
	if (r == 0)
		r = note_alias(answer, finding);
	return r == 0 ? note_size(answer, finding) : r;
}
