/*
 * How it works: a table of names.
 */
#include "signer/dkim/dkim_algorithm.h"

static const struct {
	const char *name;
	const char *key_type;
} algorithms[] = {
	[DKIM_ALGORITHM_RSA_SHA256] = {"rsa-sha256", "rsa"},
	[DKIM_ALGORITHM_ED25519_SHA256] = {"ed25519-sha256", "ed25519"},
};

const char *dkim_algorithm_name(enum dkim_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

const char *dkim_algorithm_key_type(enum dkim_algorithm algorithm)
{
	return algorithms[algorithm].key_type;
}

int dkim_algorithm_parse(struct bytes name, enum dkim_algorithm *out)
{
	for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
		if (bytes_equal_nocase(name, bytes_of_string(algorithms[i].name))) {
			*out = (enum dkim_algorithm)i;
			return 0;
		}
	}
	if (bytes_equal_nocase(name, BYTES_LITERAL("rsa-sha1")))
		return DKIM_ALGORITHM_E_SHA1;
	return DKIM_ALGORITHM_E_UNKNOWN;
}
