/*
 * How it works: goes through the PEM blocks in order and takes the first private key; when there
 * is none, the first block of another kind says what the file is. Each byte is looked at a fixed
 * number of times. The base64 digits of a key are turned into numbers by arithmetic, not by a
 * table, so that the cache does not tell which they were.
 */
#include "signer/keys/key_text.h"

#include <errno.h>
#include <string.h>

struct pem_label {
	const char *label;
	int outcome; /* 0: a private key that we read */
	const char *what;
};

static const struct pem_label pem_labels[] = {
	{"PRIVATE KEY", 0, NULL},
	{"RSA PRIVATE KEY", 0, NULL},
	{"ENCRYPTED PRIVATE KEY", KEY_E_ENCRYPTED,
	 "the private key is encrypted; a daemon cannot ask for its passphrase"},
	{"EC PRIVATE KEY", KEY_E_UNSUPPORTED, "an EC private key; DKIM knows RSA and Ed25519"},
	{"DSA PRIVATE KEY", KEY_E_UNSUPPORTED, "a DSA private key; DKIM knows RSA and Ed25519"},
	{"OPENSSH PRIVATE KEY", KEY_E_UNSUPPORTED,
	 "a private key in OpenSSH's own format; it must be PEM or DER"},
	{"PUBLIC KEY", KEY_E_NOT_PRIVATE, "a public key, not a private one"},
	{"RSA PUBLIC KEY", KEY_E_NOT_PRIVATE, "a public key, not a private one"},
	{"CERTIFICATE", KEY_E_NOT_PRIVATE, "a certificate, not a private key"},
};

struct pem_block {
	struct bytes label;
	struct bytes body;
	bool has_end;
};

/* The offset of the first `wanted`, or the size if there is none. */
static size_t find(struct bytes text, struct bytes wanted)
{
	const uint8_t *found = NULL;

	if (text.data != NULL)
		found = memmem(text.data, text.size, wanted.data, wanted.size);
	return found == NULL ? text.size : (size_t)(found - text.data);
}

/* Takes the next block; false if there is none. */
static bool pem_next(struct bytes *text, struct pem_block *block_out)
{
	const struct bytes begin = BYTES_LITERAL("-----BEGIN ");
	const struct bytes end = BYTES_LITERAL("-----END ");
	const struct bytes dashes = BYTES_LITERAL("-----");
	size_t start = find(*text, begin);
	size_t size;

	if (start == text->size)
		return false;
	*text = bytes_skip(*text, start + begin.size);
	size = find(*text, dashes);
	block_out->label = bytes_slice(*text, 0, size);
	*text = bytes_skip(*text, size);
	if (text->size > 0)
		*text = bytes_skip(*text, dashes.size);
	size = find(*text, end);
	block_out->body = bytes_slice(*text, 0, size);
	block_out->has_end = size < text->size;
	*text = bytes_skip(*text, size);
	return true;
}

static const struct pem_label *pem_label_find(struct bytes label)
{
	for (size_t i = 0; i < ARRAY_COUNT(pem_labels); i++) {
		if (bytes_equal(bytes_of_string(pem_labels[i].label), label))
			return &pem_labels[i];
	}
	return NULL;
}

/* All ones if low <= value <= high, else 0; for values below 2^16. */
static unsigned mask_between(unsigned value, unsigned low, unsigned high)
{
	return ~(((value - low) | (high - value)) >> 16) & 0xffff;
}

/* RFC 4648 4: the value of a digit plus 1; 0 if it is none. */
static unsigned base64_digit(uint8_t byte)
{
	unsigned value = byte;

	return (mask_between(value, 'A', 'Z') & (value - 'A' + 1)) |
	       (mask_between(value, 'a', 'z') & (value - 'a' + 27)) |
	       (mask_between(value, '0', '9') & (value - '0' + 53)) |
	       (mask_between(value, '+', '+') & 63) | (mask_between(value, '/', '/') & 64);
}

/* White space is skipped; padding may be left out. false: not base64. */
static bool base64_decode(struct bytes text, struct secret_memory *memory)
{
	uint32_t group = 0;
	size_t digits = 0;
	size_t size = 0;
	size_t i = 0;

	for (; i < text.size && text.data[i] != '='; i++) {
		unsigned digit = base64_digit(text.data[i]);

		if (digit == 0) {
			if (!ascii_is_space(text.data[i]))
				return false;
			continue;
		}
		group = group << 6 | (digit - 1);
		if (++digits % 4 == 0) {
			memory->data[size++] = (uint8_t)(group >> 16);
			memory->data[size++] = (uint8_t)(group >> 8);
			memory->data[size++] = (uint8_t)group;
			group = 0;
		}
	}
	for (; i < text.size; i++) {
		if (text.data[i] != '=' && !ascii_is_space(text.data[i]))
			return false;
	}
	if (digits % 4 == 1)
		return false;
	if (digits % 4 == 2)
		memory->data[size++] = (uint8_t)(group >> 4);
	if (digits % 4 == 3) {
		memory->data[size++] = (uint8_t)(group >> 10);
		memory->data[size++] = (uint8_t)(group >> 2);
	}
	memory->size = size;
	return true;
}

static int find_base64(const char *name, struct bytes text, struct secret_memory *memory,
		       struct bytes *der_out, struct key_problem *problem)
{
	int r = secret_memory_init(memory, text.size / 4 * 3 + 3);

	if (r != 0)
		return r;
	if (!base64_decode(text, memory) || memory->size == 0)
		return key_problem_set(problem, KEY_E_MALFORMED,
				       "%s: no private key, neither as PEM nor as DER", name);
	*der_out = secret_memory_bytes(memory);
	return 0;
}

static int find_in_block(const char *name, const struct pem_block *block,
			 struct secret_memory *memory, struct bytes *der_out,
			 struct key_problem *problem)
{
	if (!block->has_end)
		return key_problem_set(problem, KEY_E_MALFORMED,
				       "%s: the private key is cut short: it has no END line",
				       name);
	/* RFC 1421 4.6.1.1: an encrypted key of the old kind says so in a header. */
	if (bytes_find(block->body, ':') < block->body.size &&
	    find(block->body, BYTES_LITERAL("ENCRYPTED")) < block->body.size)
		return key_problem_set(problem, KEY_E_ENCRYPTED,
				       "%s: the private key is encrypted; a daemon cannot ask for "
				       "its passphrase",
				       name);
	return find_base64(name, block->body, memory, der_out, problem);
}

int key_text_find(const char *name, struct bytes text, struct secret_memory *memory,
		  struct bytes *der_out, struct key_problem *problem)
{
	const struct pem_label *other = NULL;
	struct bytes rest = text;
	struct pem_block block;
	bool has_block = false;

	if (text.size == 0)
		return key_problem_set(problem, KEY_E_MALFORMED, "%s: empty", name);
	while (pem_next(&rest, &block)) {
		const struct pem_label *label = pem_label_find(block.label);

		has_block = true;
		if (label != NULL && label->outcome == 0)
			return find_in_block(name, &block, memory, der_out, problem);
		if (other == NULL)
			other = label;
	}
	if (other != NULL)
		return key_problem_set(problem, other->outcome, "%s: %s", name, other->what);
	if (has_block)
		return key_problem_set(problem, KEY_E_MALFORMED,
				       "%s: has PEM blocks, but no private key", name);
	if (text.data[0] == 0x30) { /* a DER SEQUENCE; no base64 of a key begins so */
		*der_out = text;
		return 0;
	}
	return find_base64(name, text, memory, der_out, problem);
}
