/*
 * spool_threads - what IoThreads and SignThreads come to on this machine.
 *
 * Is:       the numbers, for who starts the threads and for who shows them. An I/O thread that has
 *           nothing else to do signs, so both together are one for each CPU: one more would only
 *           push another aside.
 */
#ifndef SIGNER_SPOOL_SPOOL_THREADS_H
#define SIGNER_SPOOL_SPOOL_THREADS_H

#include "signer/tables/signer_config.h"

#define SPOOL_IO_THREADS_MAX 64

struct spool_threads {
	unsigned io;
	unsigned sign;
};

/* `cpus`: that the process may use, see common/cpus.h. */
struct spool_threads spool_threads_of(const struct signer_config *config, unsigned cpus);

#endif
