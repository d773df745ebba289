/*
 * How it works: chains of units, linked through the units themselves. There are never more units at
 * work than a few thousand, so the number of chains is fixed.
 */
#include "signer/spool/unit_busy.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CHAINS 4096

struct unit_busy {
	pthread_mutex_t mutex;
	struct unit *chains[CHAINS];
};

int unit_busy_new(struct unit_busy **busy_out)
{
	struct unit_busy *busy = calloc(1, sizeof(*busy));

	if (busy == NULL)
		return -ENOMEM;
	pthread_mutex_init(&busy->mutex, NULL);
	*busy_out = busy;
	return 0;
}

void unit_busy_free(struct unit_busy *busy)
{
	if (busy == NULL)
		return;
	pthread_mutex_destroy(&busy->mutex);
	free(busy);
}

static struct unit **chain_of(struct unit_busy *busy, const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return &busy->chains[hash % CHAINS];
}

bool unit_busy_enter(struct unit_busy *busy, struct unit *unit)
{
	struct unit **chain = chain_of(busy, unit->name);
	struct unit *other;

	pthread_mutex_lock(&busy->mutex);
	for (other = *chain; other != NULL; other = other->busy_next) {
		if (strcmp(other->name, unit->name) == 0)
			break;
	}
	if (other == NULL) {
		unit->busy_asked_for = false;
		unit->busy_next = *chain;
		*chain = unit;
	} else {
		other->busy_asked_for = true;
	}
	pthread_mutex_unlock(&busy->mutex);
	return other == NULL;
}

bool unit_busy_leave(struct unit_busy *busy, struct unit *unit)
{
	struct unit **at = chain_of(busy, unit->name);
	bool asked_for;

	pthread_mutex_lock(&busy->mutex);
	while (*at != unit)
		at = &(*at)->busy_next;
	*at = unit->busy_next;
	asked_for = unit->busy_asked_for;
	pthread_mutex_unlock(&busy->mutex);
	return asked_for;
}
