/*
 * task_list - jobs of the signature service in a row: first in, first out.
 *
 * Is:       a list through `next` of the tasks themselves. A struct of zeros is an empty one.
 * Owns:     nothing.
 * Threads:  one at a time.
 */
#ifndef SIGNER_KEYS_TASK_LIST_H
#define SIGNER_KEYS_TASK_LIST_H

#include "signer/keys/sign_job.h"

struct task_list {
	struct sign_task *first;
	struct sign_task *last;
	size_t count;
};

static inline void task_list_add(struct task_list *list, struct sign_task *task)
{
	task->next = NULL;
	if (list->first == NULL)
		list->first = task;
	else
		list->last->next = task;
	list->last = task;
	list->count++;
}

/* The list is not empty. */
static inline struct sign_task *task_list_take(struct task_list *list)
{
	struct sign_task *task = list->first;

	list->first = task->next;
	list->count--;
	return task;
}

/* Moves all of `from` to the end of `to`. */
static inline void task_list_append(struct task_list *to, struct task_list *from)
{
	if (from->first == NULL)
		return;
	if (to->first == NULL)
		to->first = from->first;
	else
		to->last->next = from->first;
	to->last = from->last;
	to->count += from->count;
	*from = (struct task_list){0};
}

#endif
