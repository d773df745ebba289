#include "signer/spool/unit_message.h"

#include <stdlib.h>

/* Half a megabyte. */
#define FREE_MAX 1024

struct unit_message *unit_message_take(struct unit_message_pool *pool)
{
	struct unit_message *message = pool->first;

	if (message == NULL) {
		message = malloc(sizeof(*message));
	} else {
		pool->first = message->next;
		pool->free_count--;
	}
	pool->at_work_count += message != NULL;
	return message;
}

void unit_message_give_back(struct unit_message_pool *pool, struct unit_message *message)
{
	pool->at_work_count--;
	if (pool->free_count == FREE_MAX) {
		free(message);
		return;
	}
	message->next = pool->first;
	pool->first = message;
	pool->free_count++;
}

void unit_message_pool_deinit(struct unit_message_pool *pool)
{
	while (pool->first != NULL) {
		struct unit_message *message = pool->first;

		pool->first = message->next;
		free(message);
	}
	pool->free_count = 0;
}
