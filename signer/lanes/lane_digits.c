#include "signer/lanes/lane_digits.h"

void lane_digits_from_bytes(uint64_t *digits, size_t stride, unsigned count, struct bytes bytes)
{
	size_t used = 0;
	uint64_t high = 0; /* bits that the next digits get */
	unsigned bits = 0;

	for (unsigned j = 0; j < count; j++) {
		uint64_t digit = high;

		while (bits < DIGIT_BITS) {
			uint64_t byte = used < bytes.size ? bytes.data[bytes.size - 1 - used] : 0;

			used++;
			digit |= byte << bits;
			high = byte >> (DIGIT_BITS - bits > 8 ? 8 : DIGIT_BITS - bits);
			bits += 8;
		}
		bits -= DIGIT_BITS;
		digits[j * stride] = digit & DIGIT_MASK;
	}
}

void lane_digits_to_bytes(const uint64_t *digits, size_t stride, unsigned count, uint8_t *bytes,
			  size_t size)
{
	uint64_t waiting = 0;
	unsigned bits = 0;
	unsigned next = 0;

	for (size_t i = size; i-- > 0;) {
		if (bits < 8) {
			uint64_t digit = next < count ? digits[next * stride] : 0;

			next++;
			waiting |= digit << bits;
			bits += DIGIT_BITS;
		}
		bytes[i] = (uint8_t)waiting;
		waiting >>= 8;
		bits -= 8;
	}
}
