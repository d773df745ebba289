/*
 * How it works: as the paper says, eight bytes a step; the last step holds what is left over and
 * the low byte of the size.
 */
#include "signer/keys/name_hash.h"

struct siphash {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void siphash_round(struct siphash *state)
{
	state->v0 += state->v1;
	state->v2 += state->v3;
	state->v1 = rotate(state->v1, 13) ^ state->v0;
	state->v3 = rotate(state->v3, 16) ^ state->v2;
	state->v0 = rotate(state->v0, 32);
	state->v2 += state->v1;
	state->v0 += state->v3;
	state->v1 = rotate(state->v1, 17) ^ state->v2;
	state->v3 = rotate(state->v3, 21) ^ state->v0;
	state->v2 = rotate(state->v2, 32);
}

static void siphash_add(struct siphash *state, uint64_t word)
{
	state->v3 ^= word;
	siphash_round(state);
	siphash_round(state);
	state->v0 ^= word;
}

static uint64_t siphash_finish(struct siphash *state)
{
	for (int i = 0; i < 4; i++)
		siphash_round(state);
	return state->v0 ^ state->v1 ^ state->v2 ^ state->v3;
}

/* Little-endian, up to eight bytes. */
static uint64_t load_word(const uint8_t *data, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++)
		word |= (uint64_t)data[i] << (8 * i);
	return word;
}

struct name_hash name_hash(const struct name_hash_secret *secret, struct bytes name)
{
	struct siphash state = {
		.v0 = secret->words[0] ^ 0x736f6d6570736575,
		.v1 = secret->words[1] ^ 0x646f72616e646f6d ^ 0xee,
		.v2 = secret->words[0] ^ 0x6c7967656e657261,
		.v3 = secret->words[1] ^ 0x7465646279746573,
	};
	uint64_t size_byte = (uint64_t)name.size << 56;
	struct name_hash hash;

	while (name.size >= 8) {
		siphash_add(&state, load_word(name.data, 8));
		name = bytes_skip(name, 8);
	}
	siphash_add(&state, size_byte | load_word(name.data, name.size));
	state.v2 ^= 0xee;
	hash.words[0] = siphash_finish(&state);
	state.v1 ^= 0xdd;
	hash.words[1] = siphash_finish(&state);
	return hash;
}
