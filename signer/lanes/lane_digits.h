/*
 * lane_digits - numbers as bytes, highest first (RFC 8017 4), and as digits of 52 bits, lowest first.
 *
 * Units:    `stride` is the distance of two digits in memory: 1, or the number of lanes.
 * Secrets:  where it goes depends on sizes only.
 */
#ifndef SIGNER_LANES_LANE_DIGITS_H
#define SIGNER_LANES_LANE_DIGITS_H

#include "common/bytes.h"

#include <stddef.h>
#include <stdint.h>

#define DIGIT_BITS 52
#define DIGIT_MASK (((uint64_t)1 << DIGIT_BITS) - 1)

/* Bytes that do not fit into `count` digits are not looked at. */
void lane_digits_from_bytes(uint64_t *digits, size_t stride, unsigned count, struct bytes bytes);

/* Digits that do not fit into `size` bytes are not looked at. */
void lane_digits_to_bytes(const uint64_t *digits, size_t stride, unsigned count, uint8_t *bytes,
			  size_t size);

#endif
