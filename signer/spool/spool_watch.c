/*
 * How it works: a scan fills the queue. After that, names come from inotify, and a scan is made again only
 * when there is a reason: the queue could not hold all, inotify lost events, units that stayed are due,
 * or the interval is over, because a file system may keep silent about what others do to it.
 *
 * With --once, the work is over when a pass sent nothing on. As long as one did, there may be more: new
 * units, or enough now of what others stayed for want of (disk, descriptors).
 */
#include "signer/spool/spool_watch.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCAN_INTERVAL_NS     (30 * NS_PER_S)
#define PROGRESS_INTERVAL_NS (100 * NS_PER_MS)

/* Completed: renamed in, closed by a writer that wrote in place, or linked in. */
#define EVENTS (IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_ONLYDIR)

struct spool_watch {
	struct spool_shared *shared;
	struct ring *ring;
	void (*wake_all)(struct spool_shared *shared);
	struct ring_op scan;
	bool scanning;
	bool scan_wanted;
	uint64_t gone_before;	 /* units that had left in/ when this pass began */
	unsigned context_number; /* of the context that units were looked at with */
	int inotify_fd;
	struct ring_op inotify_poll;
	int64_t scan_due_ns;
	int64_t progress_due_ns;
};

static void start_scan(struct spool_watch *watch);

static uint64_t units_gone(struct spool_shared *shared)
{
	const struct spool_result *result = &shared->result;
	uint64_t count;

	pthread_mutex_lock(&shared->mutex);
	count = result->released_units + result->passed_units + result->failed_units;
	pthread_mutex_unlock(&shared->mutex);
	return count;
}

static void some_found(void *arg)
{
	struct spool_watch *watch = arg;

	watch->wake_all(watch->shared);
}

static int scan_in(void *arg)
{
	struct spool_watch *watch = arg;

	struct spool_shared *shared = watch->shared;
	const struct unit_queue_scan scan = {
		.dir = &shared->dir,
		.retries = shared->retries,
		.stop = &shared->stopping,
		.some_found = some_found,
		.arg = watch,
	};

	return unit_queue_scan(shared->queue, &scan);
}

static void scanned(struct ring_op *op, int res)
{
	struct spool_watch *watch = CONTAINER_OF(op, struct spool_watch, scan);
	struct spool_shared *shared = watch->shared;

	watch->scanning = false;
	watch->scan_due_ns = ring_now_ns(watch->ring) + SCAN_INTERVAL_NS;
	if (res == 0) {
		watch->wake_all(shared);
		return;
	}
	if (res == -ECANCELED)
		return;
	log_error("cannot read in/: %s", strerror(-res));
	watch->scan_due_ns = ring_now_ns(watch->ring) + NS_PER_S;
	if (shared->options.once)
		spool_shared_fail(shared, res, "cannot read in/");
}

static void start_scan(struct spool_watch *watch)
{
	watch->scan_wanted = watch->scanning;
	if (watch->scanning)
		return;
	watch->scanning = true;
	ring_call(watch->ring, &watch->scan, scan_in, watch);
}

/* A file that somebody opens in in/ itself is complete when it is closed; a link is at once. */
static bool is_complete(const struct spool_watch *watch, const struct inotify_event *event,
			struct input_file *file_out)
{
	struct statx status;

	if (statx(watch->shared->dir.in_fd, event->name, AT_SYMLINK_NOFOLLOW,
		  STATX_NLINK | INPUT_FILE_STATX, &status) != 0)
		return false; /* gone again */
	*file_out = input_file_of(&status);
	return (event->mask & IN_CREATE) == 0 || status.stx_nlink > 1;
}

static void take_event(struct spool_watch *watch, const struct inotify_event *event)
{
	struct input_file file;

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		log_notice("inotify lost events, reading in/ anew");
		start_scan(watch);
	} else if (event->len > 0 && event->name[0] != '.' && is_complete(watch, event, &file)) {
		unit_queue_push(watch->shared->queue, event->name, &file);
	}
}

static void inotify_ready(struct ring_op *op, int res)
{
	struct spool_watch *watch = CONTAINER_OF(op, struct spool_watch, inotify_poll);
	union {
		struct inotify_event event; /* for its alignment */
		char bytes[16 * 1024];
	} events;
	ssize_t size;

	(void)res;
	while ((size = read(watch->inotify_fd, events.bytes, sizeof(events.bytes))) > 0) {
		for (ssize_t at = 0; at < size;) {
			const struct inotify_event *event =
				(const struct inotify_event *)(const void *)(events.bytes + at);

			take_event(watch, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	watch->wake_all(watch->shared);
	ring_poll(watch->ring, op, watch->inotify_fd, POLLIN);
}

static int open_inotify(struct spool_watch *watch)
{
	char path[PATH_MAX];

	watch->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->inotify_fd < 0)
		return -errno;
	/* Not by /proc/self/fd: that is root's where core dumps are off. */
	if ((size_t)snprintf(path, sizeof(path), "%s/in", watch->shared->options.path) >=
	    sizeof(path))
		return -ENAMETOOLONG;
	if (inotify_add_watch(watch->inotify_fd, path, EVENTS) < 0)
		return -errno;
	ring_poll(watch->ring, &watch->inotify_poll, watch->inotify_fd, POLLIN);
	return 0;
}

int spool_watch_new(struct spool_shared *shared, struct ring *ring,
		    void (*wake_all)(struct spool_shared *shared), struct spool_watch **watch_out)
{
	struct spool_watch *watch = calloc(1, sizeof(*watch));
	int r = 0;

	if (watch == NULL)
		return -ENOMEM;
	watch->shared = shared;
	watch->ring = ring;
	watch->wake_all = wake_all;
	watch->scan.done = scanned;
	watch->inotify_poll.done = inotify_ready;
	watch->inotify_fd = -1;
	watch->context_number = atomic_load(&shared->core->context_number);
	/* First the watch, then the scan: so nothing falls between the two. */
	if (!shared->options.once)
		r = open_inotify(watch);
	if (r != 0) {
		spool_watch_free(watch);
		return r;
	}
	start_scan(watch);
	*watch_out = watch;
	return 0;
}

void spool_watch_free(struct spool_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->inotify_fd >= 0)
		close(watch->inotify_fd);
	free(watch);
}

/* The queue is empty and nothing is at work. */
static void pass_over(struct spool_watch *watch)
{
	struct spool_shared *shared = watch->shared;
	uint64_t gone = units_gone(shared);

	if (gone == watch->gone_before) {
		spool_shared_stop(shared);
		watch->wake_all(shared);
		return;
	}
	watch->gone_before = gone;
	pthread_mutex_lock(&shared->mutex);
	shared->result.stayed_units = 0;
	pthread_mutex_unlock(&shared->mutex);
	atomic_store(&shared->short_of_something, false);
	retry_table_all_due(shared->retries);
	start_scan(watch);
}

static void look_for_work(struct spool_watch *watch)
{
	struct spool_shared *shared = watch->shared;
	bool empty = unit_queue_count(shared->queue) == 0;
	int64_t now_ns = ring_now_ns(watch->ring);

	if (watch->scanning)
		return;
	if (watch->scan_wanted) {
		start_scan(watch);
	} else if (shared->options.once) {
		if (empty && atomic_load(&shared->at_work) == 0)
			pass_over(watch);
	} else if (empty && (unit_queue_has_more(shared->queue) || watch->scan_due_ns <= now_ns ||
			     retry_table_take_due(shared->retries, now_ns))) {
		start_scan(watch);
	}
}

static void tell_progress(struct spool_watch *watch)
{
	const struct spool_options *options = &watch->shared->options;
	struct spool_result so_far;

	if (options->progress == NULL || ring_now_ns(watch->ring) < watch->progress_due_ns)
		return;
	watch->progress_due_ns = ring_now_ns(watch->ring) + PROGRESS_INTERVAL_NS;
	pthread_mutex_lock(&watch->shared->mutex);
	so_far = watch->shared->result;
	pthread_mutex_unlock(&watch->shared->mutex);
	options->progress(options->arg, &so_far,
			  unit_queue_count(watch->shared->queue) +
				  atomic_load(&watch->shared->at_work));
}

/* Until the next time at which this must be looked at though nothing else moves. */
static int64_t wait_limit(const struct spool_watch *watch)
{
	struct spool_shared *shared = watch->shared;
	bool waits_for_scan = !watch->scanning && !shared->options.once &&
			      unit_queue_count(shared->queue) == 0;
	int64_t now_ns = ring_now_ns(watch->ring);
	int64_t next_ns = INT64_MAX;

	/* What is due and cannot be done yet, because names are left, must not be waited for. */
	if (waits_for_scan) {
		next_ns = retry_table_next_ns(shared->retries);
		if (watch->scan_due_ns < next_ns)
			next_ns = watch->scan_due_ns;
	}
	if (shared->options.progress != NULL && watch->progress_due_ns < next_ns)
		next_ns = watch->progress_due_ns;
	if (next_ns == INT64_MAX)
		return RING_WAIT_FOREVER;
	return next_ns > now_ns ? next_ns - now_ns : 0;
}

/* What could not be signed before may be possible now. */
static void see_new_context(struct spool_watch *watch)
{
	unsigned number = atomic_load(&watch->shared->core->context_number);

	if (watch->context_number == number)
		return;
	watch->context_number = number;
	retry_table_all_due(watch->shared->retries);
	start_scan(watch);
}

int64_t spool_watch_turn(void *arg)
{
	struct spool_watch *watch = arg;

	if (atomic_load(&watch->shared->stopping))
		return RING_WAIT_FOREVER;
	see_new_context(watch);
	look_for_work(watch);
	tell_progress(watch);
	return wait_limit(watch);
}
