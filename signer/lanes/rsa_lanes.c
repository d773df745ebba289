#include "signer/lanes/rsa_lanes.h"

#if RSA_LANES_IFMA
#include "signer/lanes/rsa_lanes_ifma.h"

const struct rsa_lanes *rsa_lanes_fast(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma")
		       ? &rsa_lanes_ifma
		       : NULL;
}

#else

const struct rsa_lanes *rsa_lanes_fast(void)
{
	return NULL;
}

#endif
