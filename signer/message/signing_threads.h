/*
 * signing_threads - what IoThreads, SignThreads and IoEngine come to on this machine.
 *
 * Is:       the numbers, for who starts the threads and for who shows them. An I/O thread that has
 *           nothing else to do signs, so both together are one for each CPU: one more would only
 *           push another aside.
 */
#ifndef SIGNER_MESSAGE_SIGNING_THREADS_H
#define SIGNER_MESSAGE_SIGNING_THREADS_H

#include "common/ring.h"
#include "signer/tables/signer_config.h"

#define SIGNING_IO_THREADS_MAX 64

struct signing_threads {
	unsigned io;
	unsigned sign;
};

/* `cpus`: that the process may use, see common/cpus.h. */
struct signing_threads signing_threads_of(const struct signer_config *config, unsigned cpus);

enum ring_engine_kind ring_engine_of(const struct signer_config *config);

#endif
