/*
 * Goal: an entry of a host list says one thing, and the list does what it says.
 * Method: the first byte of the input says whether patterns are known, the rest is the entry. What was read
 * is written out in its plainest form, read again, and is the same; and a list of only that has, or with !
 * has not, the first address of its network, or a host of its name.
 */
#include "signer/tables/host_entry.h"
#include "signer/tables/host_list.h"
#include "tests/fuzz/fuzz.h"

static void entry_write(const struct host_entry *entry, struct buffer *text)
{
	const char *not = entry->is_excluded ? "!" : "";
	char address[IP_ADDRESS_TEXT_SIZE];

	if (entry->kind != HOST_ENTRY_NETWORK) {
		FUZZ_CHECK(buffer_printf(text, "%s%.*s", not, BYTES_PRINTF(entry->name)) == 0);
		return;
	}
	ip_address_format(&entry->address, address);
	FUZZ_CHECK(buffer_printf(text, "%s%s/%u", not, address, entry->bits) == 0);
}

static void check_same(const struct host_entry *a, const struct host_entry *b)
{
	FUZZ_CHECK(a->kind == b->kind);
	FUZZ_CHECK(a->is_excluded == b->is_excluded);
	if (a->kind != HOST_ENTRY_NETWORK) {
		FUZZ_CHECK(bytes_equal(a->name, b->name));
		return;
	}
	FUZZ_CHECK(memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes)) == 0);
	FUZZ_CHECK(a->address.is_ipv4 == b->address.is_ipv4);
	FUZZ_CHECK(a->bits == b->bits);
}

static void check_values(const struct host_entry *entry, struct bytes text)
{
	if (entry->kind == HOST_ENTRY_NETWORK) {
		FUZZ_CHECK(entry->address.is_ipv4 == ip_address_is_mapped(&entry->address));
		FUZZ_CHECK(entry->bits <=
			   (entry->address.is_ipv4 ? IP_ADDRESS_IPV4_BITS : IP_ADDRESS_BITS));
		return;
	}
	FUZZ_CHECK(entry->name.data >= text.data);
	FUZZ_CHECK(entry->name.data + entry->name.size <= text.data + text.size);
	FUZZ_CHECK(entry->name.size > 0);
	FUZZ_CHECK(entry->kind == HOST_ENTRY_PATTERN ||
		   entry->name.size <= HOST_ENTRY_NAME_SIZE_MAX);
	for (size_t i = 0; i < entry->name.size; i++) {
		uint8_t byte = entry->name.data[i];

		FUZZ_CHECK(byte > ' ' && byte != 0x7f && strchr("!/:[],=#", byte) == NULL);
		FUZZ_CHECK(byte != '*' || entry->kind == HOST_ENTRY_PATTERN);
	}
}

/* `text`: the entry as it was written out, which no list takes for anything else. */
static void check_list(const struct host_entry *entry, struct buffer *text)
{
	struct buffer option = {0};
	struct problems problems;
	struct host_list *list;
	struct buffer host = {0};

	problems_init(&problems, NULL, NULL);
	FUZZ_CHECK(buffer_printf(&option, "csl:%.*s", BYTES_PRINTF(*text)) == 0);
	FUZZ_CHECK(host_list_load(buffer_string(&option), NULL, (struct problem_place){0},
				  &problems, &list) == 0);
	FUZZ_CHECK(problems.warning_count == 0);
	FUZZ_CHECK(!host_list_is_empty(list));
	if (entry->kind == HOST_ENTRY_NETWORK) {
		FUZZ_CHECK(host_list_has_address(list, &entry->address) == !entry->is_excluded);
	} else {
		if (entry->name.data[0] == '.')
			FUZZ_CHECK(buffer_append_byte(&host, 'x') == 0);
		FUZZ_CHECK(buffer_append(&host, entry->name) == 0);
		FUZZ_CHECK(host.size > HOST_ENTRY_NAME_SIZE_MAX ||
			   host_list_has_name(list, buffer_bytes(&host)) == !entry->is_excluded);
	}
	host_list_free(list);
	buffer_deinit(&host);
	buffer_deinit(&option);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);
	struct host_entry entry;
	struct host_entry again;
	struct buffer written = {0};
	bool has_patterns;
	int r;

	if (size == 0)
		return -1;
	has_patterns = data[0] % 2 == 1;
	text = bytes_skip(text, 1);
	r = host_entry_parse(text, has_patterns, &entry);
	FUZZ_CHECK(r >= 0);
	FUZZ_CHECK(strlen(host_entry_fault(r)) > 0);
	if (r != 0)
		return 0;
	check_values(&entry, text);
	entry_write(&entry, &written);
	FUZZ_CHECK(host_entry_parse(buffer_bytes(&written), has_patterns, &again) == 0);
	check_same(&entry, &again);
	if (entry.kind != HOST_ENTRY_PATTERN)
		check_list(&entry, &written);
	buffer_deinit(&written);
	return 0;
}
