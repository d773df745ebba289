/* How it works: all threads wait at a gate, which is a mutex that their maker holds until the last is there. */
#include "bench/timed_threads.h"

#include "common/clock.h"

#include <sys/resource.h>

struct timed_gate {
	pthread_mutex_t mutex; /* held until all threads are there */
	bool is_cancelled;
};

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void work_until(struct timed_thread *thread, int64_t deadline_ns)
{
	do {
		int64_t before_ns = thread->end_ns;
		uint64_t work = 0;

		thread->error = thread->step(thread->arg, &work, &thread->failure);
		thread->end_ns = clock_monotonic_ns();
		thread->work += work;
		if (thread->step_ns != NULL)
			histogram_add(thread->step_ns, (uint64_t)(thread->end_ns - before_ns));
	} while (thread->error == 0 && thread->end_ns < deadline_ns);
}

static void *run_thread(void *arg)
{
	struct timed_thread *thread = arg;
	struct rusage before;
	struct rusage after;
	bool is_cancelled;

	pthread_mutex_lock(&thread->gate->mutex);
	is_cancelled = thread->gate->is_cancelled;
	pthread_mutex_unlock(&thread->gate->mutex);
	if (is_cancelled)
		return NULL;
	(void)getrusage(RUSAGE_THREAD, &before);
	thread->start_ns = thread->end_ns = clock_monotonic_ns();
	work_until(thread, thread->start_ns + (int64_t)(thread->seconds * (double)NS_PER_S));
	(void)getrusage(RUSAGE_THREAD, &after);
	thread->user_s = seconds_of(after.ru_utime) - seconds_of(before.ru_utime);
	thread->system_s = seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
	return NULL;
}

static int add_up(const struct timed_thread *threads, unsigned count, struct measure *measure_out,
		  struct failure *failure)
{
	struct measure measure = {0};
	int64_t start_ns = threads[0].start_ns;
	int64_t end_ns = threads[0].end_ns;

	for (unsigned i = 0; i < count; i++) {
		if (threads[i].error != 0) {
			*failure = threads[i].failure;
			return threads[i].error;
		}
		measure.work += threads[i].work;
		measure.user_s += threads[i].user_s;
		measure.system_s += threads[i].system_s;
		start_ns = threads[i].start_ns < start_ns ? threads[i].start_ns : start_ns;
		end_ns = threads[i].end_ns > end_ns ? threads[i].end_ns : end_ns;
	}
	measure.seconds = (double)(end_ns - start_ns) / (double)NS_PER_S;
	*measure_out = measure;
	return 0;
}

int timed_threads_run(struct timed_thread *threads, unsigned count, double seconds,
		      struct measure *measure_out, struct failure *failure)
{
	struct timed_gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	unsigned started = 0;
	int r = 0;

	pthread_mutex_lock(&gate.mutex);
	while (r == 0 && started < count) {
		struct timed_thread *thread = &threads[started];

		thread->gate = &gate;
		thread->seconds = seconds;
		thread->error = 0;
		thread->work = 0;
		r = -pthread_create(&thread->thread, NULL, run_thread, thread);
		started += r == 0;
	}
	gate.is_cancelled = r != 0;
	pthread_mutex_unlock(&gate.mutex);
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(threads[i].thread, NULL);
	if (r != 0)
		return failure_set(failure, r, "a thread cannot be started");
	return add_up(threads, count, measure_out, failure);
}
