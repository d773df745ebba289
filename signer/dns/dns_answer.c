/*
 * How it works: the answers are gone through once for each alias, so their order does not matter; then
 * once for the values of the last name.
 */
#include "signer/dns/dns_answer.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <resolv.h>
#include <stdio.h>

#define ALIASES_MAX 16

void dns_answer_deinit(struct dns_answer *answer)
{
	buffer_deinit(&answer->text);
	*answer = (struct dns_answer){0};
}

struct bytes dns_answer_value(const struct dns_answer *answer, size_t index)
{
	return bytes_slice(buffer_bytes(&answer->text), answer->values[index].start,
			   answer->values[index].end);
}

/* Whether the record is of that name and type. Neither name has a dot at its end. */
static bool is_of(ns_rr *record, const char *name, int type)
{
	return (int)ns_rr_type(*record) == type && ns_rr_class(*record) == ns_c_in &&
	       bytes_equal_nocase(bytes_of_string(ns_rr_name(*record)), bytes_of_string(name));
}

/* Finds where `name` leads; 0: nowhere, 1: `alias` is written, or -1. */
static int find_alias(ns_msg *message, const char *name, char alias[DNS_ANSWER_NAME_SIZE])
{
	for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
		char target[DNS_ANSWER_NAME_SIZE];
		ns_rr record;

		if (ns_parserr(message, ns_s_an, i, &record) != 0)
			return -1;
		if (!is_of(&record, name, ns_t_cname))
			continue;
		if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message),
				       ns_rr_rdata(record), target, sizeof(target)) < 0)
			return -1;
		(void)snprintf(alias, DNS_ANSWER_NAME_SIZE, "%s", target);
		return 1;
	}
	return 0;
}

static int take_text(struct dns_answer *answer, struct bytes data)
{
	int r = 0;

	while (r == 0 && data.size > 0) {
		size_t size = data.data[0];

		if (size + 1 > data.size)
			return DNS_ANSWER_E_MALFORMED;
		r = buffer_append(&answer->text, bytes_slice(data, 1, size + 1));
		data = bytes_skip(data, size + 1);
	}
	return r;
}

static int take_address(struct dns_answer *answer, int family, struct bytes data)
{
	char text[INET6_ADDRSTRLEN];

	if (data.size != (family == AF_INET ? NS_INADDRSZ : NS_IN6ADDRSZ))
		return DNS_ANSWER_E_MALFORMED;
	(void)inet_ntop(family, data.data, text, sizeof(text));
	return buffer_append_string(&answer->text, text);
}

static int take_value(struct dns_answer *answer, enum dns_type type, struct bytes data)
{
	size_t start = answer->text.size;
	int r = 0;

	if (answer->count == DNS_ANSWER_VALUES_MAX)
		return 0;
	switch (type) {
	case DNS_TXT: r = take_text(answer, data); break;
	case DNS_A: r = take_address(answer, AF_INET, data); break;
	case DNS_AAAA: r = take_address(answer, AF_INET6, data); break;
	}
	if (r != 0)
		return r;
	answer->values[answer->count].start = start;
	answer->values[answer->count].end = answer->text.size;
	answer->count++;
	return 0;
}

static int take_values(struct dns_answer *answer, ns_msg *message, const char *name,
		       enum dns_type type)
{
	int r = 0;

	for (int i = 0; r == 0 && i < ns_msg_count(*message, ns_s_an); i++) {
		struct bytes data;
		ns_rr record;

		if (ns_parserr(message, ns_s_an, i, &record) != 0)
			return DNS_ANSWER_E_MALFORMED;
		data = bytes_of(ns_rr_rdata(record), ns_rr_rdlen(record));
		answer->size = (size_t)(data.data + data.size - ns_msg_base(*message));
		if (is_of(&record, name, (int)type))
			r = take_value(answer, type, data);
	}
	return r;
}

/* The size of header and question. */
static int take_question(struct dns_answer *answer, ns_msg *message)
{
	int size;

	answer->size = NS_HFIXEDSZ;
	if (ns_msg_count(*message, ns_s_qd) == 0)
		return 0;
	size = dn_skipname(ns_msg_base(*message) + NS_HFIXEDSZ, ns_msg_end(*message));
	if (size < 0)
		return DNS_ANSWER_E_MALFORMED;
	answer->size += (size_t)size + NS_QFIXEDSZ;
	return 0;
}

int dns_answer_parse(struct dns_answer *answer, const char *name, enum dns_type type,
		     struct bytes bytes)
{
	ns_msg message;
	int found = 1;
	int r;

	buffer_clear(&answer->text);
	answer->count = 0;
	answer->alias[0] = '\0';
	if (bytes.size > NS_MAXMSG || ns_initparse(bytes.data, (int)bytes.size, &message) != 0)
		return DNS_ANSWER_E_MALFORMED;
	answer->rcode = (unsigned)ns_msg_getflag(message, ns_f_rcode);
	answer->is_truncated = ns_msg_getflag(message, ns_f_tc) != 0;
	r = take_question(answer, &message);
	for (int i = 0; r == 0 && found == 1 && i < ALIASES_MAX; i++) {
		found = find_alias(&message, answer->alias[0] == '\0' ? name : answer->alias,
				   answer->alias);
		if (found < 0)
			r = DNS_ANSWER_E_MALFORMED;
	}
	return r == 0 ? take_values(answer, &message,
				    answer->alias[0] == '\0' ? name : answer->alias, type)
		      : r;
}
