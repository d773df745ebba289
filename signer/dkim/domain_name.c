/*
 * How it works: a name in ASCII, which nearly all are, never reaches libidn2.
 */
#include "signer/dkim/domain_name.h"

#include <errno.h>
#include <idn2.h>

#define LABEL_SIZE_MAX 63

/* An A-label needs a byte for each character at least, which in UTF-8 has four at most. */
#define U_LABELS_SIZE_MAX (DOMAIN_NAME_SIZE_MAX * 4)

static bool is_label_character(uint8_t byte)
{
	uint8_t lower = ascii_lower(byte);

	return (lower >= 'a' && lower <= 'z') || ascii_is_digit(byte) || byte == '-' ||
	       byte == '_' || byte >= 0x80;
}

bool domain_name_is_valid(struct bytes name)
{
	size_t label_size = 0;

	if (name.size == 0 || name.size > DOMAIN_NAME_SIZE_MAX)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] == '.') {
			if (label_size == 0)
				return false;
			label_size = 0;
		} else if (!is_label_character(name.data[i]) || ++label_size > LABEL_SIZE_MAX) {
			return false;
		}
	}
	return label_size > 0;
}

bool domain_name_is_within(struct bytes name, struct bytes parent)
{
	size_t start;

	if (name.size <= parent.size)
		return bytes_equal_nocase(name, parent);
	start = name.size - parent.size;
	return name.data[start - 1] == '.' && bytes_equal_nocase(bytes_skip(name, start), parent);
}

static bool is_ascii(struct bytes name)
{
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] >= 0x80)
			return false;
	}
	return true;
}

static int append_u_labels(struct bytes name, struct buffer *out)
{
	uint8_t text[U_LABELS_SIZE_MAX + 1];
	char *ascii = NULL;
	int r;

	if (name.size >= sizeof(text) || bytes_find(name, '\0') < name.size)
		return DOMAIN_NAME_E_INVALID;
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	r = idn2_to_ascii_8z((const char *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (r == IDN2_MALLOC)
		return -ENOMEM;
	if (r != IDN2_OK)
		return DOMAIN_NAME_E_INVALID;
	r = domain_name_is_valid(bytes_of_string(ascii)) ? buffer_append_string(out, ascii)
							 : DOMAIN_NAME_E_INVALID;
	idn2_free(ascii);
	return r;
}

int domain_name_to_ascii(struct bytes name, struct buffer *out)
{
	int r;

	if (!is_ascii(name))
		return append_u_labels(name, out);
	if (!domain_name_is_valid(name))
		return DOMAIN_NAME_E_INVALID;
	r = buffer_reserve(out, name.size);
	if (r != 0)
		return r;
	for (size_t i = 0; i < name.size; i++)
		out->data[out->size++] = ascii_lower(name.data[i]);
	return 0;
}
