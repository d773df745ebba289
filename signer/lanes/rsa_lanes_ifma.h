/*
 * rsa_lanes_ifma - the back-end for CPUs with AVX-512 IFMA (rsa_lanes_fast() asks for them).
 */
#ifndef SIGNER_LANES_RSA_LANES_IFMA_H
#define SIGNER_LANES_RSA_LANES_IFMA_H

#include "signer/lanes/rsa_lanes.h"

extern const struct rsa_lanes rsa_lanes_ifma;

#endif
