/*
 * How it works: three bytes are four characters. Decoding collects six bits a character and gives
 * away a byte as soon as eight are there; what is left over at the end tells whether text is
 * missing.
 */
#include "signer/dkim/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct bytes input, uint8_t *text_out)
{
	while (input.size >= 3) {
		uint32_t group = (uint32_t)input.data[0] << 16 | (uint32_t)input.data[1] << 8 |
				 input.data[2];

		*text_out++ = (uint8_t)alphabet[group >> 18];
		*text_out++ = (uint8_t)alphabet[group >> 12 & 63];
		*text_out++ = (uint8_t)alphabet[group >> 6 & 63];
		*text_out++ = (uint8_t)alphabet[group & 63];
		input = bytes_skip(input, 3);
	}
	if (input.size > 0) {
		uint32_t group = (uint32_t)input.data[0] << 16 |
				 (input.size > 1 ? (uint32_t)input.data[1] << 8 : 0);

		*text_out++ = (uint8_t)alphabet[group >> 18];
		*text_out++ = (uint8_t)alphabet[group >> 12 & 63];
		*text_out++ = input.size > 1 ? (uint8_t)alphabet[group >> 6 & 63] : '=';
		*text_out++ = '=';
	}
}

/* The six bits that a character stands for, or -1. */
static int base64_value(uint8_t character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	if (character == '+')
		return 62;
	return character == '/' ? 63 : -1;
}

int base64_decode(struct bytes text, uint8_t *data_out, size_t data_size_max, size_t *size_out)
{
	uint32_t bits = 0;
	unsigned int bits_count = 0;
	size_t padding = 0;
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		int value = base64_value(text.data[i]);

		if (ascii_is_space(text.data[i]))
			continue;
		if (text.data[i] == '=') {
			padding++;
			continue;
		}
		if (value < 0 || padding > 0)
			return BASE64_E_SYNTAX;
		bits = bits << 6 | (uint32_t)value;
		bits_count += 6;
		if (bits_count >= 8) {
			bits_count -= 8;
			if (size == data_size_max)
				return BASE64_E_TOO_LARGE;
			data_out[size++] = (uint8_t)(bits >> bits_count);
		}
	}
	/* Six bits left are one lonely character; four want "==", two want "=". */
	if (bits_count == 6 || (padding != 0 && padding * 2 != bits_count))
		return BASE64_E_SYNTAX;
	*size_out = size;
	return 0;
}
