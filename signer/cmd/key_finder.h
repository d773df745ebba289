/*
 * key_finder - the public key that a signature names by d= and s=, without the DNS.
 *
 * Is:       two places to look: a file of key records (TestPublicKeys), and the public halves of the
 *           private keys that the configuration signs with. The file is asked first.
 * Use:      key_finder_new(); key_finder_judge() for each result of a verification that needs a key;
 *           it verifies, too, and the status it gives is final.
 * Source:   RFC 6376 3.6.2.1 for the name, 6.1.2 for what a record allows.
 * Units:    up to KEY_FINDER_KEYS_MAX parsed keys are kept.
 * Errors:   -errno.
 * Owns:     what it parsed. File and context are borrowed.
 * Threads:  one.
 */
#ifndef SIGNER_CMD_KEY_FINDER_H
#define SIGNER_CMD_KEY_FINDER_H

#include "signer/dkim/verification.h"
#include "signer/message/signing_context.h"
#include "signer/tables/public_keys.h"

#define KEY_FINDER_KEYS_MAX 10000
#define KEY_FINDER_WHY_SIZE 1024

struct key_finder;

/* Either may be NULL. */
MUST_CHECK int key_finder_new(const struct public_keys *records,
			      const struct signing_context *context,
			      struct key_finder **finder_out);
void key_finder_free(struct key_finder *finder);

/*
 * `result` is VERIFICATION_NEEDS_KEY. `why` says more than the status where there is more to say
 * ("" otherwise), `bits_out` is the size of the key, 0 if there is none.
 */
MUST_CHECK int key_finder_judge(struct key_finder *finder, const struct verification_result *result,
				enum verification_status *status_out, unsigned *bits_out,
				char why[KEY_FINDER_WHY_SIZE]);

#endif
