/*
 * How it works: cut at each ";", then at the first "=". A ";" at the end is allowed, an empty
 * tag elsewhere is not.
 */
#include "signer/dkim/tag_list.h"

/* RFC 6376 3.5: 1*76DIGIT, the most that the l= tag takes. */
#define DIGITS_MAX 76

static bool is_alpha(uint8_t byte)
{
	byte = ascii_lower(byte);
	return byte >= 'a' && byte <= 'z';
}

/* RFC 6376 3.2 tag-name. */
static bool is_tag_name(struct bytes name)
{
	if (name.size == 0 || !is_alpha(name.data[0]))
		return false;
	for (size_t i = 1; i < name.size; i++) {
		if (!is_alpha(name.data[i]) && !ascii_is_digit(name.data[i]) && name.data[i] != '_')
			return false;
	}
	return true;
}

/* RFC 6376 3.2 tag-value: printable characters, and white space between them. */
static bool is_tag_value(struct bytes value)
{
	for (size_t i = 0; i < value.size; i++) {
		uint8_t byte = value.data[i];

		if ((byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7f)
			return false;
	}
	return true;
}

static int tag_parse(struct tag *tag, struct bytes text)
{
	size_t equals = bytes_find(text, '=');

	if (equals == text.size)
		return TAG_LIST_E_SYNTAX;
	tag->name = bytes_trim(bytes_slice(text, 0, equals));
	tag->raw = bytes_skip(text, equals + 1);
	tag->value = bytes_trim(tag->raw);
	return is_tag_name(tag->name) && is_tag_value(tag->raw) ? 0 : TAG_LIST_E_SYNTAX;
}

static int list_parse(struct tag_list *list, struct bytes text)
{
	while (bytes_trim(text).size > 0) {
		size_t end = bytes_find(text, ';');
		struct tag tag;
		int r = tag_parse(&tag, bytes_slice(text, 0, end));

		if (r != 0)
			return r;
		for (size_t i = 0; i < list->count; i++) {
			if (bytes_equal(list->tags[i].name, tag.name))
				return TAG_LIST_E_DUPLICATE;
		}
		if (list->count == TAG_LIST_COUNT_MAX)
			return TAG_LIST_E_TOO_MANY;
		list->tags[list->count++] = tag;
		text = bytes_skip(text, end < text.size ? end + 1 : end);
	}
	return list->count > 0 ? 0 : TAG_LIST_E_SYNTAX;
}

int tag_list_parse(struct tag_list *list, struct bytes text)
{
	int r;

	list->count = 0;
	r = list_parse(list, text);
	if (r != 0)
		list->count = 0;
	return r;
}

const struct tag *tag_list_find(const struct tag_list *list, const char *name)
{
	struct bytes wanted = bytes_of_string(name);

	for (size_t i = 0; i < list->count; i++) {
		if (bytes_equal(list->tags[i].name, wanted))
			return &list->tags[i];
	}
	return NULL;
}

bool tag_list_next_item(struct bytes *rest, struct bytes *item_out)
{
	size_t colon;

	if (rest->data == NULL)
		return false;
	colon = bytes_find(*rest, ':');
	*item_out = bytes_trim(bytes_slice(*rest, 0, colon));
	if (colon < rest->size)
		*rest = bytes_skip(*rest, colon + 1);
	else
		*rest = (struct bytes){0};
	return true;
}

int tag_list_number(struct bytes value, uint64_t *number_out)
{
	uint64_t number = 0;

	if (value.size == 0 || value.size > DIGITS_MAX)
		return TAG_LIST_E_SYNTAX;
	for (size_t i = 0; i < value.size; i++) {
		uint64_t digit = (uint64_t)(value.data[i] - '0');

		if (!ascii_is_digit(value.data[i]))
			return TAG_LIST_E_SYNTAX;
		if (number > (UINT64_MAX - digit) / 10)
			number = UINT64_MAX;
		else
			number = number * 10 + digit;
	}
	*number_out = number;
	return 0;
}
