/*
 * How it works: the units are cut into batches; thread k of n takes batches k, k + n, k + 2n and so on. A batch
 * goes through the same four steps by every method, only what makes it durable differs:
 *
 *   copy each unit -> make the copies durable -> rename them, make the names durable -> unlink the inputs
 *
 * An append has its name from the start, so it skips the third step. The removal of the inputs is made
 * durable by the flush of the next batch, as in postseal.
 */
#include "bench/raw_spool.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct raw_dirs {
	int in;
	int tmp;
	int out;
};

struct raw_thread {
	const struct raw_spool *raw;
	const struct raw_dirs *dirs;
	int64_t deadline_ns;
	unsigned number;
	int segment_fd; /* APPEND */
	struct buffer buffer;
	pthread_t thread;

	/* Results. */
	uint64_t units;
	uint64_t messages;
	double user_s;
	double system_s;
	int error; /* -errno */
};

/* Into the buffer, behind room for what a signature adds. */
static int read_unit(struct raw_thread *thread, const char *name, size_t growth)
{
	struct buffer *buffer = &thread->buffer;
	struct stat status;
	ssize_t got = 0;
	int fd = openat(thread->dirs->in, name, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = fstat(fd, &status) != 0 ? -errno : 0;
	buffer_clear(buffer);
	if (r == 0)
		r = buffer_reserve(buffer, growth + (size_t)status.st_size);
	if (r == 0) {
		memset(buffer->data, 'x', growth);
		got = read(fd, buffer->data + growth, (size_t)status.st_size);
		if (got < 0)
			r = -errno;
		else if (got != status.st_size)
			r = -EIO;
		buffer->size = growth + (size_t)status.st_size;
	}
	close(fd);
	return r;
}

static int write_whole(int fd, const struct buffer *buffer)
{
	ssize_t size = write(fd, buffer->data, buffer->size);

	if (size < 0)
		return -errno;
	return (size_t)size == buffer->size ? 0 : -ENOSPC;
}

static int copy_unit(struct raw_thread *thread, uint64_t unit)
{
	const struct raw_spool *raw = thread->raw;
	char name[UNIT_NAME_SIZE_MAX];
	int fd;
	int r;

	spool_load_unit_name(raw->load, unit, name);
	r = read_unit(thread, name, raw->growth * spool_load_unit_messages(raw->load, unit));
	if (r != 0)
		return r;
	if (raw->method == RAW_SPOOL_APPEND)
		return write_whole(thread->segment_fd, &thread->buffer);
	fd = openat(thread->dirs->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_whole(fd, &thread->buffer);
	if (r == 0 && raw->method == RAW_SPOOL_FSYNC_EACH && fsync(fd) != 0)
		r = -errno;
	close(fd);
	return r;
}

static int flush_batch(const struct raw_thread *thread)
{
	switch (thread->raw->method) {
	case RAW_SPOOL_FSYNC_EACH: return 0; /* done as it was written */
	case RAW_SPOOL_SYNCFS: return syncfs(thread->dirs->tmp) != 0 ? -errno : 0;
	case RAW_SPOOL_APPEND: return fdatasync(thread->segment_fd) != 0 ? -errno : 0;
	}
	return 0;
}

static int place_batch(const struct raw_thread *thread, uint64_t first, uint64_t end)
{
	char name[UNIT_NAME_SIZE_MAX];

	if (thread->raw->method == RAW_SPOOL_APPEND)
		return 0;
	for (uint64_t unit = first; unit < end; unit++) {
		spool_load_unit_name(thread->raw->load, unit, name);
		if (renameat(thread->dirs->tmp, name, thread->dirs->out, name) != 0)
			return -errno;
	}
	return fsync(thread->dirs->out) != 0 ? -errno : 0;
}

static int remove_inputs(const struct raw_thread *thread, uint64_t first, uint64_t end)
{
	char name[UNIT_NAME_SIZE_MAX];

	for (uint64_t unit = first; unit < end; unit++) {
		spool_load_unit_name(thread->raw->load, unit, name);
		if (unlinkat(thread->dirs->in, name, 0) != 0)
			return -errno;
	}
	return 0;
}

static int run_batch(struct raw_thread *thread, uint64_t first, uint64_t end)
{
	int r = 0;

	for (uint64_t unit = first; r == 0 && unit < end; unit++)
		r = copy_unit(thread, unit);
	if (r == 0)
		r = flush_batch(thread);
	if (r == 0)
		r = place_batch(thread, first, end);
	if (r == 0)
		r = remove_inputs(thread, first, end);
	if (r != 0)
		return r;
	thread->units += end - first;
	for (uint64_t unit = first; unit < end; unit++)
		thread->messages += spool_load_unit_messages(thread->raw->load, unit);
	return 0;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void *run_batches(void *arg)
{
	struct raw_thread *thread = arg;
	const struct raw_spool *raw = thread->raw;
	uint64_t unit_count = spool_load_unit_count(raw->load);
	uint64_t stride = (uint64_t)raw->batch * raw->threads;
	struct rusage before;
	struct rusage after;

	(void)getrusage(RUSAGE_THREAD, &before);
	for (uint64_t first = (uint64_t)thread->number * raw->batch;
	     thread->error == 0 && first < unit_count; first += stride) {
		uint64_t end = first + raw->batch < unit_count ? first + raw->batch : unit_count;

		thread->error = run_batch(thread, first, end);
		if (clock_monotonic_ns() >= thread->deadline_ns)
			break;
	}
	(void)getrusage(RUSAGE_THREAD, &after);
	thread->user_s = seconds_of(after.ru_utime) - seconds_of(before.ru_utime);
	thread->system_s = seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
	return NULL;
}

static int thread_init(struct raw_thread *thread, const struct raw_spool *raw,
		       const struct raw_dirs *dirs, unsigned number)
{
	char name[32];

	*thread = (struct raw_thread){.raw = raw, .dirs = dirs, .number = number, .segment_fd = -1};
	if (raw->method != RAW_SPOOL_APPEND)
		return 0;
	snprintf(name, sizeof(name), "segment-%u", number);
	thread->segment_fd = openat(dirs->out, name,
				    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	return thread->segment_fd < 0 ? -errno : 0;
}

static void thread_deinit(struct raw_thread *thread)
{
	if (thread->raw != NULL && thread->segment_fd >= 0)
		close(thread->segment_fd);
	buffer_deinit(&thread->buffer);
}

static int run_threads(struct raw_thread *threads, unsigned count, double seconds_max,
		       double *seconds_out)
{
	int64_t start_ns = clock_monotonic_ns();
	unsigned started = 0;
	int r = 0;

	while (r == 0 && started < count) {
		threads[started].deadline_ns = start_ns + (int64_t)(seconds_max * (double)NS_PER_S);
		r = -pthread_create(&threads[started].thread, NULL, run_batches, &threads[started]);
		started += r == 0;
	}
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(threads[i].thread, NULL);
	*seconds_out = (double)(clock_monotonic_ns() - start_ns) / (double)NS_PER_S;
	return r;
}

static int open_dir(const char *spool_path, const char *room, int *fd_out)
{
	char path[PATH_MAX];
	int size = snprintf(path, sizeof(path), "%s/%s", spool_path, room);

	if ((size_t)size >= sizeof(path))
		return -ENAMETOOLONG;
	*fd_out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd_out < 0 ? -errno : 0;
}

static void close_dirs(const struct raw_dirs *dirs)
{
	if (dirs->in >= 0)
		close(dirs->in);
	if (dirs->tmp >= 0)
		close(dirs->tmp);
	if (dirs->out >= 0)
		close(dirs->out);
}

static int run_in_dirs(const struct raw_spool *raw, const struct raw_dirs *dirs,
		       struct measure *measure, uint64_t *units)
{
	struct raw_thread *threads = calloc(raw->threads, sizeof(threads[0]));
	int r = threads == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; r == 0 && i < raw->threads; i++)
		r = thread_init(&threads[i], raw, dirs, i);
	if (r == 0)
		r = run_threads(threads, raw->threads, raw->seconds_max, &measure->seconds);
	for (unsigned i = 0; threads != NULL && i < raw->threads; i++) {
		r = r == 0 ? threads[i].error : r;
		*units += threads[i].units;
		measure->work += threads[i].messages;
		measure->user_s += threads[i].user_s;
		measure->system_s += threads[i].system_s;
		thread_deinit(&threads[i]);
	}
	free(threads);
	return r;
}

/* As with postseal, a rate counts only if the work was done. */
static int check_rooms(const struct raw_spool *raw, uint64_t units, struct failure *failure)
{
	uint64_t in = 0;
	uint64_t out = 0;
	uint64_t want_out = raw->method == RAW_SPOOL_APPEND ? raw->threads : units;
	int r = spool_load_count_files(raw->spool_path, "in", &in, failure);

	if (r == 0)
		r = spool_load_count_files(raw->spool_path, "out", &out, failure);
	if (r == 0 && (out != want_out || in + units != spool_load_unit_count(raw->load)))
		r = failure_set(failure, BENCH_E_FAILED,
				"%s: a raw method left %" PRIu64 " files in in/ and %" PRIu64
				" in out/",
				raw->spool_path, in, out);
	return r;
}

int raw_spool_run(void *arg, struct measure *measure_out, struct failure *failure)
{
	const struct raw_spool *raw = arg;
	struct raw_dirs dirs = {-1, -1, -1};
	struct measure measure = {0};
	uint64_t units = 0;
	int r = spool_load_fill(raw->load, raw->spool_path, failure);

	if (r != 0)
		return r;
	r = open_dir(raw->spool_path, "in", &dirs.in);
	if (r == 0)
		r = open_dir(raw->spool_path, "tmp", &dirs.tmp);
	if (r == 0)
		r = open_dir(raw->spool_path, "out", &dirs.out);
	if (r == 0)
		r = run_in_dirs(raw, &dirs, &measure, &units);
	close_dirs(&dirs);
	if (r != 0)
		return failure_set(failure, r, "%s: a raw method", raw->spool_path);
	r = check_rooms(raw, units, failure);
	if (r == 0)
		r = spool_load_clear(raw->spool_path, failure);
	if (r == 0)
		*measure_out = measure;
	return r;
}
