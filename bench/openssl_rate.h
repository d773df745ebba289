/*
 * openssl_rate - what OpenSSL alone signs on all CPUs, as a contender.
 *
 * Is:       one thread a CPU, each with a key of its own, signing 32-byte digests for a fixed time. No mail, no
 *           hashing, no files: nothing that signs with OpenSSL can be faster.
 * Units:    signatures; CPU time of these threads only.
 * Errors:   with a text; -errno, BENCH_E_FAILED.
 * Owns:     nothing.
 * Threads:  starts its own and waits for them.
 *
 *	struct openssl_rate rate = {.setup = &setup, .threads = cpus_allowed(), .seconds = 2};
 *	struct contender contender = {.run = openssl_rate_run, .arg = &rate, ...};
 */
#ifndef BENCH_OPENSSL_RATE_H
#define BENCH_OPENSSL_RATE_H

#include "bench/signer_setup.h"
#include "bench/turns.h"

struct openssl_rate {
	const struct signer_setup *setup;
	unsigned threads;
	double seconds;
};

/* `arg` is a struct openssl_rate. */
int openssl_rate_run(void *arg, struct measure *measure_out, struct failure *failure);

#endif
