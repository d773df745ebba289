/*
 * Only this file is compiled for such CPUs, with LANE_VEC_IFMA (meson.build).
 */
#include "signer/lanes/rsa_lanes_ifma.h"

#include "signer/lanes/lane_rsa.h"

const struct rsa_lanes rsa_lanes_ifma = {
	.name = "ifma",
	.workspace_size = sizeof(struct rsa_lanes_workspace),
	.prepare = lane_rsa_prepare,
	.sign = lane_rsa_sign,
};
