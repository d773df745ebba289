/*
 * Goal: no answer of a name server leads anywhere outside of it.
 * Method: the first byte is the type that was asked for, the rest the message. Values lie one behind the
 * other, are not more than the message could hold, and addresses are addresses; read again, it is the same.
 */
#include "signer/dns/dns_answer.h"
#include "signer/dns/ip_range.h"
#include "tests/fuzz/fuzz.h"

static void check_values(const struct dns_answer *answer, enum dns_type type, struct bytes message)
{
	size_t sum = 0;

	FUZZ_CHECK(answer->count <= DNS_ANSWER_VALUES_MAX);
	FUZZ_CHECK(answer->size >= 12 && answer->size <= message.size);
	for (size_t i = 0; i < answer->count; i++) {
		struct bytes value = dns_answer_value(answer, i);
		struct ip_range range;

		sum += value.size;
		if (type == DNS_TXT)
			continue;
		FUZZ_CHECK(ip_range_parse(&range, value) == 0);
		FUZZ_CHECK(range.is_ip6 == (type == DNS_AAAA) && ip_range_is_single(&range));
	}
	FUZZ_CHECK(type != DNS_TXT || sum <= message.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_TXT, DNS_A, DNS_AAAA};
	struct dns_answer answer = {0};
	struct dns_answer again = {0};
	struct bytes message;
	enum dns_type type;
	int r;

	if (size == 0)
		return -1;
	type = types[data[0] % ARRAY_COUNT(types)];
	message = bytes_of(data + 1, size - 1);
	r = dns_answer_parse(&answer, "a.example", type, message);
	FUZZ_CHECK(r == 0 || r == DNS_ANSWER_E_MALFORMED);
	if (r == 0)
		check_values(&answer, type, message);
	FUZZ_CHECK(dns_answer_parse(&again, "a.example", type, message) == r);
	FUZZ_CHECK(r != 0 || (again.count == answer.count &&
			      bytes_equal(buffer_bytes(&again.text), buffer_bytes(&answer.text))));
	dns_answer_deinit(&answer);
	dns_answer_deinit(&again);
	return 0;
}
