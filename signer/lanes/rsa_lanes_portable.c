/*
 * The back-end in C, for any CPU. It is made for valgrind, the sanitizers and CPUs without AVX-512 IFMA,
 * where it shows that the algorithm is right; OpenSSL is faster than it.
 */
#include "signer/lanes/rsa_lanes.h"

#include "signer/lanes/lane_rsa.h"

const struct rsa_lanes rsa_lanes_portable = {
	.name = "portable",
	.workspace_size = sizeof(struct rsa_lanes_workspace),
	.prepare = lane_rsa_prepare,
	.sign = lane_rsa_sign,
};
