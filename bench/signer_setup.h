/*
 * signer_setup - keys, tables and opendkim.conf for a run of postseal.
 *
 * Is:       a SigningTable and a KeyTable of `row_count` rows, one domain and one key file a row, and the key
 *           files of the domains that the messages are from. The other rows name files that are not there:
 *           a key file is opened when the first message wants it.
 * Is not:   a choice of settings to be fast: relaxed/relaxed and an oversigned From, as our sample file
 *           has it.
 * Errors:   with a text; -errno, BENCH_E_FAILED.
 * Owns:     the key in memory; signer_setup_deinit(). The files belong to whoever owns the directory.
 * Threads:  one makes it, any number read it.
 */
#ifndef BENCH_SIGNER_SETUP_H
#define BENCH_SIGNER_SETUP_H

#include "bench/failure.h"
#include "bench/mail_maker.h"
#include "signer/keys/public_key.h"
#include "signer/keys/secret_memory.h"

#include <limits.h>

#define SIGNER_SETUP_SELECTOR "s1"

struct key_kind {
	enum key_type type;
	unsigned bits; /* RSA only */
};

struct signer_setup {
	struct key_kind kind;
	char config_path[PATH_MAX];
	char first_key_path[PATH_MAX]; /* of domain 0 */
	struct secret_memory key_pem;  /* the one key that all the files hold */
};

/* rsa1024, rsa2048, rsa3072, rsa4096, ed25519. Errors: BENCH_E_FAILED. */
MUST_CHECK int key_kind_parse(const char *text, struct key_kind *kind_out, struct failure *failure);
void key_kind_name(struct key_kind kind, char *name_out, size_t name_size);

/* Makes `directory` and fills it. Deinit it in any case. */
MUST_CHECK int signer_setup_init(struct signer_setup *setup, struct key_kind kind,
				 const struct mail_maker *maker, unsigned row_count,
				 const char *directory, struct failure *failure);
void signer_setup_deinit(struct signer_setup *setup);

#endif
