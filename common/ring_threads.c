/*
 * How it works: operations go to the worker pool; polls go to one epoll instance, armed one-shot.
 * The pool's eventfd sits in the same epoll instance, so one epoll_wait() waits for everything.
 */
#include "common/ring_engine.h"
#include "common/ring_workers.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_A_WAIT 64

struct ring_threads {
	struct ring_engine engine;
	int epoll_fd;
	struct ring_list failed; /* polls that could not be armed */
};

static void threads_free(struct ring_engine *engine)
{
	struct ring_threads *threads = (struct ring_threads *)engine;

	if (threads->epoll_fd >= 0)
		close(threads->epoll_fd);
	free(threads);
}

static void threads_arm_poll(struct ring_threads *threads, struct ring_op *op)
{
	struct epoll_event event = {.events = op->mask | EPOLLONESHOT, .data.ptr = op};

	if (epoll_ctl(threads->epoll_fd, EPOLL_CTL_ADD, op->fd, &event) == 0)
		return;
	op->res = -errno;
	ring_list_push(&threads->failed, op);
}

static bool threads_push(struct ring_engine *engine, struct ring_op *op)
{
	struct ring_threads *threads = (struct ring_threads *)engine;

	if (op->opcode == RING_POLL)
		threads_arm_poll(threads, op);
	else
		ring_workers_push(engine->workers, op);
	return true;
}

static int wait_milliseconds(int64_t wait_ns)
{
	if (wait_ns >= (int64_t)INT_MAX * 1000000)
		return -1;
	return (int)((wait_ns + 999999) / 1000000); /* never early, or the caller would spin */
}

static int threads_wait(struct ring_engine *engine, int64_t wait_ns, struct ring_list *finished)
{
	struct ring_threads *threads = (struct ring_threads *)engine;
	struct epoll_event events[EVENTS_A_WAIT];
	int count;

	if (threads->failed.first != NULL)
		wait_ns = 0;
	ring_list_move(finished, &threads->failed);
	count = epoll_wait(threads->epoll_fd, events, EVENTS_A_WAIT, wait_milliseconds(wait_ns));
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		struct ring_op *op = events[i].data.ptr;

		if (op == NULL) {
			ring_workers_collect(engine->workers, finished);
			continue;
		}
		/* Taken out, so that the descriptor may be closed or polled anew at once. */
		(void)epoll_ctl(threads->epoll_fd, EPOLL_CTL_DEL, op->fd, NULL);
		op->res = (int)events[i].events;
		ring_list_push(finished, op);
	}
	return 0;
}

static const struct ring_engine_vtable threads_vtable = {
	.free = threads_free,
	.push = threads_push,
	.wait = threads_wait,
};

int ring_threads_new(struct ring_workers *workers, struct ring_engine **engine_out)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	struct ring_threads *threads = calloc(1, sizeof(*threads));
	int r;

	if (threads == NULL)
		return -ENOMEM;
	threads->engine = (struct ring_engine){&threads_vtable, workers};
	threads->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (threads->epoll_fd < 0 ||
	    epoll_ctl(threads->epoll_fd, EPOLL_CTL_ADD, ring_workers_fd(workers), &event) != 0) {
		r = -errno;
		threads_free(&threads->engine);
		return r;
	}
	*engine_out = &threads->engine;
	return 0;
}
