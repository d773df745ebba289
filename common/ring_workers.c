/*
 * How it works: one mutex guards two lists, what waits and what is finished. The eventfd is written
 * only when the finished list was empty, so a burst of results costs one wake-up.
 *
 * A thread that cannot be created is no error as long as one runs; the first is started with the
 * pool for that reason.
 */
#include "common/ring_workers.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct ring_workers {
	pthread_mutex_t mutex;
	pthread_cond_t work;
	struct ring_list waiting;
	struct ring_list finished;
	unsigned waiting_count;
	unsigned idle_count;
	unsigned thread_count;
	unsigned threads_max;
	bool stopping;
	int event_fd;
	pthread_t threads[];
};

static void workers_finish(struct ring_workers *workers, struct ring_op *op)
{
	const uint64_t one = 1;
	bool wake = workers->finished.first == NULL;

	ring_list_push(&workers->finished, op);
	/* An eventfd write of 1 fails only when its counter is full, and then it is readable. */
	if (wake && write(workers->event_fd, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN);
}

static void *worker_main(void *arg)
{
	struct ring_workers *workers = arg;
	struct ring_op *op;

	pthread_mutex_lock(&workers->mutex);
	for (;;) {
		while (workers->waiting.first == NULL && !workers->stopping) {
			workers->idle_count++;
			pthread_cond_wait(&workers->work, &workers->mutex);
			workers->idle_count--;
		}
		if (workers->stopping)
			break;
		op = ring_list_pop(&workers->waiting);
		workers->waiting_count--;
		pthread_mutex_unlock(&workers->mutex);
		op->res = ring_op_run(op);
		pthread_mutex_lock(&workers->mutex);
		workers_finish(workers, op);
	}
	pthread_mutex_unlock(&workers->mutex);
	return NULL;
}

/* Signals belong to the program's own descriptors, so workers take none. */
static int workers_start_thread(struct ring_workers *workers)
{
	sigset_t all;
	sigset_t old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&workers->threads[workers->thread_count], NULL, worker_main, workers);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r == 0)
		workers->thread_count++;
	return -r;
}

int ring_workers_new(unsigned threads_max, struct ring_workers **workers_out)
{
	struct ring_workers *workers;
	int r;

	assert(threads_max > 0);
	workers = calloc(1, sizeof(*workers) + threads_max * sizeof(workers->threads[0]));
	if (workers == NULL)
		return -ENOMEM;
	workers->threads_max = threads_max;
	pthread_mutex_init(&workers->mutex, NULL);
	pthread_cond_init(&workers->work, NULL);
	workers->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = workers->event_fd < 0 ? -errno : workers_start_thread(workers);
	if (r != 0) {
		ring_workers_free(workers);
		return r;
	}
	*workers_out = workers;
	return 0;
}

void ring_workers_free(struct ring_workers *workers)
{
	if (workers == NULL)
		return;
	pthread_mutex_lock(&workers->mutex);
	workers->stopping = true;
	pthread_cond_broadcast(&workers->work);
	pthread_mutex_unlock(&workers->mutex);
	for (unsigned i = 0; i < workers->thread_count; i++)
		pthread_join(workers->threads[i], NULL);
	if (workers->event_fd >= 0)
		close(workers->event_fd);
	pthread_cond_destroy(&workers->work);
	pthread_mutex_destroy(&workers->mutex);
	free(workers);
}

int ring_workers_fd(const struct ring_workers *workers)
{
	return workers->event_fd;
}

void ring_workers_push(struct ring_workers *workers, struct ring_op *op)
{
	pthread_mutex_lock(&workers->mutex);
	ring_list_push(&workers->waiting, op);
	workers->waiting_count++;
	if (workers->waiting_count > workers->idle_count &&
	    workers->thread_count < workers->threads_max)
		(void)workers_start_thread(workers); /* another one takes it, only later */
	pthread_cond_signal(&workers->work);
	pthread_mutex_unlock(&workers->mutex);
}

void ring_workers_collect(struct ring_workers *workers, struct ring_list *finished)
{
	uint64_t count;

	if (read(workers->event_fd, &count, sizeof(count)) < 0)
		return; /* EAGAIN: nothing finished since the last time */
	pthread_mutex_lock(&workers->mutex);
	ring_list_move(finished, &workers->finished);
	pthread_mutex_unlock(&workers->mutex);
}
