/*
 * lane_trial - from how many signatures on lanes are faster than OpenSSL, on this machine.
 *
 * Is:       a measurement with keys that are published here and sign nothing else. A batch in lanes takes the same
 *           time however many it has; OpenSSL takes so much for each.
 * Errors:   -ENOMEM.
 * Owns:     nothing.
 * Threads:  any number; two at a time on one CPU disturb each other.
 */
#ifndef SIGNER_KEYS_LANE_TRIAL_H
#define SIGNER_KEYS_LANE_TRIAL_H

#include "common/compiler.h"
#include "signer/lanes/rsa_lanes.h"

/* For keys of 1024, 2048, 3072 or 4096 bits. 2 to RSA_LANES; 0: OpenSSL is always faster. Takes as
 * long as a few signatures. */
MUST_CHECK int lane_trial(const struct rsa_lanes *lanes, struct rsa_lanes_workspace *workspace,
			  unsigned bits, unsigned *group_min_out);

#endif
