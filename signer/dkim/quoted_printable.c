/*
 * How it works: RFC 6376 2.11 lists the characters that stand for themselves; all others are "=XX".
 */
#include "signer/dkim/quoted_printable.h"

/* RFC 6376 2.11 dkim-safe-char, without "|". */
static bool is_safe(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && byte != ';' && byte != '=' && byte != '|';
}

size_t quoted_printable_encode(uint8_t byte, uint8_t text_out[QUOTED_PRINTABLE_SIZE_MAX])
{
	static const char digits[] = "0123456789ABCDEF";

	if (is_safe(byte)) {
		text_out[0] = byte;
		return 1;
	}
	text_out[0] = '=';
	text_out[1] = (uint8_t)digits[byte >> 4];
	text_out[2] = (uint8_t)digits[byte & 15];
	return 3;
}

static int hex_value(uint8_t digit)
{
	if (ascii_is_digit(digit))
		return digit - '0';
	digit = ascii_lower(digit);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int quoted_printable_decode(struct bytes text, struct buffer *out)
{
	int r = buffer_reserve(out, text.size);

	if (r != 0)
		return r;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (ascii_is_space(byte))
			continue;
		if (byte == '=') {
			int high = i + 1 < text.size ? hex_value(text.data[i + 1]) : -1;
			int low = i + 2 < text.size ? hex_value(text.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return QUOTED_PRINTABLE_E_SYNTAX;
			byte = (uint8_t)(high << 4 | low);
			i += 2;
		}
		out->data[out->size++] = byte;
	}
	return 0;
}
