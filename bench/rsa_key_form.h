/*
 * rsa_key_form - what it costs to bring a key into the form that lanes take, as a contender.
 *
 * Is:       what a look-up costs that the cache of keys does not have (LaneCacheSize): the numbers out of
 *           OpenSSL, and all that is computed from them. Keys take turns.
 * Is not:   the cache itself, or reading a key file.
 * Units:    keys; nanoseconds.
 * Errors:   with a text; -ENOMEM, BENCH_E_FAILED.
 * Owns:     memory for one key and for the work. Deinit it in any case.
 * Threads:  one at a time.
 */
#ifndef BENCH_RSA_KEY_FORM_H
#define BENCH_RSA_KEY_FORM_H

#include "bench/rsa_keys.h"
#include "bench/timed_threads.h"

struct rsa_key_form {
	char id[32];
	char title[64];
	struct histogram key_ns;

	/* private */
	const struct rsa_keys *keys;
	const struct rsa_lanes *lanes;
	const double *seconds;
	struct secret_memory workspace;
	struct secret_memory place;
	unsigned next_key;
};

/* A turn is as long as `seconds` says when it begins. */
MUST_CHECK int rsa_key_form_init(struct rsa_key_form *form, const struct rsa_keys *keys,
				 const struct rsa_lanes *lanes, const double *seconds,
				 struct failure *failure);
void rsa_key_form_deinit(struct rsa_key_form *form);

/* `arg` is a struct rsa_key_form. */
int rsa_key_form_run(void *arg, struct measure *measure_out, struct failure *failure);

#endif
