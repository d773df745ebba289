#include "signer/keys/sign_queue.h"

#include <string.h>

static void join_line(struct sign_queue *queue, enum sign_task_kind kind)
{
	queue->line[queue->line_length++] = kind;
}

static void leave_line(struct sign_queue *queue, unsigned at)
{
	queue->line_length--;
	memmove(queue->line + at, queue->line + at + 1,
		(queue->line_length - at) * sizeof(queue->line[0]));
}

void sign_queue_add(struct sign_queue *queue, struct sign_task *task)
{
	if (queue->tasks[task->kind].count == 0)
		join_line(queue, task->kind);
	task_list_add(&queue->tasks[task->kind], task);
	queue->count++;
}

void sign_queue_append(struct sign_queue *queue, struct sign_queue *from)
{
	for (unsigned i = 0; i < from->line_length; i++) {
		enum sign_task_kind kind = from->line[i];

		if (queue->tasks[kind].count == 0)
			join_line(queue, kind);
		task_list_append(&queue->tasks[kind], &from->tasks[kind]);
	}
	queue->count += from->count;
	from->line_length = 0;
	from->count = 0;
}

static size_t group_size(const struct sign_sharing *sharing, enum sign_task_kind kind,
			 size_t waiting)
{
	size_t size = waiting / sharing->workers;
	size_t together;

	if (kind == SIGN_TASK_LOAD_KEY) /* whatever the engine says */
		return 1;
	together = sign_engine_group_min(sharing->engine, kind);
	if (together > 0 && waiting >= together)
		size = waiting;
	if (size == 0)
		size = 1;
	return size < SIGN_GROUP_MAX ? size : SIGN_GROUP_MAX;
}

size_t sign_queue_take(struct sign_queue *queue, const struct sign_sharing *sharing,
		       struct sign_task *tasks[SIGN_GROUP_MAX])
{
	unsigned at = 0;
	enum sign_task_kind kind;
	size_t count;

	if (queue->line_length > 0 && queue->line[0] == SIGN_TASK_LOAD_KEY && !sharing->loads_keys)
		at = 1;
	if (at == queue->line_length)
		return 0;
	kind = queue->line[at];
	count = group_size(sharing, kind, queue->tasks[kind].count);
	for (size_t i = 0; i < count; i++)
		tasks[i] = task_list_take(&queue->tasks[kind]);
	queue->count -= count;
	leave_line(queue, at);
	if (queue->tasks[kind].count > 0)
		join_line(queue, kind);
	return count;
}
