/*
 * How it works: a stack. A signer that is given back when the stack is full is freed, and so is one that
 * a large message has made large: such are rare, and to make a new one costs less than a signature.
 */
#include "signer/message/signer_pool.h"

#include <errno.h>
#include <stdlib.h>

/* More than this many are never needed at once in the long run. */
#define FREE_MAX 1024

/* A message with a header of some kB, as most have, takes 25 kB. */
#define SIGNER_MEMORY_MAX ((size_t)64 * 1024)

struct signer_pool {
	struct message_tools *tools;
	size_t count;
	struct message_signer *free[FREE_MAX];
};

int signer_pool_new(struct message_tools *tools, struct signer_pool **pool_out)
{
	struct signer_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return -ENOMEM;
	pool->tools = tools;
	*pool_out = pool;
	return 0;
}

void signer_pool_free(struct signer_pool *pool)
{
	if (pool == NULL)
		return;
	while (pool->count > 0)
		message_signer_free(pool->free[--pool->count]);
	free(pool);
}

int signer_pool_take(struct signer_pool *pool, struct message_signer **signer_out)
{
	if (pool->count == 0)
		return message_signer_new(pool->tools, signer_out);
	*signer_out = pool->free[--pool->count];
	return 0;
}

void signer_pool_give_back(struct signer_pool *pool, struct message_signer *signer)
{
	if (signer == NULL)
		return;
	if (pool->count == FREE_MAX || message_signer_memory(signer) > SIGNER_MEMORY_MAX) {
		message_signer_free(signer);
		return;
	}
	message_signer_reset(signer);
	pool->free[pool->count++] = signer;
}
