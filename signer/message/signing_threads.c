#include "signer/message/signing_threads.h"

/* CPUs per I/O thread where IoThreads says nothing: signing takes nine tenths of the work. */
#define CPUS_PER_IO_THREAD 8

struct signing_threads signing_threads_of(const struct signer_config *config, unsigned cpus)
{
	struct signing_threads threads = {
		.io = (unsigned)config->io_threads,
		.sign = (unsigned)config->sign_threads,
	};

	if (threads.io == 0)
		threads.io = (cpus + CPUS_PER_IO_THREAD - 1) / CPUS_PER_IO_THREAD;
	if (threads.io > SIGNING_IO_THREADS_MAX)
		threads.io = SIGNING_IO_THREADS_MAX;
	if (threads.sign == 0)
		threads.sign = cpus > threads.io ? cpus - threads.io : 1;
	return threads;
}

enum ring_engine_kind ring_engine_of(const struct signer_config *config)
{
	switch (config->io_engine) {
	case SIGNER_IO_AUTO: return RING_ENGINE_AUTO;
	case SIGNER_IO_URING: return RING_ENGINE_IO_URING;
	case SIGNER_IO_THREADS: return RING_ENGINE_THREADS;
	}
	return RING_ENGINE_AUTO;
}
