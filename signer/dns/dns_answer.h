/*
 * dns_answer - what a name server answered to one question, parsed.
 *
 * Is:       the values of the records asked for, behind all aliases (CNAME) that the message follows.
 * Is not:   the asking (dns_client.h). The message may be anything: it is never trusted.
 * Source:   RFC 1035 4.1 (messages), 3.3.14 (TXT: its strings, joined, are a value); the bytes are taken
 *           apart by libresolv.
 * Use:      a struct of zeros, dns_answer_parse() as often as wanted, dns_answer_deinit().
 * Units:    values in the order of the message, the first DNS_ANSWER_VALUES_MAX of them.
 * Errors:   -ENOMEM, DNS_ANSWER_E_MALFORMED; the object is then only good for another parse.
 * Owns:     the values.
 */
#ifndef SIGNER_DNS_DNS_ANSWER_H
#define SIGNER_DNS_DNS_ANSWER_H

#include "common/buffer.h"
#include "signer/dns/dns_type.h"

#define DNS_ANSWER_VALUES_MAX 64
#define DNS_ANSWER_NAME_SIZE  1025 /* each byte of a name may become \DDD */

enum {
	DNS_ANSWER_E_MALFORMED = 1,
};

/* RFC 1035 4.1.1: what else there is, is no answer. */
enum dns_rcode {
	DNS_RCODE_OK = 0,
	DNS_RCODE_FORMAT = 1,
	DNS_RCODE_SERVER = 2,
	DNS_RCODE_NO_NAME = 3,
	DNS_RCODE_NOT_IMPLEMENTED = 4,
	DNS_RCODE_REFUSED = 5,
};

struct dns_answer {
	unsigned rcode;
	bool is_truncated;
	char alias[DNS_ANSWER_NAME_SIZE]; /* the last one; "": there is none */
	size_t count;

	/* Of header, question and answers: what every server has to send. */
	size_t size;

	/* Private. */
	struct buffer text;
	struct {
		size_t start;
		size_t end;
	} values[DNS_ANSWER_VALUES_MAX];
};

void dns_answer_deinit(struct dns_answer *answer);
MUST_CHECK int dns_answer_parse(struct dns_answer *answer, const char *name, enum dns_type type,
				struct bytes message);

/* An address in digits, or the text. */
struct bytes dns_answer_value(const struct dns_answer *answer, size_t index);

#endif
