/*
 * sign_engine_choice - which engine computes signatures here.
 *
 * Is:       the wish of the operator, and what CPU and OpenSSL allow. Lanes are for CPUs with AVX-512 IFMA, unless
 *           OPENSSL_ia32cap hides that from OpenSSL, and not for FIPS mode, where only OpenSSL may sign.
 * Errors:   -ENOMEM.
 * Owns:     the engine, until deinit. A struct of zeros is no choice, and deinit takes it.
 */
#ifndef SIGNER_KEYS_SIGN_ENGINE_CHOICE_H
#define SIGNER_KEYS_SIGN_ENGINE_CHOICE_H

#include "common/compiler.h"
#include "signer/keys/sign_engine.h"
#include "signer/keys/sign_engine_lanes.h"

struct sign_engine_choice {
	const struct sign_engine *engine;
	struct lanes_engine *lanes; /* NULL: `engine` is OpenSSL's */
	const char *reason;	    /* why it is not the lanes; NULL if it is */
};

/* `keys_max`: LaneCacheSize. */
MUST_CHECK int sign_engine_choice_init(struct sign_engine_choice *choice, bool may_use_lanes,
				       size_t keys_max);
void sign_engine_choice_deinit(struct sign_engine_choice *choice);

#endif
