/*
 * signer_pool - message_signers that are free, so that their buffers are used again.
 *
 * Threads:  one: a pool belongs to one message_tools.
 */
#ifndef SIGNER_MESSAGE_SIGNER_POOL_H
#define SIGNER_MESSAGE_SIGNER_POOL_H

#include "signer/message/message_signer.h"

struct signer_pool;

MUST_CHECK int signer_pool_new(struct message_tools *tools, struct signer_pool **pool_out);

/* All signers must be back. */
void signer_pool_free(struct signer_pool *pool);

/* Errors: -ENOMEM. */
MUST_CHECK int signer_pool_take(struct signer_pool *pool, struct message_signer **signer_out);

/* The signer's message is over: the pool keeps no key or context of it. */
void signer_pool_give_back(struct signer_pool *pool, struct message_signer *signer);

#endif
