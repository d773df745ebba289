/*
 * Goal: what is found in a From field is safe to look up, to log and to write into a signature.
 * Method: the address has no control character but tabs, a domain in lower case, and written out it is read
 * as itself. Its domain, where DNS can have it, becomes ASCII, and stays what it then is.
 */
#include "signer/dkim/address.h"
#include "signer/dkim/domain_name.h"
#include "tests/fuzz/fuzz.h"

static void check_text(struct bytes text)
{
	FUZZ_CHECK(text.size > 0);
	for (size_t i = 0; i < text.size; i++)
		FUZZ_CHECK((text.data[i] >= ' ' && text.data[i] != 0x7f) || text.data[i] == '\t');
}

static void check_domain(struct bytes domain)
{
	/* RFC 5322 3.4.1: dtext has "@" in it. */
	FUZZ_CHECK(domain.data[0] == '[' || bytes_find(domain, '@') == domain.size);
	for (size_t i = 0; i < domain.size; i++) {
		FUZZ_CHECK(domain.data[i] == ascii_lower(domain.data[i]));
		FUZZ_CHECK(!ascii_is_space(domain.data[i]));
	}
}

static void check_again(const struct address *address)
{
	struct address again = {0};
	struct buffer text = {0};

	FUZZ_CHECK(buffer_append(&text, buffer_bytes(&address->local_part)) == 0);
	FUZZ_CHECK(buffer_append_byte(&text, '@') == 0);
	FUZZ_CHECK(buffer_append(&text, buffer_bytes(&address->domain)) == 0);
	FUZZ_CHECK(address_parse(&again, buffer_bytes(&text)) == 0);
	FUZZ_CHECK(
		bytes_equal(buffer_bytes(&again.local_part), buffer_bytes(&address->local_part)));
	FUZZ_CHECK(bytes_equal(buffer_bytes(&again.domain), buffer_bytes(&address->domain)));
	buffer_deinit(&text);
	address_deinit(&again);
}

/* Of any text, since domains come from tables and tags, too. */
static void check_ascii(struct bytes name)
{
	struct buffer ascii = {0};
	struct buffer again = {0};
	struct bytes result;
	int r = domain_name_to_ascii(name, &ascii);

	FUZZ_CHECK(r == 0 || r == DOMAIN_NAME_E_INVALID);
	result = buffer_bytes(&ascii);
	FUZZ_CHECK(r == 0 || result.size == 0);
	if (r == 0) {
		FUZZ_CHECK(domain_name_is_valid(result));
		FUZZ_CHECK(result.size <= DOMAIN_NAME_SIZE_MAX);
		check_domain(result);
		for (size_t i = 0; i < result.size; i++)
			FUZZ_CHECK(result.data[i] < 0x80);
		FUZZ_CHECK(domain_name_to_ascii(result, &again) == 0);
		FUZZ_CHECK(bytes_equal(buffer_bytes(&again), result));
		FUZZ_CHECK(domain_name_is_within(result, result));
	}
	buffer_deinit(&ascii);
	buffer_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes value = bytes_of(data, size);
	struct address address = {0};
	int r = address_parse(&address, value);

	FUZZ_CHECK(r >= 0);
	if (r == 0) {
		check_text(buffer_bytes(&address.local_part));
		check_text(buffer_bytes(&address.domain));
		check_domain(buffer_bytes(&address.domain));
		FUZZ_CHECK(address.local_part.size + address.domain.size <= size * 2 + 2);
		check_again(&address);
		check_ascii(buffer_bytes(&address.domain));
	} else {
		FUZZ_CHECK(address.local_part.size == 0 && address.domain.size == 0);
	}
	check_ascii(value);
	address_deinit(&address);
	return 0;
}
