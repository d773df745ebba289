#include "signer/spool/spool_threads.h"

/* CPUs per I/O thread where IoThreads says nothing: signing takes nine tenths of the work. */
#define CPUS_PER_IO_THREAD 8

struct spool_threads spool_threads_of(const struct signer_config *config, unsigned cpus)
{
	struct spool_threads threads = {
		.io = (unsigned)config->io_threads,
		.sign = (unsigned)config->sign_threads,
	};

	if (threads.io == 0)
		threads.io = (cpus + CPUS_PER_IO_THREAD - 1) / CPUS_PER_IO_THREAD;
	if (threads.io > SPOOL_IO_THREADS_MAX)
		threads.io = SPOOL_IO_THREADS_MAX;
	if (threads.sign == 0)
		threads.sign = cpus > threads.io ? cpus - threads.io : 1;
	return threads;
}
