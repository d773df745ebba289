/*
 * How it works: a binary heap of pointers; each timer knows its place, so moving or cancelling one
 * of thousands costs O(log n) and no search.
 */
#include "common/ring_timers.h"

#include <errno.h>
#include <stdlib.h>

void ring_timers_deinit(struct ring_timers *timers)
{
	free(timers->heap);
	*timers = (struct ring_timers){0};
}

static void heap_put(struct ring_timers *timers, size_t index, struct ring_timer *timer)
{
	timers->heap[index] = timer;
	timer->heap_index = index + 1;
}

/* Moves the timer at `index` to where its deadline belongs. */
static void heap_settle(struct ring_timers *timers, size_t index)
{
	struct ring_timer *timer = timers->heap[index];

	while (index > 0) {
		size_t parent = (index - 1) / 2;

		if (timers->heap[parent]->deadline_ns <= timer->deadline_ns)
			break;
		heap_put(timers, index, timers->heap[parent]);
		index = parent;
	}
	for (;;) {
		size_t child = 2 * index + 1;

		if (child >= timers->count)
			break;
		if (child + 1 < timers->count &&
		    timers->heap[child + 1]->deadline_ns < timers->heap[child]->deadline_ns)
			child++;
		if (timer->deadline_ns <= timers->heap[child]->deadline_ns)
			break;
		heap_put(timers, index, timers->heap[child]);
		index = child;
	}
	heap_put(timers, index, timer);
}

int ring_timers_set(struct ring_timers *timers, struct ring_timer *timer, int64_t deadline_ns)
{
	timer->deadline_ns = deadline_ns;
	if (timer->heap_index == 0) {
		if (timers->count == timers->capacity) {
			size_t capacity = timers->capacity == 0 ? 16 : 2 * timers->capacity;
			void *heap = realloc(timers->heap, capacity * sizeof(timers->heap[0]));

			if (heap == NULL)
				return -ENOMEM;
			timers->heap = heap;
			timers->capacity = capacity;
		}
		heap_put(timers, timers->count++, timer);
	}
	heap_settle(timers, timer->heap_index - 1);
	return 0;
}

void ring_timers_cancel(struct ring_timers *timers, struct ring_timer *timer)
{
	size_t index = timer->heap_index - 1;

	if (timer->heap_index == 0)
		return;
	timer->heap_index = 0;
	timers->count--;
	if (index == timers->count)
		return;
	heap_put(timers, index, timers->heap[timers->count]);
	heap_settle(timers, index);
}

int64_t ring_timers_next_ns(const struct ring_timers *timers)
{
	return timers->count == 0 ? INT64_MAX : timers->heap[0]->deadline_ns;
}

struct ring_timer *ring_timers_pop(struct ring_timers *timers, int64_t now_ns)
{
	struct ring_timer *timer;

	if (ring_timers_next_ns(timers) > now_ns)
		return NULL;
	timer = timers->heap[0];
	ring_timers_cancel(timers, timer);
	return timer;
}
