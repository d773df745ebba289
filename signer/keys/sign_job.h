/*
 * sign_job - work for the signature service: sign a digest, or load a key.
 *
 * Is:       structs that callers embed in their own, fill in, and submit (sign_service.h).
 * Owns:     nothing. From submit to done the service owns the struct: the caller neither touches
 *           nor frees it, nor what it points to.
 * Errors:   in `error`, when done() runs; the outputs are set with 0 only.
 */
#ifndef SIGNER_KEYS_SIGN_JOB_H
#define SIGNER_KEYS_SIGN_JOB_H

#include "signer/keys/key.h"
#include "signer/keys/key_problem.h"
#include "signer/keys/key_store.h"
#include "signer/keys/public_key.h"

#define SIGNATURE_SIZE_MAX (RSA_BITS_MAX / 8)

enum {
	SIGN_JOB_E_FAILED = 1, /* the key cannot sign: memory or CPU at fault */
};

struct sign_client;

/* Jobs of one kind can be signed together. */
enum sign_task_kind {
	SIGN_TASK_LOAD_KEY,
	SIGN_TASK_ED25519,
	SIGN_TASK_RSA_1024,
	SIGN_TASK_RSA_2048,
	SIGN_TASK_RSA_3072,
	SIGN_TASK_RSA_4096,
	SIGN_TASK_RSA_OTHER, /* keys that lanes cannot take */
	SIGN_TASK_KINDS,
};

/* Of RSA keys that fit the lanes: of 1024, 2048, 3072 or 4096 bits. */
static inline enum sign_task_kind sign_task_kind_of_bits(unsigned bits)
{
	return (enum sign_task_kind)(SIGN_TASK_RSA_1024 + bits / 1024 - 1);
}

/* 0: not a kind of RSA keys that fit the lanes. */
static inline unsigned sign_task_bits(enum sign_task_kind kind)
{
	return kind >= SIGN_TASK_RSA_1024 && kind <= SIGN_TASK_RSA_4096
		       ? 1024 * (kind - SIGN_TASK_RSA_1024 + 1)
		       : 0;
}

static inline enum sign_task_kind sign_task_kind_of_key(const struct key *key)
{
	if (key_type(key) == KEY_ED25519)
		return SIGN_TASK_ED25519;
	if (!key_fits_lanes(key))
		return SIGN_TASK_RSA_OTHER;
	return sign_task_kind_of_bits(key_bits(key));
}

/* Private: the part that both jobs have in common. */
struct sign_task {
	struct sign_task *next;
	struct sign_client *client;
	enum sign_task_kind kind;
};

struct sign_job {
	struct sign_task task; /* private */
	struct key *key;       /* the caller holds a reference until done */
	uint8_t digest[DIGEST_SIZE];
	void (*done)(struct sign_job *job); /* runs in sign_client_collect() */
	int error;			    /* 0, SIGN_JOB_E_FAILED, -ENOMEM, -ECANCELED */
	size_t signature_size;
	uint8_t signature[SIGNATURE_SIZE_MAX];
};

/* key_store_load() in a worker. */
struct key_load_job {
	struct sign_task task; /* private */
	struct key_store *store;
	const char *reference; /* borrowed until done */
	void (*done)(struct key_load_job *job);
	int error;	 /* 0, enum key_outcome, -errno, -ECANCELED */
	struct key *key; /* with 0: a reference, the caller's from then on */
	struct key_problem problem;
};

#endif
