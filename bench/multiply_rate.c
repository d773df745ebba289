#include "bench/multiply_rate.h"

#include "bench/timed_threads.h"
#include "signer/lanes/rsa_lanes.h"

#if RSA_LANES_IFMA
#include "bench/multiply_loop_ifma.h"

static int multiply(void *arg, uint64_t *work_out, struct failure *failure)
{
	(void)arg;
	(void)failure;
	*work_out = multiply_loop_ifma();
	return 0;
}

int multiply_rate_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	struct timed_thread thread = {.step = multiply};
	const double *seconds = arg;

	if (rsa_lanes_fast() == NULL)
		return failure_set(failure, BENCH_E_SKIPPED, "this CPU has no AVX-512 IFMA");
	return timed_threads_run(&thread, 1, *seconds, measure_out, failure);
}

#else

int multiply_rate_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	(void)arg;
	(void)measure_out;
	return failure_set(failure, BENCH_E_SKIPPED, "this build has no AVX-512 IFMA");
}

#endif
